"""Files of drafts: written whole or not at all, by one writer at a time, and never over what another has written.

A draft lies in workspace/drafts/<policy>.json with the text that it began from and each edit since, so that a killed
kernel loses nothing; a second writer gets a file of its own (<policy>.2.json).
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from policy.authoring.pages import Splice
from policy.problems import ProblemsFound, refuse
from policy.reading.workspace import workspace
from policy.storage.files import said, save
from policy.storage.locks import claimed

KIND = "draft/1"
_PATIENCE = 30.0  # seconds to wait for another that keeps a draft, which takes far less


@dataclass(frozen=True)
class EditStep:
    """One edit in words and as the piece of text that it exchanged."""

    says: str
    splice: Splice


@dataclass(frozen=True)
class Kept:
    """A draft as it is kept: the text it began from, all its edits, and how many of them are done (not undone)."""

    policy: str
    source: str
    base: str
    steps: tuple[EditStep, ...] = ()
    done: int = 0
    saved: dict[str, str] = field(default_factory=dict)  # version -> digest of what this draft wrote there

    def text(self) -> str:
        """The text with the edits that are done; ValueError where they do not fit."""
        found = self.base
        for step in self.steps[: self.done]:
            found = step.splice.apply(found)
        return found

    def content(self) -> bytes:
        """As a file."""
        tree = {"draft": KIND, **asdict(self)}
        tree["steps"] = [{"says": one.says, **one.splice._asdict()} for one in self.steps]
        tree["sha256"] = _seal(tree)
        return (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()

    def then(self, *steps: EditStep) -> "Kept":
        """With more edits; those that were undone are gone."""
        edits = (*self.steps[: self.done], *steps)
        return replace(self, steps=edits, done=len(edits))


def _seal(tree: dict[str, Any]) -> str:
    return digest(json.dumps(tree, sort_keys=True).encode())


def digest(content: bytes) -> str:
    """Of what a file holds (sha256)."""
    return hashlib.sha256(content).hexdigest()


def drafts_folder() -> Path:
    """Where drafts are kept."""
    return workspace() / "drafts"


def read_kept(path: Path) -> Kept:
    """A kept draft; raises ProblemsFound where the file is none, or was damaged."""
    try:
        tree = json.loads(path.read_bytes())
        steps = tuple(_step(one) for one in tree["steps"])
        found = Kept(tree["policy"], tree["source"], tree["base"], steps, tree["done"], tree["saved"])
        whole = tree["draft"] == KIND and _seal({k: v for k, v in tree.items() if k != "sha256"}) == tree["sha256"]
        found.text()
    except OSError as error:
        raise refuse("read", str(path), f"cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise refuse("draft", str(path), "is no draft of this workbook, or was changed by something else")
    return found


def _step(tree: Any) -> EditStep:
    return EditStep(tree["says"], Splice(tree["at"], tree["removed"], tree["inserted"]))


def kept_drafts(policy: str) -> dict[Path, Kept]:
    """Every draft of a policy that is kept; a file that cannot be read is passed over, and stays."""
    found = {}
    for path in sorted(drafts_folder().glob(f"{policy}.json")) + sorted(drafts_folder().glob(f"{policy}.*.json")):
        with suppress(ProblemsFound):
            found[path] = read_kept(path)
    return found


def free_place(policy: str) -> Path:
    """Where one more draft of a policy can be kept; ask only while `alone`."""
    number, place = 1, drafts_folder() / f"{policy}.json"
    while os.path.lexists(place):
        number += 1
        place = drafts_folder() / f"{policy}.{number}.json"
    return place


@contextmanager
def alone() -> Iterator[None]:
    """No other writes drafts or versions of this workspace while the block runs; a killed writer holds nothing.

    Raises ProblemsFound where the workspace cannot be written.
    """
    folder = drafts_folder()
    with said(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with claimed(folder, patience=_PATIENCE):
        yield


def digest_of(path: Path) -> str | None:
    """Of a file as it is now; None: there is none."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refuse("read", str(path), f"cannot be read ({error.strerror})") from None


def write_whole(path: Path, content: bytes) -> None:
    """As `save`, with the folders above it. Ask while `alone`."""
    with said(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    save(path, content)
