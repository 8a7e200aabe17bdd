"""Kills, races and failures of real commands, in processes of their own; see tests/loss_sample.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def sampled(*words: str) -> str:
    """What the sample says; it ends with 1 when anything is lost."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "loss_sample.py", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.slow
def test_some_kills_and_races_lose_nothing() -> None:
    said = sampled("--kills", "10", "--races", "3")
    assert "'killed'" in said
    assert "races" in said


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--kills", "500"), ("--races", "200"), ("--fail",), ("--whole", "20")])
def test_many_kills_races_and_failures_lose_nothing(words: tuple[str, ...]) -> None:
    assert sampled(*words)
