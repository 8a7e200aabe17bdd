"""A draft that is saved as a version: what is asked for, what is refused, and two who save one."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.authoring.draft import Draft, version_file
from policy.authoring.draft_files import kept_drafts
from policy.checking.loading import load
from policy.problems import ProblemsFound
from tests.policy.drafts.small_draft import BY, SMALL


def test_what_a_person_has_to_give_is_asked_for_at_once(file: Path, workspace: Path):
    with pytest.raises(ProblemsFound) as wrong:
        Draft.of(file).save_as("27", author=" ", reason="", date="soon")
    assert [one.place for one in wrong.value.problems] == ["version", "author", "reason", "date"]
    assert not workspace.exists()


def test_a_draft_with_a_problem_is_not_saved(file: Path, workspace: Path):
    draft = Draft.of(file)
    draft.set_default("least_care", 8)
    with pytest.raises(ProblemsFound, match="comes out as not_met"):
        draft.save_as("2027.1", **BY)
    assert not (workspace / "policies").exists()
    assert Draft.of(file).edits == ("least_care: default 8",)


def test_what_is_published_is_read_only(file: Path):
    for version in ("2026.1", "2026.2"):
        draft = Draft.of("nerve_blocks")
        with pytest.raises(ProblemsFound, match="ships and is read-only"):
            draft.save_as(version, **BY)
    for status in ("adopted", "retired", "withdrawn"):
        place = version_file("small", "2027.1")
        place.parent.mkdir(parents=True, exist_ok=True)
        text = SMALL.replace("'2026.1'", "'2027.1'").replace(
            "status: draft", f"status: {status}\neffective: '2027-01-01'"
        )
        assert status in text
        place.write_text(text, "utf-8")
        for source in (file, place):
            with pytest.raises(ProblemsFound, match="read-only"):
                Draft.of(source, anew=True).save_as("2027.1", **BY)
        assert place.read_text("utf-8") == text


def test_the_life_of_the_version_before_is_not_taken_along(tmp_path: Path):
    life = "status: adopted\neffective: '2026-01-01'\nretired: '2026-12-31'\n"
    life += "history: [{date: '2026-01-01', says: adopted}]"
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace("status: draft", life), "utf-8")
    draft = Draft.of(file)
    saved = load(draft.save_as("2027.1", **BY))
    assert (saved.status, saved.effective, saved.retired) == ("draft", None, None)
    assert [(one.date, one.says) for one in saved.history] == [
        ("2027-01-02", "From small@2026.1 by A. Author: as the committee asked")
    ]


def test_an_own_draft_version_is_saved_again_with_one_more_note(file: Path):
    draft = Draft.of(file)
    draft.set_default("least_care", 5)
    place = draft.save_as("2027.1", **BY)
    draft.set_default("least_care", 4)
    assert draft.save_as("2027.1", **BY | {"reason": "more"}) == place
    again = Draft.of("small@2027.1")
    assert again.edits == ()
    again.set_default("least_care", 3)
    again.save_as("2027.1", **BY | {"reason": "still more"})
    read = load("small@2027.1")
    assert read.levers["least_care"].default == "3"
    assert [one.says.partition(": ")[2] for one in read.history] == [BY["reason"], "more", "still more"]
    with pytest.raises(ProblemsFound, match="in the order of their dates"):
        again.save_as("2027.1", **BY | {"date": "2026-01-01"})


def test_two_who_save_one_version_both_keep_their_text(file: Path):
    one, other = Draft.of(file), Draft.of(file)
    one.set_default("least_care", 5)
    other.set_default("least_care", 4)
    place = one.save_as("2027.1", **BY)
    first = place.read_bytes()
    with pytest.raises(ProblemsFound, match="was written by another"):
        other.save_as("2027.1", **BY)
    assert place.read_bytes() == first
    assert other.conflict == place
    beside = [pair for pair in other.beside() if "default" in str(pair.mine)]
    assert [(one.mine, one.theirs) for one in beside] == [(("    default: '4'",), ("    default: '5'",))]
    assert "default: '4'" in beside[0].text()
    assert other.text in [kept.text() for kept in kept_drafts("small").values()]
    assert load(other.save_as("2027.2", **BY)).levers["least_care"].default == "4"
    third = Draft.of("small@2027.1")
    one.set_default("least_care", 2)
    one.save_as("2027.1", **BY)
    with pytest.raises(ProblemsFound, match="was written by another"):
        third.save_as("2027.1", **BY)
