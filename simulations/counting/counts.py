"""Counts of outcomes by group at any setting, of cases that are laid out once as planes of bits.

A lever that moves makes two new planes for each test that reads it; all others are at hand. Outcomes are counted bit by
bit, in all groups from one running sum, as the rows of a group lie together.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.counting import Stretches, count
from policy.bits.planes import NOWHERE, Plane, both, either, inverse
from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.determinations.layout import Planes
from policy.determinations.results import moved_by, outcomes_of, touched_by
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.reading import CODE, OPEN, Reading, closing_of
from policy.model import OUTCOMES, Policy, Settings, Value
from policy.problems import refuse
from policy.trees.policies import CLOSING, facts_read, pathway_levers
from simulations.counting.grouping import Groups

LAID_OUT = 2_000_000  # cases that are laid out together, at least
_KEPT = 64  # settings of one pathway whose counts are kept


@dataclass
class Batch:
    """Some cases to be counted; `weights`: int64 (n,), how many cases each stands for (None: itself)."""

    cases: Cases
    weights: NDArray[np.int64] | None = None
    labels: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp), repr=False)

    def __len__(self) -> int:
        return len(self.cases) if self.weights is None else int(self.weights.sum())

    def numbered(self, groups: Groups) -> "Batch":
        """The same with the `labels` of their groups, and without what is not needed to count."""
        nobody = np.empty(len(self.cases), dtype=object)
        cases = replace(self.cases, ids=nobody, facts={**self.cases.facts}, groups={})
        return Batch(cases, self.weights, groups.of(self.cases))


@dataclass
class _Pathway:
    """The rows of one pathway in order of their groups: `members`, numbers of the groups, and where each begins."""

    position: int
    rows: Rows
    levers: tuple[str, ...]
    members: NDArray[np.intp]
    ends: NDArray[np.intp]
    weights: NDArray[np.int64] | None
    _known: dict[tuple[Value, ...], NDArray[np.int64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.rows.size if self.weights is None else int(self.weights.sum())

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """Of each member and outcome, the open ones last: int64 (members, 7)."""
        key = tuple(settings[lever] for lever in self.levers)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = self._counted(settings)
        return self._known[key]

    def read(self, settings: Settings, asking: bool = False) -> Reading:
        """What the policy makes of the rows."""
        return evaluate(Evaluation(settings, self.rows, asking=asking), self.position)

    def _counted(self, settings: Settings) -> NDArray[np.int64]:
        reading = self.read(settings)
        found = np.zeros((len(self.members), len(OUTCOMES) + 1), dtype=np.int64)
        if self.weights is not None:
            outcomes = outcomes_of(reading, self.rows.size, OPEN)
            where = np.repeat(np.arange(len(self.members)), np.diff(self.ends))
            np.add.at(found, (where, outcomes), self.weights)
            return found
        (rest, _), *others = reading.outcome.items()
        found[:, rest] = self._sizes
        for code, plane in others:
            found[:, code] = self._ends.counts(plane)
            found[:, rest] -= found[:, code]
        return found

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        return np.diff(self.ends)

    @cached_property
    def _ends(self) -> Stretches:
        return Stretches(self.ends)


@dataclass
class Refusals:
    """Why cases come out as not met: each of `cases` stands under every criterion that it fails, else under one text.

    `criteria`: name -> cases that fail it, and of these those that fail no other; `because`: what the policy says of
    cases that fail none; `closed`: cases of which something was not documented when the file was closed.
    """

    cases: int = 0
    criteria: dict[str, tuple[int, int]] = field(default_factory=dict)
    because: Counter[str] = field(default_factory=Counter)
    closed: int = 0

    def add(self, reading: Reading, closing: int, many: Callable[[Plane], int]) -> None:
        """Those of one pathway; `many`: how many of the cases asked for have a bit."""
        refused = reading.closed(closing).get(CODE["not_met"], NOWHERE)
        self.cases += many(refused)
        once, twice = NOWHERE, NOWHERE
        fails = {}
        for name, truth in reading.truths.items():
            known = both(reading.read[name], inverse(reading.partly.get(name, NOWHERE)))
            fails[name] = both(refused, both(known, inverse(truth.possible)))
            twice = either((twice, both(once, fails[name])))
            once = either((once, fails[name]))
        for name, plane in fails.items():
            if number := many(plane):
                before, alone = self.criteria.get(name, (0, 0))
                self.criteria[name] = (before + number, alone + many(both(plane, inverse(twice))))
        rest = both(refused, inverse(once))
        self.closed += many(both(rest, reading.open))
        for text, plane in reading.because.items():
            self.because[text] += many(both(both(rest, inverse(reading.open)), plane))


@dataclass(frozen=True)
class Counts:
    """Counts of some cases by group at any setting; `cases`: how many are counted."""

    groups: Groups
    cases: int
    _pathways: tuple[_Pathway, ...] = field(repr=False)

    @property
    def _policy(self) -> Policy:
        return self.groups.policy

    @classmethod
    def of(cls, batches: Iterable[Batch], groups: Groups) -> "Counts":
        """Lay out the cases of all batches; memory is that of the facts that rules read, and a bit a case and plane."""
        gathered = _gathered(batch.numbered(groups) for batch in batches)
        pathways = tuple(chain.from_iterable(map(_laid_out, gathered)))  # none of the batches is held meanwhile
        if not pathways:
            raise refuse("no-rows", "counts", "there are no cases")
        return cls(groups, sum(map(len, pathways)), pathways)

    def __repr__(self) -> str:
        return f"{self.cases:,} cases in {len(self.groups)} groups, laid out to be counted at any setting"

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, int64 (groups, 6), as determining all the cases would give."""
        total = np.zeros((len(self.groups), len(OUTCOMES) + 1), dtype=np.int64)
        for pathway in self._pathways:
            total[pathway.members] += pathway.counts(settings)
        closed = total[:, :-1].copy()
        closed[:, closing_of(settings)] += total[:, OPEN]
        return closed

    def counts(self, settings: Settings) -> dict[str, int]:
        """Number of cases for each outcome word."""
        return dict(zip(OUTCOMES, self.at(settings).sum(axis=0).tolist(), strict=True))

    def differs(self, one: Settings, other: Settings) -> bool:
        """Whether any case has another outcome under one setting than under the other."""
        closing = (closing_of(one), closing_of(other))
        return any(count(moved_by(a, b, closing), n) for a, b, n in self._read(one, other, asking=False))

    def touched(self, one: Settings, other: Settings) -> int:
        """How many cases have another outcome, or read a criterion differently, or are asked for something else."""
        closing = (closing_of(one), closing_of(other))
        return sum(count(touched_by(a, b, closing), n) for a, b, n in self._read(one, other, asking=True))

    def _read(self, one: Settings, other: Settings, asking: bool) -> Iterator[tuple[Reading, Reading, int]]:
        """Of each pathway that reads a lever that moves: what both settings make of it, and how many cases it has."""
        moved = {name for name in one if one[name] != other[name]}
        for pathway in self._pathways:
            if moved & {*pathway.levers, CLOSING}:
                yield pathway.read(one, asking), pathway.read(other, asking), pathway.rows.size

    def refusals(self, settings: Settings, groups: NDArray[np.bool_]) -> Refusals:
        """Why cases of some groups come out as not met; `groups`: bool (groups,). Of cases without weights."""
        found = Refusals()
        for pathway in self._pathways:
            if pathway.weights is not None:
                raise refuse("weights", "refusals", "cases that stand for several are not told one by one")
            wanted, ends = groups[pathway.members], Stretches(pathway.ends)
            if wanted.any():
                many = partial(_within, ends, wanted)
                found.add(pathway.read(settings, asking=True), closing_of(settings), many)
        return found

    def by_pathway(self) -> dict[str, int]:
        """How many cases each pathway has."""
        found = dict.fromkeys(self._policy.pathways, 0)
        for pathway in self._pathways:
            if pathway.position >= 0:
                found[list(found)[pathway.position]] += pathway.rows.size
        return found


def _within(ends: Stretches, wanted: NDArray[np.bool_], plane: Plane) -> int:
    """How many cases of the stretches that are wanted have the bit."""
    return int(ends.counts(plane)[wanted].sum())


def each(base: Settings, values: Mapping[str, Sequence[Value]]) -> Iterator[Settings]:
    """One setting for each place in the columns `values` (lever -> its value at each setting)."""
    for row in zip(*values.values(), strict=True):
        yield Settings(base.policy, {**base, **dict(zip(values, row, strict=True))})


def _laid_out(batch: Batch) -> Iterator[_Pathway]:
    """The pathways of a batch; what is not needed to count is not kept."""
    policy, labels = batch.cases.policy, batch.labels
    rules = [pathway.rule for pathway in policy.pathways.values()]
    for position, places, rows in Planes(batch.cases, labels if len(labels) else None).by_pathway:
        facts = facts_read(policy, rules[position]) if position >= 0 else set()
        alone = rows.alone(facts, {column for name in facts for column in policy.fields_[name].sources})
        mine = labels[places] if len(labels) else np.zeros(len(places), dtype=np.intp)
        starts = np.flatnonzero(np.diff(mine, prepend=-1))
        levers = pathway_levers(policy, position)  # not CLOSING: open cases are counted apart, nothing is counted anew
        weights = None if batch.weights is None else batch.weights[places]
        yield _Pathway(position, alone, tuple(levers), mine[starts], np.append(starts, len(places)), weights)


def _gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same cases in batches that are large enough to be worth laying out."""
    held: list[Batch] = []
    for batch in batches:
        held.append(batch)
        if sum(len(one.cases) for one in held) >= LAID_OUT:
            yield together(held)
    if held:
        yield together(held)


def together(batches: list[Batch]) -> Batch:
    """The cases of several numbered batches one after the other; the batches are used up, so none is held twice."""
    if len(batches) == 1:
        return batches.pop()
    cases = [batch.cases for batch in batches]
    first = cases[0]

    def texts(parts: list[pd.Categorical]) -> pd.Categorical:
        alike = [pd.Categorical.from_codes(p.codes, categories=pd.Index(p.categories, dtype=object)) for p in parts]
        return pd.api.types.union_categoricals(alike)

    whole = Cases(
        first.policy,
        np.empty(sum(map(len, cases)), dtype=object),
        texts([part.dx for part in cases]),
        texts([part.cpt for part in cases]),
        {name: np.concatenate([part.facts.pop(name) for part in cases]) for name in [*first.facts]},
        {},
        first.remarks,
    )
    weights = None
    if any(batch.weights is not None for batch in batches):
        counted = [np.ones(len(b.cases), dtype=np.int64) if b.weights is None else b.weights for b in batches]
        weights = np.concatenate(counted)
    labels = np.concatenate([batch.labels for batch in batches])
    batches.clear()
    return Batch(whole, weights, labels)
