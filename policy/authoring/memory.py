"""What was found of a document before an edit, and need not be looked for again.

A look is at some pathways. Where nothing that they hang together with is another (content.py), what was found stands.
Else, where nothing was found because some case showed that all is well, that case is asked once more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from policy.authoring.content import Content
from policy.authoring.enumeration import Row, Space
from policy.model import Policy, Settings, as_word
from policy.problems import ProblemsFound

Found = TypeVar("Found")


class Shown(NamedTuple):
    """A case that is decided otherwise under one setting of all levers than under another."""

    case: Row
    before: Mapping[str, str]
    after: Mapping[str, str]

    @classmethod
    def under(cls, case: Row, policy: Policy, *provisions: Mapping[str, object]) -> "Shown":
        """With the levers that are not named at their defaults of now, whatever becomes of these."""
        before, after = ({n: as_word(v) for n, v in policy.settings(one).items()} for one in provisions)
        return cls(case, before, after)

    def holds(self, one: Policy, other: Policy) -> bool:
        """Whether it is so, the first setting under one policy and the second under the other."""
        try:
            sides = [
                policy.settings({name: value for name, value in values.items() if name in policy.levers})
                for policy, values in ((one, self.before), (other, self.after))
            ]
            before, after = Space(tuple(sides), (self.case,), ()).outcomes()[0]
        except ProblemsFound:  # a value or a column that there no longer is
            return False
        return bool(before != after)


Looked = tuple[tuple[Found, ...], Shown | None]  # what was found; or the case for which nothing was


@dataclass(frozen=True)
class Look(Generic[Found]):
    """One thing to look for: its name, the pathways that it looks at, and how.

    `again`: whether a case that showed last time that there is nothing to find still does. `more`: what it depends on
    besides the pathways.
    """

    name: tuple[str, ...]
    pathways: Sequence[str]
    look: Callable[[], Looked[Found]]
    again: Callable[[Shown], bool] = lambda _: False
    more: tuple[str, ...] = ()


@dataclass
class Memory(Generic[Found]):
    """By the name of each look: what it depended on, and what was found."""

    _known: dict[tuple[str, ...], tuple[str, Looked[Found]]] = field(default_factory=dict, repr=False)

    def of(self, settings: Settings) -> "Recall[Found]":
        """What is known, to be asked for a policy under some settings."""
        return Recall(Content(settings), self._known)


@dataclass
class Recall(Generic[Found]):
    """See `Memory`."""

    content: Content
    known: dict[tuple[str, ...], tuple[str, Looked[Found]]]

    def found(self, look: Look[Found]) -> tuple[Found, ...]:
        """What a look finds; raises what it raises."""
        key = self.content.of(look.pathways, *look.more)
        before = self.known.get(look.name)
        if before is None or before[0] != key:
            shown = before[1][1] if before and self.content.provable else None
            found: Looked[Found] = ((), shown) if shown and look.again(shown) else look.look()
            self.known[look.name] = key, found
        return self.known[look.name][1][0]
