"""A folder that one run writes: there whole or not at all, replaced as a whole, and never with anything else in it."""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from policy.problems import listed, refuse, shown
from policy.storage.files import fsync_folder, note_written, said, umask, undisturbed, writing
from policy.storage.leftovers import is_leftover, prefix_of, remove
from policy.storage.locks import real

UNSAID = {".ipynb_checkpoints", ".DS_Store", "Thumbs.db"}  # made by Jupyter and by file managers, not by a person

Check = Callable[[Path], None]


@contextmanager
def held(path: Path, check: Check) -> Iterator[None]:
    """Hold a folder that is to be written, or replaced, against other writers; the folders above it are made.

    `check` is called with the folder behind every link when it is there, free of leftovers, and raises ProblemsFound
    when it must stay. When the block fails, folders that were made are gone again.
    """
    target = real(path)
    above = [folder for folder in (target, *target.parents) if not folder.exists()][1:]
    try:
        with said(path):
            target.parent.mkdir(parents=True, exist_ok=True)
        with writing(path):
            may_be_written(path)
            if target.exists():
                check(target)
            yield
    except BaseException:
        for folder in above:
            try:
                folder.rmdir()
            except OSError:
                break
        raise


@contextmanager
def folder(path: Path, check: Check) -> Iterator[Path]:
    """A temporary folder that takes the place of `path` when the block ends well; else `path` stays as it was.

    What is there is replaced as a whole when `check` allows it, before the block and again after it.
    """
    target = real(path)
    with held(path, check):
        with said(path):
            work = Path(tempfile.mkdtemp(prefix=prefix_of(target), suffix=".part", dir=target.parent))
        try:
            yield work
            if target.exists():
                check(target)
            with said(path):
                mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o777 & ~umask()
                work.chmod(mode)
                fsync_folder(work)
            with undisturbed():
                aside = _swap(work, target, path)
                note_written(path)
            with said(path, "is written, but the disk did not confirm it"):
                fsync_folder(target.parent)
        finally:
            remove(work)
        if aside:
            remove(aside)


def _swap(work: Path, target: Path, path: Path) -> Path | None:
    """Rename `work` to `target`; what was there before is aside, under the name that comes back, or back in place."""
    aside = work.with_suffix(".old")
    with said(path):
        if not target.exists():
            os.rename(work, target)
            return None
        os.rename(target, aside)
    try:
        os.rename(work, target)
    except OSError as error:
        ending = "nothing was changed"
        try:
            os.rename(aside, target)
        except OSError:
            ending = f"what was there is whole in {aside.name}, and the next run puts it back"
        raise refuse("write", str(path), f"cannot be written ({error.strerror}); {ending}") from None
    garbage = aside.with_suffix(".part")  # a name that is never put back
    try:
        os.rename(aside, garbage)
    except OSError:
        return aside
    return garbage


def may_be_written(path: Path) -> None:
    """Refuse what cannot become a folder of ours, whatever is in it: a file, the folder one stands in, a mount."""
    target = real(path)
    if target.is_symlink():  # with every link followed
        raise refuse("write", str(path), "is a link that leads back to itself; nothing was changed")
    if target.exists() and not target.is_dir():
        raise refuse("write", str(path), "is a file, but a folder is needed; nothing was changed")
    if _stands_in(target):
        message = "is the folder that you stand in, or above it; name one below it; nothing was changed"
        raise refuse("write", str(path), message)
    if os.path.ismount(target):
        raise refuse("write", str(path), "is where a disk is mounted; name a folder below it; nothing was changed")
    above = next(p for p in target.parents if p.exists())
    if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        raise refuse("write", str(path), "cannot be written (no permission); nothing was changed")


def _stands_in(target: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(target)
    except FileNotFoundError:  # it was removed meanwhile
        return False


# What a folder holds ------------------------------------------------------------------------------------------------


def content_of(path: Path) -> dict[str, "os.DirEntry[str]"]:
    """What a person or a run put there, by name."""
    with os.scandir(path) as entries:
        return {e.name: e for e in sorted(entries, key=lambda e: e.name) if not _does_not_count(e)}


def _does_not_count(entry: "os.DirEntry[str]") -> bool:
    return is_leftover(entry.name) or entry.name in UNSAID


def digest_of(path: Path) -> str:
    """The sha256 of a file, which need not fit into memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Name -> sha256 of files, for the list that `only_of_a_run` reads."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}


def only_of_a_run(path: Path, list_file: str, older: Callable[[dict[str, Any]], set[str]]) -> None:
    """Refuse a folder with anything in it but the files that its `list_file` lists under `files`, unchanged.

    An empty folder passes. `older`: the names that a list of version 2026.1.0, which has no `files`, stands for.
    """
    try:
        found = content_of(path)
        if not found:
            return
        said_there = _read(path / list_file) if list_file in found else {}
        files = said_there.get("files")
        names = set(files) if isinstance(files, dict) else older(said_there)
        if not names:
            message = f"holds {listed(_named(found.values()), 4)} and no report; name a new or an empty folder"
            raise refuse("folder", str(path), f"{message}; nothing was changed")
        known = {e.name for e in found.values() if e.is_file(follow_symlinks=False)} & {*names, list_file}
        strange = [entry for name, entry in found.items() if name not in known]
        if strange:
            message = f"holds {listed(_named(strange), 4)} beside a report; move that away or name another folder"
            raise refuse("folder", str(path), f"{message}; nothing was changed")
        if isinstance(files, dict):
            changed = [name for name in sorted(known - {list_file}) if digest_of(path / name) != files[name]]
            if changed:
                message = f"{listed(changed, 4)} was changed after the run; move it away or name another folder"
                raise refuse("folder", str(path), f"{message}; nothing was changed")
    except OSError as error:
        raise refuse("read", str(path), f"cannot be read ({error.strerror}); nothing was changed") from None


def _named(entries: Any) -> list[str]:
    return [shown(e.name)[1:-1] + ("/" if e.is_dir(follow_symlinks=False) else "") for e in entries]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
