"""The panel of a draft, driven as hands drive it."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets
import pytest

import simulations
from notebooks import panels
from notebooks.desk import hand_over
from notebooks.drafting.calls import Call
from notebooks.drafting.draft_panel import DraftPanel
from notebooks.drafting.entry_forms import EntryForm
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from policy import Draft, load
from policy.authoring.direction import Broken
from policy.authoring.draft_files import kept_drafts
from policy.model import Policy
from policy.reading.workspace import SERVED
from policy.trees.policies import levers_read
from simulations import Caseload
from tests.notebooks.draft_opened import panel
from tests.notebooks.hostile import NASTY
from tests.notebooks.widgets_below import below, choose, first, press

__all__ = ["panel"]

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.mark.parametrize("pain", [120, 60])  # days: so that all move, or none does though all are read differently
def test_of_people_an_edit_is_told_as_one_and_none_is_counted(nerve_blocks: Policy, tmp_path: Path, pain: int):
    table = tmp_path / "claims.csv"
    rows = "".join(f"c{i},M54.2,20553,{pain},63\n" for i in range(67))
    table.write_text(f"case_id,dx,cpt,pain_duration_days,conservative_care_days\n{rows}", encoding="utf-8")
    panel = panels.DraftPanel(nerve_blocks, simulations.cases_of(nerve_blocks, table))
    panel.open(("levers", "conservative_weeks"))
    first(panel.middle, "Minimum conservative care, weeks").value = 10
    assert panel.draft.value("levers.conservative_weeks.default") == "10"
    said = "\n".join(panel.effect.words())
    assert "The draft beside the version, in rounded shares." in said
    assert "Nothing is edited yet" not in said
    assert "67" not in said


def test_what_keeps_a_draft_from_being_saved_says_which_entry_it_is_of(panel: DraftPanel):
    panel.draft.set_default("relief_pct", 70)
    form = panel.saving
    form.version.value, form.author.value, form.reason.value, form.date.value = "2027.1", "A", "why", "2026-12-01"
    press(form.box, "Save as version")
    (said,) = [w.value for w in below(panel.saving.box) if "Not saved" in str(getattr(w, "value", ""))]
    assert "an exception to the direction of “Diagnostic blocks required” is met at 1 and met at 2" in plain(said)


def test_opening_writes_nothing(panel: DraftPanel, workspace: Path):
    panel.open(("levers", "conservative_weeks"))
    panel.open(("criteria", "conservative_care"))
    assert not workspace.exists()
    assert panel.draft.edits == ()


def test_the_number_of_a_lever_goes_with_its_slider_and_back(panel: DraftPanel):
    panel.open(("levers", "conservative_weeks"))
    slider = next(w for w in below(panel.middle) if isinstance(w, widgets.IntSlider))
    number = next(w for w in below(panel.middle) if isinstance(w, widgets.FloatText))
    slider.value = 9
    assert (number.value, panel.tree["levers"]["conservative_weeks"]["default"]) == (9, "9")
    number.value = 11
    assert (slider.value, panel.tree["levers"]["conservative_weeks"]["default"]) == (11, "11")
    assert len(panel.draft.edits) == 2


def test_a_story_by_hands_writes_what_its_lines_of_python_write(panel: DraftPanel, workspace: Path):
    """A lever, a criterion with a new lever, a stance, a sentence, a card, an example that is mended, a version."""
    panel.open(("levers", "fm_tpi_with_trigger_points"))
    stance = next(w for w in below(panel.middle) if getattr(w, "tooltip", "") == "Trigger points in fibromyalgia")
    stance.value = next(value for _, value in stance.options if value != stance.value)
    add_a_criterion(panel)
    panel.open(("criteria", "conservative_care"))
    first(panel.middle, "Sentence").value = "Conservative care of {conservative_weeks} was tried and failed"
    card = next(iter(panel.tree["evidence"]))
    panel.open(("evidence", card))
    first(panel.middle, "Status").value = "contested"
    assert panel.effect.failing.children
    for _ in range(20):
        mends = [
            w for w in below(panel.effect.failing) if getattr(w, "description", "") == "Expect what it comes out as"
        ]
        if not mends:
            break
        mends[0].click()
    assert not panel.effect.failing.children
    assert panel.draft.problems == ()
    saved(panel)
    by_hand = (workspace / "policies" / "nerve_blocks" / "2027.1.yaml").read_bytes()
    (workspace / "policies" / "nerve_blocks" / "2027.1.yaml").unlink()
    exec(panel.code(), {})
    assert (workspace / "policies" / "nerve_blocks" / "2027.1.yaml").read_bytes() == by_hand


LEVER = {"Value": "450", "Greatest": "730", "Sentence": "Sets how long pain must last.", "Citation": "Our assumption"}


def add_a_criterion(panel: DraftPanel) -> None:
    panel.outline.section.value = "criteria"
    panel.outline.add.click()
    form = panel.middle
    first(form, "Sentence").value = "The pain is at least {least_pain} long"
    first(form, "Asked for where not documented").value = "how long the pain has lasted"
    first(form, "Citation").value = "Our assumption"
    choose(form, "Test", "a number is at least")
    choose(form, "Column", panel.tree["fields"]["pain_duration_days"]["label"])
    choose(form, "is at least", "a new lever")
    for name, text in {**LEVER, "Label": "Least pain"}.items():
        first(form, f"{name} (new lever)").value = text
    choose(form, "Unit (new lever)", "days")
    choose(form, "Require it in", "Gate for the other diagnoses")
    choose(form, "Position", "before 1.")
    press(form, "Add it")
    assert panel.draft.value("levers.least_pain.default") == "450"


def saved(panel: DraftPanel) -> None:
    for box, text in (
        (panel.saving.version, "2027.1"), (panel.saving.author, "A. Author"),
        (panel.saving.reason, "as the committee asked"), (panel.saving.date, "2026-12-01"),
    ):  # fmt: skip
        box.value = text
    press(panel.saving.box, "Save as version")
    assert load("nerve_blocks@2027.1").version == "2027.1"


def test_all_that_is_wrong_when_saving_is_told_at_once(panel: DraftPanel):
    press(panel.saving.box, "Save as version")
    said = panel.saving.said.children[0].value
    assert all(word in said for word in ("version", "author", "reason", "date"))


def test_requirements_are_moved_dropped_and_undone_byte_for_byte(panel: DraftPanel):
    before = panel.draft.text
    gate = next(iter(panel.tree["gates"]))
    panel.open(("gates", gate))
    names = [held["criterion"] if isinstance(held, dict) else held for held in panel.tree["gates"][gate]["require"]]
    first(panel.middle, "Down").click()
    now = [held["criterion"] if isinstance(held, dict) else held for held in panel.tree["gates"][gate]["require"]]
    assert now[:2] == [names[1], names[0]]
    first(panel.middle, "Drop").click()
    assert len(panel.tree["gates"][gate]["require"]) == len(names) - 1
    panel.undo()
    panel.undo()
    assert panel.draft.text == before
    panel.redo()
    assert panel.draft.text != before


def test_a_step_that_cannot_be_done_whole_leaves_nothing(panel: DraftPanel):

    before = panel.draft.text
    lever = panel.tree["levers"]["conservative_weeks"]
    done = panel.do(Call("add_lever", ("another",), lever), Call("reword", ("criteria", "no_such", "x")))
    assert not done
    assert panel.draft.text == before
    assert "no_such" in panel.message.value


def test_an_entry_changed_elsewhere_is_shown_as_it_is(panel: DraftPanel):
    panel.open(("criteria", "conservative_care"))
    sentence = first(panel.middle, "Sentence")
    sentence.value = "Another sentence about {conservative_weeks}"
    assert first(panel.middle, "Sentence") is sentence  # the hands keep their place
    panel.undo()
    assert first(panel.middle, "Sentence").value == panel.tree["criteria"]["conservative_care"]["says"]
    panel.open(("examples", len(panel.tree["examples"]) - 1))
    press(panel.middle, "Take it out of the document")
    assert panel.entry is None


def test_a_fact_of_the_document_is_data(panel: DraftPanel):
    panel.open(("criteria", "conservative_care"))
    first(panel.middle, "Sentence").value = NASTY
    panel.open(("criteria", "conservative_care"))
    shown = "".join(str(w.value) for w in below(panel.view) if isinstance(w, widgets.HTML))
    assert "<script>" not in shown
    descriptions = [str(w.description) for w in below(panel.view) if hasattr(w, "description")]
    assert not [one for one in descriptions if NASTY[:12] in one]


def test_in_lab_the_draft_in_work_is_open_and_the_place_that_was_handed_over(
    nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    draft = Draft.of("nerve_blocks@2026.2")
    draft.set_default("conservative_weeks", 8)
    assert panels.DraftPanel(nerve_blocks, cases).draft.edits == ()
    monkeypatch.setenv(SERVED, str(tmp_path))
    hand_over("5_author_a_draft", place="levers.conservative_weeks.default")
    panel = panels.DraftPanel(nerve_blocks, cases)
    assert panel.draft.edits == draft.edits
    assert isinstance(panel.entry, EntryForm)
    assert panel.entry.path == ("levers", "conservative_weeks")
    panel.discard()
    assert kept_drafts("nerve_blocks") == {}


def test_an_open_panel_follows_what_other_notebooks_do(
    nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """An edit of the same draft is no conflict, a place is gone to, and what was discarded elsewhere is gone."""
    monkeypatch.setenv(SERVED, str(tmp_path))
    panel = panels.DraftPanel(nerve_blocks, cases)
    panel.do(Call("set_default", ("conservative_weeks", 8)))
    (path,) = kept_drafts("nerve_blocks")
    other = Draft.resume(path)
    other.set_default("fm_drugs_failed_min", 2)
    hand_over("5_author_a_draft", draft=path.name, place="levers.fm_drugs_failed_min")
    panel._meanwhile()
    assert panel.draft.text == other.text
    assert panel.entry is not None
    assert panel.entry.path == ("levers", "fm_drugs_failed_min")
    assert panel.do(Call("set_default", ("conservative_weeks", 9)))
    assert panel.draft.conflict is None
    other = Draft.resume(path)
    other.discard()
    panel._meanwhile()
    assert panel.draft.edits == ()
    assert "Another notebook saved this draft as a version, or discarded it" in panel.message.value


def test_exceptions_that_are_not_shown_any_more_get_other_cases_by_one_click(panel: DraftPanel):
    """The stance leaves each of them needed, as a search finds; their own cases show it at the stance before."""
    panel.do(Call("switch", ("axial_spine_stance", "never_outside_trial")))
    before = panel.draft.value("direction_exceptions")
    assert len([one for one in panel.draft.problems if one.code == "direction"]) == 2
    press(panel.effect.box, "Give the 2 exceptions cases that show them")
    assert not [one for one in panel.draft.problems if one.code == "direction"]
    now = panel.draft.value("direction_exceptions")
    stance = panel.policy.levers["axial_spine_stance"].default
    assert [one.get("set") for one in now] == [None, *[{"axial_spine_stance": stance}] * 2]
    assert [one["case"] for one in now] == [one["case"] for one in before]


def test_where_no_lever_brings_it_back_a_case_is_searched_for(panel: DraftPanel):
    panel.do(Call("put", ("direction_exceptions.0.case.block_2_relief_pct", "70")))  # so its mean is not enough
    assert [one.code for one in panel.draft.problems] == ["direction"]
    press(panel.effect.box, "Give the exception a case that shows it")
    assert panel.draft.problems == ()
    assert panel.draft.value("direction_exceptions.0.case")["block_2_relief_pct"] != "70"


def test_a_moved_lever_lists_the_texts_that_name_its_old_value_each_with_its_form(panel: DraftPanel):
    assert panel.effect.texts.children == ()
    panel.do(Call("set_default", ("conservative_weeks", "8")))
    said = plain("".join(str(getattr(w, "value", "")) for w in below(panel.effect.texts)))
    assert "Texts that name an old value (3)" in said
    assert "Citation: Six weeks comes from the source assessment (S13)." in said
    assert "Minimum conservative care: 8 weeks now" in said
    assert said.count("8 weeks now") == 2  # the lever's own row says it in its name
    opened = [w for w in below(panel.effect.texts) if isinstance(w, widgets.Button)]
    assert [w.tooltip for w in opened] == ["Open the lever", "Open the criterion", "Open the example"]
    opened[0].click()
    assert isinstance(panel.entry, EntryForm)
    assert panel.entry.path == ("levers", "conservative_weeks")
    panel.do(Call("cite", ("levers", "conservative_weeks"), {"citation": "Eight is ours."}))
    assert "(2)" in str(panel.effect.texts.children[0].value)


def test_an_exception_that_no_case_shows_can_be_taken_out_and_not_before(panel: DraftPanel):
    """Where every pathway that compares with a block's relief ends the same way, nothing stricter lets more in."""
    always = {"outcome": "not_met", "because": "left out in this draft"}
    ways = [n for n, one in panel.policy.pathways.items() if "relief_pct" in levers_read(panel.policy, one.rule)]
    panel.do(*(Call("put", (f"pathways.{name}.rule", always)) for name in ways))
    names = [w.description for w in below(panel.effect.box) if isinstance(w, widgets.Button)]
    assert not [one for one in names if one.startswith("Take out")]
    press(panel.effect.box, "Give the 3 exceptions cases that show them")
    press(panel.effect.box, "Take out the 3 exceptions that no case shows")
    assert not panel.draft.page.has(("direction_exceptions",))


def test_an_exception_is_not_taken_out_where_nothing_is_proven(panel: DraftPanel, monkeypatch: pytest.MonkeyPatch):
    def unknown(policy: Policy, lever: str) -> Broken:
        return Broken(lever, None, None, None, "too many values hang together")

    monkeypatch.setattr("policy.authoring.draft_exceptions.broken_direction", unknown)
    panel.do(Call("put", ("direction_exceptions.0.case.block_2_relief_pct", "70")))
    before = panel.draft.text
    press(panel.effect.box, "Give the exception a case that shows it")
    said = plain("".join(str(getattr(w, "value", "")) for w in below(panel.effect.problems)))
    assert "it is not proven that there is none" in said
    names = [w.description for w in below(panel.effect.box) if isinstance(w, widgets.Button)]
    assert not [one for one in names if one.startswith("Take out")]
    assert panel.draft.text == before


def test_moved_levers_are_taken_into_a_draft(nerve_blocks: Policy, cases: Caseload):
    tweaks = LeverPanel(nerve_blocks, cases)
    tweaks.set("conservative_weeks", 8)
    tweaks.set("axial_spine_stance", "no_position")
    tweaks.draft_button.click()
    (path,) = kept_drafts("nerve_blocks")
    draft = Draft.resume(path)
    moved = {"conservative_weeks": 8, "axial_spine_stance": "no_position"}
    assert dict(draft.policy.settings()) == dict(nerve_blocks.settings(moved))
    assert len(draft.changed) == 4  # a line out and a line in for each
    assert "Minimum conservative care, 8 weeks" in tweaks.message.value


def test_another_writer_is_shown_beside(panel: DraftPanel):
    panel.open(("levers", "conservative_weeks"))
    other = Draft.of("nerve_blocks@2026.2", anew=True)
    other.set_default("conservative_weeks", 10)
    assert panel.conflict.value == ""
    first(panel.middle, "Label").value = "Mine"
    assert "Mine" in panel.conflict.value
    assert "default: &quot;10&quot;" in panel.conflict.value
    assert len(kept_drafts("nerve_blocks")) == 2  # neither is lost


def test_a_policy_of_its_own_is_in_work_again_after_a_killed_kernel(
    nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(SERVED, str(tmp_path))
    panel = panels.DraftPanel(nerve_blocks, cases)
    panel.blank("of_its_own", "Of its own")
    panel.open(("head",))
    first(panel.middle, "Title").value = "Of my own"
    again = panels.DraftPanel(nerve_blocks, cases)
    assert again.draft.text == panel.draft.text
    assert "Of my own" in again.what.value
