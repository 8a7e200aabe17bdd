"""Whether Medicare Advantage requests are judged more strictly than under the Medicare-like presets.

A Medicare Advantage plan may use criteria of its own only where Medicare's are not fully established (R26). Whether
they are is for counsel; what is computed here is where an outcome is stricter than that of a preset. Each preset judges
only the requests that it speaks of (`applies_to`).
"""

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.results import LENIENCY, Determinations
from policy.model import Policy, Settings
from policy.problems import ProblemsFound
from policy.reading.scenario import Scenario, edited
from simulations.scenario.loading import find_scenario, yardsticks_of
from simulations.statistics.disclosure_control import Name
from simulations.statistics.number_format import percent
from simulations.statistics.release import WAYS
from simulations.studies.impact import OUTSIDE, cells, determined
from simulations.studies.paired_rates import Counts

NONE = "No Medicare-like preset is written for this policy, so no Medicare Advantage request is held against one."
MEANING = (
    "Stricter: not met where the preset waits, refers or approves; waiting or referred where it approves. A preset "
    "holds what was read of Medicare's terms and can be computed, as read, to be confirmed; the rest is the policy as "
    "it stands. Whether Medicare's criteria are fully established is for counsel."
)

Outcomes = NDArray[np.int8]


def presets(policy: Policy) -> tuple[Scenario, ...]:
    """The Medicare-like presets of a policy (scenarios with `yardstick_for`) that change anything.

    One that changes nothing holds no term to compare with: held against it, a scenario would only meet the policy.
    What contractors have proposed and not put in force is no measure, and has no `yardstick_for`.
    """
    return tuple(plan for plan in _every(policy) if plan.provisions or plan.criteria)


def settings_of(policy: Policy, plan: Scenario) -> Settings:
    """The settings of a preset, which belong to a policy of its own where it refuses or refers."""
    return edited(policy, plan.criteria).settings(plan.provisions)


def _every(policy: Policy) -> list[Scenario]:
    found = []
    for name in yardsticks_of(policy):
        with suppress(ProblemsFound):  # one that the policy has outgrown is no measure
            found.append(find_scenario(name, policy))
    return found


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
    groups, families = cells(policy, cases)
    found = []
    for plan in plans:
        ((column, word),) = plan.yardstick_for.items()
        mine = cases.facts[column] == policy.fields_[column].code(word)
        rows = np.flatnonzero(mine & spoken_of(policy, plan)[groups, families])
        judged = determined(cases.take(rows), settings_of(policy, plan), asking=False) if len(rows) else None
        found.append(Yardstick(rows, LENIENCY[judged.outcome] if judged else np.zeros(0, dtype=np.int64)))
    return found


def held_against(measures: Sequence[Yardstick], outcome: Outcomes, cases: Cases, policy: Policy) -> Counts:
    """Requests whose `outcome` (n,) is stricter, the same and looser: (presets, groups + 1, families + 1, 3)."""
    shape = (len(policy.diagnoses) + 1, len(policy.procedures) + 1, len(WAYS))
    groups, families = cells(policy, cases)
    counts = np.zeros((len(measures), *shape), dtype=np.int64)
    for place, one in enumerate(measures):
        way = np.sign(LENIENCY[outcome[one.rows]] - one.ranks) + 1
        where = np.ravel_multi_index((groups[one.rows], families[one.rows], way), shape)
        counts[place] = np.bincount(where, minlength=int(np.prod(shape))).reshape(shape)
    return counts


class Guard:
    """Both settings of a study held against the presets, slice by slice.

    `counts` (presets, groups + 1, families + 1, 3) of the baseline and of the scenario; `presets` in the same order.
    `hidden`: of people the names of what is withheld (see `told`); all diagnoses are then told together.
    """

    def __init__(self, baseline: Settings, scenario: Settings):
        self.hidden: set[Name] | None = None
        self.policy, self.name = baseline.policy, "the baseline" if scenario == baseline else "the scenario"
        self.presets = presets(self.policy)
        self.counts: dict[str, Counts] = {}

    def add(self, before: Determinations, after: Determinations) -> None:
        """Count one more slice, determined under both settings."""
        measures = yardsticks(before.cases, self.policy, self.presets)
        for name, one in (("baseline", before), ("scenario", after)):
            counts = held_against(measures, one.outcome, one.cases, self.policy)
            self.counts[name] = self.counts[name] + counts if name in self.counts else counts

    def told(self) -> dict[Name, Any]:
        """What is told of people: (preset, procedure) -> its diagnosis x procedure places, and how they are judged."""
        found: dict[Name, Any] = {}
        for place, family in np.argwhere(self.counts["scenario"].sum(axis=(1, 3))):
            groups = np.flatnonzero(self.counts["scenario"][place, :, family].sum(axis=1))
            one: dict[str, Any] = {"places": [(int(group), int(family)) for group in groups]}
            one |= {name: counts[place, :, family].sum(axis=0) for name, counts in self.counts.items()}
            found[int(place), int(family)] = one
        return found

    def for_people(self, hidden: set[Name]) -> "Guard":
        """The same without what is withheld."""
        found = copy(self)
        found.hidden = hidden
        return found

    def frame(self) -> pd.DataFrame:
        """One row per preset, diagnosis and procedure with requests: cases, then how baseline and scenario judge.

        preset, diagnosis, procedure, cases, baseline_stricter, baseline_same, baseline_looser, scenario_stricter, ...
        """
        columns = ["cases", *(f"{name}_{way}" for name in ("baseline", "scenario") for way in WAYS)]
        names = ["preset", "diagnosis", "procedure", *columns]
        if self.hidden is not None:
            rows = [self._told_row(key, one) for key, one in self.told().items() if not self._gone(key, "cases")]
            return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(columns, "Int64"))
        rows = []
        cases = self.counts["scenario"].sum(axis=3)
        for place, group, family in np.argwhere(cases):
            row: dict[str, object] = {"preset": self.presets[place].id, **labels(self.policy, group, family)}
            row["cases"] = int(cases[place, group, family])
            for name, counts in self.counts.items():
                row |= {f"{name}_{w}": int(n) for w, n in zip(WAYS, counts[place, group, family], strict=True)}
            rows.append(row)
        return pd.DataFrame(rows, columns=names)

    def _told_row(self, key: Any, one: dict[str, Any]) -> dict[str, object]:
        place, family = key
        row: dict[str, object] = {"preset": self.presets[place].id, **labels(self.policy, -1, family)}
        row |= {"diagnosis": "all", "cases": int(one["scenario"].sum())}
        for name in self.counts:
            for way, n in zip(WAYS, one[name].tolist(), strict=True):
                row[f"{name}_{way}"] = None if self._gone(key, name, way) else n
        return row

    def _gone(self, *name: Name) -> bool:
        return self.hidden is not None and ("medicare", *name) in self.hidden

    def warnings(self) -> list[str]:
        """What every reader is told, with its numbers, or that they are withheld; nothing without such requests."""
        after = self.counts["scenario"].sum(axis=(0, 1, 2))
        requests, stricter, first = int(after.sum()), int(after[0]), int(self.counts["baseline"][..., 0].sum())
        if not requests and not self._gone("all", "cases"):
            return []
        if self._gone("all", "cases") or self._gone("all", "scenario", "stricter"):
            told = f"how many requests {self.name} judges more strictly than a Medicare-like preset is withheld"
            return [f"Medicare Advantage: {told}."]
        found = (
            f"Medicare Advantage: {self.name} judges {stricter:,} of the {requests:,} requests that a Medicare-like "
        )
        found += f"preset speaks of ({percent(stricter / requests)}) more strictly than the preset"
        if self.name == "the scenario":
            found += "; of the baseline this is withheld" if self._gone("all", "baseline", "stricter") else (
                f"; the baseline {first:,}"
            )  # fmt: skip
        return [f"{'Warning. ' if stricter else ''}{found}."]


def left_out(policy: Policy) -> list[str]:
    """One sentence for each Medicare-like preset that nothing is held against."""
    silent = [plan.label for plan in _every(policy) if not (plan.provisions or plan.criteria)]
    return [f"Not compared, as no term of it can be computed: {label}." for label in silent]


def labels(policy: Policy, group: int, family: int) -> dict[str, str]:
    """The names of a diagnosis group and a procedure family by position; the last is OUTSIDE."""
    groups, families = (*policy.diagnoses, OUTSIDE), (*policy.procedures, OUTSIDE)
    return {"diagnosis": groups[group], "procedure": families[family]}
