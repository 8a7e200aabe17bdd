"""This package: cases held as planes of bits, with nothing, the rows, or the planes of the last setting at hand."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.measuring import Told
from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.model import Policy, Settings, Value
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.studies.shapley import attributed

ONCE = "this package, from columns as read"
ANEW = "this package, rows laid out, every plane made anew"
AT_HAND = "this package, planes at hand"
COUNTED = "this package, planes at hand, counted in all groups"
READ = "plain read: every fact, one byte each"
READ_OWN = "plain read: of each row the facts of its pathway, one byte each"
READ_FILE = "plain read: the bytes of every fact from a file"
SLICE = 250_000  # cases that `attributed` is handed at a time, as by the commands


def planes_of(rows: Rows, policy: Policy) -> dict[Any, dict[Any, Any]]:
    """The planes of facts, tests and criteria that were made of some rows, without what rules made of these."""
    return {what: dict(values) for what, values in rows.keeping(policy.criteria)._made.items()}


class Recounted:
    """Counts whose planes of one setting are at hand and no others: nothing that was counted or moved is used again."""

    def __init__(self, cases: Cases, groups: Groups, base: Settings):
        self.counts = Counts.of([Batch(cases)], groups)
        self.counts.at(base)
        self.rows = [pathway.rows for pathway in self.counts._pathways]
        self.base = [planes_of(rows, base.policy) for rows in self.rows]

    def forget(self) -> None:
        """No counts; the planes of `base`, and no others."""
        for rows, made in zip(self.rows, self.base, strict=True):
            rows._made = {what: dict(values) for what, values in made.items()}
        for pathway in self.counts._pathways:
            pathway._known.clear()

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, all rules and pathways anew."""
        self.forget()
        return self.counts.at(settings)

    def moved(self, several: Sequence[Settings]) -> Told:
        """Seconds for each of some settings in turn, the planes of `base` being at hand."""
        seconds = 0.0
        for one in several:
            self.forget()
            begun = time.perf_counter()
            self.counts.at(one)
            seconds += time.perf_counter() - begun
        return Told(seconds / len(several))


class Ours:
    """Rows by pathway, and their planes."""

    def __init__(self, cases: Cases, groups: Groups):
        self.cases, self.policy, self.base = cases, cases.policy, cases.policy.settings()
        self.planes, self.groups = Planes(cases), groups
        self.determine(self.base)

    @cached_property
    def by_group(self) -> Recounted:
        """The cases laid out to be counted by group."""
        return Recounted(self.cases, self.groups, self.base)

    @cached_property
    def alone(self) -> Recounted:
        """The cases laid out to be counted in one group."""
        return Recounted(self.cases, Groups(self.policy), self.base)

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome from the planes that are at hand."""
        return self.by_group.at(settings)

    @property
    def rows(self) -> list[Rows]:
        """The rows of each pathway."""
        return [rows for _, _, rows in self.planes.by_pathway]

    def once(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every case, from the columns of the case table."""
        return determine(self.policy, self.cases, settings, asking=False).outcome

    def anew(self, settings: Settings) -> NDArray[np.int8]:
        """The same from rows that lie by pathway, without any plane."""
        for rows in self.rows:
            rows._made.clear()
        return self.determine(settings)

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The same from the planes that are at hand, all rules anew."""
        for rows in self.rows:
            rows._made = planes_of(rows, self.policy)
        return determine(self.policy, self.cases, settings, planes=self.planes, asking=False).outcome

    def sweep(self, levers: Mapping[str, Sequence[Value]]) -> NDArray[np.int64]:
        """Counts of each outcome at every value of each lever, from the planes of the defaults: (settings, 6)."""
        self.alone.forget()
        every = [{**self.base, lever: value} for lever, values in levers.items() for value in values]
        return np.array([self.alone.counts.at(Settings(self.policy, one))[0] for one in every])

    def shares(self, moves: Mapping[str, Value]) -> NDArray[np.int64]:
        """How many cases are met under each combination of moved levers, as for their Shapley shares: (2 ** n,)."""
        return attributed(self.base, moves, [], self).game()  # type: ignore[arg-type]

    def slices(self) -> Iterator[Cases]:
        """The cases as a caseload hands them over."""
        for start in range(0, len(self.cases), SLICE):
            yield self.cases.take(slice(start, start + SLICE))  # type: ignore[arg-type]


class PlainReads:
    """What it costs to look at the facts once and do nothing: the greatest of each column, or the bytes of a file."""

    def __init__(self, columns: Columns, ours: Ours):
        held = {name: np.clip(values, -1, 127).astype(np.int8) for name, values in columns.facts.items()}
        self.whole = list(held.values())
        self.own = [held[name][places] for _, places, rows in ours.planes.by_pathway for name in rows._columns]

    def every(self) -> list[np.int8]:
        """All facts of all rows."""
        return [values.max() for values in self.whole]

    def by_pathway(self) -> list[np.int8]:
        """Of the rows of each pathway, the facts that its rules read at the defaults."""
        return [values.max() for values in self.own]
