"""What a population's cases look like against what is published: each target of its page, and whether it is met.

Figures that were put into a page, that its shares were fitted to and that were held out are told apart, for only the
last can speak against it. Every figure is worked out twice: from the tables (`expected`, exact) and from drawn cases
(`generated`). The verdict is about the tables, which no luck of the draw can change; the sample is checked against them
with four standard errors.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from policy.trees.policies import CLOSING
from simulations.population.expectation import Tally, drawn, expected
from simulations.population.feasibility import conflicts
from simulations.population.page import ANCHORS, GAINS, Target
from simulations.population.probability_tables import Population
from simulations.population.sampling import facts_of, generate
from simulations.population.virtual_trial import described_trial, figure, has, positive, ratios, trial_tally
from simulations.statistics.number_format import fixed, percent

_ANCHOR_CASES = 20_000  # determined for the anchors, at most
_SAMPLE = 1_000_000  # cases that a list of targets is drawn from, at most
_IN_PLACE = 200_000  # cases that stand for the tables, where these hang on too much to go through
SECTIONS = {
    "held_out": "Held out: seen neither by the page nor by the fit",
    "fitted": "Fitted: the shares were chosen to meet them",
    "input": "Put in: they are the page's own shares",
    "unsaid": "The page does not say how it used them",
    "anchor": "Outcomes: cannot be judged",
}
BRIEFLY = {"held_out": "Held out", "fitted": "Fitted", "input": "Put in", "unsaid": "Use not said"}
UNJUDGEABLE = (
    "Published rates of denial and overturn cannot be judged here: they are of other rules and other requests, of "
    "requests sent again, and of appeals that somebody chose. What it would take to reach each stands beside it."
)


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
    def section(self) -> str:
        """One of SECTIONS: what became of the figure."""
        return "anchor" if self.target.between is None else self.target.use or "unsaid"

    @property
    def verdict(self) -> str:
        """'pass' or 'fail' by the tables, 'unjudgeable' for an outcome, 'no case' when nobody is counted."""
        if self.target.between is None:
            return "unjudgeable"
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

    @property
    def needs(self) -> str:
        """Of an outcome: what would have to be assumed for these cases to show the published rate; else empty."""
        if self.target.between is not None or self.generated is None or not 0 < self.generated < 100:
            return ""
        here, there = self.generated / 100, float(self.target.value) / 100
        what, among = ("refused", "requests") if self.target.metric == "denied" else ("overturned", "appeals")
        if there < here:
            share, always = 1 - there / here, "never"
        else:
            share, always = (there - here) / (1 - here), "always"
        times = there * (1 - here) / (here * (1 - there))
        odds = f"odds of being {what} {times:.2g} times those here"
        return f"{percent(share, 0)} of {among} that are {always} {what}, or {odds}"


def calibrate(
    population: Population, size: int = 0, seed: int = 1, targets: Mapping[str, Target] | None = None
) -> tuple[Found, ...]:
    """The population's own targets, or others, against its tables and `size` drawn cases (0: the tables alone)."""
    chosen = population.page.targets if targets is None else targets
    trial_targets = {n: t for n, t in chosen.items() if t.metric not in ("share", *ANCHORS)}
    exact = sample = None
    if trial_targets:
        names = {name for target in trial_targets.values() for name in target.stratum}
        exact = _exactly(population, names)
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


def _exactly(population: Population, names: Iterable[str]) -> Tally:
    """The patients of the virtual trial from the tables; many drawn ones where benefit hangs on single days."""
    try:
        return trial_tally(population, names)
    except ProblemsFound as found:
        if found.problems[0].code != "expectation":
            raise
        return trial_tally(population, names, _IN_PLACE)


def sections(found: Iterable[Found]) -> dict[str, list[Found]]:
    """The figures by what became of them, in the order of SECTIONS."""
    every = list(found)
    return {name: some for name in SECTIONS if (some := [one for one in every if one.section == name])}


def agreeing(found: Iterable[Found]) -> dict[str, tuple[int, int]]:
    """Section -> how many of its figures agree, and how many are judged; outcomes are not, so they are left out."""
    counted = {}
    for name, some in sections(found).items():
        verdicts = [one.verdict for one in some]
        if judged := verdicts.count("pass") + verdicts.count("fail"):
            counted[name] = (verdicts.count("pass"), judged)
    return counted


def against_targets(population: Population, size: int = 0, seed: int = 1) -> list[str]:
    """The targets as lines of a table by section, a count for each, then each set of targets that cannot hold together.

    `generated` is of the cases that `generate` makes of this size and seed, of the first million where there are more.
    """
    if not population.page.targets:
        return ["The page names no published figure (targets), so there is none to hold against the cases."]
    found = sections(calibrate(population, min(size, _SAMPLE), seed))
    header = ("verdict", "published", "agreement", "expected", "generated", "of cases", "figure (source)")
    rows = {name: [_texts(one) for one in some] for name, some in found.items()}
    every = [header, *(row for some in rows.values() for row in some)]
    widths = [max(len(row[i]) for row in every) for i in range(len(header) - 1)]

    def line(row: tuple[str, ...]) -> str:
        return "  ".join([c.rjust(w) for c, w in zip(row, widths, strict=False)] + [row[-1]])

    lines = [line(header)]
    counts = agreeing(one for some in found.values() for one in some)
    for name, some in rows.items():
        told = f": {counts[name][0]} of {counts[name][1]} published figures agree" if name in counts else ""
        lines += [f"{SECTIONS[name]}{told}", *map(line, some)]
    lines += [UNJUDGEABLE] if "anchor" in found else []
    return lines + [f"cannot hold together: {conflict.line()}" for conflict in conflicts([population])]


def _texts(one: Found) -> tuple[str, ...]:
    target = one.target
    unit = "points" if target.metric in GAINS else "%"
    basis = ", ".join([*target.source, *target.statements]) or "assumption"
    span = f"{target.between[0]} to {target.between[1]}" if target.between else "not judged"
    luck = "" if one.luck else " - the SAMPLE is off its tables"
    luck += f" - would need {one.needs}" if one.needs else ""
    numbers = ("-" if value is None else fixed(value, 2) for value in (one.expected, one.generated))
    cases = f"{one.cases:,}" if one.cases else "-"
    return (one.verdict, f"{target.value} {unit}", span, *numbers, cases, f"{target.says} ({basis}){luck}")


def table(population: Population, found: Iterable[Found]) -> pd.DataFrame:
    """One row per target: population, target, says, use (a section), value, low, high, expected, generated, ..."""
    rows = []
    for one in found:
        between = one.target.between
        rows.append(
            {
                "population": population.id,
                "target": one.name,
                "says": one.target.says,
                "use": one.section,
                "value": float(one.target.value),
                "low": float(between[0]) if between else None,
                "high": float(between[1]) if between else None,
                "expected": one.expected,
                "generated": one.generated,
                "cases": one.cases,
                "verdict": one.verdict,
                "needs": one.needs,
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
    if not anchors or CLOSING not in population.policy.levers:
        return {}
    policy, size = population.policy, min(size, _ANCHOR_CASES)
    as_filed = Cases.from_frame(generate(population, size, seed), policy)
    complete = Cases.from_frame(generate(population, size, seed, complete=True), policy)
    strict = policy.settings({CLOSING: "not_met"})
    denied = determine(policy, as_filed, policy.settings(), asking=False).outcome == OUTCOMES.index("not_met")
    refused = determine(policy, as_filed, strict, asking=False).outcome == OUTCOMES.index("not_met")
    granted = determine(policy, complete, strict, asking=False).outcome == OUTCOMES.index("met")
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
    """Chance of a condition after positive tests with independent errors, all as shares: Bayes' rule in closed form.

    One sensitivity and one false-positive rate (among patients without the condition) for each test.
    """
    true = prevalence * float(np.prod(list(sensitivities)))
    false = (1 - prevalence) * float(np.prod(list(false_positives)))
    return true / (true + false)


def predictive_values(population: Population, size: int = 0, seed: int = 1) -> pd.DataFrame:
    """What a shared propensity does to the chance of the condition after one and two positive tests of a virtual trial.

    One row per number of tests: tests, prevalence, closed_form (independent errors, the same marginal rates),
    expected (from the tables), generated and error (of `size` cases; NaN without), correlation (expected less
    closed form); all in %.
    """
    exact, trial = trial_tally(population), described_trial(population)
    sample = trial_tally(population, size=size, seed=seed) if size else None
    truth = has(exact, trial.truth)
    everyone = np.ones(len(truth), dtype=np.bool_)
    prevalence = exact.total(truth) / exact.total(everyone)
    rates = []
    for result in positive(exact, trial.cut_off):
        rates.append((exact.total(truth & result) / exact.total(truth),
                      exact.total(~truth & result) / exact.total(~truth)))  # fmt: skip
    rows = []
    for tests, metric in ((1, "single_test_ppv"), (2, "dual_test_ppv")):
        target = Target.model_construct(metric=metric, stratum={}, tests=None)
        formula = 100 * predictive_value(prevalence, *zip(*rates[:tests], strict=True))
        wanted, _, _ = figure(exact, ratios(exact, target))
        value, _, error = figure(sample, ratios(sample, target)) if sample else (None, 0, 0.0)
        assert wanted is not None
        rows.append(
            {
                "population": population.id,
                "tests": tests,
                "prevalence": 100 * prevalence,
                "sensitivity": 100 * rates[tests - 1][0],
                "false_positive": 100 * rates[tests - 1][1],
                "closed_form": formula,
                "expected": wanted,
                "generated": float("nan") if value is None else value,
                "error": error,
                "correlation": wanted - formula,
            }
        )
    return pd.DataFrame(rows)
