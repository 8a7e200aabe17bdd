"""Counts are conserved, intervals agree with books and with scipy, and every sentence follows from the numbers."""

from functools import reduce
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import policy
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations import ask, cases_of, compare
from simulations.statistics.intervals import paired_change, wilson
from simulations.statistics.number_format import percent, points
from simulations.studies.comparison import Study
from simulations.studies.impact import EXAMPLES, OUTSIDE, Impact

POLICY = policy.load("nerve_blocks")


def impact_of(size: int = 3000, scenario: str | None = None, **levers: object) -> Impact:
    return ask(scenario=scenario, provisions=levers, size=size).impact


@pytest.fixture(scope="module")
def strict() -> Study:
    return ask(scenario="strict_reading", provisions={"conservative_weeks": 8}, size=3000)


# Intervals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_newcombe_1998(hits: int, cases: int, low: float, high: float):
    found = wilson(hits, cases)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 5000), st.data())
def test_wilson_as_scipy(cases: int, data: st.DataObject):
    hits = data.draw(st.integers(0, cases))
    theirs = binomtest(hits, cases).proportion_ci(method="wilson")
    assert wilson(hits, cases) == pytest.approx((hits / cases, theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize(
    ("table", "change", "low", "high"),
    [
        ((14, 0, 5, 22), 0.122, 0.011, 0.226),  # Altman and others, Statistics with Confidence (2000), table 6.2
        ((1, 7, 1, 12), -0.286, -0.507, -0.026),  # Fagerland, Lydersen and Laake (2014), airway responsiveness
    ],
)
def test_paired_change_as_in_the_books(table: tuple[int, int, int, int], change: float, low: float, high: float):
    found = paired_change(*table)
    assert tuple(round(value, 3) for value in found) == (change, low, high)


@given(*[st.integers(0, 400)] * 3, st.integers(1, 400))
def test_paired_change_is_an_interval_and_has_no_side(both: int, lost: int, gained: int, neither: int):
    change, low, high = paired_change(both, lost, gained, neither)
    assert -1 <= low <= change <= high <= 1
    mirrored = paired_change(both, gained, lost, neither)
    assert (-mirrored.value, -mirrored.high, -mirrored.low) == pytest.approx((change, low, high), abs=1e-12)


@pytest.mark.parametrize("truth", [(0.3, 0.1, 0.05, 0.55), (0.1, 0.2, 0.1, 0.6), (0.45, 0.05, 0.2, 0.3)])
def test_paired_change_covers_the_truth_95_times_in_100(truth: tuple[float, ...]):
    """Added up over every table of 20 pairs. So few pairs that differ make it careful, never careless."""
    covered = 0.0
    for both, lost, gained in product(range(21), repeat=3):
        neither = 20 - both - lost - gained
        if neither < 0:
            continue
        ways = comb(20, both) * comb(20 - both, lost) * comb(20 - both - lost, gained)
        chance = ways * np.prod(np.power(truth, (both, lost, gained, neither)))
        _, low, high = paired_change(both, lost, gained, neither)
        covered += chance * (low <= truth[2] - truth[1] <= high)
    assert 0.94 <= covered <= 0.985


# Counts --------------------------------------------------------------------------------------------------------------


def test_every_case_is_in_the_flow_once(strict: Study):
    impact = strict.impact
    flow = impact.flow()
    assert flow.to_numpy().sum() == impact.cases == 3000
    assert impact.moved == 3000 - np.trace(flow) > 0
    (part,) = strict.cases.slices()
    for name, counted in (("baseline", flow.sum(axis=1)), ("scenario", flow.sum(axis=0))):
        assert counted.to_dict() == policy.determine(POLICY, part, getattr(strict, name)).counts()


def test_counts_agree_with_the_determinations_counted_another_way(strict: Study):
    """pandas counts the words of the two frames; groups and families are read from the policy's own lists of codes."""
    (part,) = strict.cases.slices()
    before, after = (
        policy.determine(POLICY, part, s).frame()["outcome"].astype("str") for s in (strict.baseline, strict.scenario)
    )
    group = {code: name for name, g in POLICY.diagnoses.items() for code in g.codes}
    prefix = {start: name for name, g in POLICY.diagnoses.items() for start in g.prefixes}
    family = {code: name for name, f in POLICY.procedures.items() for code in f.codes}
    diagnoses = [group.get(c) or next((n for s, n in prefix.items() if c.startswith(s)), OUTSIDE) for c in part.dx]
    frame = pd.DataFrame({"d": diagnoses, "p": [family.get(c, OUTSIDE) for c in part.cpt], "b": before, "s": after})
    groups = strict.impact.groups()
    for (d, p), rows in frame.groupby(["d", "p"]):
        found = groups[(groups["diagnosis"] == d) & (groups["procedure"] == p)].to_dict("records")[0]
        assert found["cases"] == len(rows)
        for name, column in (("baseline", "b"), ("scenario", "s")):
            assert {w: found[f"{name}_{w}"] for w in policy.OUTCOMES} == {
                w: int((rows[column] == w).sum()) for w in policy.OUTCOMES
            }
    assert groups["cases"].sum() == 3000
    assert len(groups) == frame.groupby(["d", "p"]).ngroups


def test_tables_hold_whole_numbers_and_the_rates_that_follow(strict: Study):
    outcomes, groups = strict.impact.outcomes(), strict.impact.groups()
    counts = [outcomes[n] for n in ("baseline", "scenario", "change")] + [
        strict.impact.flow()[w] for w in policy.OUTCOMES
    ]
    assert {series.dtype for series in counts} == {np.dtype(np.int64)}
    assert outcomes["change"].sum() == 0
    assert outcomes["baseline_pct"].sum() == pytest.approx(100, abs=0.001)
    row = groups.loc[groups["baseline_met"].idxmax()]
    assert row["baseline_pct"] == pytest.approx(100 * row["baseline_met"] / row["cases"], abs=1e-4)
    assert row["baseline_low"] < row["baseline_pct"] < row["baseline_high"]
    assert row["change_points"] == pytest.approx(row["scenario_pct"] - row["baseline_pct"], abs=2e-4)


def test_slices_add_up_to_the_whole(strict: Study):
    parts = [
        compare(*(policy.determine(POLICY, part, s) for s in (strict.baseline, strict.scenario)))
        for part in strict.cases.slices(700)
    ]
    assert len(parts) == 5
    together = reduce(Impact.__add__, parts)
    assert np.array_equal(together.counts, strict.impact.counts)
    assert together.touched == strict.impact.touched
    pd.testing.assert_frame_equal(together.examples, strict.impact.examples)


def test_impacts_of_other_settings_do_not_add_up():
    with pytest.raises(ProblemsFound, match="same two settings"):
        impact_of(size=50, conservative_weeks=8) + impact_of(size=50, conservative_weeks=9)


def test_other_cases_are_not_compared():
    first, second = (next(cases_of(POLICY, size=50, seed=seed).slices()) for seed in (1, 2))
    shorter = first.take(np.arange(40))
    plain = POLICY.settings()
    with pytest.raises(ProblemsFound, match="same cases"):
        compare(policy.determine(POLICY, first, plain), policy.determine(POLICY, shorter, plain))
    assert compare(policy.determine(POLICY, second, plain), policy.determine(POLICY, second, plain)).moved == 0


# Examples and sentences ----------------------------------------------------------------------------------------------


def test_every_way_to_move_has_examples_that_move_so(strict: Study):
    examples, flow = strict.impact.examples, strict.impact.flow()
    ways = {
        (b, s): min(EXAMPLES, flow.loc[b, s])
        for b in policy.OUTCOMES
        for s in policy.OUTCOMES
        if b != s and flow.loc[b, s]
    }
    assert examples.groupby(["baseline", "scenario"]).size().to_dict() == ways
    (part,) = strict.cases.slices()
    for name in ("baseline", "scenario"):
        all_rows = (
            policy.determine(POLICY, part, getattr(strict, name)).frame().set_index("case_id").loc[examples["case_id"]]
        )
        assert list(all_rows["outcome"]) == list(examples[name])
        assert list(all_rows["reasons"]) == list(examples[f"reasons_{name}"])


def test_a_stricter_threshold_only_takes_away():
    impact = impact_of(conservative_weeks=8)
    flow = impact.flow()
    assert flow.loc["met", "not_met"] > 0
    assert flow["met"].drop("met").sum() == 0
    before, after, change = impact.rates()
    refused = [percent(rate.value) for rate in impact.rates("not_met")[:2]]
    falls = f"Approvals fall from {percent(before.value)} to {percent(after.value)} of all cases"
    assert impact.finding() == f"{falls}, recommended refusals rise from {refused[0]} to {refused[1]}"
    assert change.value == pytest.approx(after.value - before.value)
    assert change.low < change.value < change.high < 0
    (sentence,) = impact.changes()
    assert "6 weeks -> 8 weeks (stricter)" in sentence


def test_a_looser_threshold_raises_approvals():
    assert impact_of(conservative_weeks=2).finding().startswith("Approvals rise from ")


def test_a_change_too_small_for_its_decimals_neither_rises_nor_falls():
    """One approval of some thousands: else approvals would 'fall from 20.7% to 20.7%'."""
    part = next(cases_of(POLICY, size=2000).slices())
    both = [POLICY.settings({"conservative_weeks": weeks}) for weeks in (6, 8)]
    before, after = (policy.determine(POLICY, part, one).outcome for one in both)
    approved = np.asarray(before) == OUTCOMES.index("met")
    first = np.flatnonzero(approved & (before != after))[0]
    kept = np.flatnonzero((before == after) | (np.arange(2000) == first))
    impact = compare(*(policy.determine(POLICY, part.take(kept), one) for one in both))
    assert impact.moved == 1
    said = impact.finding()
    assert said.startswith(f"Approvals stay at {percent(impact.rates()[1].value)} of all cases, but 1 of ")


def test_nothing_changes_when_no_lever_moves():
    impact = impact_of(size=300, conservative_weeks=6)
    assert impact.finding() == "Nothing changes: the scenario moves no lever"
    assert impact.rates()[2] == (0, 0, 0)
    assert impact.changes() == []


def test_nothing_changes_when_no_case_is_concerned():
    study = ask(provisions={"fm_drugs_failed_min": 2}, size=500)
    (part,) = study.cases.slices()
    necks = part.take(np.flatnonzero(np.asarray(part.dx == "M54.2")))
    impact = compare(*(policy.determine(POLICY, necks, s) for s in (study.baseline, study.scenario)))
    assert impact.cases > 0
    label = POLICY.levers["fm_drugs_failed_min"].label
    assert f"“{label}” is moved, but no criterion" in impact.finding()


def test_nothing_changes_when_something_else_decides():
    """Under the strict stance relief reads differently for some spine cases, which fail anyway."""
    baseline = POLICY.settings({"axial_spine_stance": "never_outside_trial", "rfa_stance": "never_outside_trial"})
    moved = POLICY.settings({**baseline.provisions(), "relief_pct": 50})
    part = next(cases_of(POLICY, size=4000).slices())
    decided = [policy.determine(POLICY, part, s) for s in (baseline, moved)]
    same = np.flatnonzero(decided[0].outcome == decided[1].outcome)
    impact = compare(*(policy.determine(POLICY, part.take(same), s) for s in (baseline, moved)))
    assert impact.touched > 0
    assert impact.moved == 0
    assert impact.finding().endswith("but something else decides each of them")
    assert impact.rates()[2].low < 0 < impact.rates()[2].high


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (0.0001, "<0.1%"), (0.0005, "0.1%"), (0.19822, "19.8%"), (0.9999, ">99.9%"), (1, "100.0%")],
)
def test_a_percentage_is_never_shown_as_none_or_all(share: float, text: str):
    assert percent(share) == text


@settings(max_examples=50)
@given(st.floats(-1, 1))
def test_points_carry_their_sign(change: float):
    text = points(change)
    assert "-" not in text
    assert text == "0.0" or text[0] == ("−" if change < 0 else "+")
