"""Whether Medicare Advantage requests are judged more strictly than under the Medicare-like presets.

A Medicare Advantage plan may use criteria of its own only where Medicare's are not fully established (R26). Whether
they are is for counsel; what is computed here is where an outcome is stricter than that of a preset. Each preset judges
only the requests that it speaks of (`applies_to`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases import Cases
from policy.evaluation import Determinations
from policy.model import Policy, Settings
from policy.problems import ProblemsFound
from policy.scenario import Scenario, edited
from simulations.impact import OUTSIDE, cells, determined, percent
from simulations.scenario import RANKS, find_scenario
from simulations.suppression import rounded

PRESETS = ("p2a_cms_facet", "p2b_cms_epidural", "p2c_cms_trigger_point", "p2d_cms_peripheral_nerve")
LINE = "medicare_advantage"
WAYS = ("stricter", "same", "looser")
MEANING = (
    "Stricter: not met where the preset waits, refers or approves; waiting or referred where it approves. A preset "
    "holds what was read of Medicare's terms and can be computed, as read, to be confirmed; the rest is the policy as "
    "it stands. Whether Medicare's criteria are fully established is for counsel."
)

Counts = NDArray[np.int64]
Outcomes = NDArray[np.int8]


def presets(policy: Policy) -> tuple[Scenario, ...]:
    """The Medicare-like presets that change anything; none for a policy that lacks their levers or codes.

    One that changes nothing holds no term to compare with: held against it, a scenario would only meet the policy.
    What contractors have proposed and not put in force (p2e) is no measure.
    """
    return tuple(plan for plan in _every(policy) if plan.provisions or plan.criteria)


def settings_of(policy: Policy, plan: Scenario) -> Settings:
    """The settings of a preset, which belong to a policy of its own where it refuses or refers."""
    return edited(policy, plan.criteria).settings(plan.provisions)


def _every(policy: Policy) -> list[Scenario]:
    try:
        return [find_scenario(name, policy) for name in PRESETS]
    except ProblemsFound:
        return []


def spoken_of(policy: Policy, plan: Scenario | None) -> NDArray[np.bool_]:
    """Diagnosis groups x procedure families, each with a last place for codes outside, that a scenario speaks of."""
    table = np.zeros((len(policy.diagnoses) + 1, len(policy.procedures) + 1), dtype=np.bool_)
    if plan is None or not plan.applies_to:
        return ~table
    for procedure, diagnoses in plan.applies_to.items():
        for diagnosis in diagnoses:
            table[list(policy.diagnoses).index(diagnosis), list(policy.procedures).index(procedure)] = True
    return table


class Yardstick(NamedTuple):
    """The Medicare Advantage requests that one preset speaks of: positions (n,) and how favourably it judges them."""

    rows: NDArray[np.intp]
    ranks: NDArray[np.int64]


def yardsticks(cases: Cases, policy: Policy, plans: Sequence[Scenario]) -> list[Yardstick]:
    """One for each of the presets, in their order."""
    line = policy.fields_.get("line_of_business")
    if line is None or LINE not in line.choices or "line_of_business" not in cases.facts:
        nobody = Yardstick(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64))
        return [nobody] * len(plans)
    advantage = cases.facts["line_of_business"] == line.choices.index(LINE)
    groups, families = cells(policy, cases)
    found = []
    for plan in plans:
        rows = np.flatnonzero(advantage & spoken_of(policy, plan)[groups, families])
        judged = determined(cases.take(rows), settings_of(policy, plan)) if len(rows) else None
        found.append(Yardstick(rows, RANKS[judged.outcome] if judged else np.zeros(0, dtype=np.int64)))
    return found


def held_against(measures: Sequence[Yardstick], outcome: Outcomes, cases: Cases, policy: Policy) -> Counts:
    """Requests whose `outcome` (n,) is stricter, the same and looser: (presets, groups + 1, families + 1, 3)."""
    shape = (len(policy.diagnoses) + 1, len(policy.procedures) + 1, len(WAYS))
    groups, families = cells(policy, cases)
    counts = np.zeros((len(measures), *shape), dtype=np.int64)
    for place, one in enumerate(measures):
        way = np.sign(RANKS[outcome[one.rows]] - one.ranks) + 1
        where = np.ravel_multi_index((groups[one.rows], families[one.rows], way), shape)
        counts[place] = np.bincount(where, minlength=int(np.prod(shape))).reshape(shape)
    return counts


class Guard:
    """Both settings of a study held against the presets, slice by slice.

    `counts` (presets, groups + 1, families + 1, 3) of the baseline and of the scenario; `presets` in the same order.
    `people`: what is said and tabulated is rounded.
    """

    def __init__(self, baseline: Settings, scenario: Settings, people: bool = False):
        self.people = people
        self.policy, self.name = baseline.policy, "the baseline" if scenario == baseline else "the scenario"
        self.presets = presets(self.policy)
        self.counts: dict[str, Counts] = {}

    def add(self, before: Determinations, after: Determinations) -> None:
        """Count one more slice, determined under both settings."""
        measures = yardsticks(before.cases, self.policy, self.presets)
        for name, one in (("baseline", before), ("scenario", after)):
            counts = held_against(measures, one.outcome, one.cases, self.policy)
            self.counts[name] = self.counts[name] + counts if name in self.counts else counts

    def frame(self) -> pd.DataFrame:
        """One row per preset, diagnosis and procedure with requests: cases, then how baseline and scenario judge.

        preset, diagnosis, procedure, cases, baseline_stricter, baseline_same, baseline_looser, scenario_stricter, ...
        """
        rows = []
        cases = self._shown(self.counts["scenario"].sum(axis=3))
        for place, group, family in np.argwhere(cases):
            row: dict[str, object] = {"preset": self.presets[place].id, **labels(self.policy, group, family)}
            row["cases"] = int(cases[place, group, family])
            for name, counts in self.counts.items():
                found = self._shown(counts[place, group, family])
                row |= {f"{name}_{way}": int(n) for way, n in zip(WAYS, found, strict=True)}
            rows.append(row)
        columns = [f"{name}_{way}" for name in ("baseline", "scenario") for way in WAYS]
        return pd.DataFrame(rows, columns=["preset", "diagnosis", "procedure", "cases", *columns])

    def _shown(self, counts: Counts) -> Counts:
        return rounded(counts) if self.people else counts

    def warnings(self) -> list[str]:
        """What every reader is told, with its numbers; nothing without such requests."""
        after = self.counts["scenario"].sum(axis=(1, 2))
        before = self.counts["baseline"][..., 0].sum()
        requests, stricter, first = self._shown(np.array([after.sum(), after[:, 0].sum(), before])).tolist()
        if not requests:
            return []
        found = (
            f"Medicare Advantage: {self.name} judges {stricter:,} of the {requests:,} requests that a Medicare-like "
        )
        found += f"preset speaks of ({percent(stricter / requests)}) more strictly than the preset"
        if self.name == "the scenario":
            found += f"; the baseline {first:,}"
        return [f"{'Warning. ' if stricter else ''}{found}."]


def left_out(policy: Policy) -> list[str]:
    """One sentence for each Medicare-like preset that nothing is held against."""
    silent = [plan.label for plan in _every(policy) if not (plan.provisions or plan.criteria)]
    return [f"Not compared, as no term of it can be computed: {label}." for label in silent]


def labels(policy: Policy, group: int, family: int) -> dict[str, str]:
    """The names of a diagnosis group and a procedure family by position; the last is OUTSIDE."""
    groups, families = (*policy.diagnoses, OUTSIDE), (*policy.procedures, OUTSIDE)
    return {"diagnosis": groups[group], "procedure": families[family]}
