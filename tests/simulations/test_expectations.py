"""Scenario files at work: what they draw, what they edit, what they expect; a gate that fails leaves the report."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import policy
from policy.determinations.determination import determine
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations import ask
from simulations.cli.command import main
from simulations.scenario.loading import find_scenario
from simulations.studies.expectations import expectations, measured, unmet

HEAD = "schema: scenario/1\nid: trial\nlabel: Trial\npolicy: nerve_blocks\nbecause: a test\n"
RANK = {"met": 2, "pend": 1, "review": 1, "not_met": 0, "mismatch": 0, "out_of_scope": 0}


def written(folder: Path, text: str) -> Path:
    path = folder / "s.yaml"
    path.write_text(HEAD + text, "utf-8")
    return path


def test_measures_are_counted_case_by_case():
    study = ask(scenario="strict_reading", provisions={"gon_acute_action": "review"}, size=1500)
    (part,) = study.cases.slices()
    before, after = (
        [OUTCOMES[code] for code in determine(study.policy, part, s).outcome] for s in (study.baseline, study.scenario)
    )
    pairs = list(zip(before, after, strict=True))
    found = measured(study.impact)
    assert found["looser"] == sum(RANK[b] > RANK[a] for a, b in pairs)
    assert found["stricter"] == sum(RANK[b] < RANK[a] for a, b in pairs) > 0
    assert found["moved"] == sum(a != b for a, b in pairs)
    assert found["approval_pct"] * 1500 == 100 * after.count("met")
    for word in OUTCOMES:
        assert found[word] == after.count(word)
        assert found[f"{word}_change"] == after.count(word) - before.count(word)
    assert found["approval_change_points"] * 1500 == 100 * found["met_change"]


def test_bounds_are_exact_at_their_ends(tmp_path: Path):
    """A third of a per cent is no decimal number: a bound of its rounding does not hold by rounding."""
    study = ask(provisions={"conservative_weeks": 8}, size=1500)
    points = float(measured(study.impact)["approval_change_points"])
    moved = study.impact.moved
    text = f"expect:\n  moved: {{at_least: {moved}, at_most: {moved}}}\n  stricter: {{at_most: {moved - 1}}}\n"
    text += f"  approval_change_points: {{at_least: {points + 0.001:.3f}}}\n  looser: {{at_most: 0}}\n"
    plan = find_scenario(written(tmp_path, text), study.policy)
    found = {one["measure"]: one["holds"] for one in expectations(plan, study.impact)}
    assert found == {"moved": True, "stricter": False, "approval_change_points": False, "looser": True}


def test_a_failed_gate_has_its_line(tmp_path: Path):
    path = written(
        tmp_path, "provisions: {conservative_weeks: 8}\nexpect:\n  moved: {at_most: 3}\n  looser: {at_most: 0}\n"
    )
    study = ask(scenario=path, size=800)
    (problem,) = unmet(path, study.expectations())
    assert str(problem) == f"{path}:8: moved is {study.impact.moved}, expected at most 3"


def test_the_command_writes_the_report_and_leaves_with_1(tmp_path: Path):
    text = "provisions: {conservative_weeks: 8}\npopulation: {name: trial_10_15, size: 300, seed: 5}\nexpect:\n"
    path = written(tmp_path, text + "  moved: {at_most: 0}\n  approval_change_points: {at_least: -90}\n")
    ran = CliRunner().invoke(
        main, ["simulate", "-p", "draws=0", "--scenario", str(path), "--out", str(tmp_path / "out")]
    )
    assert ran.exit_code == 1
    assert [line for line in ran.output.splitlines() if f"{path}:" in line] == [
        line for line in ran.output.splitlines() if "expected at most 0" in line
    ]
    assert (tmp_path / "out" / "approval_impact.html").exists()
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert [one["holds"] for one in summary["expect"]] == [False, True]
    assert summary["population"]["name"] == "trial_10_15"
    assert (summary["population"]["size"], summary["population"]["seed"]) == (300, 5)


def test_what_is_given_comes_before_what_the_scenario_draws(tmp_path: Path):
    path = written(tmp_path, "population: {name: trial_10_15, size: 300, seed: 5}\n")
    assert repr(ask(scenario=path).cases) == "300 made-up cases (“Facet pain in 10 to 15 % of spine patients”, seed 5)"
    assert (
        repr(ask(scenario=path, size=40).cases)
        == "40 made-up cases (“Facet pain in 10 to 15 % of spine patients”, seed 5)"
    )
    assert repr(ask(scenario=path, population="seed_low_prevalence", seed=2).cases) == (
        "300 made-up cases (“Low facet-pain prevalence”, seed 2)"
    )


def test_assumptions_replace_the_shares_and_are_said(tmp_path: Path):
    mix = "{neck_pain: 70, thoracic_pain: 10, trigeminal_neuralgia: 5, fibromyalgia: 5, migraine: 10}"
    study = ask(scenario=written(tmp_path, f"assumptions:\n  diagnosis: {mix}\n"), size=1000)
    cases = study.impact.groups().groupby("diagnosis")["cases"].sum()
    assert abs(cases["neck_pain"] - 693) < 5 * (1000 * 0.693 * 0.307) ** 0.5  # 1 in 100 has another code
    assert study.cases.fingerprint != ask(size=1000).cases.fingerprint
    assert any("neck_pain 70 %" in remark for remark in study.cases.remarks)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("population: trial_10_16\n", 6, "did you mean trial_10_15?"),
        ("population: cases.csv\n", 6, "'cases.csv' is no file"),
        ("assumptions:\n  diagnosis: {neck_pian: 100}\n", 7, "did you mean neck_pain?"),
        ("assumptions:\n  diagnosis: {neck_pain: 60}\n", 7, "60"),
    ],
)
def test_a_population_that_cannot_be_drawn_is_refused_before_any_case(tmp_path: Path, text: str, line: int, said: str):
    path = written(tmp_path, text)
    with pytest.raises(ProblemsFound) as found:
        ask(scenario=path)
    assert str(found.value).startswith(f"{path}:{line}: ")
    assert said in str(found.value)
    ran = CliRunner().invoke(main, ["validate", str(path)])
    assert ran.exit_code == 1
    assert f"{path}:{line}: " in ran.output


# Criteria ------------------------------------------------------------------------------------------------------------


def test_an_edited_pathway_is_a_change_like_any_other(tmp_path: Path):
    edit = "criteria:\n  - {add: trigger_points, to: migraine_occipital_block, because: x}\n"
    study = ask(scenario=written(tmp_path, edit), size=1500)
    says = study.scenario.says("trigger_points")
    assert study.impact.changes() == [f"Greater occipital nerve block for migraine: also requires “{says}”"]
    assert study.provisions() == {}
    assert study.impact.moved > 0
    assert not study.impact.same
    groups = study.impact.groups()
    moved = groups[groups["change_points"] != 0]
    assert set(zip(moved["diagnosis"], moved["procedure"], strict=True)) == {("migraine", "occipital_block")}
    before, after, change = study.impact.rates()
    assert change.high < 0
    assert after.value < before.value
    assert len(study.impact.examples)


def test_an_edit_that_no_case_notices_changes_exactly_nothing_and_says_so(tmp_path: Path):
    edit = "criteria:\n  - {add: trigger_points, to: spine_trigger_point, because: x}\n"
    with pytest.raises(ProblemsFound, match="requires it already"):
        ask(scenario=written(tmp_path, edit))
    quiet = "criteria:\n  - {add: tn_mri, to: trigeminal_block, because: x}\n"
    study = ask(scenario=written(tmp_path, quiet), size=1)
    assert study.impact.moved == 0
    assert study.impact.why_nothing().startswith("criteria are changed, but no criterion of any of these 1 cases")


def test_two_policies_are_compared_only_when_they_read_the_cases_alike(tmp_path: Path):
    from simulations.studies.impact import compare, determined

    study = ask(
        scenario=written(tmp_path, "criteria:\n  - {add: tn_mri, to: trigeminal_block, because: x}\n"), size=200
    )
    (part,) = study.cases.slices()
    impact = compare(determined(part, study.baseline), determined(part, study.scenario))
    assert np.trace(impact.flow().to_numpy()) + impact.moved == 200
    other = policy.load("nerve_blocks")
    turned = other.fields_["intent"].model_copy(update={"choices": other.fields_["intent"].choices[::-1]})
    settings = other.model_copy(update={"fields_": {**other.fields_, "intent": turned}}).settings()
    with pytest.raises(ProblemsFound, match="same cases under the same policy"):
        compare(determined(part, study.baseline), determined(part, settings))
