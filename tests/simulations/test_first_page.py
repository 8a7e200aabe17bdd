"""The first page of a report against determining each case anew, by code that shares only `determine`."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import policy
from simulations import ask, population
from simulations.reports.calibration_findings import headline
from simulations.reports.first_page import assumed, first_page, near, sentences
from simulations.reports.report import summary
from simulations.studies.comparison import Study
from simulations.studies.examination import examine
from simulations.studies.sweep import ranking

NERVE_BLOCKS = policy.load("nerve_blocks")
SIZE = 1500


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(provisions={"conservative_weeks": 8}, size=SIZE).assuming(100)


@pytest.fixture(scope="module")
def each() -> pd.DataFrame:
    """Every case with its outcome at 6, 7 and 8 weeks."""
    cases = policy.Cases.from_frame(population.generate(population.load("seed_low_prevalence"), SIZE, 1), NERVE_BLOCKS)
    weeks = {n: NERVE_BLOCKS.settings({"conservative_weeks": n}) for n in (6, 7, 8)}
    return pd.DataFrame({n: policy.determine(NERVE_BLOCKS, cases, s).frame()["outcome"] for n, s in weeks.items()})


def test_approvals_and_refusals_stand_together(study: Study, each: pd.DataFrame) -> None:
    """The larger effect was left out of the headline: refusals rise by more than approvals fall."""
    share = {(word, n): f"{100 * (each[n] == word).mean():.1f}%" for word in ("met", "not_met") for n in (6, 8)}
    said = sentences(study)[0]
    assert f"Approvals fall from {share['met', 6]} to {share['met', 8]} of all cases" in said
    assert f"recommended refusals rise from {share['not_met', 6]} to {share['not_met', 8]}" in said


def test_where_the_change_comes_from(study: Study, each: pd.DataFrame) -> None:
    page = first_page(study).text
    lost = (each[6] == "met") & (each[8] != "met")
    new = each[(each[8] == "not_met") & (each[6] != "not_met")]
    met = (each[6] == "met").sum()
    share = f"{lost.sum() / met:.1%} of those approved"
    assert f"Approvals: {lost.sum():,} of {met:,} lost, none gained: {share}, in other draws at least" in page
    parts = {"met": "approved", "pend": "waiting for documents", "review": "in review"}
    told = ", ".join(f"{n:,} were {words}" for word, words in parts.items() if (n := (new[6] == word).sum()))
    assert f"Of the {len(new):,} newly recommended for refusal, {told} before." in page
    back = (lost & (each[7] == "met")).sum()
    assert f"{back:,} of the {lost.sum():,} lost approvals come back at 7 weeks" in page


def test_the_line_is_one_step_towards_the_baseline_whichever_way_a_lever_goes() -> None:
    told = near(ask(provisions={"conservative_weeks": 8, "relief_pct": 90}, size=SIZE))
    assert [re.search(r"at ([\d]+ \S+)", line)[1] for line in told][:1] == ["7 weeks"]  # type: ignore[index]
    assert near(ask(provisions={"conservative_weeks": 2}, size=SIZE)) == []
    assert (
        near(ask(provisions={"conservative_weeks": 7}, size=SIZE)) == []
    )  # a step back is the baseline: all come back


def test_within_each_procedure_shares_are_of_its_own_cases(study: Study, each: pd.DataFrame) -> None:
    frame = population.generate(population.load("seed_low_prevalence"), SIZE, 1)
    for label, codes in (("Trigger point injection", ["20552", "20553"]),):
        mine = each[frame["cpt"].isin(codes).to_numpy()]
        shares = [100 * (mine[n] == "met").mean() for n in (6, 8)]
        row = next(line for line in first_page(study).text.splitlines() if line.startswith(label))
        assert f"{len(mine):,}" in row
        assert f"{shares[0]:.1f}% → {shares[1]:.1f}%" in row


def test_assumptions_come_before_luck_and_are_wider(study: Study) -> None:
    said = sentences(study)[1]
    assert said.index("other assumptions") < said.index("luck of drawing")
    ends = assumed(study, "met")
    change = study.impact.rates()[2]
    assert ends is not None
    assert change.low is not None and change.high is not None  # noqa: PT018
    assert ends.low < 100 * change.low < 100 * change.high < ends.high


def test_certainty_does_not_grow_with_the_number_of_made_up_cases() -> None:
    """The same words whatever the size, the same range of assumptions; only what is said of luck has another number."""
    small, large = (sentences(ask(provisions={"conservative_weeks": 8}, size=n).assuming(100))[1] for n in (400, 6000))
    assert re.sub(r"[\d.,−+]+", "#", small) == re.sub(r"[\d.,−+]+", "#", large)
    assert not re.search(r"surely|certain|significant|clearly", small + large)


def test_without_a_change_the_page_tells_the_policy_as_it_stands() -> None:
    page = first_page(ask(size=400)).text
    assert page.splitlines()[1].startswith("Approvals are ")
    assert "Where the change comes from" not in page
    assert "+0.0" not in page
    assert "−0.0" not in page


def test_without_a_change_the_headline_gives_the_change_no_range_of_assumptions() -> None:
    """The range of the rate itself was told as if it were that of the change, which is nothing whatever is assumed."""
    said = str(summary(ask(size=400).assuming(100))["headline"])
    assert "change 0.0 percentage points (95 % interval 0.0 to 0.0 for the luck of drawing; the rate itself " in said


def test_of_a_case_table_the_luck_of_drawing_is_not_told(tmp_path: Path) -> None:
    frame = population.generate(population.load("seed_low_prevalence"), 300, 3)
    frame.drop(columns=[n for n in frame if n.startswith("truth_")]).to_csv(tmp_path / "t.csv", index=False)
    study = ask(provisions={"conservative_weeks": 8}, population=tmp_path / "t.csv").assuming(100)
    page = first_page(study).text
    assert "no luck of drawing applies" in page
    assert "Range of the assumptions" not in page
    assert "The mix of requests is that of the table t.csv" in page
    assert first_page(study.about()).text.splitlines()[1].startswith("Approvals: about ")


def test_a_lever_is_ranked_over_its_domain_its_cited_range_and_one_step(study: Study, each: pd.DataFrame) -> None:
    table = ranking(ask(size=SIZE)).set_index("lever")
    row = table.loc["conservative_weeks"]
    cases = policy.Cases.from_frame(population.generate(population.load("seed_low_prevalence"), SIZE, 1), NERVE_BLOCKS)
    met = {
        n: policy.determine(NERVE_BLOCKS, cases, NERVE_BLOCKS.settings({"conservative_weeks": n})).counts()["met"]
        for n in (0, 2, 5, 7, 12, 26)
    }
    for name, most, least in (("swing", 0, 26), ("cited", 2, 12), ("step", 5, 7)):
        assert row[f"{name}_points"] == pytest.approx(100 * (met[most] - met[least]) / SIZE)
    assert np.isnan(float(table.loc["axial_spine_stance", "cited_points"]))  # type: ignore[arg-type]


def test_what_can_only_be_taken_away_is_never_told_as_if_it_could_be_given(each: pd.DataFrame) -> None:
    """5 lost and 0 gained once read '-1.2 (-2.7 to +0.1)'; the exact limits are those of scipy."""
    few = ask(provisions={"conservative_weeks": 7}, size=200)
    lost, gained = few.impact.approvals()
    assert lost and not gained  # noqa: PT018
    change = few.impact.rates()[2]
    exact = binomtest(lost, 200).proportion_ci(method="exact")
    assert (-change.high, -change.low) == pytest.approx((exact.low, exact.high), abs=1e-9)  # type: ignore[operator]
    assert all(row["change_high"] <= 0 for row in few.impact.groups().to_dict("records"))
    assert few.impact.way == -1
    assert ask(provisions={"conservative_weeks": 5}, size=20).impact.way == 1
    assert ask(provisions={"conservative_weeks": 7, "relief_pct": 50}, size=20).impact.way == 0


def test_a_calibration_of_no_change_says_which_change_it_judges_in_its_place():
    asked = ask(size=200)
    said = headline(examine(asked)).text
    assert asked.asks() == "No lever is moved"
    assert "No lever is moved, so a change that comes with the policy is judged, “Strict reading" in said
    assert "levers moved" not in said
    moved = ask(provisions={"conservative_weeks": 8}, size=200)
    assert f"For the change asked about ({moved.asks()})" in headline(examine(moved)).text
