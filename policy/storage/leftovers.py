"""What a killed run leaves beside its target, under which names, and how the next start puts it right.

Beside a target NAME lie, while it is written, `.NAME.wb_XXXXXXXX.part` (the new content), `.old` (the old one) and
`.set` (which files belong together); see files.py and folders.py. Only who holds the lock of NAME may
touch them, so they are never those of a run that is alive.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from policy.storage.locks import LOCK_NAME, Busy, key_of_path, locked

OURS = re.compile(r"\.(?P<key>.+)\.wb_\w{8}\.(?P<kind>part|old|set)", re.S)
_OLDER = r"\.{}\.\w{{8}}\.part"  # of version 2026.1.0
_HASHED = re.compile(r"[0-9a-f]{64}")


def prefix_of(path: Path) -> str:
    """What the name of a temporary file for `path` begins with; eight characters and an ending follow."""
    return f".{key_of_path(path)}.wb_"


def is_leftover(name: str) -> bool:
    """Whether a file of this name is one of ours that a run left behind, or of one that is alive."""
    return bool(OURS.fullmatch(name) or LOCK_NAME.fullmatch(name) or re.fullmatch(r"\..+\.\w{8}\.part", name, re.S))


def clear(path: Path) -> None:
    """Put right what a dead run left of this target, and remove its leftovers; the caller holds the lock of `path`."""
    found: dict[str, list[Path]] = {"set": [], "old": [], "part": []}
    older = re.compile(_OLDER.format(re.escape(key_of_path(path))), re.S)
    for entry in _entries(path.parent):
        match = OURS.fullmatch(entry.name)
        if match and match["key"] == key_of_path(path):
            found[match["kind"]].append(Path(entry.path))
        elif older.fullmatch(entry.name):
            found["part"].append(Path(entry.path))
    elsewhere = {folder for record in found["set"] for folder in _complete(record)} - {path.parent}
    if not os.path.lexists(path):  # killed between the two renames of a folder
        for aside in sorted((p for p in found["old"] if p.is_dir() and not p.is_symlink()), key=os.path.getmtime)[-1:]:
            with contextlib.suppress(OSError):
                os.rename(aside, path)
    for file in (*found["part"], *found["old"], *found["set"]):
        remove(file)
    for folder in elsewhere:
        sweep(folder)


def sweep(folder: Path) -> None:
    """The same for every other target in a folder whose run is dead."""
    keys = set()
    for entry in _entries(folder):
        match = OURS.fullmatch(entry.name) or LOCK_NAME.fullmatch(entry.name)
        if match and not _HASHED.fullmatch(match["key"]):  # a name that was too long cannot be told from its digest
            keys.add(match["key"])
    for key in keys:
        with contextlib.suppress(Busy, OSError), locked(folder / key) as fresh:
            if fresh:
                clear(folder / key)


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from entries


def remove(path: Path) -> None:
    """A file or folder of ours; what cannot be removed now is removed by the next start."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


# Files that are all new or all old ----------------------------------------------------------------------------------


def record_of(parts: dict[Path, Path], folder: Path) -> bytes:
    """Which new files (target -> part) belong together, for a start that finds them half done."""
    entries = []
    for target, part in parts.items():
        there = os.stat(part)
        found = {"target": _from(target, folder), "part": part.name, "file": [there.st_ino, there.st_size]}
        entries.append(found)
    return json.dumps(entries).encode()


def _from(target: Path, folder: Path) -> str:
    try:
        return os.path.relpath(target, folder)
    except ValueError:  # another drive
        return str(target)


def _complete(record: Path) -> set[Path]:
    """Finish a set of files of which some are in place already; otherwise none of them was, and none will be.

    The folders where its files lie come back.
    """
    folders: set[Path] = set()
    waiting: list[tuple[Path, Path]] = []
    done = 0
    try:
        if hasattr(os, "geteuid") and record.lstat().st_uid != os.geteuid():
            return folders  # a stranger's
        entries = json.loads(record.read_bytes())
        for entry in entries:
            target = Path(os.path.normpath(record.parent / entry["target"]))
            part = target.parent / Path(entry["part"]).name
            if not part.name.startswith(prefix_of(target)) or not OURS.fullmatch(part.name):
                return set()
            folders.add(target.parent)
            if _is(part, entry["file"]):
                waiting.append((part, target))
            elif _is(target, entry["file"]):
                done += 1
        if done and done + len(waiting) == len(entries):
            for part, target in waiting:
                os.replace(part, target)
    except (OSError, ValueError, KeyError, TypeError):  # cut off, or not ours
        pass
    return folders


def _is(path: Path, file: list[int]) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return False
    return [there.st_ino, there.st_size] == file
