"""Levers over their whole domains, exactly: one lever, any two together, and all of them ranked by what they can do.

Cases are laid out once, split by their outcome before, so that every setting gives the full flow: what moved, and the
change with the interval for pairs. All other levers stay where the study puts them.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES, Lever, Policy, Settings, Value, as_word
from policy.problems import listed, nearest, refuse, shown
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.statistics.disclosure_control import LEAST_ABOUT, STEP, about_flow
from simulations.statistics.number_format import in_percent
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import Study
from simulations.studies.impact import under
from simulations.studies.paired_rates import one_way, paired_rates

BEFORE = "outcome_before"


@dataclass(frozen=True)
class Flows:
    """The flow from `before` to any setting around `around`.

    `counted`: the cases by `BEFORE`, the last of what they are grouped by.
    `people`: rows are made from rounded counts, as neighbouring values would give a few cases away.
    """

    before: Settings
    around: Settings
    counted: Counts
    people: bool = False

    @classmethod
    def of(cls, before: Settings, around: Settings, cases: Caseload) -> "Flows":
        """Lay out the cases once, split by their outcome before."""
        batches = (Batch(with_outcome(part, before, around)) for part in cases.slices())
        return cls(before, around, Counts.of(batches, Groups(around.policy, (BEFORE,))), cases.guarded)

    def at(self, **values: Value) -> NDArray[np.int64]:
        """Outcome before by outcome at these values: int64 (6, 6)."""
        found = self.counted.at(Settings(self.around.policy, {**self.around, **values}))
        flow = np.zeros((len(OUTCOMES), len(OUTCOMES)), dtype=np.int64)
        for (*_, word), row in zip(self.counted.groups.numbers, found, strict=True):
            flow[OUTCOMES.index(word)] += row
        return flow

    def row(self, **values: Value) -> dict[str, Any]:
        """Counts of the six outcomes and the cases; approval and its change from `before`, with intervals; moved.

        Of people the counts are rounded, without intervals; None where their sum would tell more. Of too few they are
        nobody's, see `Study.silent`.
        """
        flow = self.at(**values)
        here = Settings(self.around.policy, {**self.around, **values})
        same = here == self.before and here.policy.fingerprint == self.before.policy.fingerprint
        if self.people:
            return roughly_counted(flow, same)
        _, approval, change = paired_rates(flow, same, way=one_way(self.before, here))
        row: dict[str, Any] = dict(zip(OUTCOMES, flow.sum(axis=0).tolist(), strict=True))
        row["cases"] = int(flow.sum())
        row |= {f"approval_{k}": in_percent(v) for k, v in zip(("pct", "low", "high"), approval, strict=True)}
        row |= {f"change_{k}": in_percent(v) for k, v in zip(("points", "low", "high"), change, strict=True)}
        return row | {"moved": int(flow.sum() - np.trace(flow))}


def roughly_counted(flow: NDArray[np.int64], same: bool) -> dict[str, Any]:
    """A row of rounded counts of a flow (6, 6); `same`: both are the same rules. Nothing of cases that are too few."""
    names = ("approval_pct", "approval_low", "approval_high", "change_points", "change_low", "change_high")
    row: dict[str, Any] = {**dict.fromkeys((*OUTCOMES, "moved"), 0), "cases": STEP, **dict.fromkeys(names)}
    if flow.sum() < LEAST_ABOUT:  # which is never shown
        return row | {"approval_pct": 0.0, "change_points": 0.0}
    told = about_flow(flow)
    row |= {word: told[str(place)] for place, word in enumerate(OUTCOMES)}
    row |= {"cases": told["cases"], "moved": told["moved"]}
    share = {name: (told[key] or 0) / (told["cases"] or 1) for name, key in (("before", "before"), ("after", "0"))}
    change = 0.0 if same else share["after"] - share["before"]
    return row | {"approval_pct": in_percent(share["after"]), "change_points": in_percent(change)}


def sweep(study: Study, lever: str, flows: Flows | None = None) -> pd.DataFrame:
    """One lever over its whole domain, all others as in the scenario of the study: one row per value.

    value, shown (with its unit), is_baseline, is_scenario, then as in `Flows.row`; changes are from the baseline.
    `flows`: those of the study, where its cases are laid out already.
    """
    known_lever(study.policy, lever)
    flows = flows or Flows.of(study.baseline, study.scenario, study.cases)
    known, rows = study.policy.levers[lever], []
    for value in known.values():
        row: dict[str, Any] = {"value": as_word(value), "shown": known.in_words(value)}
        row |= {"is_baseline": value == study.baseline[lever], "is_scenario": value == study.scenario[lever]}
        rows.append(row | flows.row(**{lever: value}))
    return pd.DataFrame(rows)


def grid(study: Study, one: str, other: str) -> pd.DataFrame:
    """Two levers over their whole domains, all others as in the scenario: one row per pair of values.

    Columns `one` and `other` (named after the levers), then as in `Flows.row`; changes are from the baseline.
    """
    if one == other:
        raise refuse("lever", "grid", f"{shown(one)} is named twice; a grid needs two levers")
    for lever in (one, other):
        known_lever(study.policy, lever)
    flows, levers = Flows.of(study.baseline, study.scenario, study.cases), study.policy.levers
    pairs = product(levers[one].values(), levers[other].values())
    return pd.DataFrame([{one: as_word(a), other: as_word(b), **flows.row(**{one: a, other: b})} for a, b in pairs])


def ranking(study: Study) -> pd.DataFrame:
    """All levers by what each can do alone from the scenario of the study, the strongest first; inert ones score 0.

    `down` and `up`: the value with the fewest and with the most approvals, its change in points with the interval for
    pairs. swing_points is the distance between them; as the width of a domain is its author's choice, step_points is
    the same over one step either way and cited_points over the range that sources name (None where they name none).
    moved_most: the most cases that any value gives another outcome.
    """
    here, policy = study.scenario, study.scenario.policy
    flows = replace(Flows.of(here, here, study.cases), people=study.guarded)
    rows = []
    for name, lever in policy.levers.items():
        found = {value: flows.row(**{name: value}) for value in lever.values()}
        down = min(found, key=lambda v: (found[v]["met"], v != here[name]))
        up = max(found, key=lambda v: (found[v]["met"], v == here[name]))
        row: dict[str, Any] = {"lever": name, "label": lever.label, "values": len(found)}
        row["here"] = lever.in_words(here[name])
        for way, value in (("down", down), ("up", up)):
            row[f"{way}_at"] = lever.in_words(value)
            row |= {f"{way}_{part}": found[value][f"change_{part}"] for part in ("points", "low", "high")}
        cases = found[up]["cases"]
        for way, some in (("swing", lever.values()), ("step", _near(lever, here[name])), ("cited", _cited(lever))):
            met = [found[value]["met"] for value in (*some, here[name])]
            row[f"{way}_points"] = round(100 * (max(met) - min(met)) / cases, 6) if some else None
        most = max(found, key=lambda v: (found[v]["moved"], v == here[name]))
        row |= {"moved_most": found[most]["moved"], "moved_at": lever.in_words(most), "cases": cases}
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.sort_values(["swing_points", "moved_most"], ascending=False, kind="stable", ignore_index=True)


def _near(lever: Lever, value: Value) -> list[Value]:
    """The values one step from this one, either way."""
    values = lever.values()
    at = values.index(value)
    return values[max(0, at - 1) : at + 2]


def _cited(lever: Lever) -> list[Value]:
    """The values that the lever's sources use; none where they name no range."""
    if lever.cited is None:
        return []
    return [v for v in lever.values() if isinstance(v, int) and lever.cited.min <= v <= lever.cited.max]


def known_lever(policy: Policy, lever: str) -> None:
    if lever not in policy.levers:
        message = f"{shown(lever)} is not a lever of {policy.name}{nearest(lever, policy.levers)}"
        raise refuse("unknown-lever", lever, message + f"; there is {listed(policy.levers, 40)}")


def with_outcome(cases: Cases, before: Settings, around: Settings) -> Cases:
    """The cases for the policy of `around`, their outcome under `before` as a column to group by."""
    mine = under(cases, before.policy)
    codes = determine(before.policy, mine, before, asking=False).outcome
    column = pd.Categorical.from_codes(codes, categories=pd.Index(OUTCOMES, dtype=object))
    return replace(under(cases, around.policy), groups={**cases.groups, BEFORE: column})
