"""Writing: the old file or the new one, whole, and nothing else in the folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policy import ProblemsFound
from policy.files import append, folder, save


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


def test_a_block_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    def fill() -> None:
        with folder(tmp_path / "out", last="stamp") as work:
            (work / "table.csv").write_bytes(b"half")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fill()
    assert os.listdir(tmp_path) == []


def test_other_files_of_the_folder_are_kept_and_the_stamp_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("mine.txt", "table.csv", "stamp"):
        (out / name).write_bytes(b"old")
    moved: list[str] = []
    replace = os.replace

    def noted(source: str | Path, target: str | Path) -> None:
        moved.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    with folder(out, last="stamp") as work:
        for name in ("stamp", "table.csv", "zebra.csv"):
            (work / name).write_bytes(b"new")
    assert moved == ["table.csv", "zebra.csv", "stamp"]
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {
        "mine.txt": b"old", "table.csv": b"new", "stamp": b"new", "zebra.csv": b"new",
    }  # fmt: skip
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")
    with (
        pytest.raises(ProblemsFound, match="is a file, but a folder is needed"),
        folder(tmp_path / "out", last="stamp"),
    ):
        pytest.fail("the block must not begin")


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
        "import resource, signal, pathlib; from policy import ProblemsFound; from policy.files import save\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "try: save(pathlib.Path('table.csv'), b'x' * 1000000)\n"
        "except ProblemsFound as found: print(found)"
    )
    root = Path(__file__).resolve().parents[2]
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
        with folder(tmp_path / "out", last="stamp") as work:
            (work / "stamp").write_bytes(b"new")
        (tmp_path / "plain.csv").write_bytes(b"new")
        (tmp_path / "plain").mkdir()
        assert os.umask(kept_out) == kept_out
    finally:
        os.umask(before)
    for made, plain in (("table.csv", "plain.csv"), ("out", "plain")):
        assert oct((tmp_path / made).stat().st_mode) == oct((tmp_path / plain).stat().st_mode)


def test_a_block_that_fails_leaves_an_old_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "stamp").write_bytes(b"old")

    def fill() -> None:
        with folder(out, last="stamp") as work:
            (work / "stamp").write_bytes(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    assert (out / "stamp").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_folder_that_cannot_be_filled_has_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "stamp").write_bytes(b"old")
    replace, calls = os.replace, []

    def broken(source: str | Path, target: str | Path) -> None:
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", broken)

    def fill() -> None:
        with folder(out, last="stamp") as work:
            for name in ("a.csv", "b.csv", "stamp"):
                (work / name).write_bytes(b"new")

    with pytest.raises(ProblemsFound, match="No space left on device"):
        fill()
    monkeypatch.undo()
    assert not (out / "stamp").exists()
    assert os.listdir(tmp_path) == ["out"]
