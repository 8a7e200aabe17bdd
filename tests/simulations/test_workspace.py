"""Scenarios and policies of the workspace are called by name, as those that ship."""

import os
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import simulations
from policy import load
from policy.problems import ProblemsFound
from policy.reading.loading import shipped
from policy.storage.files import save
from simulations.cli.command import main
from simulations.scenario.loading import find_scenario

SCENARIO = 'schema: scenario/1\nid: mine\nlabel: "Mine"\npolicy: nerve_blocks\nbecause: "A test."\nprovisions:\n'


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("WORKBOOK_WORKSPACE", raising=False)
    folder = tmp_path / "workspace"
    for name in ("scenarios", "policies/other", "policies"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    save(folder / "scenarios" / "mine.yaml", f"{SCENARIO}  conservative_weeks: 8\n".encode())
    save(folder / "scenarios" / "strict_reading.yaml", f"{SCENARIO}  conservative_weeks: 9\n".encode())
    document = shipped()["nerve_blocks@2026.1"].read_bytes()
    save(folder / "policies" / "draft.yaml", document)
    save(folder / "policies" / "other" / "2026.1.yaml", document)
    save(folder / "policies" / "other" / "2026.10.yaml", document)
    return folder


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def test_names_of_the_workspace_work_like_names_of_what_ships(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    policy = load("nerve_blocks")
    assert find_scenario("mine", policy).provisions == {"conservative_weeks": "8"}
    assert find_scenario("strict_reading", policy).provisions["rfa_stance"] == "never_outside_trial"  # as it ships
    copied = load("nerve_blocks@2026.1").fingerprint
    assert {load(name).fingerprint for name in ("draft", "other", "other@2026.10")} == {copied}
    assert ran("sql", "--scenario", "mine").output == ran("sql", "--set", "conservative_weeks=8").output
    assert "6 weeks -> 8 weeks" in ran("compare", "nerve_blocks", "mine").output
    study = simulations.ask("draft", "mine", size=300)
    assert study.provisions() == {"conservative_weeks": 8}


def test_what_may_be_named_is_told_once(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for verb in (("validate", "drafd"), ("compare", "drafd", "nerve_blocks")):
        told = re.findall(r"[\w@.]+", ran(*verb).output.partition("ships (")[2].partition(")")[0])
        assert len(told) == len({*told}) > 5
        assert "draft" in told


def test_another_workspace_is_named_for_one_command(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    told = ran("sql", "--workspace", str(kept), "--scenario", "mine")
    assert (told.exit_code, "8 weeks" in told.output) == (0, True)
    assert "WORKBOOK_WORKSPACE" not in os.environ
    assert ran("sql", "--scenario", "mine").exit_code == 1
    wrong = ran("sql", "--workspace", str(kept / "scenarios" / "mine.yaml"), "--scenario", "mine")
    assert (wrong.exit_code, "is no folder" in wrong.output) == (2, True)


def test_a_name_that_is_nowhere_is_refused_with_the_nearest(kept: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(kept))
    with pytest.raises(ProblemsFound, match=r"none in the workspace \(mine\) and no .yaml file, did you mean mine\?"):
        find_scenario("mina", load("nerve_blocks"))
    with pytest.raises(ProblemsFound, match=r"none in the workspace \(draft, other@2026.1, other@2026.10\)"):
        load("nowhere")


def test_a_report_of_what_was_saved(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = ran("simulate", "--policy", "draft", "--scenario", "mine", "--size", "300", "-p", "draws=0", "--out", "o")
    assert told.exit_code == 0, told.output
    assert b'"id": "mine"' in (tmp_path / "o" / "summary.json").read_bytes()


def test_every_verb_that_takes_a_policy_by_name_takes_the_workspace_where_it_lies() -> None:
    options: dict[str, set[str]] = {}
    context = click.Context(main)
    for verb in main.list_commands(context):
        command = main.get_command(context, verb)
        options[verb] = {name for one in command.params for name in one.opts} if command else set()
    named = {verb for verb, names in options.items() if names & {"--policy", "--scenario", "--draft"}}
    assert {"coverage", "mutate", "determine", "lab"} <= named
    assert [verb for verb in sorted(named) if "--workspace" not in options[verb]] == []
