"""Results of a long run, kept as they come, so that a run that was cut off goes on where it stopped.

A checkpoint is a file of JSON lines: first how many results there will be, then one result a line under a key. The key
holds everything that the result hangs on, this program's own sources too, so a line can never answer another question;
a line that is cut off is not used.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from policy.storage.files import append, save

WHERE = "WORKBOOK_CHECKPOINT"  # the file, for the kernel of a notebook; without it nothing is kept
_SOURCES = Path(__file__).resolve().parents[2]
_LOOK = 0.2  # seconds between two looks at a checkpoint that somebody else writes


class Checkpoint:
    """The results at `path`, or of this process only where there is no path; `total` is how many there will be."""

    def __init__(self, total: int, path: str | Path | None = None):
        place = path or os.environ.get(WHERE)
        self.path = Path(place) if place else None
        self._found = _read(self.path) if self.path else {}
        if self.path:
            lines = [{"total": total}, *({"key": key, "value": value} for key, value in self._found.items())]
            save(self.path, "".join(f"{json.dumps(line)}\n" for line in lines).encode())

    def get(self, key: str) -> Any:
        """The result under a key, None when there is none yet."""
        return self._found.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a result; it is on disk when this returns."""
        self._found[key] = value
        if self.path:
            append(self.path, json.dumps({"key": key, "value": value}))


def key_of(**parts: Any) -> str:
    """A key for a result that hangs on `parts` (plain values) and on the sources of this program."""
    return hashlib.sha256(json.dumps([_program(), parts], sort_keys=True, default=str).encode()).hexdigest()


@cache
def _program() -> str:
    digest = hashlib.sha256()
    for file in sorted(path for name in ("policy", "simulations") for path in (_SOURCES / name).rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """The whole results in a file; none when it is missing or no checkpoint."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            found[str(entry["key"])] = entry["value"]
    return found


@contextlib.contextmanager
def watched(path: Path, show: bool) -> Iterator[None]:
    """While the block runs, a bar on stderr of how many results of a checkpoint, written elsewhere, are there."""
    if not show:
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(path, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _watch(path: Path, done: threading.Event) -> None:
    from tqdm import tqdm

    bar = None
    while not done.wait(_LOOK):
        try:
            first, *results = path.read_bytes().splitlines()
            total = int(json.loads(first)["total"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if bar is None:
            bar = tqdm(total=total, initial=len(results), desc="Results", unit="result", position=1, leave=False)
        bar.n = min(len(results), total)
        bar.refresh()
    if bar is not None:
        bar.close()
