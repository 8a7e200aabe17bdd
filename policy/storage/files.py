"""The one place that writes files: each is there whole or not at all, those of one command all or none.

Folders are written by `simulations.storage.folders`, on top of this.
"""

import contextlib
import errno
import os
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from policy.problems import refuse
from policy.storage.leftovers import clear, prefix_of, record_of, remove, sweep
from policy.storage.locks import claimed, real

Content = bytes | Callable[[BinaryIO], None]  # what a file holds, or what writes it

_written: list[str] = []
_PATIENCE = 5.0  # seconds to wait for another that saves the same file; a save takes far less
_NO_FSYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EISDIR, errno.EACCES)  # a folder, on some file systems


def save(path: Path, content: bytes) -> None:
    """Write `content` to `path`, behind links too, and flush it to disk; on any failure the old file stays."""
    save_all({path: content})


def save_new(path: Path, content: bytes) -> None:
    """As `save`, but never over a file that is there, even one that another process makes at the same time."""
    with writing(path, patience=_PATIENCE):
        if os.path.lexists(path):
            raise refuse("exists", path.name, "is there already and stays as it is; choose another name")
        save(path, content)


def save_all(contents: Mapping[Path, Content]) -> None:
    """All these files or none: each is written beside its place, in this order, then all are renamed.

    A failure, also of the last rename, leaves every old file as it was; after a kill the next `writing` of one of them
    has all of them new or all of them old.
    """
    with writing(*contents, patience=_PATIENCE):
        parts: dict[Path, Path] = {}
        for path, content in contents.items():
            with said(path):
                parts[real(path)] = _stage(real(path), content)
        with undisturbed():
            _put(parts, {real(path): path for path in contents})
            _written.extend(str(path) for path in contents)
        with said(next(iter(contents)), "is written, but the disk did not confirm it"):
            for folder in {path.parent for path in parts}:
                fsync_folder(folder)


def written() -> tuple[str, ...]:
    """What this process has written since `forget_written`, for a last word when it is cut off."""
    return tuple(_written)


def forget_written() -> None:
    """Begin again."""
    _written.clear()


def note_written(path: Path) -> None:
    """A file or folder is in its place."""
    _written.append(str(path))


def fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Files of a folder that nobody else sees yet, on disk when this returns; OSError as the system says it."""
    for name, content in contents.items():
        with (folder / name).open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


@contextlib.contextmanager
def writing(*paths: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold these targets against other writers (see `claimed`) and free of leftovers, before and after."""
    with claimed(*paths, patience=patience) as fresh:
        mine = [path for path, new in zip(sorted({real(path) for path in paths}), fresh, strict=True) if new]
        for path in mine:
            clear(path)
        for folder in {path.parent for path in mine}:
            sweep(folder)
        try:
            yield
        finally:
            for path in mine:
                clear(path)


@contextlib.contextmanager
def as_before(path: Path) -> Iterator[None]:
    """Hold a file against other writers; when the block fails after it saved the file, that is as it was before."""
    with writing(path):
        with said(path):
            before = _kept(real(path))
        try:
            yield
        except BaseException:
            if str(path) in _written:
                with undisturbed():
                    _put_back(real(path), before)
                    _written.remove(str(path))
            raise
        finally:
            if before:
                remove(before)


def _stage(target: Path, content: Content) -> Path:
    """The content on disk beside `target`, readable by those who could read the old file, else by the umask's."""
    there = _status(target)
    if there and not stat.S_ISREG(there.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    handle, name = tempfile.mkstemp(prefix=prefix_of(target), suffix=".part", dir=target.parent)
    with os.fdopen(handle, "wb") as stream:
        if isinstance(content, bytes):
            stream.write(content)
        else:
            content(stream)
        stream.flush()
        os.chmod(name, stat.S_IMODE(there.st_mode) if there else 0o666 & ~umask())
        os.fsync(stream.fileno())
    return Path(name)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _put(parts: dict[Path, Path], called: Mapping[Path, Path]) -> None:
    """Rename every part to its target; when one fails, the old files are put back."""
    if len(parts) == 1:
        ((target, part),) = parts.items()
        with said(called[target]):
            os.replace(part, target)
        return
    records: list[Path] = []
    before: dict[Path, Path | None] = {}
    done: list[Path] = []
    here = next(iter(called.values()))
    try:
        for target in parts:
            here = called[target]
            before[target] = _kept(target)
            records.append(_beside(target, ".set", record_of(parts, target.parent)))
            fsync_folder(target.parent)
        for target, part in parts.items():
            here = called[target]
            os.replace(part, target)
            done.append(target)
    except BaseException as error:
        for file in (*parts.values(), *records):  # so that no later start takes this set for one to be finished
            remove(file)
        stuck = [str(called[target]) for target in done if not _put_back(target, before[target])]
        if not isinstance(error, OSError):
            raise
        ending = f"{', '.join(stuck)} could not be put back and is new" if stuck else "nothing was changed"
        raise refuse("write", str(here), f"cannot be written ({error.strerror}); {ending}") from None
    for file in (*records, *filter(None, before.values())):
        remove(file)


def _kept(target: Path) -> Path | None:
    """The old file under a second name; None when there is none."""
    if not target.exists():
        return None
    handle, name = tempfile.mkstemp(prefix=prefix_of(target), suffix=".old", dir=target.parent)
    os.close(handle)
    os.unlink(name)
    try:
        os.link(target, name)
    except OSError:  # a file system without
        shutil.copy2(target, name)
    return Path(name)


def _beside(target: Path, ending: str, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=prefix_of(target), suffix=ending, dir=target.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)


def _put_back(target: Path, before: Path | None) -> bool:
    try:
        if before:
            os.replace(before, target)
        else:
            target.unlink()
    except OSError:
        return False
    return True


def append(path: Path, line: str) -> None:
    """One more line at the end of a file, on disk when this returns; a reader must bear a last line that is cut off."""
    with said(path, "cannot be written", ""), path.open("ab") as stream:
        stream.write(f"{line}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())


# What writers share -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def said(path: Path, what: str = "cannot be written", ending: str | None = None) -> Iterator[None]:
    """An error of the system as a problem of `path` with its reason."""
    try:
        yield
    except OSError as error:
        after = ("; nothing was changed" if what == "cannot be written" else "") if ending is None else ending
        raise refuse("write", str(path), f"{what} ({error.strerror}){after}") from None


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits for the end of the block, which is short; other threads never get it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[tuple[int, Any]] = []
    before = signal.getsignal(signal.SIGINT)
    if before is None:  # set by a host that is not Python
        yield
        return
    signal.signal(signal.SIGINT, lambda *what: waiting.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting and callable(before):
            before(*waiting[0])


def fsync_folder(path: Path) -> None:
    """The names in a folder on disk, where the system can be asked for it."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(handle)


def umask() -> int:
    """What the user keeps from others; read by setting it, as there is no other way."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
