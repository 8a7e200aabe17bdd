"""Scenarios that were saved for another version of the policy: listed, marked, and taken over as far as they apply."""

import json
from pathlib import Path

import numpy as np
import pytest

import simulations
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from notebooks.tweaking import scenarios
from policy import Draft, load, load_scenario
from policy.model import Policy
from policy.problems import ProblemsFound
from policy.reading.workspace import SERVED
from policy.storage.files import save
from simulations import Caseload, Study

pytestmark = pytest.mark.usefixtures("workspace")
BY = {"author": "A. Author", "reason": "two drugs from now on", "date": "2027-01-02"}


@pytest.fixture
def later(panel: LeverPanel, nerve_blocks: Policy, cases: Caseload, workspace: Path) -> LeverPanel:
    """A panel of version 2027.1, which asks for two drugs; three levers and one pathway were moved in 2026.2."""
    panel.load("Medicare-like, epidural injection")
    for lever, value in (("conservative_weeks", 8), ("relief_pct", 70), ("fm_drugs_failed_min", 2)):
        panel.set(lever, value)
    path = panel.save("Stricter")
    gone = b'provisions:\n  weeks_of_old: "3"\n  tn_failed_drugs_min: "99"\n'
    save(path, path.read_bytes().replace(b"provisions:\n", gone))
    draft = Draft.of(nerve_blocks.name, anew=True)
    draft.set_default("fm_drugs_failed_min", 2)
    draft.save_as("2027.1", **BY)
    version = load("nerve_blocks@2027.1")
    return LeverPanel(version, simulations.cases_of(version, size=2_000, seed=1))


def listed(panel: LeverPanel) -> list[str]:
    return [label for label, _ in panel.scenarios.choice.options]


def test_a_scenario_of_the_version_before_is_listed_with_its_version_after_those_of_this_one(later: LeverPanel):
    later.set("relief_pct", 60)
    later.save("Zero pain")
    assert listed(later)[-2:] == ["Zero pain (saved here)", "Stricter (saved here, of version 2026.2)"]


def test_what_still_applies_is_set_and_what_does_not_is_said(later: LeverPanel):
    later.load("Stricter")
    moved = later.tweaks.settings.provisions()
    assert (moved["relief_pct"], moved["conservative_weeks"]) == (70, 8)
    assert not {"fm_drugs_failed_min", "tn_failed_drugs_min"} & moved.keys()
    said = plain(later.message.value)
    for part in (
        "Taken over into version 2027.1: “Stricter” of version 2026.2.",
        "“Failed drugs, fibromyalgia” stands at 2 drugs already",
        "“weeks_of_old” is no lever of version 2027.1",
        "“Failed drugs, trigeminal neuralgia” does not fit: '99' is outside the domain; allowed 0 to 3 drugs",
        "Save as scenario makes it one of version 2027.1; the other stays as it is.",
    ):
        assert part in said
    assert plain(later.scenarios.line.value) == (
        "Taken over from “Stricter” of version 2026.2. Not saved in this version yet."
    )
    assert later._answer.edits, "what it changes in criteria comes along"
    entry = scenarios.entry_called(later.scenarios.entries, "Stricter")
    before = later.tweaks.settings
    study = Study("x", later.policy.settings(), scenarios.loaded_of(entry, later.policy).settings, later.cases)
    assert np.array_equal(later._answer.impact.counts, study.impact.counts)
    later.undo()
    assert later.tweaks.settings == later.policy.settings()
    later.redo_button.click()
    assert later.tweaks.settings == before


def test_saved_under_the_name_that_is_offered_it_is_one_of_this_version_and_the_other_stays(
    later: LeverPanel, workspace: Path
):
    before = (workspace / "scenarios" / "stricter.yaml").read_bytes()
    later.load("Stricter")
    assert later.name.value == "Stricter (2027.1)"
    later.save_button.click()
    found = load_scenario(workspace / "scenarios" / "stricter_2027_1.yaml", later.policy)
    assert (found.policy, found.label) == ("nerve_blocks@2027.1", "Stricter (2027.1)")
    assert later.policy.settings(found.provisions) == later.policy.settings(later.tweaks.settings.provisions())
    assert found.criteria
    assert (workspace / "scenarios" / "stricter.yaml").read_bytes() == before
    assert plain(later.scenarios.line.value) == "Loaded: Stricter (2027.1)"


def test_saved_over_it_is_asked_first_and_the_old_one_is_kept(later: LeverPanel, workspace: Path):
    before = (workspace / "scenarios" / "stricter.yaml").read_bytes()
    later.load("Stricter")
    later.name.value = "Stricter"
    later.save_button.click()
    asked = plain(later.saving._told.value)
    assert "It is of version 2026.2, and becomes one of version 2027.1" in asked
    later.saving.over_button.click()
    assert load_scenario(workspace / "scenarios" / "stricter.yaml", later.policy).policy == "nerve_blocks@2027.1"
    assert [path.read_bytes() for path in (workspace / ".deleted").iterdir()] == [before]
    assert listed(later)[-1] == "Stricter (saved here)"


def test_where_nothing_is_left_of_it_nothing_moves(later: LeverPanel, workspace: Path):
    text = json.dumps({"schema": "scenario/1", "id": "eight", "label": "Eight", "policy": "nerve_blocks@2026.2",
                       "because": "tried", "provisions": {"fm_drugs_failed_min": "2"}})  # fmt: skip
    save(workspace / "scenarios" / "eight.yaml", text.encode())
    later.load("Eight")
    assert "Nothing is left to take over of “Eight” of version 2026.2." in plain(later.message.value)
    assert later.tweaks.settings == later.policy.settings()


def test_it_comes_back_as_taken_over(later: LeverPanel, monkeypatch: pytest.MonkeyPatch, workspace: Path):
    monkeypatch.setenv(SERVED, str(workspace))
    monkeypatch.setenv("JPY_SESSION_NAME", "one")
    first = LeverPanel(later.policy, later.cases)
    first.load("Stricter")
    first._let_stand()
    again = LeverPanel(later.policy, later.cases)
    assert again.tweaks.settings == first.tweaks.settings
    assert again.tweaks.loaded == first.tweaks.loaded
    assert plain(again.scenarios.line.value) == plain(first.scenarios.line.value)


def test_another_deleted_scenario_that_is_put_back_is_not_taken_for_it(later: LeverPanel):
    later.set("relief_pct", 60)
    later.save("Sixty")
    later.load("Stricter")
    later.delete("Sixty")
    later.put_back()
    assert later.tweaks.loaded
    assert (later.tweaks.loaded.label, later.tweaks.loaded.of) == ("Stricter", "2026.2")


def test_a_scenario_of_another_policy_is_not_taken_over(later: LeverPanel, workspace: Path):
    text = "schema: scenario/1\nid: other\nlabel: x\npolicy: knees@2026.2\nbecause: y\nprovisions: {a: '1'}\n"
    save(workspace / "scenarios" / "other.yaml", text.encode())
    later._meanwhile()
    with pytest.raises(ProblemsFound, match="“x” is none of the scenarios"):
        later.load("x")
