"""The evidence as a hand asks for it: what stands on a source, what is left without it, and which cases change."""

from pathlib import Path
from typing import Any

import pytest

import policy as core
import simulations
from notebooks.evidence.evidence_panel import EvidencePanel
from notebooks.evidence.sources import FALLEN, due, stands_on
from notebooks.page import plain
from policy import Draft
from policy.authoring.evidence import KINDS, STATUSES, due_for_review, support, withdraw
from policy.model import OUTCOMES, Policy
from policy.problems import ProblemsFound
from policy.reading.loading import shipped
from policy.reading.workspace import SERVED, VARIABLE
from simulations import Caseload
from simulations.studies.withdrawal import withdrawal_study
from tests.notebooks.hostile import Elements
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.hostile import policy as hostile_policy

BMJ, VA_DOD = "bmj-2025", "va-dod-2023"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.delenv(SERVED, raising=False)
    return tmp_path


@pytest.fixture
def panel(nerve_blocks: Policy, cases: Caseload) -> EvidencePanel:
    return EvidencePanel(nerve_blocks, cases)


def tick(panel: EvidencePanel, card: str) -> None:
    panel.ticks[card].value = True


def test_each_source_can_be_ticked_and_says_its_name(panel: EvidencePanel, nerve_blocks: Policy):
    assert list(panel.ticks) == list(nerve_blocks.evidence)
    for key, box in panel.ticks.items():
        assert box.description == nerve_blocks.evidence[key].title
    assert panel.draft_button.disabled


@pytest.mark.parametrize("card", [BMJ, VA_DOD])
def test_a_withdrawal_shows_every_rule_that_is_left_and_every_way_in_which_cases_move(
    card: str, panel: EvidencePanel, nerve_blocks: Policy, cases: Caseload
):
    tick(panel, card)
    said = panel.readback()
    study = withdrawal_study(nerve_blocks.settings(), cases, card)
    left = study.withdrawal.left
    assert left
    assert sum(line.startswith(("- Lever", "- Criterion", "- Pathway")) for line in said.splitlines()) == len(left)
    assert f"In all, {study.rules.impact.moved:,} of the 2,000 made-up cases" in said
    flow = study.rules.impact.flow().to_numpy()
    for i, old in enumerate(OUTCOMES):
        for j, new in enumerate(OUTCOMES):
            told = f"{old} before, {new} after | {flow[i, j]:,} |".replace("_", " ").capitalize()
            assert (told in said) == (i != j and flow[i, j] > 0)
    assert card not in said
    assert study.rules.shown.finding() in said


def test_a_source_that_still_supports_leaves_nothing_and_one_that_does_not_is_as_good_as_withdrawn(
    panel: EvidencePanel,
):
    panel.choose(BMJ)
    withdrawn = panel.readback().splitlines()[1:]
    for status, fallen in FALLEN.items():
        panel.choose(BMJ, status=status)
        said = panel.readback().splitlines()[1:]
        assert (said == withdrawn) == fallen
        assert fallen or said == [f"No rule is left without support: a source that is {status} supports."]


def test_several_sources_together_are_withdrawn_together(panel: EvidencePanel, nerve_blocks: Policy):
    tick(panel, BMJ)
    tick(panel, VA_DOD)
    said = panel.readback()
    for one in withdraw(nerve_blocks, BMJ, VA_DOD).left:
        assert f"- {KINDS[one.section].capitalize()} " in said
    assert "seed-" not in said


def test_all_that_names_a_source_stands_under_it_with_what_else_supports_it(nerve_blocks: Policy):
    found = support(nerve_blocks)
    for card in nerve_blocks.evidence:
        shown = plain(stands_on(nerve_blocks.settings(), [card]))
        mine = [one for one in found if card in one.cards]
        assert sum(line.split(" ")[0] in ("Lever", "Criterion", "Pathway") for line in shown.splitlines()) == len(mine)
        assert shown.count("| nothing else") == sum(not {*one.standing} - {card} for one in mine)
        assert ("Sources disagree" in shown) == any(card in c[:2] for one in mine for c in one.conflicts)


# Written -------------------------------------------------------------------------------------------------------------


def test_a_downgrade_writes_into_a_draft_what_a_line_of_python_writes(
    panel: EvidencePanel, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(SERVED, str(workspace))
    panel.choose(BMJ, VA_DOD, status="superseded")
    panel.draft_button.click()
    assert "say why" in plain(panel.message.value)
    assert not (workspace / "drafts").exists()
    panel.why.value = "a newer one took its place"
    panel.draft_button.click()
    panel._settle()
    (kept,) = (workspace / "drafts").glob("*.json")
    draft = Draft.of(panel.policy.name, anew=True)
    for card in (BMJ, VA_DOD):
        draft.set_evidence(card, status="superseded", status_note="a newer one took its place")
    assert Draft.resume(kept).text == draft.text
    assert "now superseded" in plain(panel.message.value)
    assert len(panel.draft_row.children) == 3
    note = (workspace / ".unsaved" / "for_5_author_a_draft.json").read_text("utf-8")
    assert kept.name in note
    assert f"evidence.{BMJ}" in note


def test_what_is_no_status_cannot_be_written(panel: EvidencePanel, workspace: Path):
    for status in FALLEN:
        panel.choose(BMJ, status=status)
        assert panel.draft_button.disabled == (status not in STATUSES)
    assert not [*workspace.iterdir()]


# Due -----------------------------------------------------------------------------------------------------------------


def test_what_is_due_on_a_day_is_told_and_what_is_no_day_is_refused(panel: EvidencePanel, nerve_blocks: Policy):
    panel.day.value, panel.years.value = "2026-11-30", 5
    panel.due_button.click()
    found = due_for_review(nerve_blocks, "2026-11-30", 5)
    said = plain(panel.due.value)
    assert f"{len(found)} of {len(nerve_blocks.evidence)} sources are due" in said
    aged = sum("more than 5 years old" in one.rules for one in found)
    assert f"{aged} more than 5 years old" in said
    open_now, folded = panel.due.value.split("<details>")
    assert (open_now.count('<th scope="row"'), folded.count('<th scope="row"')) == (10, len(found) - 10)
    assert f"The other {len(found) - 10}" in said
    for day in ("", "tomorrow"):
        panel.day.value = day
        panel.due_button.click()
        assert "is no day" in plain(panel.due.value)
        assert 'role="alert"' in panel.due.value
    panel.day.value, panel.years.value = "2026-11-30", -1
    panel.due_button.click()
    assert "below 0" in plain(panel.due.value)


# Anything ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({name.partition("@")[0] for name in shipped()}))
def test_each_shipped_policy_can_be_asked(name: str):
    policy = core.load(name)
    panel = EvidencePanel(policy, simulations.cases_of(policy, size=200, seed=1))
    panel.choose(*panel.example())
    assert panel.readback()
    assert panel.alert.value == ""


def test_a_source_that_there_is_not_is_refused(panel: EvidencePanel):
    with pytest.raises(ProblemsFound, match="gone: is no source"):
        panel.choose("gone")


def test_hostile_text_is_text_and_a_policy_that_cannot_be_edited_says_so(tmp_path: Path):
    policy = hostile_policy()
    panel = EvidencePanel(policy, simulations.cases_of(policy, hostile_cases(tmp_path)))
    panel.choose(BMJ)
    shown: list[Any] = [panel.left.value, panel.first.value, panel.next.value, panel.stands.value]
    shown += [due(policy, "2026-11-30", 5), *(row.children[1].value for row in panel.list.children)]
    for html in shown:
        assert not {tag for tag, _ in Elements(html).found} & {"img", "script"}
    assert not any({"$", "\\"} & {*box.description} for box in panel.ticks.values())
    assert "no lever is called" in plain(panel.first.value)
    assert panel.alert.value == ""


def test_of_people_no_count_and_no_case_is_told(tmp_path: Path, nerve_blocks: Policy):
    panel = EvidencePanel(nerve_blocks, simulations.cases_of(nerve_blocks, hostile_cases(tmp_path)))
    panel.choose(BMJ)
    said = panel.readback()
    assert "Left without support" in said
    assert "before, " not in said
    assert "onerror" not in said


def test_what_other_notebooks_saved_can_be_chosen(panel: EvidencePanel, workspace: Path):
    """A version saved since, a draft edited since, and one that is gone."""
    draft = Draft.of("nerve_blocks@2026.2")
    draft.set_evidence(BMJ, title="A renamed source")
    panel._meanwhile()
    panel.document.value = next(one.key for one in panel.documents if one.draft)
    assert panel.ticks[BMJ].description == "A renamed source"
    tick(panel, VA_DOD)
    draft.set_evidence(BMJ, title="Renamed again")
    panel._meanwhile()
    assert panel.ticks[BMJ].description == "Renamed again"
    assert panel.ticks[VA_DOD].value
    draft.save_as("2027.1", author="A. Author", reason="as asked", date="2026-12-01")
    panel._meanwhile()
    assert "nerve_blocks@2027.1" in {key for _, key in panel.document.options}
    assert panel.document.value == ""
    assert "saved as a version" in panel.message.value
