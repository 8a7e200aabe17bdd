"""What the panel of levers keeps: scenarios, reports, and levers that were left moved."""

import json
import subprocess
from pathlib import Path

import pytest

from notebooks.keeping import base
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from policy import load_scenario
from policy.model import Policy
from policy.storage.files import save
from simulations import Caseload
from tests.notebooks.hostile import SCRIPT
from tests.notebooks.widgets_below import finding, slider

pytestmark = pytest.mark.usefixtures("workspace")


# Keeping -------------------------------------------------------------------------------------------------------------


def test_saving_says_where_and_how_to_use_it(panel: LeverPanel, nerve_blocks: Policy, workspace: Path):
    slider(panel, "conservative_weeks").value = 8
    panel.name.value = "Eight weeks"
    panel.save_button.click()
    assert "workbook simulate --scenario eight_weeks --size 2000" in plain(panel.message.value)
    assert load_scenario(workspace / "scenarios" / "eight_weeks.yaml", nerve_blocks).provisions == {
        "conservative_weeks": "8"
    }
    panel.save_button.click()
    assert "Not saved: eight_weeks.yaml: is there already" in plain(panel.message.value)
    assert 'role="alert"' in panel.message.value


@pytest.mark.slow
def test_the_line_that_is_printed_and_the_button_make_the_same_report(panel: LeverPanel, workspace: Path):
    slider(panel, "conservative_weeks").value = 8
    panel.name.value = "Eight weeks"
    panel.save_button.click()
    line = panel.message.value.partition("<pre>")[2].partition("</pre>")[0]
    done = subprocess.run(line, shell=True, cwd=base(), capture_output=True, text=True, check=False)
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
    assert "Not saved: name: '' is no name for a scenario" in plain(panel.message.value)
    panel.name.value = "x"
    monkeypatch.setattr("notebooks.lever_panel.make_report", lambda report: SCRIPT)
    panel.report_button.click()
    assert f"No report: {SCRIPT}" in plain(panel.message.value)
    assert not panel.report_button.disabled


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
