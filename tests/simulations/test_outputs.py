"""An output is never an input, a report replaces only a report, and every way out is one line with an exit code."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import workbook
from policy import ProblemsFound
from simulations.cli.command import main
from simulations.runs.earlier_reports import only_a_report
from simulations.runs.run import FOLDER

ROOT = Path(__file__).resolve().parents[2]
CASES = """case_id,dx,cpt,pain_duration_days,age
A1,M54.2,20552,200,45
A2,M54.2,20552,200,70
A3,M54.2,20552,-5,70
"""
SCENARIO = """schema: scenario/1
id: mine
label: Mine
policy: nerve_blocks@2026.1
because: "For a test."
provisions:
  conservative_weeks: "8"
population: {name: mine.csv}
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="workbook")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that a run can read, and no kernel."""

    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("papermill.execute_notebook", started)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "mine.csv").write_text(CASES.replace("-5", "5"), encoding="utf-8")
    (inside / "bad.csv").write_text(CASES, encoding="utf-8")
    (inside / "mine.yaml").write_text(SCENARIO, encoding="utf-8")
    shutil.copy(FOLDER / "approval_impact.ipynb", inside / "own.ipynb")
    shutil.copy(ROOT / "policy" / "documents" / "nerve_blocks" / "2026.1.yaml", inside / "policy.yaml")
    return inside


def all_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# An output is never an input -----------------------------------------------------------------------------------------

LINKS: dict[str, Callable[[Path, Path], None]] = {
    "itself": lambda file, name: None,
    "a link": lambda file, name: name.symlink_to(file),
    "a second name": lambda file, name: os.link(file, name),
}


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("option", ["--out", "--rejects"])
def test_a_table_that_is_read_is_not_written(place: Path, kind: str, option: str) -> None:
    name = place / ("mine.csv" if kind == "itself" else "other.csv")
    LINKS[kind](place / "mine.csv", name)
    before = all_files(place)
    other = "--rejects" if option == "--out" else "--out"
    for read, written in ((place / "mine.csv", name), (name, place / "mine.csv")):
        result = run("determine", read, option, written, other, place / "x.csv")
        assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
        assert "is the case table itself" in result.output
    assert all_files(place) == before


@pytest.mark.parametrize("name", ["policy.yaml", "mine.yaml"])
def test_a_document_that_is_read_is_not_written(place: Path, name: str) -> None:
    (place / "link.csv").symlink_to(place / name)
    before = all_files(place)
    words = ("--policy", place / "policy.yaml", "--scenario", place / "mine.yaml", "--out", place / "link.csv")
    result = run("determine", place / "mine.csv", *words)
    assert result.exit_code == 1
    assert f"is the {'policy' if name == 'policy.yaml' else 'scenario'} itself" in result.output
    result = run("coverage", "--policy", place / "policy.yaml", "--generate", place / "policy.yaml")
    assert (result.exit_code, "is the policy itself" in result.output) == (1, True)
    assert all_files(place) == before


@pytest.mark.parametrize(
    "shipped", ["policy/documents/nerve_blocks/2026.1.yaml", "simulations/scenarios/strict_reading.yaml"]
)
def test_what_ships_is_not_written_over(place: Path, shipped: str) -> None:
    before = (ROOT / shipped).read_bytes()
    result = run("coverage", "--policy", place / "policy.yaml", "--generate", ROOT / shipped)
    (line,) = result.output.splitlines()
    assert result.exit_code == 1
    assert "that ship" in line
    assert (ROOT / shipped).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--population", "{place}/mine.csv"], "holds the population that this run reads (mine.csv)"),
        (["--scenario", "{place}/mine.yaml"], "that this run reads"),
        (["--policy", "{place}/policy.yaml"], "holds the policy that this run reads (policy.yaml)"),
        (["{place}/own.ipynb"], "holds the notebook that this run reads (own.ipynb)"),
        (["alternatives", "-p", "scenarios={place}/mine.yaml"], "holds a file that this run reads (mine.yaml)"),
    ],
)
def test_a_folder_with_what_is_read_is_not_written(place: Path, words: list[str], said: str) -> None:
    (place.parent / "link").symlink_to(place)
    before = all_files(place)
    for out in (place, place.parent / "link", place.parent):
        result = run("simulate", *(word.format(place=place) for word in words), "--out", out)
        assert result.exit_code == 1
        assert said in result.output
        assert "nothing was changed" in result.output
    assert all_files(place) == before


def test_a_folder_that_holds_the_input_under_another_name_is_not_written(place: Path) -> None:
    (place.parent / "out").mkdir()
    os.link(place / "mine.csv", place.parent / "out" / "groups.csv")
    result = run("simulate", "--population", place / "mine.csv", "--out", place.parent / "out")
    assert "holds the population that this run reads (groups.csv)" in result.output


@pytest.mark.parametrize("out", ["simulations", "policy/documents", "notebooks", "tests", "."])
def test_the_checkout_is_not_written_over(place: Path, monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    monkeypatch.chdir(ROOT)
    before = sorted(path.name for path in (ROOT / out).iterdir())
    result = run("simulate", "--size", "300", "-p", "draws=0", "--out", out)
    (line,) = result.output.splitlines()
    assert result.exit_code == 1
    assert line.endswith("nothing was changed")
    if out != ".":
        assert run("population", "seed_low_prevalence", "--size", "10", "--out", out).exit_code == 1
    assert sorted(path.name for path in (ROOT / out).iterdir()) == before


# What may be replaced ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "names", "allowed"),
    [
        ({"template": "approval_impact", "complete": True}, ["approval_impact.html", "flow.png", "levers.csv"], True),
        ({"template": "subgroup_gaps", "complete": True}, ["subgroups.csv", "wrongful_gaps.png"], True),
        ({"template": "own", "complete": True}, ["own.ipynb", "outcomes.csv"], True),
        ({"template": "approval_impact", "complete": True}, ["sweep.csv"], False),
        ({"template": "approval_impact", "complete": False}, ["flow.png"], False),
        ({"template": "../approval_impact", "complete": True}, ["flow.png", "mine.txt"], False),
        (None, ["flow.png"], False),
        ([1], ["flow.png"], False),
    ],
)
def test_a_report_of_the_version_before_is_known_by_its_stamp(
    tmp_path: Path, stamp: object, names: list[str], allowed: bool
) -> None:
    (tmp_path / "summary.json").write_text(json.dumps({"schema": "summary/1", "stamp": stamp}), encoding="utf-8")
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    if allowed:
        only_a_report(tmp_path)
        return
    with pytest.raises(ProblemsFound, match=r"and no report|beside a report"):
        only_a_report(tmp_path)


def test_a_smaller_population_leaves_no_files_of_a_larger_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulations.population.sampling.CHUNK", 100)
    for size in (350, 120):
        assert run("population", "seed_low_prevalence", "--size", size, "--out", tmp_path / "cases").exit_code == 0
    files = sorted((tmp_path / "cases").iterdir())
    assert [file.name for file in files] == ["cases_000000.parquet", "cases_000001.parquet"]
    assert sum(len(pd.read_parquet(file)) for file in files) == 120
    for name, content in (("mine.parquet", b"x"), ("cases_000001.parquet", b"mine")):
        (tmp_path / "cases" / name).write_bytes(content)
        result = run("population", "seed_low_prevalence", "--size", 120, "--out", tmp_path / "cases")
        assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
        assert name in result.output
        assert (tmp_path / "cases" / name).read_bytes() == content
        (tmp_path / "cases" / name).unlink()


# All files of a command or none --------------------------------------------------------------------------------------


def test_determinations_and_rejected_rows_are_written_together_or_not_at_all(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk with the second file is full."""
    (place / "full").mkdir()
    old = {place / "d.csv": b"old", place / "full" / "r.csv": b"old"}
    for path, content in old.items():
        path.write_bytes(content)
    fsync = os.fsync

    def full(handle: int) -> None:
        if "full" in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    words = ("--out", place / "d.csv", "--rejects", place / "full" / "r.csv", "--max-rejects", "100")
    result = run("determine", place / "bad.csv", *words)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{place / 'full' / 'r.csv'}: cannot be written (No space left on device); nothing was changed"
    ]
    assert {path: path.read_bytes() for path in old} == old
    monkeypatch.undo()
    assert run("determine", place / "bad.csv", *words).exit_code == 0
    assert "old" not in {path.read_text(encoding="utf-8") for path in old}


# Every way out -------------------------------------------------------------------------------------------------------


FULL = "standard output: cannot be written (No space left on device)\n"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line for the shell in which $W is the command."""
    command = line.replace("$W", f"{shlex.quote(sys.executable)} -m workbook")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("$W sql > /dev/full", 1, FULL),
        ("$W validate --schema policy > /dev/full", 1, FULL),
        ("$W --help > /dev/full", 1, FULL),
        ("$W sql >&-", 1, "standard output is closed; nothing was done\n"),
        ("$W sql > /dev/null 2>&-", 0, ""),
        ("$W validate none.yaml 2> /dev/full", 1, ""),
        (
            "$W determine mine.csv --out d.csv > /dev/full", 1,
            "standard output: cannot be written (No space left on device); written before: d.csv\n",
        ),
    ],
)  # fmt: skip
def test_an_end_of_the_terminal_is_one_line(place: Path, line: str, code: int, said: str) -> None:
    done = shell(line, place)
    assert (done.returncode, done.stderr) == (code, said)
    assert (place / "d.csv").exists() == ("--out" in line)


def test_a_sign_that_the_terminal_cannot_show_is_one_line(place: Path) -> None:
    shutil.copy(place / "mine.yaml", place / "a→b.yaml")
    done = shell("PYTHONIOENCODING=cp1252 $W validate a→b.yaml", place)
    said = "standard output: '\\u2192' cannot be written there; set PYTHONIOENCODING=utf-8:backslashreplace\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_a_reader_that_has_enough_is_no_fault(place: Path) -> None:
    done = shell("$W sql | head -1", place)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("step", ["policy.checking.loading.load", "simulations.storage.tables.TableWriter.write"])
def test_too_little_memory_is_one_line(place: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def no_room(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(step, no_room)
    monkeypatch.setattr("policy.load", no_room if step.endswith("load") else __import__("policy").load)
    before = all_files(place)
    result = run("determine", place / "mine.csv", "--out", place / "d.csv")
    assert (result.exit_code, result.output) == (1, "there is not enough memory for this; nothing was written\n")
    assert all_files(place) == before


@pytest.mark.parametrize(
    "error",
    [ImportError("x.so: failed to map segment from shared object"), SystemError("error return without exception set")],
)
def test_a_library_that_has_no_room_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    def no_room(**_: object) -> None:
        raise error

    ends: list[int] = []
    monkeypatch.setattr("simulations.cli.command.main", no_room)
    monkeypatch.setattr(os, "_exit", ends.append)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    workbook.main()
    assert (ends, capfd.readouterr().err) == ([1], "there is not enough memory for this; nothing was written\n")


def test_an_interrupt_is_one_line_and_130(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simulations.storage.tables.TableWriter.write", interrupted)
    before = all_files(place)
    result = run("determine", place / "mine.csv", "--out", place / "d.csv")
    assert (result.exit_code, result.output) == (130, "interrupted; nothing was written\n")
    assert all_files(place) == before


def test_what_a_library_makes_of_an_interrupt_is_an_interrupt(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swallowed(*_: object) -> None:
        workbook.interrupted = True
        raise RuntimeError("a kernel was cut off")

    monkeypatch.setattr(workbook, "interrupted", False)
    monkeypatch.setattr("simulations.storage.tables.TableWriter.write", swallowed)
    result = run("determine", place / "mine.csv", "--out", place / "d.csv")
    assert (result.exit_code, result.output) == (130, "interrupted; nothing was written\n")


INTERRUPTED_AT = """
import os, signal, sys
import workbook
wanted = sys.argv.pop(1)
class Interrupting:
    def find_spec(self, name, *_):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
workbook.main()
"""


@pytest.mark.parametrize("module", ["simulations.cli.command", "yaml", "pydantic_core", "pandas", "numpy.linalg"])
def test_ctrl_c_while_libraries_are_imported_is_one_line(place: Path, module: str) -> None:
    words = ("determine", "mine.csv", "--out", "d.csv")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT, module, *words],
        cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "interrupted; nothing was written\n")
    assert not (place / "d.csv").exists()
    assert [name for name in os.listdir(place) if name.startswith(".")] == []
