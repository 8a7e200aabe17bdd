"""The command at the end of a report, pasted into a terminal, makes the same report."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from policy import Draft
from policy.reading.workspace import VARIABLE
from simulations import simulate
from simulations.cli.command import main
from simulations.runs import run
from simulations.runs.again import command

ROOT = Path(__file__).resolve().parents[2]
LEVERS = {"conservative_weeks": 8, "fm_drugs_failed_min": 2}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def reported(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The report of a command that is typed in a folder."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    return bytes_of(folder / "a report")


def test_pasted_it_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = [f"--set={lever}={value}" for lever, value in LEVERS.items()]
    asked += ["--population", "trial_10_15", "--size", "300", "--parameter", "draws=0", "--out", "a report"]
    first = reported(["simulate", *asked], tmp_path / "here", monkeypatch)
    name, *words = shlex.split(json.loads(first["summary.json"])["stamp"]["command"])
    assert name == "workbook"
    assert reported(words, tmp_path / "there", monkeypatch) == first


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"own": {"lever": "age", "by": ["a", "b"], "long": True}},
         "-P approval_impact --parameter lever=age --parameter by=a,b --parameter long=true --out out"),
        ({"own": {"exact": True, "baseline": "p@2026.1"}}, "-P approval_impact --baseline p@2026.1 --exact --out out"),
        ({"numbers": {"size": 5, "seed": 2}}, "-P approval_impact --size 5 --seed 2 --out out"),
        ({"provisions": {"weeks": "off"}}, "-P approval_impact --set weeks=off --out out"),
        ({"out": ROOT / "my out"}, "-P approval_impact --out 'my out'"),
    ],
)  # fmt: skip
def test_everything_that_was_asked_for_is_in_it(given: dict[str, object], told: str):
    asked = {"provisions": {}, "numbers": {}, "own": {}, "out": "out", **given}
    found = command("approval_impact", {"policy": "p@2026.2"}, **asked)  # type: ignore[arg-type]
    assert found == told.replace("-P approval_impact", "workbook simulate approval_impact --policy p@2026.2")


def test_no_folder_of_this_machine_is_in_it():
    named = {"policy": ROOT / "mine.yaml", "population": "tables/mine.csv"}
    found = command(ROOT / "t.ipynb", named, {}, {}, {}, "out")
    assert str(ROOT) not in found
    assert "tables/mine.csv" in found


def test_a_version_that_is_saved_later_changes_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    monkeypatch.setattr(run, "_report", lambda *told: ({"stamp": {"command": told[-1]}}, {}))  # no kernel is needed
    for version, told in (("2027.1", "nerve_blocks@2027.1"), ("2027.2", "nerve_blocks@2027.2")):
        draft = Draft.of("nerve_blocks@2026.2", anew=True)
        draft.set_default("fm_drugs_failed_min", 2)
        draft.save_as(version, author="A. Author", reason="two drugs first", date="2026-12-01")
        line = simulate(size=100, out=tmp_path / version)["stamp"]["command"]
        assert f"--policy {told} " in line
    found = simulate(size=100, baseline="nerve_blocks", policy="nerve_blocks@2027.1", out=tmp_path / "two")
    assert "--baseline nerve_blocks@2027.2 " in found["stamp"]["command"]
