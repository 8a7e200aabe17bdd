"""What was worked out of some documents, kept while they are the same objects: a proof asks it again at every step."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Once(Generic[Made]):
    """Results by documents and by what was asked of them; the oldest of more than `most` are forgotten."""

    def __init__(self, most: int):
        self._most = most
        self._made: dict[Hashable, tuple[tuple[object, ...], Made]] = {}

    def of(self, documents: tuple[object, ...], asked: Hashable, make: Callable[[], Made]) -> Made:
        """What was made before, or is made now; the documents are kept, so that their ids stay theirs."""
        key = (*map(id, documents), asked)
        if key not in self._made:
            made = make()
            if len(self._made) >= self._most:
                del self._made[next(iter(self._made))]
            self._made[key] = documents, made
        return self._made[key][1]
