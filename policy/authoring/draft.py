"""A draft of a policy: begun from a version, edited, checked, proven against it and saved as a version of its own.

>>> draft = Draft.of("nerve_blocks@2026.2")
>>> print(draft.set_default("fm_drugs_failed_min", 2))
fm_drugs_failed_min: default 2
-     default: "1"
+     default: "2"
>>> draft.proves().word
'stricter'
>>> file = draft.save_as("2027.1", author="A. Author", reason="two drugs first", date="2026-12-01")
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from policy.authoring.blank import BLANK
from policy.authoring.draft_edits import Edited, Edits
from policy.authoring.draft_files import (
    EditStep,
    Kept,
    alone,
    digest,
    digest_of,
    drafts_folder,
    free_place,
    kept_drafts,
    read_kept,
    write_whole,
)
from policy.authoring.lint import Finding, lint_steps
from policy.authoring.memory import Look, Looked, Memory
from policy.authoring.pages import Page, between
from policy.authoring.proof import Proof, Relation, prove_everywhere
from policy.authoring.side_by_side import Beside, lines_changed, side_by_side
from policy.checking.loading import problems_of
from policy.entries.scalars import is_day
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, counted, refuse, shown
from policy.reading.loading import DEFAULT, policy_file, record, shipped
from policy.reading.validation import check_policy
from policy.reading.workspace import saved, workspace
from policy.reading.yaml import MAX_BYTES, located, read_text

_WORDS = {"never stricter": "looser", "never looser": "stricter"}
_LIFE = ("effective", "retired", "history")  # of the version that a draft began from
_HEAD = ("schema", "id", "version", "title", "status", "effective", "retired")


class Checked(NamedTuple):
    """What is wrong with a draft, failing examples too, and what is odd in it.

    Nothing odd is looked for while the entries do not agree with each other.
    """

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]


class Proved(NamedTuple):
    """equal, stricter, looser, mixed or not proven, against the version that a draft began from."""

    word: str
    proof: Proof


class Draft(Edits):
    """See the module. `conflict` is the file of another writer's text, once there is one; both are kept."""

    def __init__(self, kept: Kept, place: Path | None = None):
        self._kept, self._place = kept, place
        self._last = digest_of(place) if place else None
        self._checked, self._proved = Memory[Finding](), Memory[tuple[str, Relation]]()
        self._problems: tuple[str, tuple[Problem, ...]] | None = None
        self.page = Page(kept.text(), f"{kept.policy} draft")
        self.conflict: Path | None = None

    @classmethod
    def of(cls, source: str | Path = DEFAULT, *, anew: bool = False) -> "Draft":
        """From a version, by name or file; with the edits that were kept and never saved, unless `anew`.

        Raises ProblemsFound where there is no such version or its text cannot be read.
        """
        path = policy_file(source)
        read_text(path)  # says what is wrong with a file
        text = path.read_bytes().decode("utf-8")
        head = Page(text, str(source)).root.value
        policy, version, status = (head[key].plain() if key in head else "" for key in ("id", "version", "status"))
        if not isinstance(policy, str) or not re.fullmatch("[a-z][a-z0-9_]{0,59}", policy, re.ASCII):
            raise refuse("id", str(source), "needs an id of lower-case letters, digits and underscores")
        mine = status == "draft" and path == version_file(policy, str(version))
        kept = Kept(policy, f"{policy}@{version}", text, saved={str(version): digest(text.encode())} if mine else {})
        return cls(kept) if anew else cls._begun(kept)

    @classmethod
    def _begun(cls, fresh: Kept) -> "Draft":
        """What was kept of the same text, else a draft of its own."""
        found = [(kept, place) for place, kept in kept_drafts(fresh.policy).items() if kept.base == fresh.base]
        return cls(*found[0]) if found else cls(fresh)

    @classmethod
    def blank(cls, policy: str, title: str) -> "Draft":
        """From an empty document of a new policy: the columns that every table has and the lever that closes a file.

        With the edits that were kept and never saved, as `of`.
        Raises ProblemsFound for an id that no policy may have, or that is taken.
        """
        taken = [name for name in saved("policies") | shipped() if name.partition("@")[0] == policy]
        if taken:
            raise refuse(
                "exists", shown(policy), f"is there already ({taken[0]}); begin from that, or choose another id"
            )
        page = Page(BLANK, f"{policy} draft").put(("id",), policy).put(("title",), title)
        if wrong := _wrong(page):
            raise ProblemsFound(wrong)
        return cls._begun(Kept(policy, "an empty document", page.text))

    @classmethod
    def resume(cls, place: Path) -> "Draft":
        """A draft that was kept, by its file; `kept_drafts(policy)` finds them. Raises ProblemsFound."""
        return cls(read_kept(place), place)

    def __repr__(self) -> str:
        return f"Draft of {self._kept.source}, {counted(self._kept.done, 'edit')}"

    # What it says -----------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The document as it stands."""
        return self.page.text

    def value(self, path: str | tuple[str | int, ...]) -> Any:
        """What stands at a path, as text, lists and mappings; raises ProblemsFound where nothing does."""
        return self.page.find(self.page.path(path)).plain()

    @property
    def base(self) -> str:
        """The text that it began from."""
        return self._kept.base

    @property
    def source(self) -> str:
        """The version that it began from, as it is called."""
        return self._kept.source

    @property
    def place(self) -> Path | None:
        """The file that keeps it; None before the first edit, and after it was saved."""
        return self._place

    @property
    def overtaken(self) -> bool:
        """Whether its file is not as it wrote it: another edited the draft, saved it as a version, or discarded it."""
        return self._place is not None and digest_of(self._place) != self._last

    @property
    def edits(self) -> tuple[str, ...]:
        """What was done, in words, without what was undone."""
        return tuple(step.says for step in self._kept.steps[: self._kept.done])

    @property
    def undone(self) -> int:
        """How many edits can be done again."""
        return len(self._kept.steps) - self._kept.done

    @property
    def changed(self) -> tuple[str, ...]:
        """The lines that are gone ('- ...') or new ('+ ...') since it began."""
        return tuple(lines_changed(self._kept.base, self.text))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What `workbook validate` would say; empty: nothing is wrong."""
        if self._problems is None or self._problems[0] != self.text:
            self._problems = self.text, _wrong(self.page)
        return self._problems[1]

    @property
    def policy(self) -> Policy:
        """The policy that it is, its examples failing or not; raises ProblemsFound while its entries do not agree."""
        return _sound(self.page)

    @cached_property
    def published(self) -> Policy:
        """The policy that it began from; raises ProblemsFound where that cannot be used."""
        return _sound(Page(self._kept.base, self._kept.source))

    def check(self, kinds: Collection[str] = ()) -> Checked:
        """What is wrong, failing examples too, and what lint finds (all, or some kinds)."""
        try:
            return Checked(self.problems, tuple(one for found in self.check_steps(kinds) for one in found))
        except ProblemsFound:
            return Checked(self.problems, ())

    def check_steps(self, kinds: Collection[str] = ()) -> Iterator[tuple[Finding, ...]]:
        """What lint finds of the draft as it is now, a step after the other, most of which find nothing.

        Of what was checked before only what an edit can have changed is looked at again. For another thread: it holds
        nothing, and whoever asks may stop between two steps. Raises ProblemsFound while the entries do not agree.
        """
        return lint_steps(self.policy.settings(), kinds, self._checked)

    def proves(self, pathways: Iterable[str] | None = None) -> Proved:
        """Whether it is stricter or looser than what it began from, at all settings of the other levers.

        Raises ProblemsFound while its entries do not agree; its examples may fail.
        """
        proof = prove_everywhere(self.published.settings(), self.policy.settings(), pathways)
        return Proved(_WORDS.get(proof.overall.word, proof.overall.word), proof)

    def prove_steps(self) -> Iterator[tuple[str, Relation]]:
        """As `proves`, a pathway after the other with its relation, for another thread: see `check_steps`."""
        before, after = self.published.settings(), self.policy.settings()
        if _requests(before.policy) != _requests(after.policy):
            yield from prove_everywhere(before, after).pathways.items()
            return
        recall = self._proved.of(after)
        for name in after.policy.pathways:

            def look(name: str = name) -> Looked[tuple[str, Relation]]:
                return (*prove_everywhere(before, after, [name]).pathways.items(),), None

            yield from recall.found(Look((name,), [name], look))

    # Edits ------------------------------------------------------------------------------------------------------------

    def _edit(self, says: str, change: Callable[[Page], Page]) -> Edited:
        try:
            page = change(self.page)
        except ProblemsFound as found:
            return Edited(says, False, found.problems)
        if page.text == self.text:
            return Edited(f"{says} (nothing changes)", True, self.problems)
        return self._now(self._kept.then(EditStep(says, between(self.text, page.text))), page, says)

    def undo(self) -> Edited:
        """Without the last edit."""
        if not self._kept.done:
            return Edited("nothing to undo", False, ())
        kept = replace(self._kept, done=self._kept.done - 1)
        step = self._kept.steps[kept.done]
        return self._now(kept, self.page.now(step.splice.back().apply(self.text)), f"undone: {step.says}")

    def redo(self) -> Edited:
        """With the edit that was undone last."""
        if self._kept.done == len(self._kept.steps):
            return Edited("nothing to redo", False, ())
        step = self._kept.steps[self._kept.done]
        kept = replace(self._kept, done=self._kept.done + 1)
        return self._now(kept, self.page.now(step.splice.apply(self.text)), f"done again: {step.says}")

    def _now(self, kept: Kept, page: Page, says: str) -> Edited:
        lines = tuple(lines_changed(self.text, page.text))
        self._kept, self.page = kept, page
        return Edited(says, True, self.problems, lines, self._keep())

    # Files ------------------------------------------------------------------------------------------------------------

    def _keep(self) -> tuple[Problem, ...]:
        """Keep it in the workspace; what another has written stays, and is told of."""
        notices: list[Problem] = []
        try:
            with alone():
                place, other = self._place, None
                there = digest_of(place) if place else None
                if place is None or there not in (None, self._last):
                    kept = kept_drafts(self._kept.policy)
                    other = place or next((file for file, one in kept.items() if one.base == self._kept.base), None)
                    place = free_place(self._kept.policy)
                content = self._kept.content()
                write_whole(place, content)
                self._place, self._last = place, digest(content)
            if other:
                self.conflict = other
                message = f"another writes a draft of this policy too; yours is kept as {place.name}, both stay"
                notices.append(Problem("conflict", other.name, message))
        except ProblemsFound as found:
            notices += found.problems
        return tuple(notices)

    def beside(self, other: Path | None = None) -> tuple[Beside, ...]:
        """This text beside another's, a kept draft or a version: where they differ. None: that of the conflict."""
        path = other or self.conflict
        if path is None:
            return ()
        theirs = read_kept(path).text() if path.suffix == ".json" else read_text(path)
        return side_by_side(self.text, theirs)

    def discard(self) -> None:
        """No longer keep it; what another has written in its file stays."""
        with alone():
            self._forget()

    def _forget(self) -> None:
        if self._place and digest_of(self._place) == self._last:
            self._place.unlink(missing_ok=True)
        self._place = self._last = None

    def save_as(self, version: str, *, author: str, reason: str, date: str) -> Path:
        """Save as a version of its own in the workspace, with a note of who, why and when; gives the file.

        Raises ProblemsFound, and writes nothing, where something is wrong, where that version is published or was
        written by another (`conflict` is then its file), or where a line was changed that no edit changed.
        """
        wrong = [*_asked(version, author, reason, date)]
        if wrong:
            raise ProblemsFound(wrong)
        note = {"date": date, "says": f"From {self.source} by {author.strip()}: {reason.strip()}"}
        page = _headed(self.page, version, note, again=version in self._kept.saved)
        if wrong := [*_wrong(page)]:
            raise ProblemsFound(wrong)
        content = page.text.encode()
        step = EditStep(f"saved as {version}", between(self.text, page.text))
        kept = self._kept.then(step)
        if kept.text() != page.text:
            raise refuse("changed", self.page.name, "has changes that no edit made; nothing was saved")
        file = version_file(self._kept.policy, version)
        with alone():
            self._writable(version, file)
            write_whole(file, content)
            self._kept, self.page = replace(kept, saved={**kept.saved, version: digest(content)}), page
            self._forget()
        return file

    def _writable(self, version: str, file: Path) -> None:
        """Raises ProblemsFound where a version may not be written."""
        name, there = f"{self._kept.policy}@{version}", digest_of(file)
        if name in shipped():
            raise refuse("published", name, "ships and is read-only; save under another version")
        if there is None or there == self._kept.saved.get(version):
            return
        found = Page(read_text(file), str(file)).root.value.get("status")
        if found is not None and found.value != "draft":
            raise refuse("published", name, f"is {shown(found.value)} and read-only; save under another version")
        self.conflict = file
        message = "was written by another: theirs stays, yours is kept as a draft; look at both, or save under another"
        raise refuse("conflict", name, message + f" version ({drafts_folder().name}: {self._keep_name()})")

    def _keep_name(self) -> str:
        return self._place.name if self._place else "not kept, no edit was made"


def version_file(policy: str, version: str) -> Path:
    """Where a version of a policy lies in the workspace."""
    return workspace() / "policies" / policy / f"{version}.yaml"


@lru_cache(maxsize=8)
def _read(page: Page) -> Policy:
    return record(page.root, page.name, Policy)


@lru_cache(maxsize=8)
def _sound(page: Page) -> Policy:
    if wrong := located(check_policy(_read(page)), page.name, page.root):
        raise ProblemsFound(wrong)
    return _read(page).on(None)


def _requests(policy: Policy) -> tuple[object, ...]:
    """Which request goes which way."""
    return policy.diagnoses, policy.procedures, [(name, way.selects) for name, way in policy.pathways.items()]


def _wrong(page: Page) -> tuple[Problem, ...]:
    size = len(page.text.encode())
    if size > MAX_BYTES:
        return (Problem("size", page.name, f"is {size:,} bytes; at most {MAX_BYTES:,} are read"),)
    try:
        return tuple(problems_of(_read(page), page.root, page.name))
    except ProblemsFound as found:
        return found.problems


def _asked(version: str, author: str, reason: str, date: str) -> Iterator[Problem]:
    """What is wrong with what a person gives when saving."""
    if not re.fullmatch(r"[0-9]{4}\.[0-9]{1,3}", version, re.ASCII):
        yield Problem("version", "version", f"{shown(version)} is no version such as 2027.1")
    for name, given in (("author", author), ("reason", reason)):
        if not given.strip():
            yield Problem("empty-text", name, "is empty; write it for those who read this version later")
    if not is_day(date):
        yield Problem("day", "date", f"{shown(date)} is no day such as 2026-12-01")


def _headed(page: Page, version: str, note: dict[str, str], again: bool) -> Page:
    """The head of a version of its own: its number, a draft, and the note; without the life of the one before."""
    page = page.put(("version",), version, _HEAD[:2]).put(("status",), "draft", _HEAD[:4])
    for key in () if again else _LIFE:
        page = page.take_out((key,)) if page.has((key,)) else page
    if page.has(("history",)):
        return page.add(("history",), None, note)
    return page.put(("history",), [note], _HEAD)
