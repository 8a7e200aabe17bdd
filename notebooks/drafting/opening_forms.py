"""Forms round a draft: what to open, an empty document, the edits that were made, and saving a version."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE
from notebooks.desk import documents, elsewhere
from notebooks.drafting.calls import Author
from notebooks.drafting.names import name_from
from notebooks.drafting.value_forms import FIELD, block
from notebooks.frame import button, shown_html
from notebooks.page import bullets, esc
from policy.model import Policy
from policy.problems import counted

__all__ = ["HistoryForm", "OpenForm", "SaveForm", "typed"]


def typed(said: str, tooltip: str = "", value: str = "", many: bool = False) -> Any:
    """A box for text under its label."""
    kind = widgets.Textarea if many else widgets.Text
    made = kind(value, description=said, tooltip=tooltip or said, continuous_update=False, layout=FIELD)
    return made.add_class("nbw-field")


class OpenForm:
    """A kept draft, a version or an empty document. `begin` opens by key, `blank` begins a policy by id and title."""

    def __init__(self, author: Author, policy: Policy, begin: Any, blank: Any):
        self.policy = policy
        self.which = widgets.Dropdown(options=[("", "")], description="Open", layout=FIELD).add_class("nbw-field")
        self.title, self.id = typed("Title of the new policy"), typed("Its id", "Letters, digits and underscores")
        self.title.observe(author.guard(lambda _: self._named()), names="value")
        go = button("Open it", author.guard(lambda _: begin(str(self.which.value))))
        new = button(
            "Begin an empty document", author.guard(lambda _: blank(self.id.value.strip(), self.title.value.strip()))
        )
        known = block(shown_html("<b>A draft that was kept, or a version to begin from</b>"), self.which, go)
        empty = block(shown_html("<b>A policy of its own</b>"), self.title, self.id, new)
        self.box = widgets.HBox([known, empty], layout=WIDE).add_class("nbw-opening")

    def fill(self) -> None:
        """What lies on the desk now."""
        self.which.options = [(one.label, one.key) for one in (*documents(self.policy), *elsewhere(self.policy))]

    def _named(self) -> None:
        if not self.id.value:
            self.id.value = name_from({}, "policies", self.title.value)


class HistoryForm:
    """Undo, redo, the edits in words, and leaving it all: asked twice."""

    def __init__(self, author: Author, undo: Any, redo: Any, discard: Any):
        self.undo, self.redo = (
            button("Undo", author.guard(lambda _: undo())),
            button("Redo", author.guard(lambda _: redo())),
        )
        self.leave = button("Discard the draft", author.guard(lambda _: self._ask(True)))
        self.sure = button("Yes, discard every edit", author.guard(lambda _: self._sure(discard)))
        self.keep = button("No, keep them", author.guard(lambda _: self._ask(False)))
        self.said = shown_html()
        self.row = widgets.HBox([self.undo, self.redo, self.leave], layout=ROW)
        self.box = widgets.VBox([self.row, self.said], layout=WIDE)

    def _sure(self, discard: Callable[[], None]) -> None:
        self._ask(False)
        discard()

    def _ask(self, asked: bool) -> None:
        self.row.children = [self.undo, self.redo, *([self.sure, self.keep] if asked else [self.leave])]

    def show(self, edits: Sequence[str], redoable: bool) -> None:
        """The edits that are done."""
        self.undo.disabled, self.redo.disabled = not edits, not redoable
        self.leave.disabled = not edits
        count = counted(len(edits), "edit")
        folded = f"<details><summary>{count} since it began</summary>{bullets(map(esc, reversed(edits)))}</details>"
        self.said.value = shown_html(folded if edits else "<p class='faint'>No edit yet.</p>").value


class SaveForm:
    """A version of its own: number, author, reason and date are typed by the person."""

    def __init__(self, author: Author, save: Any):
        self.version = typed("Version", "Such as 2027.1")
        self.author = typed("Author", "Who answers for it")
        self.reason = typed("Reason", "Why it is changed, for those who read it later")
        self.date = typed("Date", "Such as 2026-12-01")
        go = button("Save as version", author.guard(lambda _: save(self)))
        parts = [self.version, self.author, self.reason, self.date]
        for part, hint in zip(parts, ("2027.1", "A. Author", "why it is changed", "2026-12-01"), strict=True):
            part.placeholder = hint
        row = widgets.HBox(parts, layout=WIDE).add_class("nbw-save")
        self.said = widgets.VBox(layout=WIDE)
        self.box = block(shown_html("<b>Save as a version</b>"), row, go, self.said)
