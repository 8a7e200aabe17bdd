"""The list to work off before a draft is ready: what is broken is found, and its mend takes it off the list."""

import json
import os
from pathlib import Path

import ipywidgets as widgets
import pytest

from notebooks.checking.check_panel import CheckPanel
from notebooks.checking.items import SECTIONS, Item
from notebooks.checking.quick import at_once
from notebooks.checking.slow import Tried, looked_for
from notebooks.checking.words import in_labels, slip_in_words
from notebooks.comparison.words import case_in_words
from notebooks.desk import hand_over, handed
from notebooks.page import plain
from policy import Draft, load, shipped
from policy.authoring.mutation import slips
from policy.model import Policy
from policy.reading.workspace import OPENED, SERVED, VARIABLE
from tests.notebooks.hostile import SCRIPT
from tests.notebooks.widgets_below import below
from tests.policy.small import text_of

LATEST = sorted({name.rpartition("@")[0] for name in shipped()})
AGE = {"type": "whole", "max": "120", "unit": "years"}
LEAST = {
    "label": "Least age", "default": "18", "domain": {"min": "0", "max": "99", "step": "1"}, "unit": "years",
    "direction": "stricter_when_higher",
}  # fmt: skip
CASE = {"dx": "G47.33", "cpt": "E0601"}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    monkeypatch.delenv(SERVED, raising=False)
    return tmp_path / "mine"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policy:
    """One criterion, by the age; the single example has the age and no other, a column stands on a source for nothing.

    At 30 it is met whether 17, 18 or 19 are asked for, so nobody would notice these slips.
    """
    examples = [{"name": "of full age", "case": {**CASE, "age": "30"}, "expect": "met"}]
    statement = {"says": "Adults only.", "stance": "required", "applies_to": "all"}
    spare = {**AGE, "label": "Height", "statements": ["S1"]}
    fields, test = {"age": {**AGE, "label": "Age"}, "height": spare}, {"at_least": {"age": "least_age"}}
    more = {"examples": examples, "statements": {"S1": statement}}
    text = text_of(fields, {"least_age": LEAST}, {"adult": test}, **more)
    file = tmp_path / "small.yaml"
    file.write_text(text, "utf-8")
    monkeypatch.setenv(OPENED, str(file))
    return load(file)


def press(panel: CheckPanel, text: str) -> None:
    """The first button that begins with these words."""
    next(w for w in below(panel.view) if isinstance(w, widgets.Button) and w.description.startswith(text)).click()


def show(panel: CheckPanel, section: str) -> None:
    if not panel.sections[section].open:
        panel.sections[section].head.click()


def leave_all(panel: CheckPanel, why: str) -> None:
    for name, found in panel.found.items():
        for item in [item for item in found.items if item.key not in panel.left.reasons]:
            panel._leave(name, [item], why)


def seen(panel: CheckPanel) -> str:
    return plain(panel.headline.value)


# What is found --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LATEST)
def test_nothing_that_ships_has_a_problem_or_a_failing_example(name: str):
    found = at_once(Draft.of(name, anew=True), "2026-11-30", 5)
    assert not found["problems"].items
    assert not found["examples"].items
    assert all(section.whole for section in found.values())


@pytest.mark.parametrize("name", LATEST)
def test_every_slip_of_what_ships_is_told_without_an_identifier(name: str):
    policy, tree = load(name), Draft.of(name, anew=True).page.root.plain()
    names = {one for one in (*policy.levers, *policy.criteria, *policy.pathways, *policy.fields_) if "_" in one}
    for kind, place, did, _ in slips(policy):
        says = slip_in_words(tree, policy, _Slip(kind, place, did))  # type: ignore[arg-type]
        assert says.startswith("if ")
        assert not names & set(says.replace("“", " ").replace("”", " ").split()), (place, did)


class _Slip:
    def __init__(self, kind: str, place: str, did: str):
        self.kind, self.place, self.did = kind, place, did


@pytest.mark.parametrize("name", LATEST)
def test_the_cases_of_all_examples_are_told_in_words(name: str):
    policy = load(name)
    for example in policy.examples:
        said = case_in_words(policy, example.case)
        assert all(policy.fields_[fact].label in said for fact in example.case if fact not in ("dx", "cpt"))
        assert not [fact for fact in example.case if "_" in fact and fact in said]


def test_a_remark_is_told_in_labels(broken: Policy):
    said = in_labels(broken, "case dx G47.33, cpt E0601, age 17: not_met -> met with least_age=17")
    assert said == "case dx G47.33, cpt E0601, Age: 17 years: not met → met with “Least age” at 17"


def test_each_way_of_breaking_a_draft_has_its_section(broken: Policy):
    panel = CheckPanel(broken, day="2026-11-30")
    panel.draft.set_default("least_age", "31")  # the example fails, and what would show 17 or 19 is not there
    panel._refresh()
    panel.check()
    told = {name: [item.says for item in found.items] for name, found in panel.found.items()}
    assert told["examples"] == ["“of full age” comes out as not met (expected: met)"]
    assert any("Height" in says for says in told["remarks"])
    assert any(says.startswith("Nobody would notice if lever “Least age” were 30 years") for says in told["slips"])
    assert [item.place for item in panel.found["examples"].items] == ["examples.0"]
    assert all(found.whole for found in panel.found.values())


def test_a_document_that_does_not_agree_is_told_with_its_place(broken: Policy):
    panel = CheckPanel(broken)
    panel.draft.put("levers.least_age.default", "old")
    panel._refresh()
    (problem,) = panel.found["problems"].items
    assert (problem.place, "old" in problem.says) == ("levers.least_age", True)
    assert seen(panel).startswith("Not ready for the committee: 1 thing blocks it (1 problem),")
    panel.check()  # nothing to look for, and nothing fails
    assert not panel.found["slips"].whole


def test_a_problem_names_its_entry_as_people_do(nerve_blocks: Policy):
    draft = Draft.of(nerve_blocks.name, anew=True)
    draft.set_default("relief_pct", "70")  # the case of an exception no longer shows it
    (problem,) = at_once(draft, "2026-11-30", 5)["problems"].items
    assert problem.says.startswith("Exception to a direction “with two blocks a weak first block no longer counts")
    assert "_" not in problem.says


# What is mended -------------------------------------------------------------------------------------------------------


def test_the_list_is_worked_off_to_nothing_by_its_buttons(broken: Policy, workspace: Path):
    draft = Draft.of(Path(str(workspace.parent / "small.yaml")))
    draft.set_default("least_age", "31")
    panel = CheckPanel(broken, day="2026-11-30")
    panel.open(draft.place.name if draft.place else "")
    panel.check()
    assert seen(panel).startswith("Not ready for the committee: 1 thing blocks it (1 failing example)")
    show(panel, "examples")
    press(panel, "Expect not met")
    show(panel, "remarks")
    press(panel, "Take the column out")
    for section in ("coverage", "slips"):
        show(panel, section)
        while panel.found[section].items:
            press(panel, "It should be")
    assert seen(panel).startswith("Nothing blocks it, but the list is not worked off")
    leave_all(panel, "a made-up policy")
    assert seen(panel).startswith("Ready for the committee: nothing blocks it, and nothing is left to decide")
    mended = Draft.resume(draft.place) if draft.place else draft
    assert not mended.problems
    assert len(mended.policy.examples) == 3
    assert "height" not in mended.policy.fields_


def test_an_example_made_of_a_slip_is_asked_of_nothing_but_what_was_not_noticed(broken: Policy):
    draft, tried = Draft.of(Path(load_file())), Tried()
    *_, before = looked_for("slips", draft.page.root.plain(), draft.policy, tried)
    first: Item = before.items[0]
    first.mends[0].edit(draft)
    kept = {key: one.word for key, one in tried.verdicts.items()}
    *_, after = looked_for("slips", draft.page.root.plain(), draft.policy, tried)
    assert first not in after.items
    assert {key for key, one in tried.verdicts.items() if one.word != kept[key]} <= {
        key for key, word in kept.items() if word == "survived"
    }
    *_, anew = looked_for("slips", draft.page.root.plain(), draft.policy, Tried())
    assert {item.says for item in anew.items} == {item.says for item in after.items}
    draft.undo()
    *_, again = looked_for("slips", draft.page.root.plain(), draft.policy, tried)
    assert {item.says for item in again.items} == {item.says for item in before.items}


def load_file() -> str:
    return os.environ[OPENED]


def test_a_version_is_not_changed_and_a_draft_is_begun(broken: Policy):
    before = Path(load_file()).read_bytes()
    panel = CheckPanel(broken)
    panel.check()
    show(panel, "remarks")
    press(panel, "Take the column out")
    assert Path(load_file()).read_bytes() == before
    assert panel.key.endswith(".json")
    assert "in the draft from" in plain(panel.sections["remarks"].said.value)
    assert "height" not in panel.draft.policy.fields_
    press(panel, "Undo this")
    assert "height" in panel.draft.policy.fields_


def test_redo_waits_for_something_undone_and_nothing_is_said_of_what_was_not_looked_at(broken: Policy):
    panel = CheckPanel(broken)
    assert panel.redo_button.disabled
    assert panel.sections["slips"].head.description.endswith("Slips that nobody would notice: not looked at")
    panel.check()
    show(panel, "remarks")
    press(panel, "Take the column out")
    assert panel.redo_button.disabled
    panel.undo_button.click()
    assert not panel.redo_button.disabled


def test_a_second_click_on_a_button_that_goes_does_nothing(broken: Policy):
    panel = CheckPanel(broken)
    panel.check()
    item = panel.found["slips"].items[0]
    for _ in "12":
        panel._mend(item, item.mends[0])
    assert len(panel.draft.edits) == 1


# What is left, and what is handed on ----------------------------------------------------------------------------------


def test_what_is_left_needs_a_reason_and_is_kept_in_lab(
    broken: Policy, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(SERVED, str(workspace.parent))
    panel = CheckPanel(broken, day="2026-11-30")
    (item, *_) = panel.found["sources"].items
    panel._leave("sources", [item], "  ")
    assert "say why" in plain(panel.sections["sources"].said.value)
    panel._leave("sources", [item], "an assumption of ours")
    (kept,) = (workspace / "checks").iterdir()
    assert list(json.loads(kept.read_bytes()).values()) == ["an assumption of ours"]
    again = CheckPanel(broken, day="2026-11-30")
    assert again.left.reasons == {item.key: "an assumption of ours"}
    again._leave("sources", [item], "")
    assert CheckPanel(broken).left.reasons == {}


def test_what_was_worked_on_last_is_checked_of_whatever_policy_it_is(
    broken: Policy, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(SERVED, str(workspace.parent))
    monkeypatch.setattr(CheckPanel, "_look", lambda _: None)  # what takes a while is not what is asked here
    draft = Draft.blank("braces", "Braces")
    draft.put("title", "Knee braces")
    assert draft.place
    hand_over("6_check_a_draft", draft=broken.name)
    hand_over("5_author_a_draft", draft=draft.place.name)
    panel = CheckPanel(broken)
    assert panel.draft.value("title") == "Knee braces"
    assert panel.choose.label == "braces: Unsaved draft from an empty document, 1 edit"
    (item, *_) = panel.found["sources"].items
    panel._leave("sources", [item], "every policy has it")
    assert (workspace / "checks" / "braces.json").exists()
    hand_over("5_author_a_draft")
    press(panel, "Save it as a version")
    assert handed("5_author_a_draft") == {"draft": draft.place.name}
    assert panel.compare_button.disabled
    panel.open("")
    assert panel.draft.value("id") == broken.id
    assert (panel.save_button.disabled, panel.compare_button.disabled) == (True, False)
    hand_over("6_check_a_draft", draft="positive_airway_pressure@2026.1")  # as when it was saved in notebook 5
    panel._meanwhile()
    assert panel.choose.label == load("positive_airway_pressure@2026.1").titled
    assert CheckPanel(broken).draft.value("id") == "positive_airway_pressure"
    assert not panel.compare_button.disabled


def test_a_text_of_the_value_before_is_an_item_that_can_be_mended_or_left(broken: Policy):
    panel = CheckPanel(broken)
    assert panel.found["texts"].items == ()
    panel.draft.cite("levers", "least_age", citation="Eighteen years are the law's.")
    draft = Draft.resume(panel.draft.place)
    draft.save_as("2027.1", author="A. Author", reason="as asked", date="2026-12-01")
    later = CheckPanel(load("small@2027.1"))
    later.draft.set_default("least_age", 21)
    later._refresh()
    (item,) = later.found["texts"].items
    assert item.says == "Lever “Least age” still says “Eighteen years”, and “Least age” is 21 years now"
    assert (item.place, item.more) == ("levers.least_age", "Citation: Eighteen years are the law's.")


def test_nothing_is_written_by_looking(broken: Policy, workspace: Path):
    panel = CheckPanel(broken, day="2026-11-30")
    panel.check()
    leave_all(panel, "only while it runs")
    panel.readback()
    assert not workspace.exists()


def test_the_place_is_handed_to_where_it_is_mended(broken: Policy, workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(workspace.parent))
    panel = CheckPanel(broken)
    (first, *_) = [item.place for item in panel.found["sources"].items]
    panel.sections["remarks"].open = False  # in Lab the slow sections come by themselves
    panel._draw("remarks")
    show(panel, "sources")
    press(panel, "Mend it in Author a draft")
    found = handed("5_author_a_draft")
    assert found == {"draft": broken.name, "place": first}


def test_text_of_a_policy_is_text():
    """Escaped wherever HTML is shown, and in no description, in which Lab reads mathematics."""
    panel = CheckPanel(load("nerve_blocks"))
    panel.draft.put("criteria.pain_duration.says", SCRIPT)
    panel.draft.put("criteria.pain_duration.evidence", [])
    panel.draft.put("criteria.pain_duration.statements", [])
    panel._refresh()
    for name in SECTIONS:
        show(panel, name)
        panel.sections[name].most = 100
        panel._draw(name)
    texts = [w.value for w in below(panel.view) if isinstance(w, widgets.HTML)]
    assert any("&lt;img" in text for text in texts)
    assert not [text for text in texts if SCRIPT in text]
    assert not [w for w in below(panel.view) if SCRIPT in getattr(w, "description", "")]


def test_only_what_an_edit_changed_is_looked_at_again(monkeypatch: pytest.MonkeyPatch):
    """The logic of a draft with another notice is as it was: nothing is determined or proven again for the remarks."""
    draft, tried = Draft.of("occipital_myofascial@2026.1", anew=True), Tried()
    *_, before = looked_for("remarks", draft.page.root.plain(), draft.policy, tried)
    draft.put("notice", "Another notice.")
    proofs: list[str] = []
    for name in ("prove", "relations", "broken_direction"):
        monkeypatch.setattr(f"policy.authoring.lint.{name}", lambda *_, name=name, **__: proofs.append(name))
    *_, after = looked_for("remarks", draft.page.root.plain(), draft.policy, tried)
    assert after == before
    assert proofs == []
