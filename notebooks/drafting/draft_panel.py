"""The panel of a draft: open one, go through its outline, edit, see what every edit does, save it as a version."""

import os
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import ipywidgets as widgets

from notebooks.controls import WIDE
from notebooks.desk import Inbox, draft_from, hand_over, handed, meant_alone, own, version_in_words, way
from notebooks.drafting.add_forms import AddForm
from notebooks.drafting.beside import Beside
from notebooks.drafting.calls import Call
from notebooks.drafting.effect import Effects
from notebooks.drafting.effect_forms import EffectView
from notebooks.drafting.entry_forms import EntryForm
from notebooks.drafting.look import COLUMNS
from notebooks.drafting.names import Tree, by_label
from notebooks.drafting.opening_forms import HistoryForm, OpenForm, SaveForm
from notebooks.drafting.outline import Path, entry_at
from notebooks.drafting.outline_forms import OutlineForm
from notebooks.frame import Frame, button, link, linked, live, shown_html
from notebooks.keeping import called, seen
from notebooks.page import bullets, esc, table
from policy import Draft
from policy.authoring.draft_files import kept_drafts
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, counted, refuse
from policy.reading.workspace import SERVED
from simulations import Caseload

__all__ = ["DraftPanel"]

_HERE = "5_author_a_draft"
_PAUSE = 0.5  # seconds of rest before proof and lint are worked out


class DraftPanel(Frame):
    """A draft of a policy beside what it does to cases (those of the policy's population, unless given).

    In Lab the draft in work is opened, or what another notebook handed over; elsewhere the policy as it was loaded, and
    nothing is kept before the first edit. `code()` gives the lines of Python that do what the hands did.
    """

    def __init__(self, policy: Policy, cases: Caseload | None = None):
        super().__init__()
        self.policy = policy
        self.draft: Draft = Draft.of(called(policy), anew=True)
        self.tree: Tree = self.draft.page.root.plain()
        self._work = ""
        self._code: list[str] = []
        self.effects, self.beside = Effects(cases), Beside()
        self.entry: EntryForm | AddForm | None = None
        self._build()
        self._inbox = Inbox(_HERE)
        left = handed(_HERE)
        self._take(self._first(left.get("draft")))
        self.open(entry_at(self.tree, left.get("place", "")))
        self._keep_up(self._meanwhile)

    # Which draft ------------------------------------------------------------------------------------------------------

    def _first(self, key: str | None) -> Draft:
        """In Lab what was handed over, else the draft in work; elsewhere the policy, without what was kept of it."""
        if SERVED not in os.environ:
            return Draft.of(called(self.policy), anew=True)
        try:
            if key is not None:
                return self._opened(key)
        except ProblemsFound as found:
            self._complain(str(found))
        kept = [path for path, one in kept_drafts(self.policy.id).items() if one.done]
        return Draft.resume(kept[0]) if kept else Draft.of(called(self.policy))

    def _opened(self, key: str) -> Draft:
        if not own(self.policy, key):
            return Draft.of(called(self.policy))
        found = {path.name: path for path in kept_drafts("*")}
        if key in found:
            return Draft.resume(found[key])
        if key.endswith(".json"):
            raise refuse("draft", key, "is not there any more: it was saved as a version, or discarded")
        return Draft.of(key)

    def _meanwhile(self) -> None:
        """What other notebooks did: a draft and a place handed to this one, edits of the draft that is open."""
        left = self._inbox.new()
        if left.get("draft", self._key()) not in (self._key(), self._work):
            self.begin(left["draft"])
        elif self.draft.overtaken:
            self._again()
        if place := entry_at(self.tree, left.get("place", "")):
            self.open(place)

    def _again(self) -> None:
        """The draft as another notebook left it."""
        assert self.draft.place
        try:
            draft = Draft.resume(self.draft.place)
        except ProblemsFound:
            self._take(Draft.of(self.draft.source if "@" in self.draft.source else called(self.policy)))
            self._say("Another notebook saved this draft as a version, or discarded it. This is what it began from.")
            return
        self.draft, self._code = draft, [_begins(draft)]
        self._refresh()
        last = by_label(self.tree, draft.edits[-1]) if draft.edits else "every edit undone"
        self._say(f"Edited in another notebook: {esc(last)}.")

    def _take(self, draft: Draft) -> None:
        """Another draft on the desk."""
        self.draft = draft
        self._code = [_begins(draft)]
        self.open_box.children = []
        self.tree = draft.page.root.plain()
        self.open(None)
        self._refresh()

    # Building ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.opening = OpenForm(self, self.policy, self.begin, self.blank)
        self.open_box = widgets.VBox(layout=WIDE)
        another = button("Open another", self._guarded(lambda _: self._show_opening()))
        self.what = shown_html()
        self.history = HistoryForm(self, self.undo, self.redo, self.discard)
        self.saving = SaveForm(self, self._save)
        self.conflict = shown_html()
        self.outline = OutlineForm(self, self._adding)
        self.middle, self.right = (widgets.VBox(layout=widgets.Layout()) for _ in "12")
        self.effect = EffectView(self, self.effects, self._review, self._beside)
        self.right.children = [self.effect.box]
        for part, name in ((self.outline.box, "nbw-outline"), (self.middle, "nbw-entry"), (self.right, "nbw-effect")):
            part.add_class(name)
        columns = widgets.HBox([self.outline.box, self.middle, self.right], layout=WIDE).add_class("nbw-draft")
        top = widgets.HBox([self.what, another], layout=WIDE).add_class("nbw-row")
        look = widgets.HTML(COLUMNS, layout=widgets.Layout(height="0", margin="0"))
        self._stand(
            look, linked(way(_HERE, self.policy)), top, self.open_box, self.history.box, self.message, self.conflict,
            columns, self.saving.box,
        )  # fmt: skip

    def guard(self, act: Callable[..., object]) -> Callable[..., None]:
        """A callback whose faults are shown."""
        return self._guarded(act)

    def complain(self, said: str) -> None:
        """Say what is missing or cannot be done."""
        self._complain(said)

    def _show_opening(self) -> None:
        if not self.open_box.children:
            self.opening.fill()
            self.open_box.children = [self.opening.box]
        else:
            self.open_box.children = []

    # What hands do ----------------------------------------------------------------------------------------------------

    def begin(self, key: str) -> None:
        """Open a kept draft or a version by its key."""
        self._take(self._opened(key))
        self._say(f"Open: {esc(self._called())}.")

    def blank(self, policy: str, title: str) -> None:
        """Begin a policy of its own from an empty document."""
        if not title:
            raise refuse("title", "title", "is empty; give the new policy a title")
        self._take(Draft.blank(policy, title))
        self._say("An empty document. Begin with its columns, codes and levers; then criteria and pathways.")

    def do(self, *calls: Call) -> bool:
        """Edit the draft, all of the calls or none; False where it could not be done, which is told."""
        before, lines, said = len(self.draft.edits), [], ""
        for call in calls:
            edited = call.on(self.draft)
            if not edited.done:
                while len(self.draft.edits) > before:
                    self.draft.undo()
                self._refresh()
                self._complain("Not done: " + "; ".join(problem.message for problem in edited.problems))
                return False
            lines.append(call.code())
            said = edited.says
            notices = edited.notices
        self._code += lines
        self._refresh()
        notes = "".join(f" {esc(one.message)}." for one in notices)
        self._say(f"Done: {esc(by_label(self.tree, said))}.{notes} {esc(self.effect.finding)}")
        return True

    def undo(self) -> None:
        """Without the last edit."""
        self._stepped(Call("undo"))

    def redo(self) -> None:
        """With it again."""
        self._stepped(Call("redo"))

    def _stepped(self, call: Call) -> None:
        edited = call.on(self.draft)
        self._code.append(call.code())
        self._refresh()
        self._say(f"{esc(by_label(self.tree, edited.says)).capitalize()}.")

    def discard(self) -> None:
        """Without all edits; the draft is no longer kept."""
        source, blank = self.draft.source, "@" not in self.draft.source
        self.draft.discard()
        self._take(Draft.of(called(self.policy) if blank else source, anew=True))
        self._say("Discarded. This is the version as it stands.")

    def open(self, path: Path | None) -> None:
        """Show an entry; None: what to do first."""
        self.outline.mark(path)
        if path is None:
            self.entry = None
            self.middle.children = [shown_html(_FIRST)]
            return
        self.entry = EntryForm(self, path)
        self._put(self.entry.box)

    def _put(self, form: Any) -> None:
        """In a box of its own, which the page shows from its top."""
        self.middle.children = [widgets.VBox([form], layout=WIDE).add_class("nbw-open")]

    def _adding(self, section: str) -> None:
        self.entry = AddForm(self, section)
        self._put(self.entry.box)

    def _review(self, case_id: str) -> None:
        hand_over("3_review_a_case", document=self._key(), case_id=case_id)
        self.effect.look.children = [link("3_review_a_case", f"Review {case_id} in the third notebook", go=True)]

    def _key(self) -> str:
        place = self.draft.place
        return place.name if place else self.draft.source

    def _save(self, form: SaveForm) -> None:
        before = self.draft.source
        typed = {"author": form.author.value, "reason": form.reason.value, "date": form.date.value.strip()}
        version = form.version.value.strip()
        try:
            file = self.draft.save_as(version, **typed)
        except ProblemsFound as found:
            said = bullets(esc(self._told(one)) for one in found.problems)
            form.said.children = [shown_html(f'<div class="alert" role="alert">Not saved.{said}</div>')]
            self._show_conflict()
            return
        self._code.append(Call("save_as", (version,), typed).code())
        self._saved(form, before, f"{file.parent.name}@{version}", file)

    def _told(self, problem: Problem) -> str:
        """A problem by what people call its place: a box of the form, or an entry, which stands above with a button."""
        if not problem.path:
            return f"{problem.place}: {problem.message}"
        return by_label(self.tree, problem.message.removeprefix(f"{problem.path}: "))

    def _saved(self, form: SaveForm, before: str, name: str, file: File) -> None:
        self._refresh()
        self._work = name
        hand_over(_HERE, draft=name)
        hand_over("6_check_a_draft", draft=name)
        if "@" in before:
            hand_over("4_compare_versions", before=before, after=name)
        told = f"Saved as {version_in_words(name)} ({seen(file.resolve())})."
        said = shown_html(f'<p role="status">{esc(told)}</p><p><small>{esc(meant_alone(name))}</small></p>')
        form.said.children = [said, link("6_check_a_draft", "Check it")]
        if "@" in before:
            compare = f"Compare it with {version_in_words(before)}, and make the report"
            form.said.children += (link("4_compare_versions", compare),)

    # What eyes see ----------------------------------------------------------------------------------------------------

    def _called(self) -> str:
        edits, began = len(self.draft.edits), draft_from(self.draft.source)
        count = "no edit yet" if not edits else counted(edits, "edit")
        if edits and not self.draft.place:
            return f"{self.tree.get('title', '')}, saved as version {self.tree['version']}: {count} of the {began}"
        return f"{self.tree.get('title', '')}, unsaved {began}: {count}{', kept as you go' if edits else ''}"

    def _refresh(self) -> None:
        """State, numbers, view: in this order."""
        self.tree = self.draft.page.root.plain()
        self.what.value = live(f"<h2>{esc(self._called())}</h2>")
        self.alert.value = self.message.value = ""
        self.effect.show()
        self.outline.show()
        if isinstance(self.entry, EntryForm):
            self._in_step(self.entry)
        said = [by_label(self.tree, one) for one in self.draft.edits]
        self.history.show(said, self.draft.undone > 0)
        self._show_conflict()
        self._remember()
        if self._once_rested(self._prove, _PAUSE) and self.draft.edits:
            self.effect.wait()

    def _remember(self) -> None:
        """In Lab this draft is the one in work, whatever policy it is of."""
        if self.draft.place and self._key() != self._work:
            self._work = self._key()
            hand_over(_HERE, draft=self._work)

    def _in_step(self, form: EntryForm) -> None:
        """The open entry as it stands, built again only where something else changed it."""
        if form.gone():
            self.open(None)
        elif form.behind():
            self.open(form.path)

    def _show_conflict(self) -> None:
        if not self.draft.conflict:
            self.conflict.value = ""
            return
        rows = [
            (str(one.line), *(f"<pre>{esc(chr(10).join(side))}</pre>" for side in (one.mine, one.theirs)))
            for one in self.draft.beside()
        ]
        said = "Another wrote a draft of this policy meanwhile. Both are kept; this is where they differ."
        self.conflict.value = live(
            f'<div class="alert" role="alert">{said}{table(("Line", "Yours", "Theirs"), rows)}</div>'
        )

    def _prove(self, turn: int) -> None:
        """Proof, then lint, in a process beside this one; what is no longer asked for is dropped."""
        draft = self.draft

        def proved(said: str | None) -> None:
            if turn == self._turn and said is not None:
                self.effect.proves(said)
                self._beside(lambda: self.beside.findings(draft), found)

        def found(odd: Any) -> None:
            if turn == self._turn and odd is not None:
                self.effect.finds(odd)

        if draft.edits:
            self._beside(lambda: self.beside.proven(draft), proved)
        else:
            self.effect.proves("")
            self.effect.finds(())

    # By code ----------------------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The lines of Python that do what the hands did since the draft was opened."""
        return "\n".join(["from policy import Draft", *self._code])

    def readback(self) -> str:
        """What the panel shows, in words."""
        return "\n".join(
            [f"{self._called()}.", *(by_label(self.tree, one) for one in self.draft.edits), *self.effect.words()]
        )

    def _comes_back(self) -> str:
        return "; the draft comes back as it stands here" if self.draft.edits else ""


def _begins(draft: Draft) -> str:
    if "@" in draft.source and not draft.edits:
        return f"draft = Draft.of({draft.source!r}, anew=True)"
    if not draft.edits:
        return f"draft = Draft.blank({draft.value('id')!r}, {draft.value('title')!r})"
    edits = counted(len(draft.edits), "edit")
    return f"draft = Draft.resume(kept)  # {edits}, kept as {draft.place.name if draft.place else ''}"


_FIRST = (
    "<p>Choose an entry of the list, or add one. Each edit is kept at once, can be undone, and shows what it does.</p>"
)
