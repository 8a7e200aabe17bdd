"""Cases laid out for evaluation: rows of one pathway lie together, and the planes made of them are kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policy.bits.rows import Ints, Rows
from policy.case_files.reader import Cases
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.model import Policy

BLOCK = 1 << 19  # rows laid out together when it is for one evaluation, so that they stay in the cache


def pathways(policy: Policy, cases: Cases) -> Ints:
    """Position of each case's pathway in the policy, int16 (n,); -1 = a code out of scope."""
    order: dict[str | None, int] = {name: place for place, name in enumerate(policy.pathways)} | {None: -1}
    groups = [diagnosis_group(policy, code) for code in cases.dx.categories]
    here = cases.cpt.categories
    rows = {g: [order[pathway_of(policy, g, code)] if g else -1 for code in here] for g in {*groups}}
    table = np.full((len(groups) + 1, len(here) + 1), -1, dtype=np.int16)  # the first row and column: no code
    for i, group in enumerate(groups, start=1):
        table[i, 1:] = rows[group]
    cell = (cases.dx.codes.astype(np.int32) + 1) * table.shape[1] + (cases.cpt.codes + np.int32(1))
    found: Ints = table.reshape(-1).take(cell)  # in a quarter of the time of two indices
    return found


@dataclass
class Planes:
    """Cases laid out for many evaluations.

    `labels`: int (n,), a group of each case: then the rows of a pathway lie in order of their groups.
    `by_pathway`: position of a pathway (-1: out of scope), the places of its rows in the case table, and the rows.
    """

    cases: Cases
    labels: Ints | None = None
    where: Ints = field(init=False)
    by_pathway: list[tuple[int, NDArray[np.intp], Rows]] = field(init=False)

    def __post_init__(self) -> None:
        self.where = pathways(self.cases.policy, self.cases)
        key = self.where.astype(np.int64) + 1
        if self.labels is not None:
            key = key * (int(self.labels.max(initial=0)) + 1) + self.labels
        order = np.argsort(key.astype(np.min_scalar_type(int(key.max(initial=0)))), kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(self.where + 1))[:-1])
        found = [(position, places) for position, places in enumerate(parts, start=-1) if len(places)]
        self.by_pathway = [(position, places, Rows.of(self.cases, places)) for position, places in found]

    def holds(self, cases: Cases) -> bool:
        """Whether these are the cases that were laid out: the same columns, read for the same policy."""
        mine = self.cases
        same = cases.dx is mine.dx and cases.cpt is mine.cpt and cases.facts is mine.facts
        return cases is mine or (same and cases.policy == mine.policy)


def passing(cases: Cases, where: Ints) -> Iterator[tuple[int, NDArray[np.intp], Rows]]:
    """As `Planes.by_pathway` for a single evaluation, a stretch of the case table after the other."""
    for start in range(0, len(cases), BLOCK):
        here = (where[start : start + BLOCK] + 1).astype(np.int16)
        order = np.argsort(here, kind="stable") + start
        ends = np.cumsum(np.bincount(here))[:-1]
        for position, places in enumerate(np.split(order, ends), start=-1):
            if len(places):
                yield position, places, Rows.of(cases, places)
