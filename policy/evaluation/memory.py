"""Cases laid out once for many evaluations: rows that the rules treat alike lie together."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases.reader import Cases, Ints
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.pathways import codes_of, pathways
from policy.model import Comparison, Policy, Settings


def cuts(policy: Policy) -> dict[str, list[int]]:
    """Field -> the least values that some comparison of the policy asks for, at any legal setting; at most 127 each."""
    found: dict[str, set[int]] = {}
    for criterion in policy.criteria.values():
        for test in criterion.test.walk():
            if not isinstance(test, Comparison) or len(test.fields()) != 1:
                continue
            (name,), reference = test.fields(), test.reference()
            lever = policy.levers.get(reference)
            values = [v for v in lever.values() if isinstance(v, int)] if lever else [int(reference)]
            size = policy.grid_steps(name, reference)
            found.setdefault(name, set()).update(value * size + test.beyond for value in values)
    return {name: sorted(values) for name, values in found.items() if len(values) < 127}


@dataclass
class Memory:
    """Cases laid out once for many evaluations: rows that a rule treats alike lie together, facts on their grid.

    `where`: what `pathways` finds for the cases; `lasting` is False for a single evaluation, which needs no grid.
    """

    cases: Cases
    lasting: bool = True
    where: Ints = field(init=False)
    laid_out: list[tuple[int, Evaluation]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.where = pathways(self.cases.policy, self.cases)

    def holds(self, cases: Cases) -> bool:
        """Whether these are the cases that were laid out: the same columns, read for the same policy."""
        mine = self.cases
        same = cases.dx is mine.dx and cases.cpt is mine.cpt and cases.facts is mine.facts
        return cases is mine or (same and cases.policy == mine.policy)

    def groups(self, settings: Settings) -> list[tuple[int, Evaluation]]:
        """(position of the pathway or -1, evaluation of its rows) for each group of rows that has any."""
        if not self.laid_out:
            grid, grids = cuts(settings.policy) if self.lasting else {}, dict[str, Ints]()
            self.laid_out = [
                (int(self.where[rows[0]]), Evaluation(settings, self.cases, rows, cuts=grid, grids=grids))
                for rows in _alike(settings.policy, self.cases, self.where)
                if len(rows)
            ]
        return self.laid_out


def _alike(policy: Policy, cases: Cases, where: Ints) -> list[NDArray[np.intp]]:
    """Positions of the cases with the same pathway, the same code where one is named, and the same switches."""
    named = {notice.code for notice in policy.code_notices}
    ways: dict[str, NDArray[np.int32]] = {}  # field -> for each pathway and code, which way the switch goes
    for position, pathway in enumerate(policy.pathways.values()):
        for rule in pathway.rule.walk():
            named |= {code for entry in rule.require or () for code in entry.codes}
            if rule.switch:
                kind = policy.fields_[rule.switch]
                values = np.arange(kind.missing[0], kind.span[1] + 1)
                own = np.isin(values, codes_of(kind, rule.branches)) | (values < -1)
                rest = np.where((values >= 0) & (rule.otherwise is not None), kind.span[1] + 1, -1)
                way = ways.setdefault(rule.switch, np.zeros((len(policy.pathways) + 1, len(values)), dtype=np.int32))
                way[position] = way[position] * (len(values) + 1) + np.where(own, values, rest) - kind.missing[0]
    named |= {code for gate in policy.gates.values() for entry in gate.require for code in entry.codes}
    codes = np.array([i * (code in named) for i, code in enumerate(cases.dx.categories, start=1)])
    key = (where + np.int32(1)) * np.int32(len(codes) + 1) + codes[cases.dx.codes]
    for name, way in ways.items():
        key = key * np.int32(way.max() + 1) + way[where, cases.facts[name] - policy.fields_[name].missing[0]]
    group, found = pd.factorize(key, sort=True)
    order = np.argsort(group.astype(np.min_scalar_type(len(found))), kind="stable")
    return np.split(order, np.cumsum(np.bincount(group))[:-1])
