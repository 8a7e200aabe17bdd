"""What lies on the desk: versions and drafts of a policy that can be opened, and what one notebook hands to another.

A person goes from notebook to notebook by links; what is handed over (a case, a place in a draft) is kept in the
workspace by Lab's kernels only, so that runs elsewhere stay equal.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from notebooks.keeping import keep, kept_in
from notebooks.page import esc
from policy import Draft, load
from policy.authoring.draft_files import Kept, drafts_folder, kept_drafts
from policy.model import Policy
from policy.problems import ProblemsFound, counted, refuse
from policy.reading.loading import family
from policy.reading.workspace import SERVED, workspace

__all__ = [
    "STAGES",
    "Document",
    "Inbox",
    "Shelf",
    "documents",
    "draft_from",
    "elsewhere",
    "hand_over",
    "handed",
    "in_work",
    "kept_label",
    "meant",
    "meant_alone",
    "named",
    "number_of",
    "opened",
    "own",
    "version_in_words",
    "way",
    "written",
]

STAGES = {  # notebook -> what one does there, in the order of the work
    "1_read_the_policy": "Read the policy",
    "2_tweak_thresholds": "Tweak thresholds",
    "3_review_a_case": "Review a case",
    "5_author_a_draft": "Author a draft",
    "6_check_a_draft": "Check a draft",
    "4_compare_versions": "Compare versions",
}


@dataclass(frozen=True)
class Document:
    """A version, or a draft that is kept: `key` opens it, `label` tells it to a person."""

    key: str
    label: str
    draft: bool


def documents(policy: Policy) -> tuple[Document, ...]:
    """The policy as it was loaded, then kept drafts of it, then every other version of it, the newest first."""
    here = Document("", f"{policy.titled}, status {policy.status}", False)
    drafts = [Document(path.name, kept_label(path, kept), True) for path, kept in kept_drafts(policy.id).items()]
    known = family(policy.id)
    versions = [
        Document(one.name, f"Version {one.name.partition('@')[2]}, status {one.status}", False)
        for one in sorted(known.versions if known else (), key=lambda one: number_of(one.name), reverse=True)
        if one.name != policy.name
    ]
    return (here, *drafts, *versions)


def elsewhere(policy: Policy) -> tuple[Document, ...]:
    """Kept drafts of other policies."""
    return tuple(
        Document(path.name, f"{kept.policy.replace('_', ' ')}: {kept_label(path, kept)}", True)
        for path, kept in kept_drafts("*").items()
        if kept.policy != policy.id
    )


def draft_from(source: str, number: str = "") -> str:
    """'draft from version 2026.2': what a draft is called, which has its source's number until it is saved."""
    return f"draft {f'{number} ' if number else ''}from {version_in_words(source)}"


def version_in_words(source: str) -> str:
    """'version 2026.2' of the name of a version; another beginning stays as it is called."""
    return f"version {source.partition('@')[2]}" if "@" in source else source


def kept_label(path: Path, kept: Kept) -> str:
    """'Unsaved draft from version 2026.2, 3 edits'; the second of a policy by its number too."""
    number = path.stem.removeprefix(kept.policy).strip(".")
    return f"Unsaved {draft_from(kept.source, number)}, {counted(kept.done, 'edit')}"


def number_of(name: str) -> tuple[int, ...]:
    """The number of a version called NAME@YEAR.NUMBER, to put versions in order."""
    return tuple(int(part) for part in name.partition("@")[2].split(".") if part.isdigit())


def opened(policy: Policy, key: str) -> Policy | Draft:
    """What a document's key stands for: a policy, or a draft; raises ProblemsFound where it is gone or unreadable."""
    if not key:
        return policy
    found = {path.name: path for path in kept_drafts("*")}
    if key in found:
        return Draft.resume(found[key])
    if key.endswith(".json"):
        raise refuse("draft", key, "is not there any more: it was saved as a version, or discarded")
    return load(key)


# From notebook to notebook --------------------------------------------------------------------------------------------


def way(here: str, policy: Policy | None = None) -> str:
    """Links to the other notebooks as ready HTML, the stage where one stands marked, and which version was opened."""
    steps = [
        f"<b aria-current='page'>{esc(text)}</b>" if name == here else f'<a href="{name}.ipynb">{esc(text)}</a>'
        for name, text in STAGES.items()
    ]
    opened_here = f"<p class='faint'><small>{esc(meant(policy))}</small></p>" if policy else ""
    return f"<nav aria-label='Notebooks'>{' · '.join(steps)}</nav>{opened_here}"


def meant(policy: Policy) -> str:
    """Which version a notebook opened, and why that one, in sentences."""
    said, known = f"Opened: {policy.titled}, status {policy.status}", family(policy.id)
    mine = next((one for one in known.versions if one.name == policy.name), None) if known else None
    if mine is None:
        return f"{said}, from a file of its own."
    here = " It was saved in this workspace." if mine.file.is_relative_to(workspace()) else ""
    return f"{said}.{here} {meant_alone(policy.name)}"


def meant_alone(name: str) -> str:
    """Which version the name of a policy alone means, and why; empty where there is one version only."""
    known = family(name.partition("@")[0])
    if known is None or not known.versions[1:]:
        return ""
    try:
        newest = known.newest()
    except ProblemsFound as found:
        return f"The name of the policy alone means no version: {found.problems[0].message}."
    why = f"in force from {newest.effective}" if newest.status == "adopted" else "the highest, while none is adopted"
    return f"The name of the policy alone means {version_in_words(newest.name)}: {why}."


def named(policy: Policy, key: str) -> str:
    """The key of a document for another notebook, which may have loaded another version of the policy."""
    return key or policy.name


def own(policy: Policy, key: str) -> str:
    """The key here of a document that another notebook named."""
    return "" if key == policy.name else key


def _note(notebook: str) -> Path | None:
    return kept_in() / ".unsaved" / f"for_{notebook}.json" if SERVED in os.environ else None


def hand_over(notebook: str, **what: str) -> None:
    """Leave something for a notebook, in the place of what was left for it before; nothing outside Lab.

    Nothing that tells of a person may be handed over. Raises ProblemsFound where it cannot be written.
    """
    path = _note(notebook)
    if path is None:
        return
    keep(path, (json.dumps(what, indent=1, ensure_ascii=False) + "\n").encode())


def handed(notebook: str) -> dict[str, str]:
    """What was left for a notebook last; empty where nothing was."""
    path = _note(notebook)
    try:
        found = json.loads(path.read_bytes()) if path else {}
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def in_work() -> str:
    """The draft or version that was worked on last, of whatever policy: its key; empty: none was."""
    notes = ("5_author_a_draft", "6_check_a_draft")
    return handed(max(notes, key=lambda name: _stamp(_note(name)))).get("draft", "")


def _stamp(path: Path | None) -> int:
    """When a file was written; 0: there is none."""
    try:
        return path.stat().st_mtime_ns if path else 0
    except OSError:
        return 0


def written(key: str) -> int:
    """When the draft of this key was written last; 0 for a version, or a draft that is not kept any more."""
    return _stamp(drafts_folder() / key) if key.endswith(".json") else 0


class Shelf:
    """What lies on the desk of a notebook that is open already."""

    def __init__(self, policy: Policy):
        self.policy = policy
        self._seen = self._now()

    def _now(self) -> dict[Path, int]:
        saved_here = (workspace() / "policies").glob(f"{self.policy.id}/*.yaml")
        return {path: _stamp(path) for path in (*drafts_folder().glob(f"{self.policy.id}*.json"), *saved_here)}

    def moved(self) -> bool:
        """Whether a version was saved, or a draft begun, edited or discarded, since this was asked last."""
        before, self._seen = self._seen, self._now()
        return before != self._seen


class Inbox:
    """What is handed to a notebook that is open already."""

    def __init__(self, notebook: str):
        self.notebook = notebook
        self._seen = _stamp(_note(notebook))

    def new(self) -> dict[str, str]:
        """What was handed over since this was asked last; empty where nothing was."""
        now = _stamp(_note(self.notebook))
        if now == self._seen:
            return {}
        self._seen = now
        return handed(self.notebook)
