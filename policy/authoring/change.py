"""One change between two readings of a policy: what kind of thing, its place, and the sentence about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One change: what kind of thing, its id ('levers.relief_pct'), and the sentence.

    Where one text became another, `before` and `after` are the two, and `key` is that of the entry which holds them.
    """

    kind: str
    id: str
    says: str
    key: str = ""
    before: str = ""
    after: str = ""

    @property
    def what(self) -> str:
        """The sentence without the two texts."""
        return self.says.removesuffix(f": {self.before} -> {self.after}")


def turned(kind: str, id_: str, what: str, before: str, after: str, key: str = "") -> Change:
    """A change of one text into another."""
    return Change(kind, id_, f"{what}: {before} -> {after}", key, before, after)
