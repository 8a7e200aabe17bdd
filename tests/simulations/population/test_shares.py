"""Dependence, the mix of requests, and what the policy makes of the cases."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import policy
from simulations import population as populations
from tests.sampling import some
from tests.simulations.population.drawing import CHRONIC, SPINE, holds


def test_missing_facts_of_a_case_hang_together(many: pd.DataFrame):
    """Were each field missing by its own luck, the number missing in a case would vary as the sum of p(1 - p)."""
    spine = many[holds(many["dx"], *SPINE)]
    fields = ["pain_duration_days", "conservative_care_days", "conservative_care_failed", "function_limited",
              "imaging_other_cause", "radiculopathy"]  # fmt: skip
    missing = spine[fields].isna().to_numpy()
    rates = missing.mean(axis=0)
    independent = float((rates * (1 - rates)).sum())
    assert 1.15 * independent < missing.sum(axis=1).var() < 2 * independent
    shuffled = np.random.default_rng(5).permuted(missing, axis=0)
    assert shuffled.sum(axis=1).var() < 1.05 * independent, "the same test passes fields that are independent"


def test_severity_ties_duration_function_and_drugs_together(many: pd.DataFrame):
    worse = many[holds(many["function_limited"], True)]
    better = many[holds(many["function_limited"], False)]
    assert worse["pain_duration_days"].median() > 1.1 * better["pain_duration_days"].median()
    neuralgia = many[holds(many["dx"], "G50.0")]
    long = (neuralgia["pain_duration_days"] > 365).fillna(False)
    assert neuralgia["failed_anticonvulsants"][long].mean() > neuralgia["failed_anticonvulsants"][~long].mean()


def test_two_blocks_are_not_independent_even_without_facet_pain(spec: populations.Population):
    """A patient's propensity is in both blocks; a gap of 5 standard errors is no luck, and shuffling closes it."""
    names = ["truth_facet_pain", "first_block_response", "second_block_response"]
    facts = populations.facts_of(spec, 150_000, 2, names=names)
    without = facts["truth_facet_pain"] == 0
    first, second = (facts[name][without] == spec[name].code("strong") for name in names[1:])

    def gap(first: np.ndarray) -> float:
        error = (0.25 / first.sum() + 0.25 / (~first).sum()) ** 0.5
        return float((second[first].mean() - second[~first].mean()) / error)

    assert gap(first) > 5
    assert abs(gap(np.random.default_rng(7).permutation(first))) < 4


def test_truth_is_missing_where_it_would_be_refused(many: pd.DataFrame, spec: populations.Population):
    """Facts that speak against a request are written down less often, in each class of provider."""
    names = ["function_limited", "conservative_care_days", "pain_duration_days", "provider_documentation"]
    facts = populations.facts_of(spec, len(many), 2, names=names)
    worse = {
        "function_limited": facts["function_limited"] == 0,
        "conservative_care_days": facts["conservative_care_days"] < 42,
        "pain_duration_days": facts["pain_duration_days"] < 92,
    }
    for name, bad in worse.items():
        missing = many[name].isna().to_numpy()
        for provider in range(3):
            here = facts["provider_documentation"] == provider
            share = missing[here & bad].mean()
            assert share > missing[here & ~bad].mean() + 4 * (share / (here & bad).sum()) ** 0.5, (name, provider)


def test_cases_of_one_provider_are_documented_alike(many: pd.DataFrame, spec: populations.Population):
    """Were habits a matter of the case alone, providers would differ by the luck of their cases alone."""
    provider = populations.facts_of(spec, len(many), 2, names=["provider"])["provider"]
    assert len(np.unique(provider)) == 400
    missing = many[["pain_duration_days", "conservative_care_days", "function_limited"]].isna().sum(axis=1).to_numpy()

    def between(of: np.ndarray) -> float:
        cases = np.bincount(of)
        means = np.bincount(of, weights=missing) / cases
        return float((cases * (means - missing.mean()) ** 2).sum() / (len(cases) - 1) / missing.var())

    assert between(provider) > 5
    assert between(np.random.default_rng(3).permutation(provider)) < 1.4


def test_documentation_differs_a_little_between_subgroups(many: pd.DataFrame):
    missing = many["pain_duration_days"].isna()
    rural, urban = missing[holds(many["rural"], True)].mean(), missing[holds(many["rural"], False)].mean()
    assert 0.003 < rural - urban < 0.05


@pytest.mark.parametrize(
    ("start", "percent"), [("M54.2|M54.12", 35), ("M53.81|M54.6", 10), ("G50", 5), ("M79", 15), ("G43", 35)]
)
def test_the_request_mix(many: pd.DataFrame, start: str, percent: int):
    share = percent / 100
    found = int(many["dx"].str.match(start).sum())
    assert abs(found - share * len(many)) < 4 * (share * (1 - share) * len(many)) ** 0.5


def test_codes_out_of_scope_are_there_but_rare(frame: pd.DataFrame):
    p = policy.load("nerve_blocks")
    outcome = policy.determine(p, policy.Cases.from_frame(frame, p), p.settings({}), asking=False).outcome
    assert 0 < (outcome == policy.OUTCOMES.index("out_of_scope")).mean() < 0.03


@pytest.mark.parametrize(("codes", "share"), [(SPINE, "M53.81"), (["G43.819", *CHRONIC], "G43.819")])
def test_both_codings_of_a_doubtful_label_occur(frame: pd.DataFrame, codes: list[str], share: str):
    group = frame["dx"][holds(frame["dx"], *codes)]
    assert 0.03 < (group == share).mean() < 0.97
    assert set(group) == set(codes)


def test_facet_pain_is_as_rare_as_the_source_assessment_says(many: pd.DataFrame):
    truth = many["truth_facet_pain"]
    assert truth.notna().equals(many["dx"].str.match("M54.2|M54.12|M53.81|M54.6").astype("bool"))
    assert 0.04 < truth.dropna().astype(bool).mean() < 0.077


@pytest.fixture(scope="module")
def determined(frame: pd.DataFrame):
    p = policy.load("nerve_blocks")
    cases = policy.Cases.from_frame(frame, p)
    return p, cases, policy.determine(p, cases, p.settings({}), asking=False).outcome


def test_each_outcome_is_frequent_enough_to_see(determined):
    _, _, outcome = determined
    share = {word: float((outcome == code).mean()) for code, word in enumerate(policy.OUTCOMES)}
    for word in ("met", "not_met", "pend", "review", "mismatch"):
        assert share[word] >= 0.03, (word, share)
    assert 0.1 <= share["met"] <= 0.4, "a band in which an approval rate is believable; no source states one"


NUMERIC = [
    "pain_duration_months",
    "conservative_weeks",
    "conservative_modalities_min",
    "relief_pct",
    "diagnostic_blocks_required",
    "tn_failed_drugs_min",
    "migraine_preventives_failed_min",
    "fm_drugs_failed_min",
    "headache_days_month_min",
    "repeat_min_relief_pct",
    "repeat_min_weeks",
    "max_sessions_12m",
]


def test_the_numeric_levers_are_these():
    levers = policy.load("nerve_blocks").levers
    assert {name for name, lever in levers.items() if lever.domain} == set(NUMERIC)


@pytest.mark.parametrize("name", some(NUMERIC, 4))
def test_a_numeric_lever_moves_cases_step_by_step(determined, name: str):
    """Not only somewhere: from its default one step either way moves a case, and so does every step after that."""
    p, cases, base = determined
    lever = p.levers[name]
    values = [None, *lever.domain.values()] if lever.off_allowed else list(lever.domain.values())
    outcomes = [policy.determine(p, cases, p.settings({name: value}), asking=False).outcome for value in values]
    moved = [int((a != b).sum()) for a, b in pairwise(outcomes)]
    default = next(i for i, outcome in enumerate(outcomes) if (outcome == base).all())
    around = moved[max(default - 1, 0) : default + 2]
    assert sum(moved) > 0
    assert max(around) > 0
    assert sum(step > 0 for step in moved) >= 0.7 * len(moved), dict(zip(map(str, values[1:]), moved, strict=True))


def test_values_stand_at_their_thresholds(frame: pd.DataFrame):
    for column, values in [
        ("pain_duration_days", (91, 92)),
        ("conservative_care_days", (41, 42)),
        ("block_1_relief_pct", (79, 80)),
        ("block_2_relief_pct", (79, 80)),
        ("headache_days_per_month", (14, 15)),
        ("prior_relief_days", (83, 84)),
    ]:
        for value in values:
            assert holds(frame[column], value).any(), (column, value)
