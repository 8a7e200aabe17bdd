"""The panel for one case as hands use it, without a browser."""

import asyncio
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

import policy as core
import simulations
from notebooks.controls import as_label
from notebooks.desk import hand_over
from notebooks.page import plain
from notebooks.review.case_panel import CasePanel
from notebooks.review.fact_forms import FactForm
from policy import Draft, Policy
from policy.authoring.draft_files import kept_drafts
from simulations import Caseload
from tests.notebooks.hostile import NASTY, Elements
from tests.notebooks.hostile import policy as hostile_policy
from tests.notebooks.widgets_below import below

FULL = {
    "dx": "M54.2", "cpt": "20553", "pain_duration_days": "200", "conservative_care_days": "42",
    "conservative_care_failed": "true", "tried_physical_therapy": "true", "function_limited": "true",
    "imaging_other_cause": "false", "radiculopathy": "false", "trigger_points_on_exam": "true",
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def panel(nerve_blocks: Policy, cases: Caseload) -> CasePanel:
    return CasePanel(nerve_blocks, cases)


def head(panel: CasePanel) -> str:
    return plain(panel.head.value)


def form(panel: CasePanel) -> FactForm:
    (view,) = panel.typed_box.children
    assert panel._form
    assert view is panel._form.view
    return panel._form


def type_in(panel: CasePanel, **entries: str) -> None:
    for name, text in entries.items():
        form(panel).entries[name].hand.value = text


# Picking --------------------------------------------------------------------------------------------------------------


def test_a_list_leads_to_its_cases_and_the_lists_below_follow(panel: CasePanel):
    panel.outcome.value = "review"
    assert "Review – the policy has no computable answer" in head(panel)
    assert plain(panel.where.value) == "Case 1 of 373."
    assert ("Trigger point injection for fibromyalgia (93)", "fibromyalgia_trigger_point") in panel.pathway.options
    panel.pathway.value = "trigeminal_block"
    assert "Trigeminal nerve block" in head(panel)
    panel.outcome.value = "mismatch"  # of which that pathway has none
    assert panel.pathway.value == ""
    panel.next.click()
    assert plain(panel.where.value) == "Case 2 of 108."
    panel.previous.click()
    panel.previous.click()
    assert plain(panel.where.value) == "Case 108 of 108."


def test_a_search_that_finds_nothing_says_so_and_the_case_stays(panel: CasePanel):
    panel.search.value = "S0000000012"
    assert head(panel).startswith("Case S0000000012:")
    panel.search.value = "nobody"
    assert plain(panel.message.value) == "No case has an id with that in it."
    assert head(panel).startswith("Case S0000000012:")


def test_a_document_that_cannot_be_opened_is_told_and_the_one_before_stays(panel: CasePanel):
    draft = Draft.of("nerve_blocks@2026.2")
    draft.put("levers.conservative_weeks.domain.min", 99)
    assert draft.problems
    panel._show_documents()
    panel.document.value = kept_drafts("nerve_blocks").popitem()[0].name
    assert plain(panel.message.value).startswith("Not opened: ")
    assert panel.document.value == panel.review.key == ""


def test_a_draft_is_judged_as_it_stands_and_read_again_when_asked(panel: CasePanel):
    draft = Draft.of("nerve_blocks@2026.2")
    draft.set_default("conservative_weeks", 0)
    panel._show_documents()
    panel.document.value = kept_drafts("nerve_blocks").popitem()[0].name
    assert panel.review.tweaks.settings["conservative_weeks"] == 0
    draft.set_default("conservative_weeks", 26)
    next(w for w in below(panel.view) if getattr(w, "description", "") == "Read it again").click()
    assert panel.review.tweaks.settings["conservative_weeks"] == 26


def test_what_another_notebook_handed_over_is_the_start(
    nerve_blocks: Policy, cases: Caseload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKBOOK_SERVED", str(tmp_path))
    hand_over("3_review_a_case", document="nerve_blocks@2026.1", case_id="S0000000042")
    panel = CasePanel(nerve_blocks, cases)
    assert panel.review.policy.name == "nerve_blocks@2026.1"
    assert head(panel).startswith("Case S0000000042:")
    hand_over("3_review_a_case", document="gone.json", case_id="x")
    told = plain(CasePanel(nerve_blocks, cases).message.value)
    assert told.endswith("is not there any more: it was saved as a version, or discarded")


# Levers ---------------------------------------------------------------------------------------------------------------


def test_a_lever_changes_this_case_and_says_what_it_does_to_all(panel: CasePanel):
    panel.type_in(**FULL)
    assert "Met – all that the policy asks for is documented" in head(panel)
    panel.hands.control("conservative_weeks").parts["slider"].value = 8
    said = head(panel)
    assert "Met → Not met – a recommendation to a clinician, never an automatic denial" in said
    assert "Minimum conservative care: 6 weeks → 8 weeks" in said
    assert (
        "At least 8 weeks of conservative care were tried and failed, or it is contraindicated: ✓ met → ✗ not met"
        in said
    )
    study = simulations.ask(provisions={"conservative_weeks": 8}, size=2_000, seed=1)
    assert plain(panel.line.value) == study.impact.finding() + "."
    assert "2 weeks" in plain(panel.criteria.value)  # the distance: 14 days short
    panel.undo.click()
    assert "→" not in head(panel)


def test_only_the_levers_of_the_pathway_are_there(panel: CasePanel):
    panel.type_in(dx="M79.7", cpt="20553")
    shown = {c for w in below(panel.levers) for c in getattr(w, "_dom_classes", ()) if c.startswith("nbw-lever-")}
    assert {"nbw-lever-fm_drugs_failed_min", "nbw-lever-conservative_weeks"} <= shown
    assert "nbw-lever-rfa_stance" not in shown


def test_a_number_that_is_not_legal_is_refused_beside_its_lever(panel: CasePanel):
    control = panel.hands.control("conservative_weeks")
    control.parts["number"].value = 99
    assert "kept as it was" in control.head.value
    assert panel.review.tweaks.settings == panel.review.tweaks.baseline


# Typing ---------------------------------------------------------------------------------------------------------------


def test_an_empty_form_is_all_not_documented(panel: CasePanel):
    panel.type.click()
    assert form(panel).typed() == {}
    for name, entry in form(panel).entries.items():
        assert entry.missing.value is True, name
        if entry.words:
            label, value = entry.hand.options[0]
            assert (label.partition(" (")[0], value, entry.hand.value) == ("not documented", "", "")


def test_what_is_wrong_stands_beside_each_entry_until_it_is_mended(panel: CasePanel):
    before = head(panel)
    panel.type.click()
    type_in(panel, dx="M54.2 – Neck pain (cervicalgia)", cpt="2055", conservative_care_days="six weeks")
    notes = {name: plain(entry.note.value) for name, entry in form(panel).entries.items()}
    assert notes["cpt"].startswith("Procedure code: is not one CPT or HCPCS code")
    assert notes["conservative_care_days"].startswith("Days of conservative care: is not a plain number")
    assert plain(form(panel).head.value).startswith("2 to look at")
    assert head(panel) == before
    type_in(panel, cpt="20553", conservative_care_days="42")
    assert "Trigger point injection for spine pain" in head(panel)
    assert form(panel).entries["conservative_care_days"].missing.value is False
    form(panel).entries["conservative_care_days"].missing.value = True
    assert form(panel).typed() == {"dx": "M54.2", "cpt": "20553"}
    assert "Pend" in head(panel)


def test_change_this_case_starts_from_it(panel: CasePanel):
    panel.pick("met")
    before = panel.review.now()
    panel.change.click()
    after = panel.review.now()
    assert panel.review.typed is not None
    assert (after.outcome, after.truths) == (before.outcome, before.truths)
    assert head(panel).startswith("A case as you typed it: ")


def test_a_typed_case_is_written_nowhere_and_no_notebook_keeps_it(panel: CasePanel, workspace: Path):
    panel.type_in(**FULL)
    kept = panel._standing()
    assert "M54.2" not in kept["text/plain"] + kept["text/html"]
    assert "M54.2" in panel.readback()
    assert not workspace.exists()
    panel.pick("met")
    assert "S00000" in panel._standing()["text/html"]


def test_what_comes_too_late_is_not_shown(panel: CasePanel):
    """What would change a case is found beside; by then another case may be there."""

    async def go_on() -> str:
        panel.pick("not_met")
        panel.pick("mismatch")
        for _ in range(200):
            await asyncio.sleep(0.02)
            if "Looking" not in panel.way_out.value:
                break
        return plain(panel.way_out.value)

    told = asyncio.run(go_on())
    panel.pick("mismatch")
    assert told == plain(panel.way_out.value)


# The letter -----------------------------------------------------------------------------------------------------------


def test_edits_of_a_letter_are_kept_and_can_be_taken_along(panel: CasePanel):
    panel.pick("not_met")
    written = panel.letter.text.value
    assert "The decision is made by a clinician" in written
    panel.letter.text.value = f"{written}\nHello & <goodbye> #1"
    panel.next.click()
    assert "goodbye" not in panel.letter.text.value
    panel.previous.click()
    assert panel.letter.text.value.endswith("Hello & <goodbye> #1")
    ((_, link),) = [one for one in Elements(panel.letter.take.value).found if one[0] == "a"]
    assert unquote(str(link["href"]).partition(",")[2]) == panel.letter.text.value
    panel.letter.again.click()
    assert panel.letter.text.value == written


# Examples -------------------------------------------------------------------------------------------------------------


def test_a_case_becomes_an_example_and_can_be_taken_back(panel: CasePanel):
    panel.pick("not_met")
    panel.example.open.click()
    assert kept_drafts("nerve_blocks") == {}
    panel.example.name.value = "a case for the committee"
    panel.example.add.click()
    (kept,) = kept_drafts("nerve_blocks").values()
    assert "a case for the committee" in kept.text()
    assert panel.review.case_id not in kept.text()
    assert "as expected" in plain(panel.example.said.value)
    assert any(key == "nerve_blocks.json" for _, key in panel.document.options)
    panel.example.back.click()
    (kept,) = kept_drafts("nerve_blocks").values()
    assert kept.text() == kept.base


def test_an_example_that_expects_something_else_fails_and_is_told_to(panel: CasePanel):
    panel.pick("not_met")
    panel.example.open.click()
    panel.example.expect.value = "met"
    panel.example.add.click()
    assert "It fails there: expected Met, it comes out Not met." in plain(panel.example.said.value)


# People ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(tmp_path: Path, nerve_blocks: Policy) -> CasePanel:
    table = simulations.cases_of(nerve_blocks, size=60, seed=1).part(0)
    rows = [f"K{i},{dx},{cpt},120" for i, (dx, cpt) in enumerate(zip(table.dx, table.cpt, strict=True))]
    (tmp_path / "mine.csv").write_text("case_id,dx,cpt,pain_duration_days\n" + "\n".join(rows) + "\n", "utf-8")
    return CasePanel(nerve_blocks, simulations.cases_of(nerve_blocks, tmp_path / "mine.csv"))


def test_no_number_of_people_is_told(people: CasePanel):
    for hand in (people.outcome, people.pathway, people.reason):
        assert not [label for label, _ in hand.options if re.search(r"\(\d+\)$", label)]
    assert not re.search(r"\d", plain(people.where.value))
    people.set("conservative_weeks", 8)
    assert re.fullmatch(
        r"Approvals of all cases: about \d+\.\d% before, about \d+\.\d% now\. Not for release\.",
        plain(people.line.value),
    )


def test_a_row_of_people_is_marked_kept_nowhere_and_no_example(people: CasePanel, workspace: Path):
    assert "Row level, not for release" in head(people)
    assert "ynthetic" not in people.letter.text.value
    kept = people._standing()
    assert "K0" not in kept["text/plain"] + kept["text/html"]
    people.example.open.click()
    assert people.example.add.disabled
    people.change.click()  # still the row of a person
    assert people.example.add.disabled
    assert not workspace.exists()
    people._close_form()
    people.type.click()
    type_in(people, dx="M54.2", cpt="20553")
    assert not people.example.add.disabled


# Text that tries to be something else ---------------------------------------------------------------------------------


def test_text_of_a_policy_is_data_everywhere():
    document = hostile_policy()
    panel = CasePanel(document, simulations.cases_of(document, size=100, seed=1))
    panel.change.click()
    panel.example.open.click()
    for widget in below(panel.view):
        if type(widget).__name__ == "HTML" and widget.value:
            assert {tag for tag, _ in Elements(widget.value).found} & {"img", "script"} == set()
        description = getattr(widget, "description", "")
        assert not re.search(r"[$\\<>]", description), description
    assert NASTY.replace("<", "＜")[:20] in form(panel).entries["dx"].hand.description


def test_a_label_is_no_mathematics():
    assert as_label(r"a $x^2$ \(y\) b") == "a ＄x^2＄ ＼(y＼) b"


def test_every_hand_has_a_name(panel: CasePanel):
    panel.change.click()
    panel.example.open.click()
    levers = set(below(panel.levers))
    kinds = ("Dropdown", "Text", "Combobox", "Textarea", "Button", "Checkbox")
    hands = [w for w in below(panel.view) if type(w).__name__ in kinds and w not in levers]
    assert len(hands) > 40
    assert [w for w in hands if not w.description.strip()] == []


@pytest.mark.parametrize("name", ["lower_back_procedures", "occipital_myofascial", "positive_airway_pressure"])
def test_every_shipped_policy_can_be_reviewed(name: str):
    document = core.load(name)
    panel = CasePanel(document, simulations.cases_of(document, size=200, seed=1))
    for word in panel.review.picks.outcomes():
        panel.outcome.value = word
        panel.change.click()
        panel.alike.click()
        assert panel.alert.value == ""
        assert panel.review.before().outcome == word
