"""The form for a case: an entry for each fact, *not documented* a choice of its own, what is wrong told beside it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets as widgets

from notebooks.controls import FIT, ROW, WIDE, as_label
from notebooks.frame import button, live
from notebooks.page import esc
from notebooks.review.typed_case import CaseForm

__all__ = ["FactForm"]

_ENTRY = widgets.Layout(width="540px", flex="0 0 auto")
_NOTE = widgets.Layout(flex="1 1 auto", width="auto", min_width="60px", margin="0 0 0 14px")
_APART = " – "  # between a code and its label in the list of codes


class FactHand:
    """One fact: its label, its hand, a tick box for *not documented* where the hand is typed into, and a note."""

    def __init__(self, form: CaseForm, name: str):
        kind, self.hint, empty = form.facts[name], form.hint(name), form.empty(name)
        self.label = kind.label
        unit = kind.measure.many if kind.measure else ""
        unit = f", {unit}" if unit and unit not in kind.label.lower() else ""
        self.words, self.codes = form.choices(name), form.codes.get(kind.type, {})
        named = {
            "description": as_label(f"{kind.label}{unit}"),
            "layout": _ENTRY,
            "style": {"description_width": "250px"},
        }
        if self.words:
            options = [(empty, ""), *((text, word) for word, text in self.words.items())]
            self.hand: Any = widgets.Dropdown(options=options, value="", **named)
        elif self.codes:
            known = [f"{code}{_APART}{label}" for code, label in self.codes.items()]
            self.hand = widgets.Combobox(options=known, placeholder="type a code or a word", **named)
        else:
            self.hand = widgets.Text(placeholder=empty, **named)
        self.hand.continuous_update = False
        self.missing = widgets.Checkbox(True, description=empty, indent=False, tooltip=kind.label, layout=FIT)
        self.note = widgets.HTML(layout=_NOTE)
        ticked = [] if self.words or kind.required else [self.missing]
        self.box = widgets.HBox([self.hand, *ticked, self.note], layout=ROW).add_class("nbw-entry")
        self.tell("")

    @property
    def text(self) -> str:
        """As a case table has it; empty: not documented."""
        text = str(self.hand.value or "")
        return text.partition(_APART)[0] if self.codes else text

    def put(self, text: str) -> None:
        """Show an entry."""
        label = self.codes.get(text)
        self.hand.value = f"{text}{_APART}{label}" if label else text
        self.missing.value = not text.strip()

    def tell(self, said: str) -> None:
        """What is wrong with the entry, or else what may be typed."""
        alert = f'<div class="alert" role="alert">{esc(f"{self.label}: {said}")}</div>'
        self.note.value = live(alert if said else f"<small>{esc(self.hint)}</small>")


class FactForm:
    """An entry for each fact of a policy; those that the rules for the codes read first, all others folded away.

    `changed` is called after each entry of a person, guarded by the panel.
    """

    def __init__(self, form: CaseForm, guarded: Callable[..., Any], changed: Callable[[], object], close: Any):
        self.form = form
        self.entries = {name: FactHand(form, name) for name in form.facts}
        for name, entry in self.entries.items():
            entry.hand.observe(guarded(lambda _, n=name: self._entered(n, changed)), names="value")
            entry.missing.observe(guarded(lambda _, n=name: self._ticked(n, changed)), names="value")
        self._all = False
        self._read: Collection[str] = ()
        self.first, self.others = (widgets.VBox(layout=WIDE) for _ in "12")
        self.more = button("Show the other facts", guarded(lambda *_: self._fold(not self._all)))
        self.head = widgets.HTML(layout=WIDE)
        top = widgets.HBox([self.more, close], layout=ROW)
        self.view = widgets.VBox([self.head, self.first, top, self.others], layout=WIDE).add_class("nbw-typed")

    def typed(self) -> dict[str, str]:
        """The entries that are not empty."""
        return {name: entry.text for name, entry in self.entries.items() if entry.text.strip()}

    def start(self, entries: Mapping[str, str]) -> None:
        """Show these entries, every other fact as not documented; ask for it while the panel itself moves hands."""
        for name, entry in self.entries.items():
            entry.put(entries.get(name, ""))

    def tell(self, said: Mapping[str, str], head: str) -> None:
        """What is wrong, each beside its fact, and above all of them; the facts that are read for the codes first."""
        for name, entry in self.entries.items():
            entry.tell(said.get(name, ""))
        self.head.value = live(f'<p role="status">{head}</p>')
        read = self.form.read_for(self.typed())
        self._read = [name for name in self.entries if name in read or name in said]
        self._fold(self._all)

    def _fold(self, all_of_them: bool) -> None:
        self._all = all_of_them
        first = [self.entries[name].box for name in self._read]
        others = [entry.box for name, entry in self.entries.items() if name not in self._read]
        self.first.children, self.others.children = first, others if all_of_them else ()
        self.more.description = (
            "Hide the other facts" if all_of_them else f"Show the other {len(others)} facts, which no rule reads here"
        )

    def _entered(self, name: str, changed: Callable[[], object]) -> None:
        self.entries[name].missing.value = not self.entries[name].text.strip()
        changed()

    def _ticked(self, name: str, changed: Callable[[], object]) -> None:
        """Ticked, an entry is emptied; the tick goes when something is typed, and comes back where nothing is."""
        entry = self.entries[name]
        if entry.missing.value and entry.text:
            entry.put("")
            changed()
        entry.missing.value = not entry.text.strip()
