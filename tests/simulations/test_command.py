"""The `workbook` command as a user meets it: what it prints, its exit codes, and what it leaves on disk."""

import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from simulations.command import main

VERBS = ("validate", "determine", "explain", "simulate", "population", "lab")
NOTICE = "Synthetic data, policy simulation only, not for individual determinations."
HEADER = (
    "case_id,dx,cpt,pain_duration_days,conservative_care_days,conservative_care_failed,tried_nsaid,function_limited,"
)
HEADER += "imaging_other_cause,radiculopathy,trigger_points_on_exam\n"
MET = "{},M54.2,20553,92,42,true,true,true,false,false,true\n"


def workbook(*words: str | Path) -> Result:
    """One call; an exception that reaches the user is a failure of the test."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Two requests: one met, one a day short of the duration."""
    path = tmp_path / "cases.csv"
    path.write_text(HEADER + MET.format("a") + MET.format("b").replace(",92,", ",91,"))
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = workbook(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: workbook {verb}" in result.output


def test_all_that_ships_is_valid() -> None:
    result = workbook("validate")
    assert result.exit_code == 0
    assert {"2026.1.yaml", "strict_reading.yaml", "seed_low_prevalence.yaml"} <= set(
        re.findall(r"^\S+\.yaml", result.output, re.M)
    )


def test_all_problems_of_a_folder_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("schema: scenario/1\nid: Bad Id\nlabel: x\npolicy: nerve_blocks\nprovisions: {}\n")
    (tmp_path / "b.yaml").write_text("schema: policy/9\nid: later\n")
    (tmp_path / "c.yaml").write_text("a: 1\na: 2\n")
    result = workbook("validate", tmp_path)
    assert result.exit_code == 1
    assert [name for name in ("a.yaml:2", "a.yaml:1", "b.yaml:1", "c.yaml:2") if name not in result.output] == []
    assert "newer version" in result.output
    assert "first on line 1" in result.output


def test_determinations_are_written_with_their_reasons(cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.csv"
    result = workbook("determine", cases, "--out", out)
    assert result.exit_code == 0
    assert NOTICE in result.output
    assert "met 1, not_met 1" in result.output
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert list(table.columns) == ["case_id", "pathway", "outcome", "not_met", "not_documented", "ask", "reasons"]
    assert table.set_index("case_id").loc["b", ["outcome", "not_met"]].tolist() == ["not_met", "pain_duration"]


def test_csv_and_parquet_say_the_same(cases: Path, tmp_path: Path) -> None:
    for name in ("d.csv", "d.parquet"):
        assert workbook("determine", cases, "--out", tmp_path / name).exit_code == 0
    read = pd.read_csv(tmp_path / "d.csv", dtype=str, keep_default_na=False)
    assert read.to_dict("list") == pd.read_parquet(tmp_path / "d.parquet").astype(str).to_dict("list")


def test_set_comes_after_the_scenario(cases: Path, tmp_path: Path) -> None:
    strict = ("determine", cases, "--scenario", "strict_reading", "--out", tmp_path / "d.csv")
    assert "met 0, not_met 2" in workbook(*strict).output
    assert "met 1, not_met 1" in workbook(*strict, "--set", "axial_spine_stance=conditional").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "conservative_week=8"], "did you mean conservative_weeks?"),
        (["--set", "conservative_weeks=80"], "allowed 0 to 26 weeks"),
        (["--set", "conservative_weeks=six"], "is not a whole number"),
        (["--set", "relief_pct=83"], "between two steps"),
        (["--set", "axial_spine_stance=strict"], "choose one of conditional, never_outside_trial, no_position"),
        (["--set", "relief_pct=80", "--set", "relief_pct=70"], "is set twice"),
        (["--scenario", "strict_readin"], "did you mean strict_reading?"),
        (["--policy", "nerve_blcks"], "did you mean nerve_blocks?"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line_and_nothing_is_written(
    cases: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    result = workbook("determine", cases, *words, "--out", tmp_path / "d.csv")
    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "d.csv").exists()


def test_several_problems_come_together(cases: Path, tmp_path: Path) -> None:
    words = ("--set", "conservative_week=8", "--set", "relief_pct=83", "--scenario", "nope")
    assert len(workbook("determine", cases, *words, "--out", tmp_path / "d.csv").output.strip().splitlines()) == 3


def test_bad_rows_stop_the_run_unless_they_have_a_place_to_go(cases: Path, tmp_path: Path) -> None:
    cases.write_text(
        cases.read_text() + MET.format("c").replace(",42,", ",-3,") + MET.format("d").replace("M54.2", "neck")
    )
    out, rejects = tmp_path / "d.csv", tmp_path / "r.csv"
    refused = workbook("determine", cases, "--out", out)
    assert refused.exit_code == 1
    assert "cases.csv:4: column conservative_care_days: '-3'" in refused.output
    assert "cases.csv:5: column dx: 'neck'" in refused.output
    assert not out.exists()
    assert workbook("determine", cases, "--out", out, "--rejects", rejects).exit_code == 0
    assert pd.read_csv(out)["case_id"].tolist() == ["a", "b"]
    rejected = pd.read_csv(rejects, dtype=str)
    assert rejected[["row", "column", "value"]].values.tolist() == [
        ["4", "conservative_care_days", "-3"],
        ["5", "dx", "neck"],
    ]


def test_columns_are_mapped_or_left_out_when_asked(cases: Path, tmp_path: Path) -> None:
    cases.write_text(cases.read_text().replace("dx,", "diagnosis,", 1).replace("tried_nsaid", "nsaid", 1))
    out = tmp_path / "d.csv"
    assert "unknown column 'nsaid'" in workbook("determine", cases, "--out", out).output
    done = workbook("determine", cases, "--map", "diagnosis=dx", "--ignore", "nsaid", "--out", out)
    assert done.exit_code == 0, done.output
    assert pd.read_csv(out)["ask"].iloc[0] == "tried_physical_therapy;tried_nsaid;tried_exercise"


def test_text_that_a_spreadsheet_would_run_is_neutralised(cases: Path, tmp_path: Path) -> None:
    cases.write_text(HEADER + MET.format("=1+1"))
    workbook("determine", cases, "--out", tmp_path / "d.csv")
    assert pd.read_csv(tmp_path / "d.csv")["case_id"].tolist() == ["'=1+1"]


@pytest.mark.parametrize("name", ["d.xlsx", "nowhere/d.csv", "cases.csv"])
def test_a_place_that_does_not_serve_is_refused(cases: Path, tmp_path: Path, name: str) -> None:
    before = cases.read_bytes()
    assert workbook("determine", cases, "--out", tmp_path / name).exit_code == 1
    assert cases.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["cases.csv"]


def test_wrong_usage_is_exit_two(cases: Path) -> None:
    assert workbook("determine", cases).exit_code == 2
    assert workbook("determine", cases, "--set", "nothing", "--out", "x.csv").exit_code == 2
    assert workbook("no_such_verb").exit_code == 2


def test_a_case_is_explained_and_an_unknown_one_is_said(cases: Path) -> None:
    told = workbook("explain", cases, "--case", "b")
    assert told.exit_code == 0
    assert "91 days (needed: more than 3 months; 1 day short)" in told.output
    assert NOTICE in told.output
    unknown = workbook("explain", cases, "--case", "zz")
    assert unknown.exit_code == 1
    assert "no case 'zz'" in unknown.output


def test_a_population_is_a_case_table(tmp_path: Path) -> None:
    made = workbook("population", "seed_low_prevalence", "--size", "300", "--seed", "2", "--out", tmp_path / "p.csv")
    assert made.exit_code == 0
    assert NOTICE in made.output
    assert workbook("determine", tmp_path / "p.csv", "--out", tmp_path / "d.csv").exit_code == 0
    assert len(pd.read_csv(tmp_path / "d.csv")) == 300


@pytest.mark.parametrize("words", [["--size", "1e5"], ["--size", "0"], ["--seed", "-1"], ["--size", "007"]])
def test_sizes_and_seeds_are_plain_whole_numbers(tmp_path: Path, words: list[str]) -> None:
    result = workbook("population", "seed_low_prevalence", *words, "--out", tmp_path / "p.csv")
    assert result.exit_code == 1
    assert "is not a whole number" in result.output
    assert list(tmp_path.iterdir()) == []
