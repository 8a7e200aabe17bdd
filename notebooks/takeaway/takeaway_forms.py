"""The hands with which a person takes away what a panel shows: files, a command, lines of Python, a curve."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from notebooks import answer as view
from notebooks.closer import STALE
from notebooks.controls import WIDE
from notebooks.frame import button, live, shown_html
from notebooks.page import esc, paste
from notebooks.takeaway.curve import CURVE, curve
from notebooks.takeaway.exports import EXPORTS, export, exported
from notebooks.takeaway.repeat import as_command, as_python
from notebooks.tweaks import Tweaks
from policy.problems import ProblemsFound
from simulations import Study

__all__ = ["TakeAway"]

_WRAPPED = widgets.Layout(width="100%", align_items="center", flex_flow="row wrap", overflow="hidden")
_FIRST = "Move a lever first: the curve is of the one that was moved last."
_WAITING = "The cases are still being counted."
_MADE_UP_ONLY = "A page holds all its cases, so it is made of made-up cases only; these were read from a file."
_TELLS = {
    "csv": "the table as CSV", "xlsx": "the tables as an Excel workbook", "svg": "the figure of outcomes as SVG",
    "png": "the figure of outcomes as PNG", "html": "one offline file in which every lever moves",
}  # fmt: skip


class TakeAway:
    """A box for a panel, which calls `refresh` whenever it shows something else.

    `guarded` and `beside` are those of the panel's frame; `asked` gives the study that is shown (None: not yet known);
    with `tweaks`, the levers of the panel, there are the page of every lever and the curve of one, too.
    """

    def __init__(
        self,
        guarded: Callable[..., Callable[..., None]],
        beside: Callable[[Callable[[], Any], Callable[[Any], object]], None],
        asked: Callable[[], Study | None],
        tweaks: Tweaks | None = None,
    ):
        self._guarded, self._beside, self._asked, self._tweaks = guarded, beside, asked, tweaks
        self._again: Callable[[Study], str] | None = None  # what is shown is told anew after each move
        self._last, self._before = "", dict(tweaks.settings) if tweaks else {}
        self.shown = shown_html()
        kinds = [kind for kind in EXPORTS if tweaks or kind != "html"]
        self.buttons = {
            kind: self._button(EXPORTS[kind], self._export, kind, f"Write {_TELLS[kind]}") for kind in kinds
        }
        self.command_button = self._button("The same as a command", self._tell, _command)
        self.python_button = self._button("As Python", self._tell, _python)
        rows = [
            [_said("Take it away:"), *self.buttons.values()],
            [_said("Repeat it:"), self.command_button, self.python_button],
        ]
        if tweaks:
            self.curve_button = button("Curve of the lever last moved", guarded(lambda _: self._curve()))
            rows[1] += [_said("See more:"), self.curve_button]
        style = widgets.HTML(CURVE, layout=widgets.Layout(height="0", margin="0"))
        hands = [widgets.HBox(row, layout=_WRAPPED) for row in rows]
        self.box = widgets.VBox([style, *hands, self.shown], layout=WIDE)

    def _button(self, text: str, act: Callable[[Study, Any], None], what: Any, tooltip: str = "") -> Any:
        return button(text, self._guarded(lambda _: self._with_study(lambda study: act(study, what))), tooltip)

    def refresh(self) -> None:
        """The panel shows something else now."""
        if self._tweaks and self.buttons["html"].disabled == self._tweaks.load.drawn:
            self.buttons["html"].disabled = not self._tweaks.load.drawn
            self.buttons["html"].tooltip = f"Write {_TELLS['html']}" if self._tweaks.load.drawn else _MADE_UP_ONLY
        now = dict(self._tweaks.settings) if self._tweaks else {}
        moved = [name for name, value in now.items() if self._before[name] != value]
        self._last, self._before = moved[0] if len(moved) == 1 else self._last, now
        study = self._asked() if self._again else None
        if self._again and study:
            self._show(self._again(study))
        elif "<img" in self.shown.value and STALE not in self.shown.value:
            self.shown.value = live(f'<p role="status">{esc(STALE)}</p>') + view.stale(self.shown.value)

    def clear(self) -> None:
        """The panel shows nothing for now."""
        self._again, self.shown.value = None, ""

    def _with_study(self, act: Callable[[Study], None]) -> None:
        self._again = None
        study = self._asked()
        if study is None:
            self._show(f'<p role="status">{_WAITING}</p>')
            return
        act(study)

    def _show(self, html: str) -> None:
        self.shown.value = live(html)

    def _tell(self, study: Study, words: Callable[[Study], str]) -> None:
        self._again = _told(words)
        self._show(self._again(study))

    def _export(self, study: Study, kind: str) -> None:
        """Only a page takes a while: the hands stay free."""
        self._show(f'<p role="status">Writing {_TELLS[kind]} …</p>')
        work = _told(lambda study: f'<div role="status">{exported(study, export(study, kind))}</div>')
        if kind == "html":
            self._beside(lambda: work(study), self._show)
        else:
            self._show(work(study))

    def _curve(self) -> None:
        assert self._tweaks
        self._again = None
        lever = self._last or next(iter(self._tweaks.changes()), "")
        if not lever:
            self._show(f'<p role="status">{_FIRST}</p>')
            return
        self._show('<p role="status">Drawing the curve …</p>')
        label, flows = self._tweaks.policy.levers[lever].label, self._tweaks.flows()
        shown = curve(self._tweaks.study(), lever, flows)
        self._show(f'<div role="region" aria-label="{esc(f"Curve of {label}")}">{shown}</div>')


def _told(words: Callable[[Study], str]) -> Callable[[Study], str]:
    """The same, with its problems in the place of what it gives."""

    def told(study: Study) -> str:
        try:
            return words(study)
        except ProblemsFound as found:
            return f'<div class="alert" role="alert">{esc(found)}</div>'

    return told


def _command(study: Study) -> str:
    line = as_command(study).line
    return f'<p role="status">The same in a terminal, as a report:</p>{paste(line)}'


def _python(study: Study) -> str:
    said = "The same numbers by code, in a cell or a script:"
    return f'<p role="status">{said}</p>{paste(as_python(study))}'


def _said(text: str) -> Any:
    return widgets.HTML(live(f"<b>{esc(text)}</b>"))
