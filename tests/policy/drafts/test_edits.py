"""An edit of a draft says at once what is wrong, what it proves, and is undone byte for byte."""

from __future__ import annotations

import doctest
import random
from pathlib import Path
from typing import Any

import pytest

from policy.authoring import draft as module
from policy.authoring.draft import Draft, version_file
from policy.authoring.draft_edits import Edited
from policy.authoring.side_by_side import lines_changed
from policy.checking.loading import load
from policy.problems import ProblemsFound
from policy.reading.loading import shipped
from tests.policy.drafts.small_draft import BY, CASE, LEAST, STANCE, WEEKS, random_edit
from tests.policy.small import OWN


def codes(edited: Edited) -> list[str]:
    return [one.code for one in edited.problems]


def test_five_lines_do_it():
    assert doctest.testmod(module, verbose=False).failed == 0
    saved = load("nerve_blocks@2027.1")
    assert saved.status == "draft"
    assert saved.levers["fm_drugs_failed_min"].default == "2"
    before = shipped()["nerve_blocks@2026.2"].read_text("utf-8")
    lines = [*lines_changed(before, version_file("nerve_blocks", "2027.1").read_text("utf-8"))]
    assert lines == [
        '- version: "2026.2"',
        '+ version: "2027.1"',
        "+ history:",
        '+   - {date: "2026-12-01", says: "From nerve_blocks@2026.2 by A. Author: two drugs first"}',
        '-     default: "1"',
        '+     default: "2"',
    ]


# Edits ---------------------------------------------------------------------------------------------------------------


def test_an_edit_says_at_once_what_is_wrong(file: Path):
    draft = Draft.of(file)
    assert codes(draft.set_default("least_care", 4)) == []
    failing = draft.set_default("least_care", 8)
    assert failing.done
    assert codes(failing) == ["example"]
    assert "comes out as not_met; expected is met" in str(failing)
    assert draft.problems == failing.problems
    assert codes(draft.set_default("least_care", 99)) == ["lever-value"]
    assert codes(draft.put("gates.gate.require", ["nothing"])) == [
        "lever-value"
    ]  # the first kind of check is not passed
    draft.undo()
    draft.undo()
    assert codes(draft.put("gates.gate.require", ["nothing"])) == ["unknown-criterion"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.set_default("least_car", 4), "there is no levers.least_car, did you mean least_care?"),
        (lambda d: d.switch("stance", "strictt"), "did you mean strict?"),
        (lambda d: d.switch("least_care", "strict"), "there is no levers.least_care.choices"),
        (lambda d: d.require("no", "enough_care"), "is no gate and no pathway"),
        (lambda d: d.drop("all", "nothing"), "does not require nothing"),
        (lambda d: d.remove_criterion("enough_car"), "did you mean enough_care?"),
        (lambda d: d.add_lever("stance", **STANCE), "is there already"),
        (lambda d: d.set_example("seven weeks", expect="pend"), "did you mean six weeks?"),
        (lambda d: d.put("title", "a\u200bb"), "do not print"),
        (lambda d: d.set_evidence("trial-2", status="current"), "did you mean trial-1?"),
        (lambda d: d.undo(), "nothing to undo"),
        (lambda d: d.redo(), "nothing to redo"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(edit: Any, said: str, file: Path):
    draft = Draft.of(file)
    edited = edit(draft)
    assert not edited.done
    assert said in str(edited)
    assert draft.text == file.read_text("utf-8")
    assert draft.place is None


def test_everything_an_author_writes(file: Path, workspace: Path):
    """A lever, a criterion on it, where it is required, a stance, a sentence, a card, an example; saved."""
    draft = Draft.of(file)
    lever = {"label": "Rest", "says": "x", "default": 2, "domain": {"min": 0, "max": 9, "step": 1}, "unit": "weeks",
             "direction": "stricter_when_higher", "citation": "x", "evidence": ["trial-1"], **OWN}  # fmt: skip
    draft.add_lever("least_rest", after="least_care", **lever)
    draft.add_criterion(
        "enough_rest", says="At least {least_rest} of rest", ask="weeks of rest", citation="x", origin="assumption",
        test={"at_least": {"rest": "least_rest"}},
    )  # fmt: skip
    failing = draft.require("all", "enough_rest", at=0, only_while={"stance": "strict"})
    assert codes(failing) == []
    assert codes(draft.switch("stance", "strict")) == ["example"]
    assert codes(draft.set_example("six weeks", expect="pend", asks=["rest"])) == []
    draft.reword("criteria", "enough_care", "Care of {least_care} or more")
    draft.set_ask("enough_care", "weeks of care")
    draft.cite("criteria", "enough_care", "a trial", evidence=["trial-1"])
    draft.set_evidence("trial-1", status="superseded", status_note="by another")
    draft.set_dated("least_care", {"2027-01-01": 6, "2028-01-01": 5})
    draft.set_domain("least_rest", max=12)
    draft.move("all", "enough_rest", to="gate")
    draft.require("all", "gate")
    draft.add_example("rested", {**CASE, "rest": 5}, "met", asks=[])
    assert draft.check(kinds=["gap"]).problems == ()
    read = load(draft.save_as("2027.1", **BY))
    assert [one.criterion for one in read.gates["gate"].require] == ["strict_rest", "enough_rest"]
    assert read.levers["least_care"].dated == {"2027-01-01": "6", "2028-01-01": "5"}
    assert read.levers["least_rest"].domain.max == 12
    assert read.evidence["trial-1"].status_note == "by another"
    assert read.criteria["enough_care"].says == "Care of {least_care} or more"
    assert [one.expect for one in read.examples] == ["pend", "met"]
    assert load("small@2027.1") == read


def test_a_pathway_for_what_had_none(file: Path):
    draft = Draft.of(file)
    assert codes(draft.put("procedures.more", {"label": "More", "codes": {"E0470": {"label": "x"}}})) == ["gap"]
    added = draft.add_pathway(
        "another", title="Another", diagnosis=["one"], procedure=["more"], origin="assumption",
        rule={"require": ["enough_care"], "then": [{"outcome": "met"}]},
    )  # fmt: skip
    assert codes(added) == []
    assert draft.policy.pathways["another"].title == "Another"
    assert codes(draft.drop("all", "strict_rest")) == []
    assert codes(draft.remove_criterion("strict_rest")) == ["empty-list"]  # nothing is left in the gate


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda d: d.reword("criteria", "enough_care", "Other words"), "equal"),
        (lambda d: d.set_default("least_care", 8), "stricter"),
        (lambda d: d.set_default("least_care", 4), "looser"),
        (lambda d: (d.set_default("least_care", 4), d.switch("stance", "strict")), "mixed"),
    ],
)
def test_what_a_draft_proves(edit: Any, word: str, file: Path):
    """Also while an example fails, which says that it is to be mended."""
    draft = Draft.of(file)
    edit(draft)
    assert draft.proves().word == word


def test_lint_of_a_draft(file: Path):
    draft = Draft.of(file)
    draft.drop("all", "strict_rest")
    found = draft.check(["never decides"])
    assert any("strict_rest" in one.place for one in found.findings)
    draft.put("levers.least_care.domain.max", "x")
    assert draft.check().findings == ()
    assert draft.check().problems != ()
    with pytest.raises(ProblemsFound):
        draft.proves()


def test_a_policy_from_an_empty_document():
    draft = Draft.blank("braces", "Knee braces")
    draft.put("fields.care", {"label": "Care", "ask": "weeks of care", **WEEKS, **OWN})
    draft.add_lever("least_care", label="Care", says="x", citation="x", **LEAST, **OWN)
    test = {"at_least": {"care": "least_care"}}
    draft.add_criterion(
        "enough_care", says="{least_care} of care", ask="x", citation="x", test=test, origin="assumption"
    )
    draft.put("diagnoses.knee", {"label": "Knee", "codes": {"M17.11": {"label": "x", **OWN}}})
    draft.put("procedures.brace", {"label": "Brace", "codes": {"L1833": {"label": "x"}}})
    assert codes(draft.put("title", "Braces")) == ["gap"]
    rule = {"require": ["enough_care"], "then": [{"outcome": "met"}]}
    draft.add_pathway("brace", title="x", diagnosis=["knee"], procedure=["brace"], rule=rule, origin="assumption")
    example = draft.add_example("short", {"dx": "M17.11", "cpt": "L1833", "care": 5}, "not_met")
    assert example.problems == ()
    assert draft.value("pathways.brace.rule") == rule
    assert Draft.blank("braces", "Knee braces").text == draft.text
    draft.save_as("2027.1", **BY)
    assert load("braces").name == "braces@2027.1"
    with pytest.raises(ProblemsFound, match="is there already"):
        Draft.blank("braces", "Again")
    with pytest.raises(ProblemsFound, match="lower-case letters"):
        Draft.blank("Knee braces", "x")


# Undo, redo ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_undo_and_redo_are_the_same_bytes(seed: int, file: Path):
    luck, draft = random.Random(seed), Draft.of(file)
    texts = [draft.text]
    while len(texts) < 12:
        random_edit(draft, luck)
        texts += [draft.text] if draft.text != texts[-1] else []
    for text in texts[-2::-1]:
        assert draft.undo().done
        assert draft.text == text
    for text in texts[1:]:
        assert draft.redo().done
        assert draft.text == text
    draft.undo()
    draft.put("title", "Elsewhere")
    assert not draft.redo().done
    assert Draft.of(file).text == draft.text
    assert len(Draft.of(file).edits) == 11
