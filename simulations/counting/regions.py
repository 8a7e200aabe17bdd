"""For each case, the regions of lever settings in which its outcome changes, found for all settings at once.

The levers that move are axes of a grid of settings, each ordered from lenient to strict (axes.py). A region is a
rectangle from the lenient corner: the first so many values of each axis; that number is the level a case reaches there.
"""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from policy.evaluation.determination import CODE, OPEN, Evaluation
from policy.evaluation.kleene import MET, NOT_DOCUMENTED
from policy.model import AllOf, AnyOf, Rule, Settings, Test, Value

Steps = NDArray[np.uint8]
Region = tuple[Steps, ...]  # for each axis, how many of its values a row passes: uint8 (rows,), or one for all
Change = dict[int, int]  # outcome -> by how much its count changes
Tables = dict[tuple[int, str], tuple[Steps, Steps]]  # of a test and an axis: levels by value on the fact's grid
Terms = list[tuple[Region, Change]]  # a row's outcome at a setting: the sum of the changes of all regions around it


@dataclass
class Regions:
    """A rule on rows that it treats alike (`Evaluation.rule`), at all values of the axes at once."""

    rows: Evaluation  # each axis at its strictest value
    axes: dict[str, list[Value]]
    tables: Tables

    def __post_init__(self) -> None:
        self.sizes = [len(values) for values in self.axes.values()] or [1]
        self.everywhere: Region = tuple(np.asarray(np.uint8(size)) for size in self.sizes)

    def at(self, lever: str, value: Value, rows: Evaluation) -> Evaluation:
        """The evaluation with one lever moved."""
        return replace(rows, settings=Settings(rows.policy, {**rows.settings, lever: value}), known={})

    def levels(self, test: Test, lever: str) -> tuple[Steps, Steps]:
        """How many values of the lever a test passes, with what is missing failing and passing."""
        size = np.uint8(len(self.axes[lever]))
        if lever not in test.levers():
            truth = self.rows.test(test)
            return (truth == MET) * size, (truth >= NOT_DOCUMENTED) * size
        parts = test.parts
        if isinstance(test, AllOf | AnyOf):
            operator, decisive = (np.minimum, 0) if isinstance(test, AllOf) else (np.maximum, size)
            low, high = self.levels(parts[0], lever)
            for part in parts[1:]:
                if low.ndim == high.ndim == 0 and low == high == decisive:
                    break
                low, high = map(operator, (low, high), self.levels(part, lever))
            return low, high
        fields = test.fields()
        if len(fields) == 1 and fields[0] in self.rows.cuts:
            found = self._table(test, lever, fields[0])
            grid = self.rows.fact(fields[0], grid=True)
            return tuple(table.take(grid, mode="wrap") for table in found)  # type: ignore[return-value]
        return self._count(test, lever, self.rows)

    def _table(self, test: Test, lever: str, name: str) -> tuple[Steps, Steps]:
        key = (id(test), lever)
        if key not in self.tables:
            places = len(self.rows.cuts[name]) + 1
            grid = np.append(np.arange(places), np.arange(-places, 0)).astype(np.int8)  # then what is missing
            probe = replace(self.rows, rows=np.arange(len(grid)), columns={(name, True): grid}, whole=None, known={})
            self.tables[key] = self._count(test, lever, probe)
        return self.tables[key]

    def _count(self, test: Test, lever: str, rows: Evaluation) -> tuple[Steps, Steps]:
        """The levels by evaluating the test at every value."""
        truths = [self.at(lever, value, rows).test(test) for value in self.axes[lever]]
        low, high = (
            reduce(np.add, [np.broadcast_to(truth >= least, rows.rows.shape).view(np.uint8) for truth in truths])
            for least in (MET, NOT_DOCUMENTED)
        )
        return low, high

    def criterion(self, name: str, on: str | None = None) -> tuple[Region, Region]:
        """Where a criterion is met and where it is not refused; `on`: a lever that, while off, does not ask for it."""
        test = self.rows.policy.criteria[name].test
        lever = on or next((axis for axis in self.axes if axis in test.levers()), None)
        axis = list(self.axes).index(lever) if lever else 0
        if lever and lever in test.levers():
            pair = self.levels(test, lever)
        else:
            truth, size = self.rows.criterion(name), np.uint8(self.sizes[axis])
            pair = (truth == MET) * size, (truth >= NOT_DOCUMENTED) * size
        if on and self.axes[on][0] is None:
            pair = np.maximum(pair[0], np.uint8(1)), np.maximum(pair[1], np.uint8(1))
        low, high = ((*self.everywhere[:axis], level, *self.everywhere[axis + 1 :]) for level in pair)
        return low, high

    def rule(self, rule: Rule) -> Terms:
        """The outcome of the rows at every setting, as terms."""
        if rule.first_of is not None:
            return self.rule(self.rows.settings.first(rule))
        if rule.outcome is not None:
            return self.constant(int(self.rows.word(rule.outcome)))
        if rule.require is not None:
            return self._require(rule)
        return self._agree([self.rule(below) for below in self.rows.branches(rule)])

    def constant(self, outcome: int) -> Terms:
        """One outcome everywhere."""
        return [(self.everywhere, {outcome: 1})]

    def _require(self, rule: Rule) -> Terms:
        sure = possible = self.everywhere
        for entry in self.rows.policy.required(rule, self.rows.settings):
            if not entry.codes or self.rows.cases.dx[self.rows.rows[0]] in entry.codes:
                on = next((lever for lever in entry.while_ if lever in self.axes), None)
                low, high = self.criterion(entry.criterion, on)
                sure, possible = both(sure, low), both(possible, high)
        (_, first), *rest = self._follow(rule, reduce(np.logical_and, [level > 0 for level in sure]))
        terms = [*self.constant(int(CODE["not_met"])), (possible, added({int(CODE["not_met"]): -1}, {int(OPEN): 1}))]
        return [*terms, (sure, added({int(OPEN): -1}, first)), *((both(region, sure), c) for region, c in rest)]

    def _follow(self, rule: Rule, concerned: NDArray[np.bool_]) -> Terms:
        """The outcome of the first step that applies, all requirements being met; the first term holds everywhere.

        `concerned`: the rows that this is about. A step that may apply or not gives what both ways have in common.
        """
        terms = self.constant(int(CODE["met"]))
        for step in reversed(self.rows.policy.steps(rule, self.rows.settings)):
            instead = self.constant(int(self.rows.word(step.outcome)))
            if step.when is None:
                terms = instead
                continue
            sure, possible = self.criterion(step.when)
            either = terms
            if any(np.any(concerned & (a != b)) for a, b in zip(sure, possible, strict=True)):
                either = summed(self._agree([instead, terms]))
                terms = summed([*terms, *within(possible, either), *within(possible, terms, -1)])
            terms = summed([*terms, *within(sure, instead), *within(sure, either, -1)])
        return terms

    def _agree(self, branches: list[Terms]) -> Terms:
        """Several branches: the outcome where all have the same, open elsewhere."""
        if len(branches) == 1:
            return branches[0]
        terms = self.constant(int(OPEN))
        common = set.intersection(*({outcome for _, change in terms for outcome in change} for terms in branches))
        for outcome in sorted(common - {int(OPEN)}):
            for chosen in product(*([t for t in terms if outcome in t[1]] for terms in branches)):
                times = prod(change[outcome] for _, change in chosen)
                region = reduce(both, [region for region, _ in chosen])
                terms.append((region, {outcome: times, int(OPEN): -times}))
        return terms


def both(one: Region, other: Region) -> Region:
    """Where two regions overlap."""
    return tuple(map(np.minimum, one, other))


def within(region: Region, terms: Terms, times: int = 1) -> Terms:
    """Terms where a region is, so many times."""
    return [(both(region, place), {outcome: times * by for outcome, by in change.items()}) for place, change in terms]


def summed(terms: Terms) -> Terms:
    """The same with one term for each region; the first stays the first."""
    regions: dict[tuple[bytes, ...], tuple[Region, Change]] = {}
    for region, change in terms:
        key = tuple(level.tobytes() for level in region)
        regions[key] = (region, added(regions[key][1], change) if key in regions else change)
    (first, change), *rest = regions.values()
    return [(first, change), *(term for term in rest if term[1])]


def added(one: Change, other: Change, times: int = 1) -> Change:
    """Two changes together, without what cancels out."""
    total = {k: one.get(k, 0) + times * other.get(k, 0) for k in {**one, **other}}
    return {k: v for k, v in total.items() if v}


def outcomes(reader: Regions, position: int) -> Terms:
    """The outcome of rows in the pathway at `position` (-1 = none), before closing the file (evaluation.evaluate)."""
    rows = reader.rows
    if position < 0:
        return reader.constant(int(CODE["out_of_scope"]))
    for notice in rows.policy.code_notices:
        if rows.settings.holds({notice.lever: notice.pend_while}) and notice.code == rows.cases.dx[rows.rows[0]]:
            return reader.constant(int(CODE["pend"]))
    return reader.rule(list(rows.policy.pathways.values())[position].rule)
