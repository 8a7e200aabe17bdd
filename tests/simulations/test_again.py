"""The command at the end of a report, pasted into a terminal, makes the same report."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from policy import Draft
from policy.reading.workspace import VARIABLE
from simulations import simulate
from simulations.runs.again import command

ROOT = Path(__file__).resolve().parents[2]
LEVERS = {"conservative_weeks": 8, "fm_drugs_failed_min": 2}


def run(words: list[str], folder: Path) -> None:
    code = "from simulations.cli.command import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, *words], cwd=folder, check=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pasted_it_makes_the_same_bytes(tmp_path: Path):
    asked = [f"--set={lever}={value}" for lever, value in LEVERS.items()]
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    run(["simulate", *asked, "--population", "trial_10_15", "--size", "300", "--out", "a report"], here)
    first = bytes_of(here / "a report")
    name, *words = shlex.split(json.loads(first["summary.json"])["stamp"]["command"])
    assert name == "workbook"
    run(words, there)
    assert bytes_of(there / "a report") == first


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
    for version, told in (("2027.1", "nerve_blocks@2027.1"), ("2027.2", "nerve_blocks@2027.2")):
        draft = Draft.of("nerve_blocks@2026.2", anew=True)
        draft.set_default("fm_drugs_failed_min", 2)
        draft.save_as(version, author="A. Author", reason="two drugs first", date="2026-12-01")
        line = simulate(size=100, out=tmp_path / version)["stamp"]["command"]
        assert f"--policy {told} " in line
    found = simulate(size=100, baseline="nerve_blocks", policy="nerve_blocks@2027.1", out=tmp_path / "two")
    assert "--baseline nerve_blocks@2027.2 " in found["stamp"]["command"]
