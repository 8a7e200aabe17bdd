"""What a population's cases look like against what is published: each target of its page, and whether it is met.

Every figure is worked out twice: from the tables (`expected`, exact) and from drawn cases (`generated`). The verdict is
about the tables, which no luck of the draw can change; the sample is checked against them with four standard errors.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from policy import document
from policy.cases import Cases
from policy.evaluation import determine
from policy.model import OUTCOMES
from simulations.block_trial import FIRST, SECOND, TRUTH, described_trial, figure, ratios, trial_tally
from simulations.drawing import facts_of, generate
from simulations.expectation import Tally, drawn, expected
from simulations.population_page import ANCHORS, Target
from simulations.population_tables import Population
from simulations.reachability import conflicts

_ANCHOR_CASES = 20_000  # determined for the anchors, at most
_SAMPLE = 1_000_000  # cases that a list of targets is drawn from, at most


@dataclass(frozen=True)
class Found:
    """A target with what the tables and the drawn cases give, in % or percentage points; None where not worked out.

    `cases` is the number of drawn cases behind `generated`, `error` its standard error.
    """

    name: str
    target: Target
    expected: float | None
    generated: float | None
    cases: int
    error: float

    @property
    def verdict(self) -> str:
        """'pass' or 'fail' by the tables, 'anchor' for what is only shown, 'no case' when nobody is counted."""
        if self.target.between is None:
            return "anchor"
        if self.expected is None:
            return "no case"
        low, high = map(float, self.target.between)
        return "pass" if low <= self.expected <= high else "fail"

    @property
    def luck(self) -> bool:
        """Whether the drawn cases lie within four standard errors of the tables (True when one of them is missing)."""
        if self.expected is None or self.generated is None:
            return True
        return abs(self.generated - self.expected) <= 4 * self.error + 1e-9


def calibrate(
    population: Population, size: int = 0, seed: int = 1, targets: Mapping[str, Target] | None = None
) -> tuple[Found, ...]:
    """The population's own targets, or others, against its tables and `size` drawn cases (0: the tables alone)."""
    chosen = population.page.targets if targets is None else targets
    trial_targets = {n: t for n, t in chosen.items() if t.metric not in ("share", *ANCHORS)}
    exact = sample = None
    if trial_targets:
        names = {name for target in trial_targets.values() for name in target.stratum}
        exact = trial_tally(population, names)
        sample = trial_tally(population, names, size, seed) if size else None
    anchors = _anchors(population, chosen, size, seed) if size else {}
    found = []
    for name, target in chosen.items():
        if target.metric in ANCHORS:
            found.append(anchors.get(name) or Found(name, target, None, None, 0, 0.0))
        elif target.metric == "share":
            variables = list(dict.fromkeys([*target.stratum, *target.share_of]))
            few = drawn(population, variables, size, seed) if size else None
            found.append(_found(name, target, expected(population, variables), few))
        else:
            assert exact is not None
            found.append(_found(name, target, exact, sample))
    return tuple(found)


def against_targets(population: Population, size: int = 0, seed: int = 1) -> list[str]:
    """The targets as lines of a table, then one line for each set of published targets that cannot hold together.

    `generated` is of the cases that `generate` makes of this size and seed, of the first million where there are more.
    """
    found = calibrate(population, min(size, _SAMPLE), seed)
    rows: list[tuple[str, ...]] = [
        ("verdict", "published", "agreement", "expected", "generated", "of cases", "figure (source)")
    ]
    for one in found:
        target = one.target
        unit = "points" if target.metric == "cut_off_gain" else "%"
        basis = ", ".join([*target.source, *target.statements]) or "assumption"
        span = f"{target.between[0]} to {target.between[1]}" if target.between else "not judged"
        luck = "" if one.luck else " - the SAMPLE is off its tables"
        numbers = ("-" if value is None else f"{value:.2f}" for value in (one.expected, one.generated))
        cases = f"{one.cases:,}" if one.cases else "-"
        rows.append((one.verdict, f"{target.value} {unit}", span, *numbers, cases, f"{target.says} ({basis}){luck}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = ["  ".join([c.rjust(w) for c, w in zip(row, widths, strict=False)] + [row[-1]]) for row in rows]
    judged = [one.verdict for one in found if one.verdict in ("pass", "fail")]
    lines.append(
        f"{judged.count('pass')} of {len(judged)} published figures agree; the verdict is about expected, not luck"
    )
    return lines + [f"cannot hold together: {conflict.line()}" for conflict in conflicts([population])]


def table(population: Population, found: Iterable[Found]) -> pd.DataFrame:
    """One row per target: population, target, metric, value, low, high, expected, generated, cases, verdict, source."""
    rows = []
    for one in found:
        between = one.target.between
        rows.append(
            {
                "population": population.id,
                "target": one.name,
                "says": one.target.says,
                "value": float(one.target.value),
                "low": float(between[0]) if between else None,
                "high": float(between[1]) if between else None,
                "expected": one.expected,
                "generated": one.generated,
                "cases": one.cases,
                "verdict": one.verdict,
                "source": ", ".join([*one.target.source, *one.target.statements]),
            }
        )
    return pd.DataFrame(rows)


def _found(name: str, target: Target, exact: Tally, sample: Tally | None) -> Found:
    wanted, _, _ = figure(exact, ratios(exact, target))
    if sample is None:
        return Found(name, target, wanted, None, 0, 0.0)
    pairs = ratios(sample, target)
    generated, cases, error = figure(sample, pairs)
    if wanted is not None and len(pairs) == 1 and cases:
        error = 100 * sqrt(wanted / 100 * (1 - wanted / 100) / cases)  # that of the tables, never 0 by luck
    return Found(name, target, wanted, generated, cases, error)


# Anchors: what the default policy makes of the requests --------------------------------------------------------------


def _anchors(population: Population, targets: Mapping[str, Target], size: int, seed: int) -> dict[str, Found]:
    """Denied: not_met as shipped. Overturned: met once complete, of those refused while a gap counts as failed."""
    anchors = {name: target for name, target in targets.items() if target.metric in ANCHORS}
    if not anchors:
        return {}
    policy, size = document.load("nerve_blocks"), min(size, _ANCHOR_CASES)
    as_filed = Cases.from_frame(generate(population, size, seed), policy)
    complete = Cases.from_frame(generate(population, size, seed, complete=True), policy)
    strict = policy.settings({"undocumented_action": "not_met"})
    denied = determine(policy, as_filed, policy.settings()).outcome == OUTCOMES.index("not_met")
    refused = determine(policy, as_filed, strict).outcome == OUTCOMES.index("not_met")
    granted = determine(policy, complete, strict).outcome == OUTCOMES.index("met")
    names = {name for target in anchors.values() for name in target.stratum}
    tally = Tally(population, facts_of(population, size, seed, names=names), np.ones(size))
    found = {}
    for name, target in anchors.items():
        among = tally.where(target.stratum)
        pair = (among & denied, among) if target.metric == "denied" else (among & refused & granted, among & refused)
        value, cases, error = figure(tally, [pair])
        found[name] = Found(name, target, None, value, cases, error)
    return found


# Predictive values ---------------------------------------------------------------------------------------------------


def predictive_value(prevalence: float, sensitivities: Iterable[float], false_positives: Iterable[float]) -> float:
    """Chance of facet pain after positive blocks with independent errors, all as shares: Bayes' rule in closed form.

    One sensitivity and one false-positive rate (among patients without facet pain) for each block.
    """
    true = prevalence * float(np.prod(list(sensitivities)))
    false = (1 - prevalence) * float(np.prod(list(false_positives)))
    return true / (true + false)


def predictive_values(population: Population, size: int = 0, seed: int = 1) -> pd.DataFrame:
    """What the shared propensity does to the chance of facet pain after one and two positive blocks.

    One row per number of blocks: blocks, prevalence, closed_form (independent errors, the same marginal rates),
    expected (from the tables), generated and error (of `size` cases; NaN without), correlation (expected less
    closed form); all in %.
    """
    exact = trial_tally(population)
    sample = trial_tally(population, size=size, seed=seed) if size else None
    cut = described_trial(population).cut_off
    truth = exact.where(TRUTH)
    everyone = np.ones(len(truth), dtype=np.bool_)
    prevalence = exact.total(truth) / exact.total(everyone)
    rates = []
    for block in (FIRST, SECOND):
        positive = exact.codes[block] >= cut
        rates.append((exact.total(truth & positive) / exact.total(truth),
                      exact.total(~truth & positive) / exact.total(~truth)))  # fmt: skip
    rows = []
    for blocks, metric in ((1, "single_block_ppv"), (2, "dual_block_ppv")):
        target = Target.model_construct(metric=metric, stratum={}, blocks=None)
        formula = 100 * predictive_value(prevalence, *zip(*rates[:blocks], strict=True))
        wanted, _, _ = figure(exact, ratios(exact, target))
        value, _, error = figure(sample, ratios(sample, target)) if sample else (None, 0, 0.0)
        assert wanted is not None
        rows.append(
            {
                "population": population.id,
                "blocks": blocks,
                "prevalence": 100 * prevalence,
                "sensitivity": 100 * rates[blocks - 1][0],
                "false_positive": 100 * rates[blocks - 1][1],
                "closed_form": formula,
                "expected": wanted,
                "generated": float("nan") if value is None else value,
                "error": error,
                "correlation": wanted - formula,
            }
        )
    return pd.DataFrame(rows)
