"""A folder for what a run needs only while it runs; those of killed runs are removed when the next one begins."""

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from policy.leftovers import remove
from policy.locks import Busy, lock_file, locked, real

_PREFIX = "wb-"  # short: the path of a socket in it has room for about a hundred bytes
_OURS = re.compile(rf"{_PREFIX}\w{{8}}")
_BORN = 60.0  # seconds in which a folder without a lock may be one that is just being made


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder that is gone after the block."""
    _sweep(Path(tempfile.gettempdir()))
    place = real(Path(tempfile.mkdtemp(prefix=_PREFIX)))
    try:
        with locked(place / "run"):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


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
                if fresh:
                    remove(place)
        elif time.time() - place.stat().st_mtime > _BORN:
            place.rmdir()  # killed before it had its lock: it is empty
