"""`workbook determine`: what it writes, what it refuses, and that nothing is half-written."""

import os
from pathlib import Path

import pandas as pd
import pytest

from simulations import population
from tests.simulations.typed import HEADER, MET, workbook


def test_determinations_are_written_with_their_reasons(cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "d.csv"
    result = workbook("determine", cases, "--out", out)
    assert result.exit_code == 0
    assert "The cases may be people; policy simulation only, not for individual determinations." in result.output
    assert "met 1, not_met 1" in result.output
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    assert list(table.columns) == [
        "case_id", "pathway", "outcome", "not_met", "not_documented", "ask", "reasons", "policy", "fingerprint",
    ]  # fmt: skip
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


def test_files_and_settings_that_cannot_be_used_come_together(cases: Path, tmp_path: Path) -> None:
    words = ("--policy", "nerve_blcks", "--out", tmp_path / "d.txt", "--rejects", tmp_path / "nowhere" / "r.csv")
    said = workbook("determine", tmp_path / "none.csv", *words).output
    for part in ("d.txt: cannot be written", "r.csv: its folder does not exist", "none.csv: cannot be read", "blocks?"):
        assert said.count(part) == 1, part
    assert len(said.strip().splitlines()) == 4


def test_the_file_that_would_be_overwritten_is_named(cases: Path, tmp_path: Path) -> None:
    said = workbook("determine", cases, "--out", tmp_path / "d.csv", "--rejects", cases).output
    assert said.strip() == f"{cases}: is the case table itself; name another file"


def test_a_column_is_mapped_once(cases: Path, tmp_path: Path) -> None:
    cases.write_text(cases.read_text().replace("dx,", "diagnosis,", 1))
    words = ("--map", "diagnosis=dx", "--map", "diagnosis=cpt", "--out", tmp_path / "d.csv")
    result = workbook("determine", cases, *words)
    assert (result.exit_code, result.output) == (1, "--map: names a column of the file twice; name it once\n")


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
    wanted = [["4", "c", "conservative_care_days", "-3"], ["5", "d", "dx", "neck"]]
    few = workbook("determine", cases, "--out", out, "--rejects", rejects)
    assert few.exit_code == 1
    assert "2 of 4 rows were rejected, more than --max-rejects 20 %; written: " in few.output
    for most, written in ((20, False), (50, True)):
        done = workbook("determine", cases, "--out", out, "--rejects", rejects, "--max-rejects", most)
        assert (done.exit_code, out.exists()) == (int(not written), written)
        rejected = pd.read_csv(rejects, dtype=str)
        assert list(rejected.columns) == ["file", "line", "case_id", "column", "value", "problem"]
        assert rejected[["line", "case_id", "column", "value"]].values.tolist() == wanted
    assert pd.read_csv(out)["case_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_of_many_batches_is_determined_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Ids that stand twice far apart too: their rows are in none of the results, though the first was judged before."""
    out, rejects, found = tmp_path / f"d.{form}", tmp_path / "r.csv", []
    table = population.generate(population.load("trial_10_15"), 500, 3)
    table.loc[499, "case_id"] = table.loc[0, "case_id"]
    (table.to_csv if form == "csv" else table.to_parquet)(tmp_path / f"cases.{form}", index=False)
    for batch in (45_000, 70):
        monkeypatch.setattr("policy.case_files.files.BATCH", batch)
        monkeypatch.setattr("policy.case_files.files._BLOCK", 20_000)
        done = workbook("determine", tmp_path / f"cases.{form}", "--out", out, "--rejects", rejects)
        read = pd.read_csv(out) if form == "csv" else pd.read_parquet(out).astype(str)
        found.append((done.output, read.to_csv(), rejects.read_text()))
    assert found[0] == found[1]
    assert "498 cases" in found[0][0]
    assert "stands more than once: rows" in found[0][2]


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


def test_rejects_are_written_even_when_no_row_is_left(cases: Path, tmp_path: Path) -> None:
    cases.write_text(HEADER + MET.format("a").replace("M54.2", "neck"))
    done = workbook("determine", cases, "--out", tmp_path / "d.csv", "--rejects", tmp_path / "r.csv")
    assert done.exit_code == 1
    assert "1 of 1 rows were rejected, none is left; written: " in done.output
    assert not (tmp_path / "d.csv").exists()
    assert pd.read_csv(tmp_path / "r.csv")["column"].tolist() == ["dx"]


def test_a_parquet_table_gives_the_same_determinations_as_its_csv(cases: Path, tmp_path: Path) -> None:
    pd.read_csv(cases).to_parquet(tmp_path / "cases.parquet")  # numbers and booleans, no text
    assert workbook("determine", cases, "--out", tmp_path / "from_csv.csv").exit_code == 0
    assert workbook("determine", tmp_path / "cases.parquet", "--out", tmp_path / "from_parquet.csv").exit_code == 0
    assert (tmp_path / "from_csv.csv").read_bytes() == (tmp_path / "from_parquet.csv").read_bytes()


def test_the_same_call_writes_the_same_bytes(cases: Path, tmp_path: Path) -> None:
    for name in ("1.csv", "2.csv", "1.parquet", "2.parquet"):
        assert workbook("determine", cases, "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_every_kind_of_wrong_setting_comes_in_one_pass(cases: Path, tmp_path: Path) -> None:
    wrong = ("conservative_week=8", "relief_pct=83", "relief_rule=x", "tn_failed_drugs_min=six", "relief_pct=90")
    words = [word for text in wrong for word in ("--set", text)]
    result = workbook("determine", cases, *words, "--scenario", "strict", "--out", tmp_path / "d.csv")
    assert result.exit_code == 1
    for said in (
        "--set conservative_week: ", "--set relief_pct: is set twice, to '83' and to '90'", "--set relief_rule: 'x' is",
        "--set tn_failed_drugs_min: 'six' is not a whole number", "scenario: 'strict' is no scenario",
    ):  # fmt: skip
        assert sum(line.startswith(said) for line in result.output.splitlines()) == 1, result.output
    assert list(tmp_path.iterdir()) == [cases]


def test_a_formula_is_neutralised_so_that_the_text_can_be_had_back(cases: Path, tmp_path: Path) -> None:
    ids = ["=1+1", "'=1+1", "@SUM(A1)", "-cmd", "+2", "-2", "-2.5", "'quoted", "plain"]
    cases.write_text(HEADER + "".join(MET.format(i) for i in ids))
    assert workbook("determine", cases, "--out", tmp_path / "d.csv").exit_code == 0
    written = pd.read_csv(tmp_path / "d.csv", dtype=str)["case_id"].tolist()
    assert written == ["'=1+1", "''=1+1", "'@SUM(A1)", "'-cmd", "+2", "-2", "-2.5", "'quoted", "plain"]
    assert workbook("determine", cases, "--out", tmp_path / "d.parquet").exit_code == 0
    assert pd.read_parquet(tmp_path / "d.parquet")["case_id"].tolist() == ids  # no spreadsheet opens it


def test_a_write_that_fails_leaves_the_old_determinations(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.csv").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = workbook("determine", cases, "--out", tmp_path / "d.csv")
    monkeypatch.undo()
    assert result.exit_code == 1
    assert "cannot be written (No space left on device); nothing was changed" in result.output
    assert (tmp_path / "d.csv").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"cases.csv", "d.csv"}
