"""A draft says what is wrong at once, is undone byte for byte, and loses nothing: to a kill, or to another writer."""

from __future__ import annotations

import doctest
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policy.authoring import draft as module
from policy.authoring.draft import Draft, version_file
from policy.authoring.draft_edits import Edited
from policy.authoring.draft_files import Kept, drafts_folder, kept_drafts, read_kept
from policy.authoring.side_by_side import lines_changed, side_by_side
from policy.checking.loading import load
from policy.problems import ProblemsFound
from policy.reading.loading import shipped
from tests.policy.small import OWN, text_of

ROOT = Path(__file__).resolve().parent.parent.parent
BY = {"author": "A. Author", "reason": "as the committee asked", "date": "2027-01-02"}
WEEKS = {"type": "whole", "unit": "weeks", "min": "0", "max": "60"}
LEAST = {"default": "6", "domain": {"min": "0", "max": "12", "step": "1"}, "unit": "weeks",
         "direction": "stricter_when_higher"}  # fmt: skip
STANCE = {"default": "open", "choices": {"open": "x", "strict": "y"}, "order": ["open", "strict"]}
CASE = {"dx": "G47.33", "cpt": "E0601", "care": "6"}
SMALL = text_of(
    {"care": WEEKS, "rest": WEEKS},
    {"least_care": LEAST, "stance": STANCE},
    {"enough_care": {"at_least": {"care": "least_care"}},
     "strict_rest": {"any_of": [{"lever": {"stance": "open"}}, {"at_least": {"rest": "3"}}]}},
    evidence={"trial-1": {"title": "x", "source": "x", "year": "2020", "population": "x", "stance": "x",
                          "strength": "x", "status": "current", "note": "x", "verified": "x", "reference": "x", **OWN}},
    gates={"gate": {"title": "Gate", "require": ["strict_rest"]}},
    examples=[{"name": "six weeks", "case": CASE, "expect": "met"}],
)  # fmt: skip


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBOOK_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text("# mine\n" + SMALL, "utf-8")
    return path


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


def random_edit(draft: Draft, luck: random.Random) -> Edited:
    return luck.choice(
        [
            lambda: draft.set_default("least_care", luck.randint(0, 12)),
            lambda: draft.switch("stance", luck.choice(["open", "strict"])),
            lambda: draft.reword("criteria", "enough_care", "word " * luck.randint(1, 40)),
            lambda: draft.require("all", luck.choice(["enough_care", "gate"]), at=luck.randint(0, 3)),
            lambda: draft.drop("all", "gate"),
            lambda: draft.move("all", "enough_care", at=luck.randint(0, 3)),
            lambda: draft.add_example(f"e{luck.random()}", CASE, luck.choice(["met", "pend"])),
            lambda: draft.put("references.R1", f"page {luck.randint(0, 9)}"),
        ]
    )()


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


# Versions ------------------------------------------------------------------------------------------------------------


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


# What is kept --------------------------------------------------------------------------------------------------------


def test_an_unsaved_draft_is_there_again(file: Path, workspace: Path):
    draft = Draft.of(file)
    draft.set_default("least_care", 5)
    draft.put("title", "Twice")
    draft.undo()
    again = Draft.of(file)
    assert again.text == draft.text
    assert again.redo().done
    assert again.page.find(("title",)).value == "Twice"
    assert [one.name for one in (workspace / "drafts").iterdir() if one.name[0] != "."] == ["small.json"]
    assert Draft.of(file, anew=True).text == file.read_text("utf-8")
    file.write_text(SMALL + "# changed meanwhile\n", "utf-8")
    assert Draft.of(file).edits == ()
    assert Draft.resume(workspace / "drafts" / "small.json").text == again.text
    again.discard()
    assert kept_drafts("small") == {}


def test_two_who_go_on_with_one_draft_both_keep_theirs(file: Path):
    Draft.of(file).set_default("least_care", 5)
    one, other = Draft.of(file), Draft.of(file)
    assert one.put("title", "One").notices == ()
    said = other.put("title", "Other").notices
    assert [note.code for note in said] == ["conflict"]
    assert "both stay" in str(said[0])
    assert other.put("title", "Other still").notices == ()
    assert {kept.text() for kept in kept_drafts("small").values()} == {one.text, other.text}
    ((line, mine, _, theirs),) = other.beside()
    assert (mine, theirs) == (("title: Other still",), ("title: One",))
    assert side_by_side(one.text, other.text)[0].line == line


def test_a_damaged_file_is_refused_and_stays(file: Path):
    draft = Draft.of(file)
    draft.set_default("least_care", 5)
    assert draft.place
    whole = draft.place.read_bytes()
    for content in (whole[:-40], b"", b"[]", whole.replace(b'"inserted": "5"', b'"inserted": "4"'), b"\xff"):
        draft.place.write_bytes(content)
        with pytest.raises(ProblemsFound, match="is no draft"):
            read_kept(draft.place)
        fresh = Draft.of(file)
        assert fresh.edits == ()
        fresh.set_default("least_care", 3)
        assert draft.place.read_bytes() == content
        fresh.discard()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_an_edit_that_cannot_be_kept_is_done_and_said(file: Path, tmp_path: Path):
    tmp_path.chmod(0o500)
    edited = Draft.of(file).set_default("least_care", 5)
    tmp_path.chmod(0o700)
    assert edited.done
    assert [note.code for note in edited.notices] == ["write"]


def test_a_workspace_that_is_no_folder_is_said(file: Path, workspace: Path):
    workspace.write_text("a file", "utf-8")
    edited = Draft.of(file).set_default("least_care", 5)
    assert edited.done
    assert [note.code for note in edited.notices] == ["write"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("size", [0, 1, 700, 2_000])
@pytest.mark.parametrize("what", ["edit", "save"])
def test_a_writer_that_dies_in_the_middle_of_a_file(size: int, what: str, file: Path):
    """The system ends it at that many bytes, or says that the disk is full; the old file stays whole either way."""
    draft = Draft.of(file)
    draft.put("title", "Before")
    place = draft.save_as("2027.1", **BY) if what == "save" else draft.place
    assert place
    before = place.read_bytes()
    assert size < len(before)

    def write() -> object:
        return draft.put("title", "After") if what == "edit" else draft.save_as("2027.1", **BY)

    for ended in (True, False):
        status = in_child(write, size, ended)
        assert os.WIFSIGNALED(status) == ended
        assert place.read_bytes() == before
        assert len([*place.parent.glob(".*.part")]) == ended
    assert draft.put("title", "Last").notices == ()
    if what == "save":
        draft.save_as("2027.1", **BY)
    assert [*place.parent.glob(".*.part")] == []


def in_child(work: Callable[[], object], size: int, ended: bool) -> int:
    """How a process ends that can write files of so many bytes only."""
    import resource

    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if ended else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        work()
    except ProblemsFound:
        pass
    finally:
        os._exit(0)


def run(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.policy.draft_writer", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_loop(file: Path, times: int) -> None:
    out, error = run("kills", str(file), str(times), "1").communicate()
    assert not error
    result = json.loads(out)
    assert result["wrong"] == []
    assert result["acknowledged"] > times / 2  # on a busy machine a kill comes before the second edit


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_writer_damages_and_loses_nothing(file: Path):
    kill_loop(file, 15)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_thousand_kills(file: Path):
    kill_loop(file, 1_000)


def two_writers(file: Path, times: int) -> None:
    """Each goes on with the same draft; every edit of both is in what is kept."""
    Draft.of(file).set_default("least_care", 5)
    writers = [run("edits", str(file), name, str(times)) for name in ("one", "other")]
    for writer in writers:
        _, error = writer.communicate()
        assert not error
    kept = [*kept_drafts("small").values()]
    assert len(kept) == len([*drafts_folder().glob("*.json")])
    seen = {title for one in kept for title in titles(one)}
    assert {f"{name}-{number}" for name in ("one", "other") for number in range(times)} <= seen
    for name in ("one", "other"):  # in each draft in its own order, whoever else wrote between
        for one in kept:
            mine = [int(title.removeprefix(f"{name}-")) for title in titles(one) if title.startswith(f"{name}-")]
            assert mine == sorted(mine)


def titles(kept: Kept) -> list[str]:
    """The title after each edit."""
    text, found = kept.base, []
    for step in kept.steps:
        text = step.splice.apply(text)
        found.append(text.partition("\ntitle: ")[2].partition("\n")[0])
    assert text == kept.text()
    return found


def test_two_writers_lose_no_edit(file: Path):
    two_writers(file, 20)


@pytest.mark.slow
def test_two_writers_lose_none_of_two_hundred_edits(file: Path):
    two_writers(file, 200)
