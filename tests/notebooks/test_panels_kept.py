"""What the panel of levers keeps: scenarios, reports, and levers that were left moved."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import ipywidgets as widgets
import pytest

from notebooks.keeping import command, reported
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from notebooks.tweaking import scenarios
from policy import load_scenario
from policy.model import Policy
from policy.reading.loading import change_in_words
from policy.reading.workspace import SERVED, VARIABLE
from policy.storage.files import save
from simulations import Caseload
from tests.notebooks.hostile import SCRIPT
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.widgets_below import below, finding, slider

pytestmark = pytest.mark.usefixtures("workspace")


# Keeping -------------------------------------------------------------------------------------------------------------


def test_saving_says_where_and_how_to_use_it(panel: LeverPanel, nerve_blocks: Policy, workspace: Path):
    slider(panel, "conservative_weeks").value = 8
    panel.name.value = "Eight weeks"
    panel.save_button.click()
    assert "workbook simulate --scenario eight_weeks --policy nerve_blocks@2026.2 --size 2000" in plain(
        panel.message.value
    )
    assert load_scenario(workspace / "scenarios" / "eight_weeks.yaml", nerve_blocks).provisions == {
        "conservative_weeks": "8"
    }
    panel.name.value = "strict reading"
    panel.save_button.click()
    assert "Not saved: strict_reading.yaml: is there already" in plain(panel.message.value)
    assert 'role="alert"' in panel.message.value


def test_saved_over_only_once_it_was_said_what_changes(panel: LeverPanel, nerve_blocks: Policy, workspace: Path):
    panel.set("conservative_weeks", 8)
    file = panel.save("Eight weeks")
    first = file.read_bytes()
    panel.reset_button.click()
    panel.load("Eight weeks")
    assert panel.name.value == "Eight weeks"
    panel.set("conservative_weeks", 10)
    panel.set("relief_pct", 70)
    panel.save_button.click()
    asked = "\n".join(plain(one.value) for one in below(panel.saving.view) if isinstance(one, widgets.HTML))
    before = nerve_blocks.settings({"conservative_weeks": 8})
    for sentence in change_in_words(panel.tweaks.settings, before, names=False):
        assert sentence in asked
    assert file.read_bytes() == first
    panel.saving.over_button.click()
    assert load_scenario(file, nerve_blocks).provisions == {"conservative_weeks": "10", "relief_pct": "70"}
    assert (workspace / ".deleted" / "eight_weeks.yaml").read_bytes() == first
    assert "Saved as" in plain(panel.message.value)
    assert panel.saving.over_button not in below(panel.saving.view)
    again = file.read_bytes()
    panel.save_button.click()  # nothing changes: nothing is asked, nothing written
    assert (file.read_bytes(), len(list((workspace / ".deleted").iterdir()))) == (again, 1)
    panel.reset_button.click()
    assert panel.name.value == ""


def test_what_somebody_changed_or_wrote_by_hand_is_not_saved_over(panel: LeverPanel):
    panel.set("conservative_weeks", 8)
    file = panel.save("Eight weeks")
    panel.set("conservative_weeks", 9)
    panel.save_button.click()
    changed = file.read_bytes().replace(b'"8"', b'"12"')
    save(file, changed)
    panel.scenarios.stamps = scenarios.stamps()  # as another notebook writes between two looks
    panel.saving.over_button.click()
    assert "was changed by somebody else meanwhile" in plain(panel.message.value)
    assert file.read_bytes() == changed
    by_hand = changed + b"expect:\n  approval_pct: {at_least: 1}\n"
    save(file, by_hand)
    panel.scenarios.look()
    panel.saving.over_button.click()
    assert "says more than the levers" in plain(panel.message.value)
    assert file.read_bytes() == by_hand


@pytest.mark.slow
def test_the_line_that_is_printed_and_the_button_make_the_same_report(
    panel: LeverPanel, workspace: Path, tmp_path: Path
):
    """In a terminal that stands elsewhere and knows no workspace, as that of whoever uses the app."""
    elsewhere = {name: value for name, value in os.environ.items() if name != VARIABLE}
    slider(panel, "conservative_weeks").value = 8
    panel.name.value = "Eight weeks"
    panel.save_button.click()
    line = panel.message.value.partition('tabindex="0">')[2].partition("</pre>")[0]
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=elsewhere, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    first = (workspace / "reports" / "eight_weeks" / "summary.json").read_bytes()
    panel.report_button.click()
    assert "The report: " in plain(panel.message.value)
    assert (workspace / "reports" / "eight_weeks" / "summary.json").read_bytes() == first
    summary = json.loads(first)
    assert summary["finding"] + "." == finding(panel)
    assert summary["population"]["size"] == 2_000


def test_a_report_needs_a_name_and_says_what_went_wrong(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    assert panel.report_button.disabled
    slider(panel, "conservative_weeks").value = 8
    panel.report_button.click()
    assert "Not saved: type a name for the scenario first" in plain(panel.message.value)
    panel.name.value = "x"
    monkeypatch.setattr("notebooks.tweaking.report_forms.make_report", lambda report: SCRIPT)
    panel.report_button.click()
    assert f"No report: {SCRIPT}" in plain(panel.message.value)
    assert not panel.report_button.disabled


def test_a_report_says_before_and_after_that_it_saves_the_levers(
    panel: LeverPanel, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("notebooks.tweaking.report_forms.make_report", lambda report: "")
    told = panel.reporting.told
    assert told.value == ""
    panel.set("conservative_weeks", 8)
    assert "Make the report first saves the levers as a scenario under the name above" in plain(told.value)
    panel.name.value = "Eight weeks"
    panel.report_button.click()
    said = plain(panel.message.value)
    assert "Saved first, as " in said
    assert "eight_weeks.yaml" in said
    assert "The report: " in said
    assert told.value == ""
    panel.report_button.click()
    assert "Saved first" not in plain(panel.message.value)
    panel.set("conservative_weeks", 9)
    assert told.value != ""


@pytest.mark.parametrize("served", [True, False])
def test_a_line_names_the_workspace_in_full_only_where_a_command_does_not_find_it_by_itself(
    panel: LeverPanel, workspace: Path, monkeypatch: pytest.MonkeyPatch, served: bool
):
    if served:
        monkeypatch.setenv(SERVED, str(workspace))
    words = shlex.split(command("x", panel.policy, panel.cases).line)
    assert words[words.index("--workspace") + 1] == str(workspace)
    assert words[words.index("--out") + 1] == str(workspace / "reports" / "x")
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delenv(SERVED, raising=False)
    line = command("x", panel.policy, panel.cases).line
    assert "--workspace" not in line
    assert line.endswith("--out workspace/reports/x")


def test_a_program_that_only_lab_has_on_its_path_is_named_in_full(
    panel: LeverPanel, workspace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    here = tmp_path / "bin"
    here.mkdir()
    program = here / "workbook"
    program.write_text("", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(here / "python"))
    monkeypatch.setenv(SERVED, str(workspace))
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}/nowhere")
    assert command("x", panel.policy, panel.cases).line.startswith(f"{program} simulate")
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}{here}")
    assert command("x", panel.policy, panel.cases).line.startswith("workbook simulate")


def test_a_report_in_lab_can_be_opened_and_kept(panel: LeverPanel, workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(workspace))
    shown = reported(command("x", panel.policy, panel.cases))
    assert 'href="/files/reports/x/approval_impact.html"' in shown
    assert 'href="/files/reports/x/approval_impact.html?download=1"' in shown
    assert f"It is one file, to be kept or sent: {workspace}/reports/x/approval_impact.html" in plain(shown)


# Left unsaved --------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_lab(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    monkeypatch.setenv("WORKBOOK_SERVED", str(workspace))
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/2_tweak_thresholds.ipynb")


@pytest.mark.usefixtures("in_lab")
def test_what_was_left_unsaved_comes_back(nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch):
    panel = LeverPanel(nerve_blocks, cases)
    panel.set("relief_pct", 70)
    panel.set("max_sessions_12m", 3)
    again = LeverPanel(nerve_blocks, cases)
    assert again.tweaks.settings == panel.tweaks.settings
    assert "stand as you left them" in plain(again.message.value)
    assert len(LeverPanel(nerve_blocks, cases, scenario="strict_reading").tweaks.settings.provisions()) == 6
    again.reset_button.click()
    assert LeverPanel(nerve_blocks, cases).tweaks.settings == nerve_blocks.settings()
    panel.set("relief_pct", 75)
    monkeypatch.setenv("JPY_SESSION_NAME", "another.ipynb")
    assert LeverPanel(nerve_blocks, cases).tweaks.settings == nerve_blocks.settings()


@pytest.mark.usefixtures("in_lab")
@pytest.mark.parametrize("gone", [False, True])
def test_a_scenario_and_the_cases_come_back_too(panel: LeverPanel, nerve_blocks: Policy, cases: Caseload, gone: bool):
    panel.load("Medicare-like, epidural injection")  # which changes criteria, too
    panel.set("conservative_weeks", 9)
    if gone:
        panel.save("Nine weeks")
        panel.delete("Nine weeks")
    panel.draw(size=1_000, seed=7)
    again = LeverPanel(nerve_blocks, cases)
    assert again.tweaks.settings == panel.tweaks.settings
    assert again.readback() == panel.readback()
    assert again.scenarios.line.value == panel.scenarios.line.value
    assert (again.cases.size, again.cases.seed) == (1_000, 7)
    assert "The levers stand as you left them" in plain(again.message.value)
    assert again.cases.fingerprint == panel.cases.fingerprint
    again.reset_button.click()
    again.draw(size=cases.size, seed=1)
    assert not list(panel.unsaved.path.parent.glob("*.json"))  # type: ignore[union-attr]


@pytest.mark.usefixtures("in_lab")
def test_the_path_of_a_case_file_is_not_kept(panel: LeverPanel, nerve_blocks: Policy, cases: Caseload, workspace: Path):
    workspace.mkdir()
    panel.read(hostile_cases(workspace).rename(workspace / "members.csv"))
    assert panel.unsaved.path
    assert b"members" not in panel.unsaved.path.read_bytes()
    again = LeverPanel(nerve_blocks, cases)
    assert again.cases == cases
    assert "choose it again" in plain(again.message.value)


@pytest.mark.usefixtures("in_lab")
def test_what_the_policy_no_longer_allows_is_said_and_a_spoilt_file_is_nothing(nerve_blocks: Policy, cases: Caseload):
    panel = LeverPanel(nerve_blocks, cases)
    panel.set("relief_pct", 70)
    path = panel.unsaved.path
    assert path
    save(path, path.read_bytes().replace(b"70", b"71"))
    again = LeverPanel(nerve_blocks, cases)
    assert "cannot be restored" in plain(again.message.value)
    assert again.tweaks.settings == nerve_blocks.settings()
    for spoilt in (b"", b"{", b"[]", b'{"provisions": 3}'):
        save(path, spoilt)
        assert LeverPanel(nerve_blocks, cases).tweaks.settings == nerve_blocks.settings()


def test_elsewhere_nothing_is_kept_and_nothing_restored(panel: LeverPanel, workspace: Path):
    panel.set("relief_pct", 70)
    assert panel.unsaved.path is None
    assert not workspace.exists()
