"""A folder of one run: whole or not at all, whatever fails or dies, and never over something else."""

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from policy import ProblemsFound
from policy.storage.files import fill, forget_written, undisturbed, written
from simulations.storage.folders import folder, listing, only_of_a_run
from tests.policy.storage.test_files import failing, killed_at, state

OLD, NEW = {"a.csv": b"old", "b.csv": b"old"}, {"a.csv": b"new", "c.csv": b"new"}


def anything(_: Path) -> None:
    """What is there may be replaced."""


def none(_: dict[str, Any]) -> set[str]:
    return set()


def report(path: Path, files: dict[str, bytes]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    (path / "list.json").write_text(json.dumps({"files": listing(files)}), encoding="utf-8")


def check(path: Path) -> None:
    only_of_a_run(path, "list.json", none)


def wrote(path: Path, files: dict[str, bytes] = NEW) -> None:
    with folder(path, anything) as work:
        fill(work, files)


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    wrote(tmp_path / "out", OLD)
    wrote(tmp_path / "out", NEW)
    assert state(tmp_path / "out") == NEW
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [RuntimeError("in the middle"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("there", [True, False])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path: Path, error: BaseException, there: bool) -> None:
    if there:
        wrote(tmp_path / "far" / "out", OLD)

    def fails() -> None:
        with folder(tmp_path / "far" / "out", anything) as work:
            fill(work, {"a.csv": b"half"})
            raise error

    with pytest.raises(type(error)):
        fails()
    assert state(tmp_path) == ({f"far/out/{name}": content for name, content in OLD.items()} if there else {})
    assert [path.name for path in tmp_path.rglob("*") if path.name.startswith(".")] == []
    assert os.listdir(tmp_path) == (["far"] if there else [])


@pytest.mark.parametrize("step", ["rename", "fsync", "chmod", "open", "mkdir", "rmdir", "unlink"])
@pytest.mark.parametrize("there", [True, False])
def test_whatever_fails_the_folder_is_old_or_new_and_the_message_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, there: bool
) -> None:
    for at in range(1, 40):
        path = tmp_path / str(at) / "out"
        path.parent.mkdir()
        if there:
            wrote(path, OLD)
        said = ""
        with monkeypatch.context() as patched:
            calls = failing(patched, step, at, OSError(5, "Input/output error"))
            try:
                wrote(path)
            except ProblemsFound as found:
                (said,) = str(found).splitlines()
            except OSError:  # of `fill`, which its callers say
                said = "nothing was changed"
        after = state(path) if path.exists() else {}
        assert after in ((OLD if there else {}), NEW), (at, said)
        assert (after == NEW) == ("nothing was changed" not in said), (at, said)
        wrote(path)
        assert (state(path), os.listdir(path.parent)) == (NEW, ["out"]), at
        if calls[0] < at:
            return
    pytest.fail("the failure was never past the end")


@pytest.mark.parametrize("step", ["rename", "fsync", "open", "unlink", "rmdir", "close", "mkdir"])
def test_after_a_kill_the_next_start_has_the_old_folder_or_the_new_one(tmp_path: Path, step: str) -> None:
    program = "with folder(Path('out'), lambda _: None) as work: fill(work, {'a.csv': b'new', 'c.csv': b'new'})"
    for at in range(1, 80):
        wrote(tmp_path / "out", OLD)
        died = killed_at(tmp_path, step, at, program)
        wrote(tmp_path / "other")  # a start of something else beside it
        assert state(tmp_path / "out") in (OLD, NEW), at
        assert sorted(os.listdir(tmp_path)) == ["other", "out"], at
        if not died:
            return
    pytest.fail("the kill was never past the end")


def test_two_writers_leave_the_folder_of_one(tmp_path: Path) -> None:
    """Races of many processes: each is refused or has the folder whole; never a mixture, never a leftover."""
    ends = []
    for number in range(12):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                wrote(tmp_path / "out", {f"{name}.csv": b"%d" % number * 2000 for name in "abcd"})
                code = 0
            except ProblemsFound as found:
                code = 3 if "another run is writing it" in str(found) else 1
            finally:
                os._exit(code)
        ends.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in ends]
    assert set(codes) <= {0, 3}
    assert 0 in codes
    assert len(set(state(tmp_path / "out").values())) == 1
    assert os.listdir(tmp_path) == ["out"]


# What may be replaced ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [".DS_Store", "Thumbs.db", ".out.wb_abcd1234.part"])
def test_what_programs_leave_does_not_count(tmp_path: Path, extra: str) -> None:
    report(tmp_path, OLD)
    (tmp_path / extra).write_bytes(b"x")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    check(tmp_path)
    (tmp_path / "b.csv").unlink()  # nothing is lost that was not removed already
    check(tmp_path)


def test_an_empty_folder_and_one_with_nothing_that_counts_may_be_filled(tmp_path: Path) -> None:
    check(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"x")
    check(tmp_path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: (path / "minutes.txt").write_bytes(b"mine"), "holds minutes.txt beside a report"),
        (lambda path: (path / "mine").mkdir(), "holds mine/ beside a report"),
        (lambda path: (path / ".hidden").write_bytes(b"mine"), "holds .hidden beside a report"),
        (lambda path: (path / "a.csv").write_bytes(b"with my notes"), "a.csv was changed after the run"),
        (lambda path: (path / "list.json").unlink(), "holds a.csv, b.csv and no report"),
        (lambda path: (path / "list.json").write_bytes(b"{"), "holds a.csv, b.csv, list.json and no report"),
        (lambda path: (path / "list.json").write_bytes(b"[1]"), "and no report"),
        (lambda path: (path / "list.json").write_bytes(b'{"files": {}}'), "and no report"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, make: Any, said: str) -> None:
    report(tmp_path / "out", OLD)
    make(tmp_path / "out")
    before = state(tmp_path / "out")
    with pytest.raises(ProblemsFound) as found, folder(tmp_path / "out", check):
        pytest.fail("the block must not begin")
    (line,) = str(found.value).splitlines()
    assert said in line
    assert line.endswith("nothing was changed")
    assert state(tmp_path / "out") == before


def test_a_link_in_the_place_of_a_listed_file_is_a_stranger(tmp_path: Path) -> None:
    report(tmp_path / "out", OLD)
    (tmp_path / "mine.csv").write_bytes(b"old")
    (tmp_path / "out" / "a.csv").unlink()
    (tmp_path / "out" / "a.csv").symlink_to(tmp_path / "mine.csv")
    with pytest.raises(ProblemsFound, match=r"holds a\.csv beside a report"):
        check(tmp_path / "out")


def test_what_comes_into_the_folder_while_the_run_goes_on_is_not_lost(tmp_path: Path) -> None:
    report(tmp_path / "out", OLD)

    def run() -> None:
        with folder(tmp_path / "out", check) as work:
            fill(work, NEW)
            (tmp_path / "out" / "notes.txt").write_bytes(b"mine")

    with pytest.raises(ProblemsFound, match=r"notes\.txt.*nothing was changed"):
        run()
    assert (tmp_path / "out" / "notes.txt").read_bytes() == b"mine"
    assert (tmp_path / "out" / "a.csv").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


def test_the_folder_one_stands_in_and_what_is_no_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"a file")
    (tmp_path / "here" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "deep")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    wrong = {tmp_path / "file": "is a file", Path(): "you stand in", Path(".."): "you stand in"}
    for path, said in {**wrong, tmp_path / "loop": "is a link that leads back to itself"}.items():
        with pytest.raises(ProblemsFound, match=said), folder(path, anything):
            pytest.fail("the block must not begin")
    with pytest.raises(ProblemsFound, match="is where a disk is mounted"), folder(Path("/proc"), anything):
        pytest.fail("the block must not begin")


def test_a_link_to_a_folder_stays_a_link_and_a_private_folder_private(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir(mode=0o700)
    (tmp_path / "out").symlink_to("far")
    wrote(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert state(tmp_path / "far") == NEW
    assert (tmp_path / "far").stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(tmp_path)) == ["far", "out"]


# Ctrl-C --------------------------------------------------------------------------------------------------------------


def test_an_interrupt_in_the_swap_comes_after_it_and_finds_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote(tmp_path / "out", OLD)
    forget_written()
    rename = os.rename

    def interrupted(*names: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        rename(*names)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        wrote(tmp_path / "out")
    monkeypatch.undo()
    assert written() == (str(tmp_path / "out"),)
    assert state(tmp_path / "out") == NEW
    assert os.listdir(tmp_path) == ["out"]
    forget_written()


def test_an_interrupt_waits_for_the_end_of_a_short_block() -> None:
    steps = []

    def run() -> None:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert steps == ["went on"]


def test_the_list_is_of_sha256() -> None:
    assert listing({"b": b"2", "a": b"1"}) == {
        "a": hashlib.sha256(b"1").hexdigest(), "b": hashlib.sha256(b"2").hexdigest(),
    }  # fmt: skip
