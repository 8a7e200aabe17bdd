"""Scenarios and policies of the workspace are called by name, as those that ship."""

import json
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
from simulations import Study, ask
from simulations.cli.command import main
from simulations.reports import report
from simulations.reports.first_page import first_page
from simulations.runs import run
from simulations.scenario.loading import find_scenario
from tests.simulations.families import EIGHT, NAME, SIX, document, family, in_force

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


@pytest.mark.parametrize("status", ["draft", "adopted"])
def test_a_lever_that_stands_there_already_is_named_with_the_version_that_was_taken(
    there: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    """The bare name means the version in the workspace, which has 8 weeks already: no case changes, and that is why."""

    def told(_: object, asked: Study, *rest: object) -> tuple[dict[str, object], dict[str, bytes]]:
        found = {**report.summary(asked), "stamp": {}, "files": {}}
        return found, {"summary.json": report.json_bytes(found)}

    monkeypatch.setattr(run, "_report", told)  # what the notebook would write, without a kernel
    old = document("2026.1", levers={"conservative_weeks": SIX})
    family(there, old, document("2027.1", status, {"conservative_weeks": EIGHT}, in_force("2027-01-01")))
    asked = ("--policy", NAME, "--set", "conservative_weeks=8", "--size", "50")
    done = ran("simulate", *asked, "--out", "o")
    assert done.exit_code == 0, done.output
    says = f"conservative_weeks is already 8 weeks in {NAME}@2027.1"
    assert f"{says}.\n" in done.stdout
    assert f"status {status} ({NAME}@2027.1, saved in the workspace)" in done.stdout
    summary = json.loads(Path("o/summary.json").read_bytes())
    assert summary["scenario"]["already"] == [says]
    read = "Minimum conservative care is already 8 weeks in Nerve-block injections, version 2027.1"
    assert f"{read}." in summary["notices"]
    study = ask(NAME, provisions={"conservative_weeks": 8}, size=50)
    assert read in first_page(study).text
    for others in ({"policy": f"{NAME}@2026.1"}, {"baseline": f"{NAME}@2026.1", "policy": f"{NAME}@2026.1"}):
        assert ask(**others, provisions={"conservative_weeks": 8}, size=50).already() == []  # type: ignore[arg-type]
    back = ask("nerve_blocks", "strict_reading", {"undocumented_action": "pend"}, size=50)
    assert back.already() == []  # the scenario moves it, and --set moves it back
