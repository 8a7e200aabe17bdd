"""`workbook population` as a user meets it: a case table on disk, or a line that says why there is none."""

import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner

from simulations.cli.command import main
from tests.simulations.typed import NOTICE, workbook


def test_a_population_is_a_case_table(tmp_path: Path) -> None:
    made = workbook("population", "seed_low_prevalence", "--size", "300", "--seed", "2", "--out", tmp_path / "p.csv")
    assert made.exit_code == 0
    assert NOTICE in made.output
    assert workbook("determine", tmp_path / "p.csv", "--out", tmp_path / "d.csv").exit_code == 0
    assert len(pd.read_csv(tmp_path / "d.csv")) == 300


def test_a_population_without_an_ending_is_a_folder_of_the_same_cases(tmp_path: Path) -> None:
    name = "seed_low_prevalence,migraine=80"
    for out in ("p.parquet", "cases"):
        made = workbook("population", name, "--size", "300", "--seed", "2", "--out", tmp_path / out)
        assert made.exit_code == 0
        assert "published figures agree" in made.output
        assert "cannot hold together: " in made.output
    (file,) = (tmp_path / "cases").iterdir()
    assert file.name == "cases_000000.parquet"
    assert pd.read_parquet(file).equals(pd.read_parquet(tmp_path / "p.parquet"))
    assert pd.read_parquet(file)["dx"].str.startswith("G43").mean() > 0.7


@pytest.mark.parametrize("words", [["--size", "1e5"], ["--size", "0"], ["--seed", "-1"], ["--size", "007"]])
def test_sizes_and_seeds_are_plain_whole_numbers(tmp_path: Path, words: list[str]) -> None:
    result = workbook("population", "seed_low_prevalence", *words, "--out", tmp_path / "p.csv")
    assert result.exit_code == 1
    assert "is not a whole number" in result.output
    assert list(tmp_path.iterdir()) == []


def test_all_bad_options_of_a_population_come_in_one_pass(tmp_path: Path) -> None:
    words = ("--size", "0", "--seed", "-1", "--out", tmp_path / "nowhere" / "p.csv")
    lines = workbook("population", "seed_low_prevalenc", *words).output.splitlines()
    assert [line.partition(":")[0].rpartition("/")[2] for line in lines] == [
        "p.csv",
        "'seed_low_prevalenc'",
        "size",
        "seed",
    ]


@pytest.mark.parametrize("out", ["c.csv", "cases"])
def test_more_cases_than_the_disk_has_room_for_are_refused_with_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """Told by as many bytes as the first rows take; a disk that has that many is no obstacle."""
    made, size = tmp_path / out, 30_000
    words = ["population", "trial_10_15", "--size", str(size), "--out", str(made)]
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=500_000))
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert re.match(
        r"size: 30,000 cases need about 0 GB where .* is to be; 0.0 GB are free; name at most ", done.stderr
    )
    assert not any(tmp_path.iterdir())
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**9))
    assert CliRunner().invoke(main, words).exit_code == 0
    written = sum(file.stat().st_size for file in (made.iterdir() if made.is_dir() else [made]))
    most = int(done.stderr.rpartition("at most ")[2].replace(",", ""))
    assert 500_000 / (written / size) == pytest.approx(most, rel=0.1)


def test_a_seed_serves_every_verb(tmp_path: Path) -> None:
    """A population is drawn with no seed that a report would refuse."""
    told = set()
    for verb in (
        ["population", "trial_10_15", "--out", str(tmp_path / "c.csv")],
        ["simulate", "--out", str(tmp_path / "o")],
    ):
        done = CliRunner().invoke(main, [*verb, "--seed", str(2**63)])
        assert done.exit_code == 1
        told.add(done.stderr)
    assert len(told) == 1
