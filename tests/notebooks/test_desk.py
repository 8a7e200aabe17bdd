"""What lies on the desk, and what one notebook hands to another."""

from pathlib import Path

import pytest
from voila.configuration import VoilaConfiguration

from notebooks.app.extension import FOLDER, Shown
from notebooks.desk import Inbox, Shelf, documents, hand_over, handed, meant, meant_alone, named, opened, own, way
from policy import Draft, load
from policy.problems import ProblemsFound
from policy.reading.workspace import OPENED, SERVED, VARIABLE


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def test_drafts_come_before_other_versions_and_each_opens(desk: Path):
    chosen = load("nerve_blocks@2026.2")
    draft = Draft.of("nerve_blocks@2026.1")
    draft.set_default("conservative_weeks", 8)
    here, kept, *versions = documents(chosen)
    assert (here.key, kept.draft, [version.key for version in versions]) == ("", True, ["nerve_blocks@2026.1"])
    assert opened(chosen, "") is chosen
    resumed = opened(chosen, kept.key)
    assert isinstance(resumed, Draft)
    assert resumed.text == draft.text
    assert opened(chosen, "nerve_blocks@2026.1") == load("nerve_blocks@2026.1")


def test_a_draft_that_is_gone_is_told(desk: Path):
    chosen, draft = load("nerve_blocks@2026.2"), Draft.of("nerve_blocks@2026.2")
    draft.set_default("conservative_weeks", 8)
    key = documents(chosen)[1].key
    draft.discard()
    with pytest.raises(ProblemsFound, match="is not there any more"):
        opened(chosen, key)


def test_something_is_handed_over_in_lab_only(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(SERVED, raising=False)
    hand_over("5_author_a_draft", place="levers.conservative_weeks")
    assert handed("5_author_a_draft") == {}
    assert not [*desk.iterdir()]
    monkeypatch.setenv(SERVED, str(desk))
    hand_over("5_author_a_draft", place="levers.conservative_weeks")
    hand_over("5_author_a_draft", place="criteria.age")
    assert handed("5_author_a_draft") == {"place": "criteria.age"}
    assert handed("6_check_a_draft") == {}


def test_a_document_is_named_the_same_in_notebooks_that_loaded_other_versions():
    old, new = load("nerve_blocks@2026.1"), load("nerve_blocks@2026.2")
    assert named(new, "") == named(old, "nerve_blocks@2026.2") == "nerve_blocks@2026.2"
    assert own(new, named(new, "")) == ""
    assert own(old, named(new, "")) == "nerve_blocks@2026.2"
    assert own(new, "nerve_blocks.json") == "nerve_blocks.json"


def test_what_is_handed_to_an_open_notebook_comes_once(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVED, str(desk))
    hand_over("3_review_a_case", case_id="S0000000001")
    inbox = Inbox("3_review_a_case")
    assert inbox.new() == {}
    hand_over("3_review_a_case", case_id="S0000000002")
    assert inbox.new() == {"case_id": "S0000000002"}
    assert inbox.new() == {}


def test_one_stands_at_one_stage_and_the_others_are_links():
    found = way("6_check_a_draft")
    assert found.count("aria-current") == 1
    assert found.count("<a href") == 5
    assert 'href="6_check_a_draft.ipynb"' not in found


def test_it_is_said_which_version_was_opened_and_which_one_the_name_alone_means(desk: Path):
    shipped = load("nerve_blocks@2026.2")
    assert "2026.2: the highest, while none is adopted" in meant(shipped)
    draft = Draft.of("nerve_blocks@2026.2")
    draft.put("notice", "Another notice.")
    draft.save_as("2027.1", author="A. Author", reason="as asked", date="2026-12-01")
    assert "means version 2027.1: the highest, while none is adopted" in meant(shipped)
    mine = meant(load("nerve_blocks"))
    assert "version 2027.1, status draft. It was saved in this workspace." in mine
    saved = desk / "policies" / "nerve_blocks" / "2027.1.yaml"
    voted = (
        saved.read_text("utf-8")
        .replace("2027.1", "2027.0")
        .replace("status: draft", "status: adopted\neffective: 2026-01-01", 1)
    )
    saved.with_name("2027.0.yaml").write_text(voted, "utf-8")
    assert meant_alone("nerve_blocks@2027.1") == (
        "The name of the policy alone means version 2027.0: in force from 2026-01-01."
    )
    assert meant_alone("occipital_myofascial") == ""  # there is one only


def test_a_shelf_tells_of_each_change_once(desk: Path):
    shelf = Shelf(load("nerve_blocks@2026.2"))
    assert not shelf.moved()
    draft = Draft.of("nerve_blocks@2026.2")
    draft.put("notice", "Another notice.")
    assert shelf.moved()
    assert not shelf.moved()
    draft.save_as("2027.1", author="A. Author", reason="as asked", date="2026-12-01")
    assert shelf.moved()
    Draft.of("occipital_myofascial@2026.1").set_default("conservative_weeks", 5)
    assert not shelf.moved()  # another policy


def test_the_head_of_a_page_tells_the_version_that_is_opened_now(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(OPENED, "lower_back_procedures")
    shown = Shown(VoilaConfiguration())
    assert "version 2026.1 " in str(shown.common("5_author_a_draft", "", FOLDER)["policy"])
    draft = Draft.of("lower_back_procedures@2026.1")
    draft.put("title", "Lower back")
    draft.save_as("2027.1", author="A. Author", reason="a title", date="2026-12-01")
    assert shown.common("5_author_a_draft", "", FOLDER)["policy"] == "Lower back, version 2027.1 (draft)"
