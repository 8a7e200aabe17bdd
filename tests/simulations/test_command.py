"""The `workbook` command as a user meets it: what it prints, its exit codes, and what it leaves on disk."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from simulations.cli.command import Verbs, main
from tests.simulations.typed import HEADER, MET, workbook

VERBS = ("validate", "determine", "explain", "simulate", "population", "lab")

ROOT = Path(__file__).resolve().parents[2]


def test_verbs_are_listed_as_their_own_help_says():
    """The list is made without importing them."""
    for name, (_, summary) in Verbs.elsewhere.items():
        command = main.get_command(click.Context(main), name)
        assert command.get_short_help_str(1000) == summary
    listed = re.findall(r"^  (\w+) ", workbook("--help").output.partition("Commands:")[2], re.MULTILINE)
    assert listed == main.list_commands(click.Context(main))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = workbook(verb, "--help")
    assert result.exit_code == 0
    assert f"Example: workbook {verb}" in result.output


def test_all_that_ships_is_valid() -> None:
    result = workbook("validate")
    assert result.exit_code == 0
    assert {"2026.1.yaml", "2026.2.yaml", "strict_reading.yaml", "seed_low_prevalence.yaml"} <= set(
        re.findall(r"^\S+\.yaml", result.output, re.M)
    )


def test_what_ships_is_validated_by_name() -> None:
    names = ("nerve_blocks", "strict_reading", "seed_low_prevalence", "nerve_blocks@2026.1")
    result = workbook("validate", *names)
    assert result.exit_code == 0, result.output
    kinds = [line.partition(": ")[2].split()[0] for line in result.output.splitlines()]
    assert kinds[-3:] == ["scenario", "population", "policy"]
    assert set(kinds[:-3]) == {"policy"}
    result = workbook("validate", "strict_reeding")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "did you mean strict_reading?" in result.output


def test_the_version_is_that_of_the_package() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    result = workbook("--version")
    assert (result.exit_code, result.output.split()[-1]) == (0, stated)


def test_all_problems_of_a_folder_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("schema: scenario/1\nid: Bad Id\nlabel: x\npolicy: nerve_blocks\nprovisions: {}\n")
    (tmp_path / "b.yaml").write_text("schema: policy/9\nid: later\n")
    (tmp_path / "c.yaml").write_text("a: 1\na: 2\n")
    result = workbook("validate", tmp_path)
    assert result.exit_code == 1
    assert [name for name in ("a.yaml:2", "a.yaml:1", "b.yaml:1", "c.yaml:2") if name not in result.output] == []
    assert "newer version" in result.output
    assert "first on line 1" in result.output


def test_a_schema_is_printed_for_editors() -> None:
    printed = json.loads(workbook("validate", "--schema", "scenario").output)
    assert {"schema", "id", "policy", "because"} <= set(printed["required"])
    assert "provisions" in printed["properties"]
    assert workbook("validate", "--schema", "cases").exit_code == 2


def test_each_file_of_a_folder_has_its_own_fifty(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("schema: policy/1\n" + "".join(f"k{i}: x\n" for i in range(70)))
    lines = workbook("validate", tmp_path).output.splitlines()
    assert [sum(f"{name}:" in line for line in lines) for name in ("a.yaml", "b.yaml")] == [50, 50]
    assert sum(line.startswith("... and ") for line in lines) == 2


def test_wrong_usage_is_exit_two(cases: Path) -> None:
    assert workbook("determine", cases).exit_code == 2
    assert workbook("determine", cases, "--set", "nothing", "--out", "x.csv").exit_code == 2
    assert workbook("no_such_verb").exit_code == 2


def test_a_case_is_explained_and_an_unknown_one_is_said(cases: Path) -> None:
    told = workbook("explain", cases, "--case", "b")
    assert told.exit_code == 0
    assert "91 days (needed: more than 3 months; 1 day short)" in told.output
    assert "policy simulation only, not for individual determinations." in told.output
    unknown = workbook("explain", cases, "--case", "zz")
    assert unknown.exit_code == 1
    assert "no case 'zz'" in unknown.output


@pytest.mark.parametrize("words", [("simulate",), ("population", "seed_low_prevalence", "--size", "10")])
@pytest.mark.parametrize("out", ["", " "])
def test_a_folder_without_a_name_is_refused(words: tuple[str, ...], out: str) -> None:
    result = workbook(*words, "--out", out)
    assert (result.exit_code, result.output) == (1, "--out: is empty; name a folder\n")


def test_a_case_that_the_door_rejected_is_explained_by_what_is_wrong_with_it(cases: Path) -> None:
    bad = MET.format("late").replace("M54.2", "neck").replace(",42,", ",-3,")
    cases.write_text(HEADER + MET.format("a") + "\n" + bad)
    result = workbook("explain", cases, "--case", "late")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line[: line.index(" ")] for line in lines] == ["cases.csv:4:"] * 2
    assert "case 'late' was rejected: column conservative_care_days: '-3' is outside" in lines[0]
    assert "case 'late' was rejected: column dx: 'neck' is not one ICD-10-CM code" in lines[1]
    assert workbook("explain", cases, "--case", "a").exit_code == 0
    assert "1 row was rejected" in workbook("explain", cases, "--case", "b").output


def test_a_code_that_the_policy_does_not_cover_is_explained_without_empty_parts(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("case_id,dx,cpt\na,M54.5,20553\nb,M54.2,0213T\n", encoding="utf-8")
    told = {case: workbook("explain", tmp_path / "c.csv", "--case", case).output for case in "ab"}
    for text in told.values():
        assert "out_of_scope" in text
        assert "Smallest sets" not in text
        assert "\n\n\n" not in text
    assert "M54.5 is no longer a valid code: since October 2021" in told["a"]
    assert "no longer a valid code" not in told["b"]


def test_a_size_that_a_case_table_has_no_use_for_is_said(
    cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the summary of a case table has no seed is in test_run.py."""
    found = {"headline": "", "notice": "", "population": {"file": cases.name, "size": 1, "seed": None}}
    monkeypatch.setattr("simulations.runs.run.simulate", lambda **asked: found)
    asked = ("simulate", "--set", "conservative_weeks=8", "--population", cases, "--out", tmp_path / "out")
    result = workbook(*asked, "--size", "50", "--seed", "4")
    assert result.exit_code == 0
    for option in ("--size 50", "--seed 4"):
        assert f"{option} was not used: all rows of the table were read" in result.output


def test_a_secret_is_in_no_output(cases: Path, tmp_path: Path) -> None:
    cases.write_text(HEADER + MET.format("a") + MET.format("123-45-6789"))
    for words in (("--out", tmp_path / "d.csv"), ("--out", tmp_path / "d.csv", "--rejects", tmp_path / "r.csv")):
        said = workbook("determine", cases, *words)
        assert said.exit_code == 1
        assert "looks like a social security number" in said.output
        assert "6789" not in said.output
    assert list(tmp_path.iterdir()) == [cases]  # what looks like a person is refused, not rejected


LONG = "x" * 300
MISTAKES = [
    *(
        "determine {cases} --out {here}",
        "determine {cases} --out {cases}/d.csv",
        "determine {cases} --out {here}/d.txt",
    ),
    *("determine {cases} --out {here}/d.csv --rejects {here}/d.csv", "determine {cases} --out /proc/d.csv"),
    *("determine {cases} --out {here}/d.csv --rejects {cases}", f"determine {{cases}} --out {{here}}/{LONG}.csv"),
    *("determine {here} --out {here}/d.csv", "determine {here}/none.parquet --out {here}/d.csv"),
    *(f"determine {{here}}/{LONG}.csv --out {{here}}/d.csv", "determine {pipe} --out {here}/d.csv"),
    *("determine {cases} --policy {broken} --out {here}/d.csv", "determine {cases} --policy {here} --out {here}/d.csv"),
    *(
        "determine {cases} --policy {bytes} --out {here}/d.csv",
        "determine {cases} --scenario {bytes} --out {here}/d.csv",
    ),
    *("determine {cases} --scenario {here}/none.yaml --out {here}/d.csv", "determine {bytes} --out {here}/d.csv"),
    *("determine {cases} --map age=dx --out {here}/d.csv", "determine {cases} --ignore nothing --out {here}/d.csv"),
    *("determine {cases} --map dx=cpt --out {here}/d.csv", "determine {cases} --ignore dx --out {here}/d.csv"),
    *(
        "determine {cases} --set relief_pct=\x1b[31m --out {here}/d.csv",
        "determine {cases} --set a\n=1 --out {here}/d.csv",
    ),
    *("explain {cases} --case zz", "explain {here}/none.csv --case a", "explain {cases} --case a --set relief_pct=1"),
    *(
        "validate {broken} {bytes} {here}/none.yaml",
        "validate {cases}",
        "validate {pipe}",
        f"validate {{here}}/{LONG}.yaml",
    ),
    *("validate {here}/empty", "population {bytes} --out {here}/p.csv", "population none --out {here}/p.csv"),
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_mistake_shows_a_traceback_or_leaves_a_file(cases: Path, tmp_path: Path, mistake: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.yaml").write_text("a: [\n")
    (tmp_path / "bytes.yaml").write_bytes(b"\x00\xff\xfe")
    os.mkfifo(tmp_path / "pipe.yaml")
    before = {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.iterdir()}
    places = {name: tmp_path / f"{name}.yaml" for name in ("broken", "bytes", "pipe")}
    result = workbook(*(word.format(cases=cases, here=tmp_path, **places) for word in mistake.split(" ")))
    assert result.exit_code == 1
    said = result.output.splitlines()
    assert said
    assert [line for line in said if ": " not in line or not line.isprintable()] == []
    assert {path: path.read_bytes() if path.is_file() else b"" for path in tmp_path.iterdir()} == before


def test_no_start_waits_for_a_grammar_that_no_notebook_needs():
    """jsonschema, with which notebooks are checked, makes that of IRIs where its parser is at hand: a second."""
    code = "from simulations.cli.exits import begin; begin(); import nbformat, sys; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def installed(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as installed, in a process of its own that stands in `folder`."""
    script = Path(sys.executable).with_name("workbook")
    return subprocess.run([script, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_installed_command(cases: Path, tmp_path: Path) -> None:
    done = installed("determine", "cases.csv", "--out", "d.csv", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "written: d.csv" in done.stdout
    refused = installed("determine", "cases.csv", "--set", "conservative_week=8", "--out", "e.csv", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "--set conservative_week: 'conservative_week' is not a lever of nerve_blocks@2026.2, "
        "did you mean conservative_weeks?\n"
    )
    wrong = installed("determine", folder=tmp_path)
    assert wrong.returncode == 2
    assert "Missing argument" in wrong.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"cases.csv", "d.csv"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["aproval_impact"], "did you mean approval_impact?"),
        (["calibration", "-p", "lever=relief_pct"], "calibration: has no parameter 'lever' of its own (draws)"),
    ],
)
def test_a_template_that_is_not_there_is_said_in_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    result = workbook("simulate", *words, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_empty_name_is_no_folder_that_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words, says in (
        (["population", "", "--out", "c.csv"], "'': is no population that ships"),
        (["determine", "c.csv", "--out", ""], "--out: is empty; name a file"),
        (["page", "--out", ""], "--out: is empty; name a file"),
        (["page", "--out", "x"], "x: has no ending; use .html"),
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1
        assert done.stderr.startswith(says)
        assert "one of the files of" not in done.stderr
