"""Two documents compared: the words, the proof and the counts, and the panel driven as a hand drives it."""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy as core
import simulations
from notebooks.comparison.choice import first_pair
from notebooks.comparison.effect import effect
from notebooks.comparison.redline import DECIDES, entries, redline, turned
from notebooks.comparison.relation import proven, verdict
from notebooks.comparison.version_panel import VersionPanel
from notebooks.desk import documents, hand_over
from notebooks.frame import Frame
from notebooks.page import plain
from policy import Draft
from policy.authoring.change import Change
from policy.authoring.proof import prove_everywhere
from policy.authoring.side_by_side import word_by_word
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import ProblemsFound, refuse
from policy.reading.loading import shipped
from policy.reading.workspace import SERVED, VARIABLE
from simulations import Caseload
from simulations.studies.versions import changes_apart
from tests.notebooks.hostile import Elements
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.hostile import policy as hostile_policy

SOURCE = "nerve_blocks@2026.2"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.delenv(SERVED, raising=False)
    return tmp_path


def edited(*edits: tuple[str, Any]) -> tuple[Settings, Settings]:
    """A version and a draft of it with values put at paths."""
    draft = Draft.of(SOURCE, anew=True)
    for path, value in edits:
        assert draft.put(path, value).done
    return draft.published.settings(), draft.policy.settings()


@pytest.fixture(scope="module")
def two_drugs() -> tuple[Settings, Settings]:
    """A version and what it would be if fibromyalgia asked for two drugs: stricter in one pathway."""
    before = core.load(SOURCE)
    return before.settings(), before.settings({"fm_drugs_failed_min": 2})


# In words ------------------------------------------------------------------------------------------------------------

WORDS = ["pain", "relief", "of", "at", "least", "six", "weeks,", "or", "none"]
texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)


@given(texts, texts)
def test_what_is_taken_out_and_what_is_kept_is_the_first_text_and_what_is_put_in_and_kept_the_second(a: str, b: str):
    found = [*word_by_word(a, b)]
    assert " ".join(filter(None, (words.out for words in found))) == a
    assert " ".join(filter(None, (words.into for words in found))) == b


@given(texts, texts)
def test_a_redline_on_the_screen_holds_both_texts(a: str, b: str):
    html = turned(a, b)
    for gone, kept in (("ins", a), ("del", b)):
        rest = re.sub(f"<{gone}>.*?</{gone}>", "", re.sub("<span.*?</span>", "", html)).replace("→", "")
        assert re.sub("<.*?>", "", rest).split() == kept.split()


EDITS = [
    (("levers.conservative_weeks.default", 8), "Minimum conservative care: 6 weeks → 8 weeks", True),
    (("levers.conservative_weeks.domain.max", 30), "Minimum conservative care: Values that it may take", True),
    (("levers.conservative_weeks.label", "Weeks of care"), "Weeks of care: Label: Minimum conservative care", False),
    (("levers.rfa_stance.default", "never_outside_trial"), "Stance on facet ablation: ", True),
    (("criteria.pain_duration.ask", "the day it began"), "exceeds 3 months: Asked for: the", False),
    (("evidence.bmj-2025.status", "superseded"), "Standing: contested → superseded", False),
    (("texts.how_to_read.title", "How it is read"), "Title: ", False),
    (("pathways.spine_epidural.title", "Epidurals"), "Epidurals: Title: Epidural injection for spine pain", False),
]


@pytest.mark.parametrize(("edit", "says", "decides"), EDITS, ids=[edit[0] for edit, *_ in EDITS])
def test_an_edit_is_told_in_its_group_and_without_an_identifier(edit: tuple[str, Any], says: str, decides: bool):
    before, after = edited(edit) if edit[0] != "texts.how_to_read.title" else edited(_first_text())
    found = entries(before, after)
    assert {entry.group == DECIDES for entry in found} == {decides} or "levers" not in edit[0]
    shown = plain(redline(before, after))
    assert says in shown
    names = {*after.policy.levers, *after.policy.criteria, *after.policy.fields_, *after.policy.pathways}
    assert [name for name in names if "_" in name and name in shown] == []


def _first_text() -> tuple[str, str]:
    return f"texts.{next(iter(core.load(SOURCE).texts))}.title", "How it is read"


def test_every_change_of_the_two_shipped_versions_is_shown():
    before, after = (core.load(f"nerve_blocks@2026.{n}").settings() for n in (1, 2))
    found = entries(before, after)
    assert sum(len(entry.changes) for entry in found) == len([*changes_apart(before, after)])
    assert "Nothing that may decide a case differs." in plain(redline(before, after))
    titles = re.findall("<summary>(.+?) [(][0-9]+[)]</summary>", redline(before, after))
    assert len(titles) == len({*titles}) > 1
    assert redline(before, before).startswith("<p>Nothing is different")


def test_a_rule_is_not_told_again_because_a_lever_in_its_sentence_moved():
    before, after = edited(("levers.relief_pct.default", 70))
    assert [entry.name for entry in entries(before, after)] == ["Relief from a diagnostic block"]


def test_a_change_knows_its_two_texts():
    for change, _ in changes_apart(*(core.load(f"nerve_blocks@2026.{n}").settings() for n in (1, 2))):
        assert isinstance(change, Change)
        assert not change.key or change.says == f"{change.what}: {change.before} -> {change.after}"


# Proven --------------------------------------------------------------------------------------------------------------


def test_stricter_one_way_is_looser_the_other_and_the_case_is_told_in_words(two_drugs: tuple[Settings, Settings]):
    before, after = two_drugs
    forth, back = prove_everywhere(before, after), prove_everywhere(after, before)
    assert verdict(forth).startswith("The second is stricter")
    assert verdict(back).startswith("The second is looser")
    shown = plain(proven(forth, before, after))
    assert "Met before, not met after: Fibromyalgia (M79.7), Trigger point injection (20552); " in shown
    assert "Fibromyalgia drugs tried and failed: 1 drug" in shown
    assert "(1 drug before, 2 drugs after)" in shown
    assert f"the other {len(before) - 1} levers" in shown
    assert f"Proven the same in {len(before.policy.pathways) - 1} pathways" in shown
    assert "fm_" not in shown


def test_a_proof_says_how_far_it_is_and_can_be_ended(two_drugs: tuple[Settings, Settings]):
    seen: list[tuple[int, int]] = []

    def far(done: int, of: int) -> None:
        seen.append((done, of))
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        prove_everywhere(*two_drugs, progress=far)
    assert [done for done, _ in seen] == [0, 1, 2, 3]


# Counted -------------------------------------------------------------------------------------------------------------


def test_cases_are_counted_pathway_by_pathway_as_their_determinations_say(cases: Caseload):
    before = core.load(SOURCE).settings()
    found = effect(before, core.load(SOURCE).settings({"conservative_weeks": 8}), cases)
    one, other = (core.determine(s.policy, next(cases.slices()), s).frame() for s in (before, found.study.scenario))
    for place, name in enumerate(found.study.scenario.policy.pathways):
        mine = other["pathway"] == name
        for i, old in enumerate(OUTCOMES):
            for j, new in enumerate(OUTCOMES):
                count = int((mine & (one["outcome"] == old) & (other["outcome"] == new)).sum())
                assert found.flows[place, i, j] == count
    assert np.array_equal(found.flows.sum(axis=0), found.study.impact.counts.sum(axis=(0, 1)))
    shown = plain(found.html())
    assert found.finding in shown
    assert "Met before, not met after" in shown


# The panel -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept() -> Draft:
    draft = Draft.of(SOURCE, anew=True)
    draft.set_default("fm_drugs_failed_min", 2)
    return draft


@pytest.fixture
def panel(kept: Draft, nerve_blocks: Policy, cases: Caseload) -> VersionPanel:
    panel = VersionPanel(nerve_blocks, cases)
    assert kept.place
    panel.choose("", kept.place.name)
    return panel


def test_a_draft_stands_after_its_source_in_lab_and_two_versions_anywhere_else(
    kept: Draft, nerve_blocks: Policy, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    known = documents(nerve_blocks)
    assert kept.place
    assert first_pair(nerve_blocks, known) == ("nerve_blocks@2026.1", "")
    monkeypatch.setenv(SERVED, str(workspace))
    assert first_pair(nerve_blocks, known) == ("", kept.place.name)


def test_what_was_handed_over_is_the_start(nerve_blocks: Policy, workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(workspace))
    hand_over("4_compare_versions", before="", after="nerve_blocks@2026.1")
    assert first_pair(nerve_blocks, documents(nerve_blocks)) == ("", "nerve_blocks@2026.1")
    hand_over("4_compare_versions", before="", after="gone.json")
    assert first_pair(nerve_blocks, documents(nerve_blocks)) == ("nerve_blocks@2026.1", "")


def test_the_panel_says_what_the_modules_say_and_can_be_swapped(panel: VersionPanel):
    said = panel.readback()
    assert "1 entry that may decide a case differs (levers)" in said
    assert "The second is stricter" in said
    panel.swap()
    assert "The second is looser" in panel.readback()
    assert panel.alert.value == ""


def test_a_document_of_another_policy_is_refused_with_the_reason(panel: VersionPanel):
    before = panel.readback()
    with pytest.raises(ProblemsFound, match=r"only versions of one policy \(nerve_blocks\) can be compared"):
        panel.choose("", "positive_airway_pressure@2026.1")
    assert panel.readback() == before


def test_the_same_document_twice_and_a_draft_that_does_not_agree_are_told(panel: VersionPanel, kept: Draft):
    panel.choose("", "")
    assert "Both are the same document" in plain(panel.message.value)
    assert panel.report_button.disabled
    kept.put("pathways.spine_epidural.statements", ["S999"])
    assert kept.place
    panel.choose("", kept.place.name)
    assert "These two cannot be compared yet" in plain(panel.message.value)
    assert len(panel.help.children) == 2
    assert panel.words.value == ""


def test_a_draft_has_no_report_before_it_is_saved(panel: VersionPanel):
    panel.report_button.click()
    assert "1 edit: save it as a version first" in plain(panel.report_at.value)
    assert len(panel.report_row.children) == 2


def test_the_report_of_two_versions_is_what_a_terminal_makes(
    nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch
):
    made: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "notebooks.comparison.version_panel.make_report", lambda report: made.append(report.arguments) or ""
    )
    panel = VersionPanel(nerve_blocks, cases)
    panel.report_button.click()
    (arguments,) = made
    assert arguments[:5] == ("simulate", "--baseline", "nerve_blocks@2026.1", "--policy", SOURCE)
    assert " ".join(arguments[:-2]) in plain(panel.report_at.value)


def test_a_draft_of_any_policy_is_compared_over_cases_of_its_own(
    nerve_blocks: Policy, cases: Caseload, workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    source = "positive_airway_pressure@2026.1"
    draft = Draft.of(source)
    assert draft.set_default("moderate_index", 20).done
    assert draft.place
    monkeypatch.setenv(SERVED, str(workspace))
    hand_over("4_compare_versions", before=source, after=draft.place.name)  # as notebook 6 does
    panel = VersionPanel(nerve_blocks, cases)
    said = panel.readback()
    assert said.startswith("Before: Positive airway pressure")
    assert "1 entry that may decide a case differs (levers)" in said
    before, after = draft.published, draft.policy
    own = simulations.cases_of(before, size=cases.size, seed=cases.seed or 1)
    assert effect(before.settings(), after.settings(), own).finding in said
    panel.which.value = "nerve_blocks"
    assert panel.readback().startswith("Before: Version 2026.1")
    assert panel.cases is cases
    panel.choose(source, draft.place.name)
    assert panel.which.label == before.title
    assert panel.readback() == said
    with pytest.raises(ProblemsFound, match="is no version or kept draft of positive_airway_pressure"):
        panel.choose(source, "positive_airway_pressure@2031.1")
    assert panel.readback() == said


def test_a_policy_without_cases_is_still_compared_in_words_and_by_proof(
    nerve_blocks: Policy, cases: Caseload, monkeypatch: pytest.MonkeyPatch
):
    def none(policy: Policy) -> str:
        raise refuse("population", policy.id, "has none")

    monkeypatch.setattr("notebooks.comparison.version_panel.default_for", none)
    draft = Draft.of("positive_airway_pressure@2026.1")
    draft.set_default("moderate_index", 20)
    panel = VersionPanel(nerve_blocks, cases)
    assert draft.place
    panel.choose(draft.source, draft.place.name)
    assert "The second is" in panel.readback()
    assert "No cases to count" in plain(panel.effect.value)
    assert panel.report_button.disabled
    assert panel.groups_button.disabled


@pytest.mark.parametrize("name", sorted({name.partition("@")[0] for name in shipped()}))
def test_each_shipped_policy_can_be_opened_here(name: str):
    policy = core.load(name)
    panel = VersionPanel(policy, simulations.cases_of(policy, size=200, seed=1))
    assert panel.alert.value == ""
    one = len(panel.documents) == 1
    assert panel.readback().startswith("This policy has one version" if one else "Before: ")
    assert len(panel.help.children) == (2 if one else 0)


def test_hostile_text_is_text(nerve_blocks: Policy):
    before, after = nerve_blocks.settings(), hostile_policy().settings({"fm_drugs_failed_min": 2})
    for html in (redline(before, after), proven(prove_everywhere(before, after), before, after)):
        tags = {tag for tag, _ in Elements(html).found}
        assert not tags & {"img", "script"}


def test_of_people_no_count_and_no_case_is_told(tmp_path: Path, nerve_blocks: Policy):
    panel = VersionPanel(nerve_blocks, simulations.cases_of(nerve_blocks, hostile_cases(tmp_path)))
    panel.choose("", "nerve_blocks@2026.1")
    said = panel.readback()
    assert "before, " not in said
    assert "onerror" not in said
    assert "Nothing changes" not in said
    assert panel.case_button.disabled
    assert panel.alert.value == ""


# Work beside the hands -----------------------------------------------------------------------------------------------


class Bare(Frame):
    """A panel without parts."""

    def readback(self) -> str:
        return ""


def test_later_work_ends_earlier_work_and_only_its_answer_is_shown(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(workspace))
    shown: list[str] = []
    ended: list[str] = []

    async def two() -> None:
        frame, go = Bare(), threading.Event()

        def first(far: Any) -> str:
            go.wait(30)
            try:
                far()
            except Exception as overtaken:
                ended.append(type(overtaken).__name__)
                raise
            return "first"

        frame._errand("x", first, shown.append)
        frame._errand("x", lambda far: "second", shown.append)
        go.set()
        while not (ended and shown):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert frame.alert.value == ""

    asyncio.run(two())
    assert (shown, ended) == (["second"], ["Overtaken"])


def test_whoever_reads_waits_for_what_is_worked_out(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(workspace))
    shown: list[str] = []

    async def one() -> None:
        frame, held = Bare(), threading.Event()
        slow = [lambda: held.wait(30)]

        def work(far: Any) -> str:
            if slow:
                slow.pop()()
            return "done"

        frame._errand("x", work, shown.append)
        while slow:
            await asyncio.sleep(0.01)
        frame._settle()
        assert shown == ["done"]
        held.set()
        await asyncio.sleep(0.05)

    asyncio.run(one())
    assert shown == ["done"]
