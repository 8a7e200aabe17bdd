"""The form that makes a worked example of a draft out of the case under review."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from notebooks.controls import FIT, ROW, WIDE
from notebooks.desk import documents, hand_over
from notebooks.frame import button, link, live, shown_html
from notebooks.levers import shown
from notebooks.page import bullets, esc, outcome_mark
from notebooks.review.as_example import Proposed, add_example, comes_out, draft_for, place_of_last, proposed_example
from notebooks.review.reviewing import CaseReview
from policy import Draft
from policy.authoring.letter import way_said
from policy.authoring.questions import Way
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations.reports.table_cells import LABELS

__all__ = ["ExampleForm"]

_NEW = "new"
_REFUSED = (
    "This case may be a person’s: row level, not for release, so it is not written into a policy. Type a made-up case "
    "like it, and make that the example."
)


class ExampleForm:
    """Folded away until it is opened: name, expected outcome, and the draft that the example goes into."""

    def __init__(
        self,
        guarded: Callable[..., Any],
        review: Callable[[], CaseReview],
        complain: Callable[[str], None],
        drafts_changed: Callable[[], None],
    ):
        self._review, self._complain, self._drafts_changed = review, complain, drafts_changed
        self._opened = False
        self._proposed: Proposed | None = None
        self._added: Draft | None = None
        self.open = button("Make it an example", guarded(lambda *_: self._toggle()))
        style = {"description_width": "150px"}
        outcomes = [(LABELS[word], word) for word in OUTCOMES]
        self.name = widgets.Text(description="What it shows", layout=WIDE, style=style, continuous_update=False)
        self.expect = widgets.Dropdown(options=outcomes, description="Expected outcome", layout=FIT, style=style)
        self.draft = widgets.Dropdown(description="Goes into", layout=WIDE, style=style)
        self.add = button("Add it to the draft", guarded(lambda *_: self._add()))
        self.back = button("Take it back", guarded(lambda *_: self._take_back()))
        self.told, self.said = shown_html(), shown_html()
        self.onward = widgets.HBox(layout=ROW)
        rows = [
            self.told, self.name, self.expect, self.draft, widgets.HBox([self.add, self.back], layout=ROW),
            self.said, self.onward,
        ]  # fmt: skip
        self.inside = widgets.VBox(rows, layout=widgets.Layout(width="100%", display="none"))
        head = widgets.HTML(live("<h3>An example of a draft</h3>"))
        self.view = widgets.VBox([head, widgets.HBox([self.open], layout=ROW), self.inside], layout=WIDE)

    def _toggle(self) -> None:
        """What stands in the form is there before the form is, so that nothing is put over what a person types."""
        self._opened = not self._opened
        self.show()
        self.open.description = "No example now" if self._opened else "Make it an example"
        self.inside.layout.display = "" if self._opened else "none"

    def show(self) -> None:
        """The example that the case under review makes; worked out while the form is open."""
        self._added = None
        self.back.disabled, self.said.value, self.onward.children = True, "", ()
        if not self._opened:
            return
        review, self._proposed = self._review(), None
        self.add.disabled = True
        if review.of_people:
            self.told.value = live(f'<p class="note">{esc(_REFUSED)}</p>')
            return
        try:
            self._proposed = proposed_example(review.now())
        except ProblemsFound as found:
            self.told.value = live(f'<p class="note">{esc(found.problems[0].message)}</p>')
            return
        self.add.disabled = False
        self.name.value, self.expect.value = self._proposed.name, self._proposed.expect
        self._show_drafts(review)
        self.told.value = live(self._described(review, self._proposed))

    def _show_drafts(self, review: CaseReview) -> None:
        kept = [(one.label, one.key) for one in documents(review.policy) if one.draft]
        new = (f"The draft of version {review.policy.version}, begun now if there is none", _NEW)
        self.draft.options = kept if review.draft else [*kept, new]
        self.draft.value = review.key if review.draft else kept[0][1] if kept else _NEW

    def _described(self, review: CaseReview, example: Proposed) -> str:
        """What goes into the document."""
        levers = review.policy.levers
        facts = way_said(review.policy, Way(example.expect, dict(example.case))).replace("_", " ")
        moved = "; ".join(
            f"{levers[n].label}: {shown(levers[n], levers[n].check(t))}" for n, t in example.levers.items()
        )
        also = [f"Levers that stand elsewhere: {esc(moved)}."] if moved else []
        left = "The case id, every date and every fact that no rule reads here are left out; durations are in days."
        return bullets([f"Facts: {esc(facts)}.", *also, esc(left)])

    def _add(self) -> None:
        assert self._proposed
        example = replace(self._proposed, name=self.name.value, expect=self.expect.value)
        key = self.draft.value
        try:
            draft = draft_for(self._review().policy, "" if key == _NEW else str(key))
            done = add_example(draft, example)
            if not done.done:
                raise ProblemsFound(done.problems)
        except ProblemsFound as found:
            self._complain(f"Not added: {found}")
            return
        self._added = draft
        self._drafts_changed()
        self.add.disabled, self.back.disabled = True, False
        told = "".join(f'<p class="note">{esc(one.message)}</p>' for one in done.notices)
        self.said.value = live(f'<p role="status">Added to the draft. {self._comes_out(draft, example)}</p>{told}')
        key = draft.place.name if draft.place else ""
        hand_over("5_author_a_draft", draft=key, place=place_of_last(draft))
        self.onward.children = (link("5_author_a_draft", "See it in the draft"),)

    def _comes_out(self, draft: Draft, example: Proposed) -> str:
        """Whether the draft does what the example expects."""
        try:
            word = comes_out(example, draft.policy.settings())
        except ProblemsFound:
            return "The draft cannot be tried while its entries do not agree."
        if word == example.expect:
            return f"It comes out {outcome_mark(word)} there, as expected."
        return (
            f"<b>It fails there</b>: expected {outcome_mark(example.expect)}, it comes out {outcome_mark(word)}. "
            "The draft cannot be saved as a version until one of the two is changed."
        )

    def _take_back(self) -> None:
        assert self._added
        self._added.undo()
        self._drafts_changed()
        self.show()
        self.said.value = live('<p role="status">Taken back.</p>')
