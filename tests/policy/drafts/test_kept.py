"""What is kept of a draft is there again, and nothing of it is lost: to a kill, or to another writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from policy.authoring.draft import Draft
from policy.authoring.draft_files import Kept, drafts_folder, kept_drafts, read_kept
from policy.authoring.side_by_side import side_by_side
from policy.problems import ProblemsFound
from tests.policy.drafts.small_draft import BY, SMALL

ROOT = Path(__file__).resolve().parents[3]


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
