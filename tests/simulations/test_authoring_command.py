"""The verbs of an author as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy.reading.loading import shipped
from tests.policy.fuzz import pathways, written
from tests.policy.generated import generated
from tests.simulations.typed import HEADER, MET, NOTICE, workbook

POLICY = shipped()["nerve_blocks@2026.2"]


@pytest.mark.parametrize("verb", ["compare", "coverage", "mutate"])
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = workbook(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: workbook {verb}" in result.output


def test_a_policy_against_itself_is_equal() -> None:
    result = workbook("compare", "nerve_blocks", "nerve_blocks@2026.2", "--prove")
    assert result.exit_code == 0
    assert NOTICE in result.output
    assert "nothing is different" in result.output
    relations = [line.rpartition(": ")[2] for line in result.output.split("Pathway by pathway")[1].splitlines() if line]
    assert (len(relations), set(relations)) == (21, {"equal (by reading, as both sides say the same)"})


def test_the_strict_reading_is_never_looser_with_its_witness() -> None:
    """At every setting of the other levers; the worst change is told first."""
    result = workbook("compare", "nerve_blocks", "strict_reading", "--prove")
    overall, _, ways = result.output.partition("Pathway by pathway")
    assert "Stance on axial spine pain: conditional" in overall
    assert "now also asks: The request is part of a clinical trial" in overall
    assert "  never looser\n    stricter, worst change on a smallest case: " in overall
    assert ": met -> not_met" in overall
    assert "undocumented_action" in overall.partition("at each side's own value")[0]
    assert "migraine_trigger_point: equal" in ways
    assert "looser, worst" not in ways


def test_a_proof_at_one_setting_says_so_in_its_first_line() -> None:
    words = ("compare", "nerve_blocks", "strict_reading", "--prove", "--set", "conservative_weeks=8")
    result = workbook(*words)
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == "At one setting only, on both sides: conservative_weeks=8"
    assert "at this one setting, by exact enumeration" in result.output
    assert "  never looser\n" in result.output
    told = workbook("compare", "nerve_blocks", "strict_reading", "--prove", "--scenario", "strict_reading")
    assert told.output.startswith("At one setting only, on both sides: scenario strict_reading\n")
    assert "\n  equal\n" in told.output


def test_one_block_or_two_under_second_only_shows_the_worst_change(tmp_path: Path) -> None:
    """Row 14 of what was tried."""
    plans = []
    for number in (1, 2):
        plans.append(tmp_path / f"blocks_{number}.yaml")
        head = f"schema: scenario/1\nid: blocks_{number}\nlabel: x\npolicy: nerve_blocks\nbecause: x\n"
        plans[-1].write_text(head + f"provisions: {{diagnostic_blocks_required: {number}}}\n")
    told = workbook("compare", *plans, "--prove", "--set", "relief_rule=second_only").output
    looser = next(line for line in told.splitlines() if "looser, worst change" in line)
    assert looser.endswith(": not_met -> met")


def test_a_scenario_that_edits_criteria_is_compared_with_its_edits(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    head = "schema: scenario/1\nid: plan\nlabel: x\npolicy: nerve_blocks\nbecause: x\n"
    plan.write_text(head + "criteria:\n  - {remove: image_guidance, from: spine_facet_ablation, because: x}\n")
    told = workbook("compare", "nerve_blocks", plan).output
    assert "Facet nerve ablation for spine pain: no longer asks: Fluoroscopy or CT guidance is planned" in told


def test_files_are_compared_by_their_content(tmp_path: Path) -> None:
    """Another threshold in a copy of the policy, and a scenario file over the shipped one."""
    copy = tmp_path / "draft.yaml"
    text = POLICY.read_text("utf-8").replace('default: "6"\n', 'default: "8"\n').split("\nexamples:")[0] + "\n"
    copy.write_text(text, encoding="utf-8")
    plan = tmp_path / "plan.yaml"
    head = "schema: scenario/1\nid: plan\nlabel: x\npolicy: nerve_blocks\nbecause: x\n"
    plan.write_text(head + "provisions: {conservative_weeks: 8}\n")
    told = workbook("compare", "nerve_blocks", copy, "--prove", "--set", "relief_pct=80").output
    assert "[threshold] Minimum conservative care: 6 weeks -> 8 weeks" in told
    assert "\n  never looser\n" in told
    assert "conservative_care_days 42" in told
    assert "\n  equal\n" in workbook("compare", copy, plan, "--prove", "--set", "relief_pct=80").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "nerve_block", "strict_reading"], "did you mean nerve_blocks"),
        (["compare", "nerve_blocks", "missing.yaml"], "missing.yaml"),
        (["compare", "nerve_blocks", "strict_reading", "--set", "relief=70"], "no lever of nerve_blocks@2026.2"),
        (["compare", "nerve_blocks", "strict_reading", "--set", "relief_pct=71"], "between two steps"),
        (["coverage", "--cases", "nowhere"], "no such file or folder"),
        (["mutate", "--policy", "nerve"], "is no policy that ships"),
        (["coverage", "--generate", "out.txt"], "ends in .yaml"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(words: list[str], said: str) -> None:
    result = workbook(*words)
    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize("verb", ["coverage", "mutate"])
def test_nothing_is_scored_while_a_vignette_does_not_hold(verb: str, tmp_path: Path) -> None:
    """It would notice every slip, and reach what it does not: each that fails is named, and no number is shown."""
    file = tmp_path / "wrong.yaml"
    file.write_text('case: {dx: M79.7, cpt: "64450"}\nvignettes:\n  - name: a hope\n    expect: {default: met}\n')
    result = workbook(verb, "--cases", file, "--policy", "nerve_blocks")
    assert result.exit_code == 1
    first, second = result.output.strip().splitlines()
    assert first == "wrong.yaml:3: 'a hope' [default] comes out as not_met; expected is met"
    assert "not scored" in second


def own_policy(folder: Path, seed: int, examples: bool = True) -> Path:
    """A generated policy as a file; without its examples where asked."""
    tree, _ = generated(seed)
    path = folder / "own.yaml"
    path.write_text(written({**tree, "examples": tree["examples"] if examples else []}), encoding="utf-8")
    return path


def test_another_policy_is_scored_by_its_own_examples(tmp_path: Path) -> None:
    """Not by the vignettes of nerve_blocks, whose columns it does not have."""
    seed = next(seed for seed in range(50) if len(generated(seed)[0]["examples"]) == 6)
    result = workbook("coverage", "--policy", own_policy(tmp_path, seed))
    assert result.exit_code == 0, result.output
    assert "6 examples of its own and 0 vignettes, all as expected" in result.output
    assert "default: " in result.output
    result = workbook("mutate", "--policy", own_policy(tmp_path, seed, examples=False))
    assert result.exit_code == 1
    assert "has no examples of its own; name its vignettes with --cases" in result.output


def test_notices_are_of_the_codes_of_the_case(tmp_path: Path) -> None:
    """No word of M53.81 where the case has M54.2, and of a case that is met nothing that would make it met."""
    path = tmp_path / "cases.csv"
    path.write_text(HEADER + MET.format("a") + MET.format("b").replace("M54.2", "M53.81"))
    told = {case: workbook("explain", path, "--case", case).output for case in ("a", "b")}
    assert "Outcome: met" in told["a"]
    assert "would make it met" not in told["a"]
    assert ["Code notice" in told[case] for case in ("a", "b")] == [False, True]
    assert "G43.819" not in told["b"]
    one = tmp_path / "one.csv"
    one.write_text(HEADER + MET.format("a"))
    assert "Code notice" not in workbook("determine", one, "--out", tmp_path / "d.csv").output
    assert workbook("determine", path, "--out", tmp_path / "e.csv").output.count("Code notice") == 1


def test_a_population_needs_the_lint() -> None:
    result = workbook("validate", "--population", "seed_low_prevalence")
    assert result.exit_code == 2
    assert "--population needs --lint" in result.output


def test_an_explanation_says_what_would_meet_it_and_is_data_too(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(HEADER + MET.format("a").replace(",42,", ",28,"))
    words = workbook("explain", path, "--case", "a").output
    assert "Days of conservative care: 42 days" in words
    assert "14 days short (2 weeks)" in words
    data = json.loads(workbook("explain", path, "--case", "a", "--format", "json").output)
    assert (data["outcome"], data["cause"]) == ("not_met", "conservative_care")
    assert {"outcome": "met", "changes": {"conservative_care_days": "42"}} in data["to_meet"]
    assert data["letter"].splitlines()[0] == data["notes"][1]


def test_what_may_be_a_persons_is_not_called_synthetic(tmp_path: Path) -> None:
    """Neither in what is said of a row nor in its letter; of a simulated one it is."""
    head, row = HEADER.strip(), MET.format("a").strip()
    for more, cell, simulated in (("", "", False), (",truth_benefit", ",yes", True)):
        path = tmp_path / f"{simulated}.csv"
        path.write_text(f"{head}{more}\n{row}{cell}\n")
        words = workbook("explain", path, "--case", "a").output
        words += workbook("determine", path, "--out", tmp_path / "d.csv").output
        words += json.loads(workbook("explain", path, "--case", "a", "--format", "json").output)["letter"]
        assert words.count("policy simulation only, not for individual determinations.") == 4
        assert words.count(NOTICE) == (4 if simulated else 0)


def test_a_copy_that_the_shipped_vignettes_do_not_fit_is_told_to_bring_its_own(tmp_path: Path) -> None:
    """A document of the same name without the levers of a reading: the vignettes beside it are of the whole policy."""
    (tmp_path / "cut.yaml").write_text(pathways()[0], encoding="utf-8")
    for verb in ("coverage", "mutate"):
        result = workbook(verb, "--policy", tmp_path / "cut.yaml")
        assert result.exit_code == 1
        (line,) = result.output.splitlines()
        assert "strict_reading" in line
        assert "name vignettes of its own with --cases" in line
