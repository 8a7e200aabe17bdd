"""The letter of a case: to edit, to copy, to take along as a file. Edits are kept while the notebook runs."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import ipywidgets as widgets

from notebooks.controls import FIT, ROW, WIDE
from notebooks.frame import button, live

__all__ = ["LetterForm"]


class LetterForm:
    """`view` shows the letter that `show` is given, or what a person has made of the very same one."""

    def __init__(self, guarded: Callable[..., Any]):
        self._edited: dict[str, str] = {}
        self._written = ""
        self.text = widgets.Textarea(
            rows=13,
            description="The letter",
            layout=widgets.Layout(width="auto"),
            style={"description_width": "initial"},
        )
        self.text.observe(guarded(lambda _: self._typed()), names="value")
        self.again = button("As it was written", guarded(lambda *_: self._anew()))
        self.take = widgets.HTML(layout=FIT)
        head = widgets.HTML(
            live(
                "<h3>The letter</h3><p>A draft for a clinician: edit it here, copy it, or take it along as a file.</p>"
            )
        )
        self.view = widgets.VBox([head, self.text, widgets.HBox([self.again, self.take], layout=ROW)], layout=WIDE)

    def show(self, written: str) -> None:
        """The letter as the policy writes it, with the edits that were made of it."""
        self._written = written
        self.text.value = self._edited.get(written, written)
        self._mark()

    def _typed(self) -> None:
        self._edited[self._written] = self.text.value
        self._mark()

    def _anew(self) -> None:
        self._edited.pop(self._written, None)
        self.show(self._written)

    def _mark(self) -> None:
        self.again.disabled = self.text.value == self._written
        href = f"data:text/plain;charset=utf-8,{quote(self.text.value)}"
        self.take.value = live(f'<a download="letter.txt" href="{href}">Take it along as a file (letter.txt)</a>')
