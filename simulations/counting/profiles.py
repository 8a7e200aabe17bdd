"""Weighted cases: one for all that no reachable setting tells apart. Exact for any tree and any lever, smaller to read.

The fallback where counting in levels does not fit. Cases are packed into one number each, criterion by criterion: its
truth where none of its levers move, else the bins of its facts (reachable_facts.py).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases.reader import Cases
from policy.evaluation.determination import Evaluation, determine
from policy.model import OUTCOMES, Rule, Settings, Value
from policy.problems import refuse
from simulations.counting.data_cube import CLOSING, Batch
from simulations.counting.grouping import Groups
from simulations.counting.reachable_facts import Reads

Codes = NDArray[np.integer[Any]]
_DENSE = 1 << 22  # numbers up to here are made small again by counting, larger ones by hashing


@dataclass(frozen=True)
class Profiles:
    """The cases of `batch` stand for all cases while no lever outside `moving` leaves `base`; `cases`: how many."""

    base: Settings
    moving: frozenset[str]
    groups: Groups
    batch: Batch
    cases: int

    @classmethod
    def of(
        cls,
        base: Settings,
        batches: Iterable[Batch],
        moving: Collection[str] | None = None,
        groups: Groups | None = None,
    ) -> "Profiles":
        """Profiles of the cases of all batches; `moving`: None for all levers. Memory: one batch and the result."""
        levers = frozenset(base if moving is None else moving)
        by = Groups(base.policy) if groups is None else groups
        held: list[Batch] = []
        total = 0
        for batch in batches:
            total += len(batch)
            held.append(_collapsed(base, batch, levers, by))
            if len(held) > 1 and len(held[-1].cases) * 4 > len(held[0].cases):
                held = [_collapsed(base, joined(held), levers, by)]
        if not held:
            raise refuse("no-rows", "profiles", "there are no cases")
        return cls(base, levers, by, held[0] if len(held) == 1 else _collapsed(base, joined(held), levers, by), total)

    def __len__(self) -> int:
        return len(self.batch.cases)

    def __repr__(self) -> str:
        return f"Profiles: {len(self):,} weighted cases for {self.cases:,}, exact while {len(self.moving)} levers move"

    def covers(self, settings: Settings) -> bool:
        """Whether no frozen lever differs from the base."""
        return all(value == self.base[k] or k in self.moving or k == CLOSING for k, value in settings.items())

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, int64 (groups, 6), as determining all the cases would give."""
        if not self.covers(settings):
            raise refuse("frozen", "profiles", "a lever moved that was frozen when the cases were collapsed")
        return counted(self.batch, settings, self.groups)

    def counts(self, settings: Settings) -> dict[str, int]:
        """Number of cases for each outcome word."""
        return dict(zip(OUTCOMES, self.at(settings).sum(axis=0).tolist(), strict=True))


def counted(batch: Batch, settings: Settings, groups: Groups) -> NDArray[np.int64]:
    """Counts of every group and outcome by determining each case: int64 (groups, 6)."""
    memory = batch.memory
    found = determine(batch.cases.policy, batch.cases, settings, memory=memory, asking=False).outcome
    labels = batch.labels(groups)
    key = labels * len(OUTCOMES) + found if labels.size else found
    size = len(OUTCOMES) * len(groups)
    return np.bincount(key, batch.weights, size).astype(np.int64).reshape(len(groups), len(OUTCOMES))


def each(base: Settings, values: Mapping[str, Sequence[Value]]) -> Iterator[Settings]:
    """One setting for each place in the columns `values` (lever -> its value at each setting)."""
    for row in zip(*values.values(), strict=True):
        yield Settings(base.policy, {**base, **dict(zip(values, row, strict=True))})


def _collapsed(base: Settings, batch: Batch, moving: frozenset[str], groups: Groups) -> Batch:
    """The first case of each profile with the weight of all."""
    rows, weights = [], []
    labels = batch.labels(groups)
    for position, laid_out in batch.memory.groups(base):
        group = replace(laid_out, settings=base, known={})  # the cases may have been laid out for other settings
        key = labels[group.rows] if labels.size else np.zeros(len(group.rows), dtype=np.int64)
        for codes, size in _columns(base, moving, group, position):
            key = _packed(key, codes, size)
        number, present = pd.factorize(key)
        times = None if batch.weights is None else batch.weights[group.rows]
        first = np.empty(len(present), dtype=np.intp)
        first[number[::-1]] = group.rows[::-1]
        rows.append(first)
        weights.append(np.bincount(number, times, len(present)).astype(np.int64))
    order = np.concatenate(rows)
    return Batch(batch.cases.take(order), np.concatenate(weights))


def _packed(key: NDArray[np.int64], codes: Codes, size: int) -> NDArray[np.int64]:
    """Two columns as one number below 2 ** 22 where that can be."""
    width = int(key.max()) + 1
    if width * size > _DENSE:
        key = pd.factorize(key)[0] if width > _DENSE else (np.cumsum(np.bincount(key) > 0) - 1)[key]
    return key.astype(np.int64) * size + codes


def _columns(base: Settings, moving: frozenset[str], group: Evaluation, position: int) -> Iterator[tuple[Codes, int]]:
    """Codes from 0, with their number, of all that can matter for the rows."""
    policy = base.policy
    if position < 0:
        return
    reads = Reads(base, moving)
    for name in criteria_of(reads, list(policy.pathways.values())[position].rule):
        test = policy.criteria[name].test
        if moving & set(test.levers()):
            reads.test(test)
        else:
            truth = group.test(test)
            yield np.broadcast_to(np.asarray(truth), group.rows.shape), 3
    for name, cuts in reads.cuts.items():
        kind = policy.fields_[name]
        missing = -kind.missing[0]  # how many codes there are for what is missing
        if kind.type in ("boolean", "choice"):
            yield group.fact(name).astype(np.int16) + missing, kind.span[1] + 1 + missing
        elif kind.type == "date":  # no test compares a date: only whether it is on file
            yield (group.fact(name) >= 0).astype(np.int16), 2
        else:
            bins = np.searchsorted(sorted(cuts), np.arange(kind.span[1] + 1), "right").astype(np.int16)
            found = np.append(bins + missing, np.arange(missing)).astype(np.int16)
            yield found[group.fact(name)], len(cuts) + 1 + missing
    for names, sums in reads.means.items():
        for end in (0, 1):
            total = np.add.reduce([group.end(name, end) for name in names])
            yield np.asarray(np.searchsorted(sorted(sums), total, "right")), len(sums) + 1


def criteria_of(reads: Reads, rule: Rule) -> list[str]:
    """The criteria that a rule may read."""
    found = dict.fromkeys([*([rule.stated] if rule.stated else []), *(s.when for s in rule.then if s.when)])
    for entry in rule.require or ():
        gate = reads.policy.gates.get(entry.criterion)
        found |= dict.fromkeys(r.criterion for r in (gate.require if gate else (entry,)) if reads.may(r.while_))
    rules = reads.possible(rule) if rule.first_of else (*rule.branches.values(), rule.otherwise)
    for below in rules:
        found |= dict.fromkeys(criteria_of(reads, below) if below else [])
    return list(found)


def joined(batches: Sequence[Batch]) -> Batch:
    """The cases of several batches one after the other."""
    cases = [batch.cases for batch in batches]
    first = cases[0]

    def texts(parts: list[pd.Categorical]) -> pd.Categorical:
        alike = [pd.Categorical.from_codes(p.codes, categories=pd.Index(p.categories, dtype=object)) for p in parts]
        return pd.api.types.union_categoricals(alike)

    whole = Cases(
        first.policy,
        np.concatenate([part.ids for part in cases]),
        texts([part.dx for part in cases]),
        texts([part.cpt for part in cases]),
        {name: np.concatenate([part.facts[name] for part in cases]) for name in first.facts},
        {name: texts([part.groups[name] for part in cases]) for name in first.groups},
        first.remarks,
    )
    weights = [np.ones(len(b.cases), dtype=np.int64) if b.weights is None else b.weights for b in batches]
    return Batch(whole, np.concatenate(weights))
