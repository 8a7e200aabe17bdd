"""Writing: the old file or the new one, whole, and nothing else in the folder."""

import os
from pathlib import Path

import pytest

from policy import ProblemsFound
from policy.files import folder, save


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


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match="cannot be written"):
        save(tmp_path / "nowhere" / "table.csv", b"new")


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
