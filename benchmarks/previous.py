"""Version 2026.1.0 of this package as one more contender, in an environment and a process of its own."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import BLOCKS, GROUPS, kept, words
from benchmarks.measuring import Told
from policy.model import Policy, Settings, Value

COMMIT = "2b39c52f8ef56057aac99dbee69dd66e65dae5ef"
VERSION = "2026.1.0"
DIRECT, ONCE = f"version {VERSION}, laid out", f"version {VERSION}, from columns as read"
# The one lever of which the two differ by contract: a step that waits for a missing fact leaves the outcome open now,
# and did not then. Times are of all levers; answers are compared with this one at its default.
CHANGED = "confirmed_facet_other_code"
HERE = Path(__file__).resolve()
NEWER = re.compile(
    r"implied_by: \{[^}]*\}, |^(?:source_name|relations|retired_codes|direction_exceptions):.*?(?=^\S)", re.M | re.S
)


def home() -> Path:
    """Where the environment is kept for the next run, outside the repository."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "nerve-block-workbook" / f"{VERSION}-{COMMIT[:7]}-python{sys.version_info[0]}.{sys.version_info[1]}"


def environment() -> Path:
    """The environment of that version with its own locked packages, made when it is not there."""
    place, root = home(), HERE.parent.parent
    if not (place / "ready").exists():
        place.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["git", "archive", COMMIT], cwd=root, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(place / "checkout", filter="data")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place / "env")], check=True)
        pip = [
            str(place / "env" / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
        ]
        subprocess.run([*pip, "-r", str(place / "checkout" / "requirements.lock")], check=True)
        (place / "ready").touch()
    return place


def older(document: str) -> str:
    """A policy document without what that version has in its program instead, or does not read at all.

    That a relief on file tells of a block is one of its rules; retired codes and exceptions decide nothing.
    """
    return NEWER.sub("", document)


def alike(settings: Settings) -> Settings:
    """The settings where both versions mean the same."""
    return Settings(settings.policy, {**settings, CHANGED: settings.policy.defaults[CHANGED]})


class Previous:
    """The process, with the same policy and the same encoded cases; it says its own times."""

    name = DIRECT

    def __init__(self, policy: Policy, size: int, document: Path) -> None:
        place = environment()
        self.folder = tempfile.TemporaryDirectory()
        self.out = Path(self.folder.name) / "found.npy"
        copy = Path(self.folder.name) / f"{policy.version}.yaml"
        copy.write_text(older(document.read_text("utf-8")), "utf-8")
        self.process = subprocess.Popen(
            [str(place / "env" / "bin" / "python"), str(HERE.with_name("version_2026_1.py"))],
            env={"PYTHONPATH": str(place / "checkout"), "PYTHONSAFEPATH": "1", "PATH": os.environ.get("PATH", "")},
            cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        given = {"path": str(kept(policy, size).resolve()), "policy": str(copy), "words": words()}
        self.encoding, self.versions = self.asked("cases", **given, group=BLOCKS, groups=GROUPS)

    def asked(self, task: str, **given: Any) -> tuple[Told, Any]:
        """Seconds that a task took there, and what was found."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"task": task, **given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"version {VERSION} ended at {task} with {self.process.wait()}")
        answer = json.loads(line)
        return Told(answer["seconds"]), answer["found"]

    def seconds(self, task: str, **given: Any) -> Told:
        """Only the seconds."""
        return self.asked(task, **given)[0]

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        self.asked("determine", settings=dict(settings), out=str(self.out))
        return np.load(self.out)

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        self.asked("counts", settings=[dict(settings)], out=str(self.out))
        return np.load(self.out)[0]

    def sweep(self, levers: Mapping[str, Sequence[Value]]) -> tuple[Told, NDArray[np.int64]]:
        """Seconds, and counts of each outcome at every value of each lever."""
        told, found = self.asked("sweep", levers=levers)
        return told, np.array(found)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()
