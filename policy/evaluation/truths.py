"""The truth of tests and criteria for whole columns of cases, and what to ask for where it is not known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from policy.cases.reader import Cases, Ints
from policy.evaluation import kleene
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET, Truth
from policy.evaluation.pathways import codes_of
from policy.evaluation.results import Columns
from policy.evaluation.traverse import traverse_test
from policy.model import AnyOf, Comparison, Policy, Settings, States, Test


@dataclass
class Truths:
    """The truth of criteria under one setting on some rows of a case table.

    Columns are gathered once, and shared by the evaluations of the parts and of other settings.
    """

    settings: Settings
    cases: Cases
    rows: NDArray[np.intp]
    assumed: Mapping[str, np.int8] = field(default_factory=dict)  # truths put in place of the case's own
    cuts: Mapping[str, list[int]] = field(default_factory=dict)  # of each field: the grid its tests can tell apart
    grids: dict[str, Ints] = field(default_factory=dict)
    columns: dict[tuple[str, bool], Ints] = field(default_factory=dict)
    whole: "Truths | None" = None
    part: slice | None = None
    known: dict[str, Truth] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def block(self, part: slice) -> Self:
        """The same evaluation on a stretch of its rows."""
        return replace(self, rows=self.rows[part], columns={}, whole=self, part=part, known={})

    def fact(self, name: str, grid: bool = False) -> Ints:
        """The rows' values of one fact, -1 = not documented; on its `grid` (int8) how many of its cuts they reach.

        On the grid a yes-or-no fact is the truth of the yes.
        """
        key = (name, grid)
        if key not in self.columns:
            if self.whole is not None and self.part is not None:
                self.columns[key] = self.whole.fact(name, grid)[self.part]
            elif grid:
                self.columns[key] = self.grid(name)[self.cases.facts[name][self.rows]]
            else:
                self.columns[key] = self.cases.facts[name][self.rows]
        return self.columns[key]

    def grid(self, name: str) -> Ints:
        """Where each value of a fact lies on its grid; the last are for the codes of what is missing."""
        if name not in self.grids:
            kind = self.policy.fields_[name]
            reached = np.searchsorted(self.cuts.get(name, ()), np.arange(kind.span[1] + 1), "right")
            yes_or_no = kind.type == "boolean"
            missing = [-1 - reached[-1 - code] if code < -1 else -1 for code in range(kind.missing[0], 0)]
            found = [NOT_MET, MET, NOT_DOCUMENTED] if yes_or_no else np.append(reached, missing)
            self.grids[name] = np.array(found, dtype=np.int8)
        return self.grids[name]

    def criterion(self, name: str) -> Truth:
        """Truth of one criterion for the rows: int8 (rows,), or a single value where only levers are read."""
        if name in self.assumed:
            return np.asarray(self.assumed[name])
        if name not in self.known:
            self.known[name] = self.test(self.policy.criteria[name].test)
        return self.known[name]

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests: int8 (rows,), or a single value where only levers are read."""
        return traverse_test(test, self)

    def settled(self, met: bool) -> Truth:
        """A single value for all rows."""
        return np.asarray(MET if met else NOT_MET)

    def all_of(self, parts: Iterable[Truth]) -> Truth:
        """The least of the parts."""
        return kleene.all_of(parts)

    def any_of(self, parts: Iterable[Truth]) -> Truth:
        """The greatest of the parts."""
        return kleene.any_of(parts)

    def none_of(self, parts: Iterable[Truth]) -> Truth:
        """The opposite of the greatest."""
        return kleene.none_of(parts)

    def at_least_of(self, wanted: int, parts: list[Truth]) -> Truth:
        """The greatest but so many of the parts."""
        return kleene.at_least(wanted, parts)

    def on_file(self, field: str) -> Truth:
        """Never NOT_DOCUMENTED."""
        found: Truth = MET * (self.fact(field) >= 0)
        return found

    def stated_as(self, field: str, words: tuple[str, ...]) -> Truth:
        """MET or NOT_DOCUMENTED."""
        found: Truth = NOT_DOCUMENTED + self._hit(field, words)
        return found

    def _hit(self, field: str, words: tuple[str, ...]) -> Any:
        values = self.fact(field)
        return reduce(np.bitwise_or, [values == code for code in codes_of(self.policy.fields_[field], words)])

    def among(self, field: str, words: tuple[str, ...]) -> Truth:
        """What is known of a missing number may settle whether it is one of them."""
        if self.cuts and words in (("true",), ("false",)):
            yes = self.fact(field, grid=True)
            return yes if words == ("true",) else MET - yes
        kind, values = self.policy.fields_[field], self.fact(field)
        found: Truth = MET * self._hit(field, words) + (values < 0)
        codes = codes_of(kind, words)
        for bound in kind.bounds:
            met = sum(code >= bound for code in codes)
            known = NOT_MET if not met else MET if met == kind.span[1] - bound + 1 else NOT_DOCUMENTED
            found = pick(values == -1 - bound, known, found)
        return found

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> Truth:
        """A missing value stands for its whole range: MET or NOT_MET only where every value of the range agrees."""
        reached = self._reached(fields, number + how.beyond)
        return reached if how.rises else MET - reached

    def _reached(self, names: Sequence[str], least: int) -> Truth:
        """Whether the sum of some facts is at least `least`."""
        spans = [self.policy.fields_[name].span for name in names]
        lowest, highest = map(sum, zip(*spans, strict=True))
        if least <= lowest or least > highest:
            return np.asarray(MET if least <= lowest else NOT_MET)
        if len(names) > 1:
            low, high = (np.add.reduce([self.end(name, place) for name in names]) for place in (0, 1))
            both: Truth = (low >= least).astype(np.int8) + (high >= least)
            return both
        cuts = self.cuts.get(names[0], ())
        values = self.fact(names[0], grid=least in cuts)
        least = cuts.index(least) + 1 if least in cuts else least
        # Without a sign, -1 is greater than every threshold: a missing value fails the first test, passes the second.
        unsigned = values.view(f"u{values.itemsize}")
        sure = values >= least
        if self.policy.fields_[names[0]].bounds:
            sure |= values < -least  # known to be at least so much
        return sure.view(np.int8) + (unsigned >= least).view(np.int8)

    def end(self, name: str, place: int) -> NDArray[np.int32]:
        """The least (place 0) or the greatest value (1) that a fact can have."""
        values, span = self.fact(name).astype(np.int32), self.policy.fields_[name].span
        known = np.maximum(span[0], -1 - values) if place == 0 else span[1]
        return np.where(values < 0, known, values)

    def ask(self, test: Test) -> Columns:
        """The columns whose documentation can still change the truth of a test that is NOT_DOCUMENTED."""
        bits = np.zeros(len(self.rows), dtype=np.uint64)
        for part in test.parts:
            bits |= self.ask(part)
        for name in test.fields():
            bits |= np.where((self.fact(name) < 0) | isinstance(test, States), self.bits(name), np.uint64(0))
        return np.where(self.test(test) == NOT_DOCUMENTED, bits, np.uint64(0))

    def bits(self, name: str) -> Columns:
        """The columns to ask for when a fact is missing: itself, or what a duration in months can be told by."""
        position = list(self.policy.fields_)
        kind = self.policy.fields_[name]
        if kind.type != "months":
            return np.full(len(self.rows), 1 << position.index(name), dtype=np.uint64)
        onset, request, days = (np.uint64(1 << position.index(str(c))) for c in (kind.onset, kind.request, kind.days))
        has_onset, has_request = (self.fact(str(c)) >= 0 for c in (kind.onset, kind.request))
        return np.where(has_request, onset, np.where(has_onset, request, days))

    def implied(self, one: Test, test: Test) -> Any:
        """Where meeting `one` also meets `test`: a mask over the rows, or a single value."""
        if isinstance(test, AnyOf):
            return reduce(np.bitwise_or, [self.implied(one, part) for part in test.parts])
        if isinstance(one, AnyOf) and any(np.any(self.implied(part, test)) for part in one.parts):
            return reduce(np.bitwise_and, [self.implied(p, test) | (self.test(p) == NOT_MET) for p in one.parts])
        return np.bool_(self.settings.implies(one, test))


def pick(mask: NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """`np.where` for small integers; as arithmetic it is several times as fast."""
    return no + (yes - no) * mask
