"""Some rows of a case table as facts, and the planes of bits that have been made of them."""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.planes import EVERYWHERE, NOWHERE, Plane, plane_of

KEPT = 4  # planes of one test, each for another value of its levers: as many as a person goes back and forth between

Ints = NDArray[np.signedinteger[Any]]
Made = TypeVar("Made")


def blend(mask: NDArray[np.bool_], one: Any, other: Any) -> Any:
    """`np.where` of whole numbers, in a fraction of its time where the mask follows no pattern: without branches."""
    return other + (one - other) * mask


class Table(Protocol):
    """Cases as a reader of them holds them."""

    @property
    def facts(self) -> Mapping[str, Ints]:
        """By name, a value for each row on the grid of the fact."""

    @property
    def dx(self) -> pd.Categorical:
        """The diagnosis code of each row."""

    def __len__(self) -> int: ...


@dataclass
class Rows:
    """`size` rows: facts as of `Cases` and where they lie in them; what is made of them is kept for other settings."""

    facts: Mapping[str, Ints]
    dx: pd.Categorical
    places: "NDArray[np.intp] | slice"
    size: int
    _made: dict[Hashable, dict[Hashable, Any]] = field(default_factory=dict, repr=False)
    _columns: dict[str, Ints] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, cases: Table, places: "NDArray[np.intp] | None" = None) -> "Rows":
        """All rows of some cases, or those at some places."""
        if places is None:
            return cls(cases.facts, cases.dx, slice(None), len(cases))
        return cls(cases.facts, cases.dx, places, len(places))

    def fact(self, name: str) -> Ints:
        """The rows' values of one fact on its grid, negative where it is not documented."""
        if name not in self._columns:
            self._columns[name] = self.facts[name][self.places]
        return self._columns[name]

    def kept(self, what: Hashable, value: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of the rows for a value before, or is made now."""
        known = self._made.setdefault(what, {})
        if value not in known:
            if len(known) >= KEPT:
                del known[next(iter(known))]
            known[value] = make()
        found: Made = known[value]
        return found

    def keeping(self, criteria: Collection[str] | None) -> "Rows":
        """The same rows for another policy, without what was made of rules, and of any criteria but these.

        None: the fields are others, and nothing is kept.
        """
        kept = {
            what: made for what, made in self._made.items() if not isinstance(what, str) or what in (criteria or ())
        }
        return Rows(self.facts, self.dx, self.places, self.size, kept if criteria is not None else {}, self._columns)

    def alone(self, facts: Collection[str], columns: Collection[str]) -> "Rows":
        """The same rows with some facts, apart from their table; of other columns they know where they are on file."""
        for name in columns:
            self.documented(name)
        own = {name: self.fact(name) for name in facts}
        return Rows(own, self.dx[self.places], slice(None), self.size, self._made)

    def documented(self, name: str) -> Plane:
        """Where a fact is on file."""
        return self.kept(("documented", name), None, lambda: plane_of(self.fact(name) >= 0))

    def at(self, name: str, value: int) -> Plane:
        """Where a fact has a value."""
        return self.kept(("at", name, value), None, lambda: plane_of(self.fact(name) == value))

    def bounds(self, name: str) -> list[int]:
        """Every n above 0 such that a number is not documented, but known to be at least n."""
        values = self.fact(name)
        return self.kept(("bounds", name), None, lambda: (-1 - np.unique(values.compress(values < -1))[::-1]).tolist())

    def coded(self, codes: tuple[str, ...]) -> Plane:
        """Where the diagnosis is one of some codes."""

        def made() -> Plane:
            hits = [self._diagnoses == place for place, code in enumerate(self.dx.categories) if code in codes]
            if not hits:
                return NOWHERE
            hit = reduce(np.logical_or, hits)
            return EVERYWHERE if hit.all() else plane_of(hit)

        return self.kept(("coded", codes), None, made)

    @cached_property
    def _diagnoses(self) -> Ints:
        """The place of each row's diagnosis among the categories."""
        return np.asarray(self.dx.codes[self.places])
