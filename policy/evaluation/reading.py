"""What a rule makes of many cases: where each outcome holds, what is asked for, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policy.bits.planes import NOWHERE, Plane, both, either
from policy.evaluation.kleene import Truth
from policy.model import OUTCOMES, Settings

CODE = {word: i for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": 0}  # what an action lever calls met
OPEN = len(OUTCOMES)  # while deciding: information is missing; closing the file makes pend or not_met of it, no other


def within(where: Plane, parts: Mapping[Any, Plane]) -> dict[Any, Plane]:
    """Planes by key, only where one plane has a bit."""
    return {key: here for key, plane in parts.items() if (here := both(where, plane)) is not NOWHERE}


def joined(parts: Iterable[Mapping[Any, Plane]]) -> dict[Any, Plane]:
    """Planes by key: where any of them has a bit."""
    found: dict[Any, Plane] = {}
    for part in parts:
        for key, plane in part.items():
            found[key] = either((found[key], plane)) if key in found else plane
    return found


@dataclass
class Reading:
    """What a rule made of some rows, as planes: where each of the things named was found.

    `outcome`: by its code, every row in one of them; `asks`: columns of the case table; `because`: texts;
    `read`: criteria, those never read too; `partly`: criteria of which a missing fact decides if they are read;
    `follows`: what a `require` does once all is met, with the criterion that each step depends on.
    """

    outcome: dict[int, Plane]
    asks: dict[str, Plane] = field(default_factory=dict)
    because: dict[str, Plane] = field(default_factory=dict)
    read: dict[str, Plane] = field(default_factory=dict)
    partly: dict[str, Plane] = field(default_factory=dict)
    follows: dict[tuple[tuple[str | None, str], ...], Plane] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)  # of the criteria that were read, added when all is known

    @property
    def open(self) -> Plane:
        """Where a missing fact leaves the outcome open."""
        return self.outcome.get(OPEN, NOWHERE)

    def closed(self, closing: int) -> dict[int, Plane]:
        """The outcomes after `closing` the file."""
        return joined([{closing if code == OPEN else code: plane} for code, plane in self.outcome.items()])

    @classmethod
    def chosen(cls, parts: Sequence[tuple[Plane, "Reading"]]) -> "Reading":
        """Of each part the rows that it is for."""
        named = {name: [(where, of) for where, r in parts if (of := getattr(r, name))] for name in PLANES}
        planes: Any = {name: joined(within(where, of) for where, of in here) for name, here in named.items()}
        found = cls(**planes)
        found.read = dict.fromkeys((name for _, r in parts for name in r.read), NOWHERE) | found.read
        return found


PLANES = ("outcome", "asks", "because", "read", "partly", "follows")


def closing_of(settings: Settings) -> int:
    """The outcome of what is open when the file is closed."""
    return CODE[str(settings["undocumented_action"])]
