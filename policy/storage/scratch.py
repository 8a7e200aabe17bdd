"""A folder for what a run needs only while it runs; those of killed runs are removed when the next one begins."""

import contextlib
import errno
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from policy.storage.leftovers import remove
from policy.storage.locks import Busy, lock_file, locked, real

_PREFIX = "wb-"  # short: the path of a socket in it has room for about a hundred bytes
_OURS = re.compile(rf"{_PREFIX}\w{{8}}")
_OLD = 3600.0  # seconds after which a folder with content and no lock is nobody's: a system without locks keeps none


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder that is gone after the block."""
    _sweep(Path(tempfile.gettempdir()))
    with contextlib.ExitStack() as stack:
        place = _made(stack)
        try:
            yield place
        finally:
            _empty(place)  # while it is locked: a start that finds it without a lock must find it empty
            stack.close()
            _take_away(place)


def _made(stack: contextlib.ExitStack) -> Path:
    """A new folder with its lock; another start may take it away between the two."""
    while True:
        place = real(Path(tempfile.mkdtemp(prefix=_PREFIX)))
        with contextlib.suppress(FileNotFoundError):
            stack.enter_context(locked(place / "run"))
            return place


def _empty(place: Path) -> None:
    lock = lock_file(place / "run").name
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name != lock:
                remove(Path(entry.path))


def _take_away(place: Path) -> None:
    """An emptied folder; one that could not be emptied keeps a lock that nobody holds, for the next start to try."""
    with contextlib.suppress(OSError):
        try:
            place.rmdir()
        except OSError as error:
            if error.errno != errno.ENOENT:
                os.close(os.open(lock_file(place / "run"), os.O_CREAT | os.O_WRONLY, 0o600))


def _sweep(above: Path) -> None:
    with contextlib.suppress(OSError), os.scandir(above) as entries:
        for entry in entries:
            if _OURS.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _remove_if_dead(real(Path(entry.path)))


def _remove_if_dead(place: Path) -> None:
    with contextlib.suppress(Busy, OSError):
        if hasattr(os, "geteuid") and place.stat().st_uid != os.geteuid():
            return
        if lock_file(place / "run").exists():
            with locked(place / "run") as fresh:
                if not fresh:
                    return
                _empty(place)
        elif time.time() - place.stat().st_mtime > _OLD:
            _empty(place)
        else:
            place.rmdir()  # killed before it had its lock: it is empty
            return
        _take_away(place)
