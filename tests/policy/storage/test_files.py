"""Writing: the old file or the new one, whole, and nothing else in the folder."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policy import ProblemsFound
from policy.storage.files import append, save, save_all, save_new
from policy.storage.locks import Busy, locked
from simulations.storage.folders import folder


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_bytes(b"old")
    save(target, b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_step_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "table.csv"
    target.write_bytes(b"old")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, broken)
    with pytest.raises(ProblemsFound, match="No space left on device"):
        save(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_the_new_file_is_made_beside_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another file system a rename is a copy, which can end in the middle.

    What a killed process leaves there is hidden, and named after the file that it was to be.
    """
    replace, places = os.replace, []

    def watched(source: str, target: Path) -> None:
        places.append(Path(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    save(tmp_path / "table.csv", b"new")
    (made,) = places
    assert made.parent == tmp_path
    assert re.fullmatch(r"\.table\.csv\.\w+\.part", made.name)


def test_lines_are_added_at_the_end(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    append(journal, "first")
    append(journal, "zw\u00f6lf")
    assert journal.read_bytes() == "first\nzw\u00f6lf\n".encode()


def test_a_line_that_cannot_be_added_is_said_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound) as found:
        append(tmp_path, "line")
    (problem,) = found.value.problems
    assert (problem.code, problem.place) == ("write", str(tmp_path))
    assert "cannot be written" in problem.message


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    target = tmp_path / "no" / "table.csv"
    with pytest.raises(ProblemsFound, match="cannot be written") as found:
        save(target, b"new")
    assert [(problem.code, problem.place) for problem in found.value.problems] == [("write", str(target))]


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_new_file_that_fails_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, broken)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "table.csv", b"new")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


def test_a_disk_that_fills_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A real limit on the size of files, in a process of its own."""
    (tmp_path / "table.csv").write_bytes(b"old")
    program = (
        "import resource, signal, pathlib\n"
        "from policy import ProblemsFound; from policy.storage.files import save\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "try: save(pathlib.Path('table.csv'), b'x' * 1000000)\n"
        "except ProblemsFound as found: print(found)"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "table.csv: cannot be written (File too large); nothing was changed\n", done.stderr
    assert (tmp_path / "table.csv").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("kept_out", [0o000, 0o022, 0o027, 0o077])
def test_a_file_is_readable_by_those_the_user_lets_in(tmp_path: Path, kept_out: int) -> None:
    """As if `open` and `mkdir` had made them: nobody may execute the file."""
    before = os.umask(kept_out)
    try:
        save(tmp_path / "table.csv", b"new")
        with folder(tmp_path / "out", lambda _: None) as work:
            (work / "stamp").write_bytes(b"new")
        (tmp_path / "plain.csv").write_bytes(b"new")
        (tmp_path / "plain").mkdir()
        assert os.umask(kept_out) == kept_out
    finally:
        os.umask(before)
    for made, plain in (("table.csv", "plain.csv"), ("out", "plain")):
        assert oct((tmp_path / made).stat().st_mode) == oct((tmp_path / plain).stat().st_mode)


# Several files -------------------------------------------------------------------------------------------------------

STEPS = ("replace", "rename", "link", "unlink", "fsync", "chmod", "open", "scandir")


def failing(monkeypatch: pytest.MonkeyPatch, step: str, at: int, error: BaseException) -> list[int]:
    """From now on the `at`-th call of this function of the system fails, once; how often it was called comes back."""
    right, calls = getattr(os, step), [0]

    def broken(*given: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] == at:
            raise error
        return right(*given, **named)

    monkeypatch.setattr(os, step, broken)
    return calls


@pytest.mark.parametrize("there", [(), ("d.csv",), ("r.csv",), ("d.csv", "r.csv")])
@pytest.mark.parametrize("step", STEPS)
def test_whatever_fails_all_files_are_new_or_none_is_and_the_message_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, there: tuple[str, ...]
) -> None:
    new = {tmp_path / "a" / "d.csv": b"new", tmp_path / "b" / "r.csv": b"new"}
    for at in range(1, 40):
        for path in new:
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            if path.name in there:
                path.write_bytes(b"old")
        before = {path: path.read_bytes() for path in new if path.exists()}
        said = ""
        with monkeypatch.context() as patched:
            calls = failing(patched, step, at, OSError(5, "Input/output error"))
            try:
                save_all(new)
            except ProblemsFound as found:
                (said,) = str(found).splitlines()
        after = {path: path.read_bytes() for path in new if path.exists()}
        assert after in (before, new), (at, said)
        assert (after == new) == ("nothing was changed" not in said), (at, said)
        save_all(new)
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "d.csv", "r.csv"], at
        if calls[0] < at:
            return
    pytest.fail("the failure was never past the end")


def killed_at(folder: Path, step: str, at: int, program: str) -> bool:
    """Run a program in `folder` whose `at`-th call of os.<step> kills it; whether it came so far."""
    lines = [
        "import os, signal",
        f"right, calls = os.{step}, []",
        "def deadly(*given, **named):",
        "    calls.append(1)",
        f"    if len(calls) == {at}: os.kill(os.getpid(), signal.SIGKILL)",
        "    return right(*given, **named)",
        "from pathlib import Path",
        "from policy.storage.files import fill, save_all",
        "from simulations.storage.folders import folder",
        f"os.{step} = deadly",
        program,
    ]
    pid = os.fork()
    if not pid:
        try:
            os.chdir(folder)
            exec("\n".join(lines), {})
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 0


def state(folder: Path) -> dict[str, bytes]:
    """Every file that is no leftover."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


@pytest.mark.parametrize("step", ["replace", "link", "unlink", "fsync", "open", "close"])
def test_after_a_kill_the_next_start_has_all_files_new_or_all_old(tmp_path: Path, step: str) -> None:
    """Killed at each call in turn; the next run that touches only one of the two puts both right."""
    program = "save_all({Path('a/d.csv'): b'new', Path('b/r.csv'): b'new'})"
    for at in range(1, 60):
        for name in ("a/d.csv", "b/r.csv"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"old")
        died = killed_at(tmp_path, step, at, program)
        save_all({tmp_path / "a" / "other.csv": b"x"})  # a start of something else in the same folder
        (tmp_path / "a" / "other.csv").unlink()
        assert len(set(state(tmp_path).values())) == 1, at
        save_all({tmp_path / "b" / "r.csv": b"new"})
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "d.csv", "r.csv"], at
        if not died:
            return
    pytest.fail("the kill was never past the end")


def test_a_new_file_is_never_put_over_one_that_is_there(tmp_path: Path) -> None:
    save_new(tmp_path / "mine.yaml", b"first")
    with pytest.raises(ProblemsFound, match="is there already and stays as it is"):
        save_new(tmp_path / "mine.yaml", b"second")
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "not there")
    with pytest.raises(ProblemsFound, match="is there already"):
        save_new(tmp_path / "nowhere.yaml", b"second")
    assert (tmp_path / "mine.yaml").read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path)) == ["mine.yaml", "nowhere.yaml"]


def test_a_link_stays_a_link_and_a_private_file_stays_private(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "table.csv").write_bytes(b"old")
    (tmp_path / "far" / "table.csv").chmod(0o600)
    (tmp_path / "table.csv").symlink_to(tmp_path / "far" / "table.csv")
    save(tmp_path / "table.csv", b"new")
    assert (tmp_path / "table.csv").is_symlink()
    assert (tmp_path / "far" / "table.csv").read_bytes() == b"new"
    assert (tmp_path / "far" / "table.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["far", "table.csv"]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "pipe.csv")
    with pytest.raises(ProblemsFound, match=r"is no ordinary file.*nothing was changed"):
        save(tmp_path / "link.csv", b"new")
    assert (tmp_path / "pipe.csv").is_fifo()


# One writer at a time ------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused_and_a_dead_one_is_not_waited_for(tmp_path: Path) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        with locked(tmp_path / "out"):
            os.write(write, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(read, 1)
    with pytest.raises(Busy), locked(tmp_path / "out"):
        pytest.fail("another holds it")
    with (
        pytest.raises(ProblemsFound, match=r"out: another run is writing it.*nothing was changed"),
        folder(tmp_path / "out", lambda _: None),
    ):
        pytest.fail("another holds it")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with locked(tmp_path / "out") as fresh, locked(tmp_path / "out") as again:
        assert (fresh, again) == (True, False)
    assert os.listdir(tmp_path) == []


def test_a_lock_that_cannot_be_closed_is_given_back_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would be swept any more in this process, which takes itself for the writer."""
    close = os.close

    def broken(handle: int) -> None:
        close(handle)
        raise OSError(5, "Input/output error")

    with locked(tmp_path / "out"):
        monkeypatch.setattr(os, "close", broken)
    monkeypatch.undo()
    with locked(tmp_path / "out") as fresh:
        assert fresh


def test_leftovers_of_the_living_stay(tmp_path: Path) -> None:
    with folder(tmp_path / "out", lambda _: None) as work:
        save(tmp_path / "table.csv", b"x")
        assert work.is_dir()
    assert sorted(os.listdir(tmp_path)) == ["out", "table.csv"]


@pytest.mark.parametrize("name", [".out.abcd1234.part", ".out.wb_abcd1234.part", ".out.wb_abcd1234.old"])
def test_leftovers_of_the_dead_are_gone_after_the_next_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / name).mkdir()
    (tmp_path / name / "table.csv").write_bytes(b"half")
    (tmp_path / ".other.wb-lock").write_bytes(b"")
    (tmp_path / ".other.wb_abcd1234.part").write_bytes(b"")
    (tmp_path / ".stranger.abcd1234.part").write_bytes(b"a download of somebody else's program")
    with folder(tmp_path / "out", lambda _: None) as work:
        (work / "table.csv").write_bytes(b"new")
    assert sorted(os.listdir(tmp_path)) == [".stranger.abcd1234.part", "out"]


def test_many_writers_of_one_file_leave_one_of_their_files(tmp_path: Path) -> None:
    pids = []
    for number in range(8):
        pid = os.fork()
        if not pid:
            try:
                for _ in range(10):
                    save_all({tmp_path / "d.csv": b"%d" % number * 5000, tmp_path / "r.csv": b"%d" % number * 5000})
                os._exit(0)
            finally:
                os._exit(1)
        pids.append(pid)
    assert {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids} == {0}
    assert (tmp_path / "d.csv").read_bytes() == (tmp_path / "r.csv").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["d.csv", "r.csv"]
