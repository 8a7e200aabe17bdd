"""What a policy does to those whom the procedure would help, and to those it would not: known where truth is simulated.

Each case of a population carries whether its procedure would help and, for spine pain, whether a facet joint is the
source. No rule reads either. Counts are split by both, at every value of a lever at once, so a setting is a look-up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.evaluation import determine, diagnosis_group
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import nearest, refuse, shown
from simulations.assumptions import POPULATIONS
from simulations.grouping import Groups
from simulations.impact import OUTSIDE, under
from simulations.intervals import Interval, paired_change, wilson
from simulations.population import load
from simulations.profiles import each
from simulations.streaming import TRUTHS, batches, stream

SIMULATED = (
    "Truth is simulated: each made-up case carries whether its procedure would help, by the assumptions of its "
    "population. No real patient's benefit is known, no rule of the policy reads it, and nothing here says what "
    "happens to anyone. Within the bands of block relief (below 50, 50 to 79, 80 % and more) the exact figure is "
    "assumed to tell nothing further about the truth."
)
BENEFIT, FACET = TRUTHS
FACET_FAMILIES = ("facet_injection", "facet_ablation")
MET, NOT_MET, PEND, REVIEW = (OUTCOMES.index(word) for word in ("met", "not_met", "pend", "review"))
_BY = (BENEFIT, FACET, "procedure")

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """Counts of cases by simulated truth and outcome.

    `benefit`: int64 (2, 6), the procedure would not help, would help; `facet`: int64 (2, 6), requests for a facet
    procedure of patients whose pain comes from no facet joint, from one.
    """

    benefit: Counts
    facet: Counts

    @classmethod
    def of(cls, counts: Counts, groups: Groups) -> "Truth":
        """From counts of groups by truth and procedure, int64 (groups, 6)."""
        benefit, facet = np.zeros((2, len(OUTCOMES)), np.int64), np.zeros((2, len(OUTCOMES)), np.int64)
        for (helps, joint, procedure), row in zip(groups.numbers, counts, strict=True):
            benefit[int(helps == "true")] += row
            if joint and procedure in FACET_FAMILIES:
                facet[int(joint == "true")] += row
        return cls(benefit, facet)

    @property
    def cases(self) -> int:
        """All cases, whatever their outcome."""
        return int(self.benefit.sum())

    def row(self) -> dict[str, Any]:
        """Counts of all six outcomes and what they come to; shares in % with 95 % intervals, None where nobody counts.

        appropriate: met, and would help; unhelpful: met, and would not; wrongful: not met, though it would help;
        waiting: pend or review, though it would help. ppv: would help, of those met; npv: would not, of those not met.
        The facet values likewise: a facet joint is the source, among requests for facet procedures.
        """
        no, yes = self.benefit
        found: dict[str, Any] = {"cases": self.cases}
        found |= dict(zip(OUTCOMES, self.benefit.sum(axis=0).tolist(), strict=True))
        found |= {
            "would_help": int(yes.sum()),
            "appropriate": int(yes[MET]),
            "unhelpful": int(no[MET]),
            "wrongful": int(yes[NOT_MET]),
            "waiting": int(yes[PEND] + yes[REVIEW]),
        }
        shares = {
            "approved_of_helped": (yes[MET], yes.sum()),
            "wrongful_of_helped": (yes[NOT_MET], yes.sum()),
            "ppv": (yes[MET], no[MET] + yes[MET]),
            "npv": (no[NOT_MET], no[NOT_MET] + yes[NOT_MET]),
            "facet_ppv": (self.facet[1, MET], self.facet[:, MET].sum()),
            "facet_npv": (self.facet[0, NOT_MET], self.facet[:, NOT_MET].sum()),
        }
        for name, (hits, among) in shares.items():
            rate = wilson(int(hits), int(among)) if among else None
            for part, value in zip(("pct", "low", "high"), rate or (None,) * 3, strict=True):
                found[f"{name}_{part}"] = None if value is None else round(100 * value, 4)
            found[f"{name}_of"] = int(among)
        return found


def by_setting(
    base: Settings, lever: str, populations: Sequence[str] = POPULATIONS, size: int = 10_000, seed: int = 1
) -> pd.DataFrame:
    """One row per population and value of a lever, the others as in `base`: population, value, then `Truth.row`.

    Cases are determined once per population; every value is a look-up. Raises ProblemsFound for an unknown lever.
    """
    policy = base.policy
    if lever not in policy.levers:
        raise refuse("lever", shown(lever), f"is no lever of {policy.name}{nearest(lever, policy.levers)}")
    values = policy.levers[lever].values()
    rows = []
    for name in populations:
        counted = stream(base, name, size, seed, levers=[lever], groups=_BY)
        for value, settings in zip(values, each(base, {lever: values}), strict=True):
            shown_value = "off" if value is None else value
            rows.append(
                {"population": name, "value": shown_value, **Truth.of(counted.at(settings), counted.groups).row()}
            )
    return pd.DataFrame(rows)


# Two settings, the same cases ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """The cases of one population under two settings, split by truth.

    `flow`: int64 (diagnosis groups + 1, families + 1, 2, 3, 6, 6): would help no, yes; pain from a facet joint does not
    arise, no, yes; the outcome under the baseline; under the scenario. The last group and family are those of codes
    outside the policy.
    """

    population: str
    policy: Policy
    flow: Counts

    def truth(self, scenario: bool) -> Truth:
        """The counts under the baseline or the scenario."""
        counts = self.flow.sum(axis=-2 if scenario else -1)
        families = [list(self.policy.procedures).index(name) for name in FACET_FAMILIES]
        return Truth(counts.sum(axis=(0, 1, 3)), counts[:, families, :, 1:].sum(axis=(0, 1, 2)))

    def frame(self) -> pd.DataFrame:
        """Two rows: population, setting (baseline, scenario), then `Truth.row`."""
        settings = {"baseline": False, "scenario": True}
        return pd.DataFrame(
            [{"population": self.population, "setting": n, **self.truth(s).row()} for n, s in settings.items()]
        )

    def change(self, outcome: str, helps: bool | None = None) -> Interval:
        """Change of the share of an outcome among all cases, among those it would help, or would not; paired, 95 %."""
        flow = self.flow.sum(axis=(0, 1, 3))
        table = flow.sum(axis=0) if helps is None else flow[int(helps)]
        at = OUTCOMES.index(outcome)
        both, before, after = int(table[at, at]), int(table[at].sum()), int(table[:, at].sum())
        if not table.sum():
            return Interval(0.0, 0.0, 0.0)
        return paired_change(both, before - both, after - both, int(table.sum()) - before - after + both)

    def movers(self) -> pd.DataFrame:
        """One row per diagnosis, procedure, outcome before and after of the cases that move: cases, would_help."""
        diagnoses, procedures = (*self.policy.diagnoses, OUTSIDE), (*self.policy.procedures, OUTSIDE)
        by = self.flow.sum(axis=3)
        rows = []
        for i, j, before, after in np.argwhere(by.sum(axis=2)):
            if before != after:
                no, yes = (int(by[i, j, helps, before, after]) for helps in (0, 1))
                row = {"population": self.population, "diagnosis": diagnoses[i], "procedure": procedures[j]}
                rows.append({**row, "baseline": OUTCOMES[before], "scenario": OUTCOMES[after],
                             "cases": no + yes, "would_help": yes})  # fmt: skip
        columns = ["population", "diagnosis", "procedure", "baseline", "scenario", "cases", "would_help"]
        return pd.DataFrame(rows, columns=columns).sort_values(
            "cases", ascending=False, kind="stable", ignore_index=True
        )


def compared(
    baseline: Settings, scenario: Settings, populations: Sequence[str] = POPULATIONS, size: int = 10_000, seed: int = 1
) -> list[Compared]:
    """Both settings over the same `size` cases of each population, a slice at a time. Raises ProblemsFound."""
    policy = baseline.policy
    diagnoses, procedures = list(policy.diagnoses), list(policy.procedures)
    family = {code: name for name, found in policy.procedures.items() for code in found.codes}
    shape = (len(diagnoses) + 1, len(procedures) + 1, 2, 3, len(OUTCOMES), len(OUTCOMES))
    found = []
    for name in populations:
        flow = np.zeros(shape, dtype=np.int64)
        for batch in batches(baseline, load(name), size, seed, TRUTHS):
            cases = batch.cases
            groups = _place(diagnoses, {code: diagnosis_group(policy, str(code)) for code in cases.dx.categories})
            families = _place(procedures, {code: family.get(str(code)) for code in cases.cpt.categories})
            helps, joint = (np.asarray(cases.groups[truth], dtype=object) for truth in TRUTHS)
            truths = ((helps == "true").astype(np.intp), (joint == "true") * 2 + (joint == "false"))
            outcomes = [
                determine(s.policy, under(cases, s.policy), s, asking=False).outcome for s in (baseline, scenario)
            ]
            where = (groups[cases.dx.codes], families[cases.cpt.codes], *truths, *outcomes)
            flow += np.bincount(np.ravel_multi_index(where, shape), minlength=flow.size).reshape(shape)
        found.append(Compared(name, policy, flow))
    return found


def _place(names: list[str], of: Mapping[Any, str | None]) -> NDArray[np.intp]:
    return np.array([len(names) if name is None else names.index(name) for name in of.values()], dtype=np.intp)


def in_words(one: Compared) -> str:
    """The finding of one population in a sentence."""
    before, after = (one.truth(scenario).row() for scenario in (False, True))

    def pair(name: str) -> str:
        return f"{before[name]:,} → {after[name]:,}"

    ppv = [f"{row['ppv_pct']:.1f}%" if row["ppv_pct"] is not None else "nobody" for row in (before, after)]
    return (
        f"{one.population}: {pair('met')} of {before['cases']:,} requests are met. Of the {before['would_help']:,} "
        f"whose procedure would help, {pair('appropriate')} are met and {pair('wrongful')} wrongly refused; "
        f"{pair('unhelpful')} approved procedures would not help (of those met, {' → '.join(ppv)} would)."
    )
