"""The truth of tests and criteria for whole columns of cases, and what to ask for where it is not known."""

from collections.abc import Mapping, Sequence
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
from policy.model import Policy, Settings, Test


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
        if test.all_of is not None:
            return kleene.all_of(self.test(part) for part in test.all_of)
        if test.any_of is not None:
            return kleene.any_of(self.test(part) for part in test.any_of)
        if test.none_of is not None:
            return kleene.none_of(self.test(part) for part in test.none_of)
        if test.count is not None:
            parts = [self.test(part) for part in test.count.of]
            return kleene.at_least(self.settings.number(test.count.at_least) or 0, parts)
        if test.lever is not None:
            return np.asarray(MET if self.settings.holds(test.lever) else NOT_MET)
        if test.on_file is not None:
            return MET * (self.fact(test.on_file) >= 0)
        if test.equals is not None or test.states is not None:
            ((name, words),) = (test.equals or test.states or {}).items()
            if self.cuts and test.equals and words in (("true",), ("false",)):
                yes = self.fact(name, grid=True)
                return yes if words == ("true",) else MET - yes
            kind, values = self.policy.fields_[name], self.fact(name)
            codes = codes_of(kind, words)
            hit = reduce(np.bitwise_or, [values == code for code in codes])
            found: Truth = NOT_DOCUMENTED + hit if test.states is not None else MET * hit + (values < 0)
            for bound in kind.bounds if test.equals is not None else ():
                met = sum(code >= bound for code in codes)
                known = NOT_MET if not met else MET if met == kind.span[1] - bound + 1 else NOT_DOCUMENTED
                found = pick(values == -1 - bound, known, found)
            return found
        return self._comparison(test)

    def _comparison(self, test: Test) -> Truth:
        """A missing value stands for its whole range: MET or NOT_MET only where every value of the range agrees."""
        names, reference = test.fields(), test.reference()
        assert reference is not None
        threshold = self.settings.threshold(names[0], reference)
        if threshold is None:
            return np.asarray(MET)
        reached = self._reached(names, threshold * len(names) + bool(test.more_than))
        return MET - reached if test.less_than else reached

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
            bits |= np.where((self.fact(name) < 0) | (test.states is not None), self.bits(name), np.uint64(0))
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
        if test.any_of is not None:
            return reduce(np.bitwise_or, [self.implied(one, part) for part in test.any_of])
        if one.any_of is not None and any(np.any(self.implied(part, test)) for part in one.any_of):
            return reduce(np.bitwise_and, [self.implied(p, test) | (self.test(p) == NOT_MET) for p in one.any_of])
        return np.bool_(self.settings.implies(one, test))


def pick(mask: NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """`np.where` for small integers; as arithmetic it is several times as fast."""
    return no + (yes - no) * mask
