"""The widgets of a closer look: a button for each question, and the answer in view beside the levers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from notebooks.answer import stale
from notebooks.closer import QUESTIONS, STALE
from notebooks.controls import WIDE, WRAPS
from notebooks.frame import button, live, problems_told
from notebooks.page import esc
from notebooks.tweaking.moved import WHO_MOVES, Moved, intro, look_for, newly_refused
from notebooks.tweaking.moved_forms import case_rows
from notebooks.tweaks import Tweaks
from policy.model import Settings

__all__ = ["Closer"]


class Closer:
    """Questions about the levers as they stand, asked one at a time; each is worked out beside the hands.

    `tweaks` is what is asked about; `guarded` and `errand` are those of the frame of the panel. `asking` and `view` are
    the two parts to be shown.
    """

    def __init__(self, tweaks: Tweaks, guarded: Callable[..., Callable[..., None]], errand: Callable[..., None]):
        self.tweaks, self._guarded, self._errand = tweaks, guarded, errand
        self._busy = False
        asks = {WHO_MOVES: self._who_moves} | {q: partial(self._look, q) for q in QUESTIONS}
        self.buttons = {q: button(q, guarded(lambda _, act=act: act())) for q, act in asks.items()}
        self.answer, self.rows = widgets.HTML(layout=WIDE), widgets.VBox(layout=WIDE)
        self.asking = widgets.HBox([widgets.HTML(live("<b>Look closer:</b>")), *self.buttons.values()], layout=WRAPS)
        self.close_button = button("Close the answer", guarded(lambda _: self.forget()))
        self.view = widgets.VBox(layout=WIDE)

    def _look(self, question: str) -> None:
        """One of the findings of the reports, about the levers as they stand."""
        study = self.tweaks.study()
        work = problems_told(lambda far: QUESTIONS[question](study))
        self._begin(question, work, partial(self._found, question, study.scenario))

    def _who_moves(self) -> None:
        """Why cases are newly refused, and a few that move, each with the way to its review."""
        impact, load = self.tweaks.answer().impact, self.tweaks.load
        why = newly_refused(self.tweaks.newly_refused(), impact.scenario) if load.drawn else ""

        def found(moved: Moved | str) -> None:
            if isinstance(moved, str):
                self._found(WHO_MOVES, impact.scenario, moved)
                return
            self._found(WHO_MOVES, impact.scenario, intro(moved, impact.scenario != impact.baseline, why))
            self.rows.children = case_rows(moved, impact.scenario, load, self._guarded)

        self._begin(WHO_MOVES, problems_told(lambda far: look_for(impact, load, far)), found)

    def _begin(self, question: str, work: Callable[..., Any], found: Callable[[Any], object]) -> None:
        """Work on an answer beside the hands, and say so where it will stand."""

        def told(done: int = 0) -> None:
            of = f" max='{self.tweaks.load.size}' value='{done}'" if done else ""
            self.answer.value = live(f'<p role="status">{esc(question)}: counting… <progress{of}></progress></p>')

        self.rows.children, self._busy = (), True
        self.view.children = (self.answer, self.rows)
        told()
        self._errand("closer", work, found, told)

    def _found(self, question: str, settings: Settings, html: str) -> None:
        said = f"<h4>{esc(question)}</h4>{html}"
        self.answer.value = live(f'<div role="region" aria-label="{esc(question)}">{said}</div>')
        self._busy = False
        self.view.children = (self.answer, self.rows, self.close_button)
        if settings != self.tweaks.settings:
            self.grow_old()

    def grow_old(self) -> None:
        """What was asked before the last move is marked as old."""
        if self.answer.value and not self._busy and STALE not in self.answer.value:
            self.answer.value = live(f'<p role="status">{esc(STALE)}</p>') + stale(self.answer.value)

    def give_up(self) -> None:
        """Something went wrong: nothing is being counted any more."""
        if self._busy:
            self._busy = False
            self.forget()

    def forget(self) -> None:
        """What was asked of other cases."""
        self.answer.value, self.rows.children, self.view.children = "", (), ()
