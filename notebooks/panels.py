"""The widgets: thin over `tweaks` (what is so) and `answer` (how it looks); here is only what a hand can move.

Text of a policy or case reaches a widget escaped, or through a trait that shows it literally. Descriptions of widgets
are set with our own words only, because Lab reads mathematics between dollar signs in them.
"""

import asyncio
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from notebooks import answer as view
from notebooks.closer import QUESTIONS, STALE
from notebooks.levers import footer, groups, heading
from notebooks.page import bullets, esc
from notebooks.tweaks import Answer, Tweaks
from policy.model import Lever, Policy, Value
from policy.problems import ProblemsFound
from simulations import Caseload, Study
from simulations.findings import all_notices
from simulations.scenario import proposed

__all__ = ["Control", "LeverPanel"]

_GESTURE = 1.0  # seconds within which moves of one lever are one step to undo
_PAUSE = 0.35  # seconds of rest before looking for levers that reach no case
_TICK = 0.004  # seconds left to the user between two levers of that look
_log = logging.getLogger(__name__)

_WIDE = widgets.Layout(width="100%", min_width="0")
_ROW = widgets.Layout(width="100%", align_items="center", overflow="hidden")
_NUMBER = widgets.Layout(width="66px", flex="0 0 auto")
_GROW = widgets.Layout(flex="1 1 auto", width="auto", min_width="60px")
_SMALL = widgets.Layout(width="74px", flex="0 0 auto")
_TICKBOX = widgets.Layout(width="26px", flex="0 0 auto")
_FIT = widgets.Layout(width="auto", flex="0 0 auto")
_LOOK = """<style>
.nbw-lever{border-bottom:1px solid var(--jp-border-color2,#d0d5db);padding:2px 2px 6px}
.nbw-live .widget-html-content,.nbw-live .widget-html{line-height:1.45!important;height:auto}
.nbw-lever.nbw-idle .nbw-hands{opacity:.45}
.nbw-live .nbw-lever,.nbw-live .widget-html{contain:content}
.nbw-live .wide{content-visibility:auto;contain-intrinsic-size:auto 1500px}
.nbw-live .jupyter-button:focus-visible,.nbw-live input:focus-visible,.nbw-live select:focus-visible,
.nbw-live .noUi-handle:focus-visible{outline:3px solid #0072b2;outline-offset:1px}
</style>"""


class Control:
    """The hand of one lever: slider and number (with a tick box where off is legal), a tick box, or a list.

    `parts`: slider, number, on, choice, as far as there are such; every one is named for those who cannot see it.
    """

    def __init__(self, name: str, lever: Lever, value: Value, note: str):
        self.name, self.lever = name, lever
        self.idle = ""
        self.shown: tuple[object, str, str] = (self, "", "")  # what the head says: value, idle, complaint
        self.kind, self.parts = _parts(lever, value)
        self.head = widgets.HTML(layout=_WIDE)
        self.reset = widgets.Button(description="Reset", layout=_SMALL, tooltip=f"{lever.label}: back to the baseline")
        hands = widgets.HBox([*self.parts.values(), self.reset], layout=_ROW).add_class("nbw-hands")
        self.box = widgets.VBox([self.head, hands, widgets.HTML(note, layout=_WIDE)], layout=_WIDE)
        self.box.add_class("nbw-lever").add_class(f"nbw-lever-{name}")

    @property
    def value(self) -> Value | bool:
        """What the hand says now; the policy decides whether that is legal."""
        if self.kind == "choice":
            return str(self.parts["choice"].value)
        if self.kind == "switch":
            return self._words[bool(self.parts["on"].value)]
        return int(self.parts["slider"].value) if "on" not in self.parts or self.parts["on"].value else None

    @property
    def _words(self) -> tuple[str, str]:
        return ("off", "on") if "off" in (self.lever.choices or {}) else ("false", "true")

    def put(self, value: Value) -> None:
        """Move the hand to a legal value."""
        if self.kind == "choice":
            self.parts["choice"].value = value
        elif self.kind == "switch":
            self.parts["on"].value = value == self._words[True]
        else:
            if value is not None:
                self.parts["slider"].value = value
            if "on" in self.parts:
                self.parts["on"].value = value is not None

    def enable(self, value: Value) -> None:
        """A number can be moved while its lever is on."""
        if self.kind == "slider":
            self.parts["slider"].disabled = self.parts["number"].disabled = value is None

    def observe(self, moved: Callable[..., None]) -> None:
        """Call `moved` when a hand moves; the number follows the slider in the browser and is not listened to."""
        for part in ("slider", "on", "choice"):
            if part in self.parts:
                self.parts[part].observe(moved, names="value")


def _parts(lever: Lever, value: Value) -> tuple[str, dict[str, Any]]:
    if lever.choices is not None and set(lever.choices) in ({"true", "false"}, {"on", "off"}):
        on = widgets.Checkbox(value in ("true", "on"), indent=False, tooltip=lever.label, layout=_GROW)
        return "switch", {"on": on}
    if lever.choices is not None:
        options = [(word.replace("_", " "), word) for word in lever.choices]
        return "choice", {"choice": widgets.Dropdown(options=options, value=value, tooltip=lever.label, layout=_GROW)}
    assert lever.domain
    at = value if value is not None else lever.suggested if lever.suggested is not None else lever.domain.min
    off = value is None
    ends = {"min": lever.domain.min, "max": lever.domain.max, "step": lever.domain.step, "value": at, "disabled": off}
    unit = (lever.unit or "").replace("_", " ")
    slider = widgets.IntSlider(**ends, readout=False, tooltip=lever.label, layout=_GROW)
    number = widgets.BoundedIntText(**ends, tooltip=f"{lever.label}, {unit}", layout=_NUMBER)
    parts: dict[str, Any] = {"slider": slider, "number": number}
    if lever.off_allowed:
        on = widgets.Checkbox(not off, indent=False, tooltip=f"{lever.label}: in force", layout=_TICKBOX)
        parts = {"on": on, **parts}
    widgets.jslink((slider, "value"), (number, "value"))
    return "slider", parts


class LeverPanel:
    """Every lever of a policy beside what it does to the cases, at once.

    `scenario`: a named scenario or file to start from; `folder`: where scenarios are saved. Levers move by hand, or by
    `set`; `readback()` says in words what the panel shows.
    """

    def __init__(
        self, policy: Policy, cases: Caseload, scenario: str | Path | None = None, folder: str | Path = "scenarios"
    ):
        start = proposed(policy, scenario)
        self.tweaks = Tweaks(policy.settings(), cases, start)
        self.policy, self.cases, self.folder = policy, cases, Path(folder)
        self._lock = threading.RLock()
        self._quiet = False
        self._turn = 0
        self._last: tuple[str, float] = ("", float("-inf"))
        self._rows: dict[str, Any] = {}
        self._complaints: dict[str, str] = {}
        self.controls = {n: self._control(n, lever) for n, lever in policy.levers.items()}
        self._build()
        self._refresh()

    # Building ---------------------------------------------------------------------------------------------------------

    def _control(self, name: str, lever: Lever) -> Control:
        note = footer(self.policy, name, self.tweaks.pathways_of(name), self.tweaks.by_pathway)
        control = Control(name, lever, self.tweaks.settings[name], note)
        control.observe(self._guarded(lambda _: self._moved(name)))
        control.reset.on_click(self._guarded(lambda _: self._do(lambda: self.tweaks.revert(name))))
        return control

    def _build(self) -> None:
        self.groups = groups(self.policy, self.tweaks.mentions)
        boxes = [widgets.VBox([self.controls[n].box for n in names], layout=_WIDE) for names in self.groups.values()]
        left = widgets.Layout(
            width="41%", min_width="320px", flex="0 0 auto", max_height="640px", overflow="hidden auto"
        )
        self.accordion = widgets.Accordion(boxes, selected_index=0, layout=left)
        self.alert, self.headline, self.table, self.notices, self.message = (
            widgets.HTML(layout=_WIDE) for _ in "12345"
        )
        self.undo_button, self.redo_button, self.reset_button = (
            widgets.Button(description=text, layout=_FIT) for text in ("Undo", "Redo", "Reset all")
        )
        for button, act in (
            (self.undo_button, self.tweaks.undo),
            (self.redo_button, self.tweaks.redo),
            (self.reset_button, self.tweaks.reset),
        ):
            button.on_click(self._guarded(lambda _, act=act: self._do(act)))
        self.changes = widgets.VBox(layout=_WIDE)
        self.name = widgets.Text(placeholder="name of the scenario", tooltip="Name of the scenario", layout=_GROW)
        self.save_button = widgets.Button(description="Save as scenario", layout=_FIT)
        self.save_button.on_click(self._guarded(lambda _: self._keep()))
        right = [
            self.headline,
            widgets.HBox([self.undo_button, self.redo_button, self.reset_button], layout=_ROW),
            self.changes,
            widgets.HBox([self.name, self.save_button], layout=_ROW),
            self.message,
        ]
        beside = widgets.Layout(flex="1 1 0", width="auto", min_width="300px", padding="0 0 0 18px", overflow="hidden")
        columns = widgets.HBox([self.accordion, widgets.VBox(right, layout=beside)], layout=_WIDE)
        self.question_buttons = {q: widgets.Button(description=q, layout=_FIT) for q in QUESTIONS}
        for question, button in self.question_buttons.items():
            button.on_click(self._guarded(lambda _, q=question: self._look_closer(q)))
        self.closer = widgets.HTML(layout=_WIDE)
        asking = widgets.HBox(
            [widgets.HTML(_live("<b>Look closer:</b>")), *self.question_buttons.values()], layout=_ROW
        )
        look = widgets.HTML(view.LOOK + _LOOK, layout=widgets.Layout(height="0", margin="0"))
        self.view = widgets.VBox(
            [look, self.alert, columns, asking, self.closer, self.table, self.notices], layout=_WIDE
        )
        self.view.add_class("nbw-live")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The live panel where there is a kernel; else the same numbers as they stood."""
        bundle: dict[str, Any] = dict(self.view._repr_mimebundle_(**options) or {})
        note = "<p class='faint'>Run this notebook to move the levers; these are the numbers it starts with.</p>"
        words = _live(view.headline(self._answer, repr(self.cases), picture=False) + note)
        still = f"{view.LOOK}{words}{self.table.value}"
        return bundle | {"text/plain": self.readback(), "text/html": still}

    # What hands do ----------------------------------------------------------------------------------------------------

    def _guarded(self, act: Callable[..., None]) -> Callable[..., None]:
        """Every callback runs in here: one at a time, and a fault is shown, for nobody would see it otherwise."""

        @functools.wraps(act)
        def guarded(*event: Any) -> None:
            with self._lock:
                if self._quiet:  # a hand that the panel itself moves
                    return
                try:
                    act(*event)
                except Exception as error:
                    _log.exception("a callback of the lever panel failed")
                    self._failed(error)

        return guarded

    def _failed(self, error: Exception) -> None:
        words = esc(f"{type(error).__name__}: {error}"[:300])
        said = f"The numbers below are older than the levers beside them, because something went wrong. {words}"
        self.alert.value = _live(f'<div class="alert" role="alert">{said}</div>')
        for part in (self.headline, self.table):
            part.value = view.stale(part.value)

    def _moved(self, name: str) -> None:
        control, now = self.controls[name], time.monotonic()
        joined = self._last[0] == name and now - self._last[1] < _GESTURE
        self._last = (name, now)
        try:
            moved = self.tweaks.move(name, control.value, joined)
        except ProblemsFound as found:
            self._complaints[name] = found.problems[0].message
            self._show(name)
            return
        if self._complaints.pop(name, None) or moved:
            self._refresh()

    def _do(self, act: Callable[[], bool]) -> None:
        """An act on the state that is no move of a hand: undo, redo, reset, revert."""
        self._last = ("", float("-inf"))
        if act():
            self._complaints.clear()
            self._refresh()

    def _keep(self) -> None:
        try:
            path = self.tweaks.keep(self.name.value, self.folder)
        except ProblemsFound as found:
            self.message.value = _live(f'<div class="alert" role="alert">Not saved: {esc(found)}</div>')
            return
        said = f"Saved as {path.as_posix()}. Use it with: workbook simulate --scenario {path.as_posix()} --out out"
        self.message.value = _live(f'<p role="status">{esc(said)}</p>')

    def _look_closer(self, question: str) -> None:
        """One of the findings of the reports, about the levers as they stand."""
        self.closer.value = _live(f'<p role="status">{esc(question)}: counting…</p>')
        try:
            found = QUESTIONS[question](self._study())
        except ProblemsFound as problems:
            found = f'<div class="alert" role="alert">{esc(problems)}</div>'
        self.closer.value = _live(f'<div role="region" aria-label="{esc(question)}">{found}</div>')

    def _study(self) -> Study:
        return Study("now", self.tweaks.baseline, self.tweaks.settings, self.cases)

    def set(self, lever: str, value: object) -> None:
        """Move the hand of a lever, as a person would; ProblemsFound when the value is not legal."""
        legal = self.policy.settings({lever: value})[lever]
        self.controls[lever].put(legal)

    def undo(self) -> None:
        """As the button."""
        self.undo_button.click()

    def readback(self) -> str:
        """What the panel shows, in words."""
        return view.in_words(self._answer, repr(self.cases))

    # What eyes see ----------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """State, answer, view: in this order, each value set once."""
        self._answer: Answer = self.tweaks.answer()
        self.headline.value = _live(view.headline(self._answer, repr(self.cases)))
        self.table.value = _live(view.table_of_requests(self._answer))
        for name in self.controls:
            self._show(name)
        self._show_changes(self._answer.changes)
        self._show_notices()
        back, forth = self.tweaks.steps
        self.undo_button.disabled, self.redo_button.disabled = not back, not forth
        self.reset_button.disabled = self.save_button.disabled = not self._answer.changes
        self.message.value = self.alert.value = ""
        if self.closer.value and STALE not in self.closer.value:
            self.closer.value = _live(f'<p role="status">{esc(STALE)}</p>') + view.stale(self.closer.value)
        self._look_later()

    def _show(self, name: str) -> None:
        """One lever as it stands; whether it is idle is told again once that is known again."""
        control, value = self.controls[name], self.tweaks.settings[name]
        known, complaint = self.tweaks.known_idle(name), self._complaints.get(name, "")
        control.idle = control.idle if known is None else known
        if control.value != value:
            self._quiet = True
            try:
                control.put(value)
            finally:
                self._quiet = False
        if control.shown != (value, control.idle, complaint):
            control.shown = (value, control.idle, complaint)
            baseline = self.tweaks.baseline[name]
            control.head.value = heading(self.policy, name, value, baseline, control.idle, complaint)
            control.reset.disabled = value == baseline
            control.enable(value)
            (control.box.add_class if control.idle else control.box.remove_class)("nbw-idle")

    def _show_changes(self, changes: dict[str, str]) -> None:
        for name, sentence in changes.items():
            if name not in self._rows:
                button = widgets.Button(description="Revert", layout=_SMALL, tooltip=self.policy.levers[name].label)
                button.on_click(self._guarded(lambda _, n=name: self._do(lambda: self.tweaks.revert(n))))
                self._rows[name] = widgets.HBox([widgets.HTML(layout=_GROW), button], layout=_ROW)
            self._rows[name].children[0].value = _live(esc(sentence))
        rows = tuple(self._rows[name] for name in changes)
        if self.changes.children != rows:
            self.changes.children = rows
        for i, (title, names) in enumerate(self.groups.items()):
            moved = sum(name in changes for name in names)
            text = f"{title} ({moved} moved)" if moved else title
            if self.accordion.get_title(i) != text:
                self.accordion.set_title(i, text)

    def _show_notices(self) -> None:
        told = all_notices(self._study(), counted=False)
        first, *rest = told
        folded = (
            f"<details><summary>{len(rest)} more notices for every reader</summary>{bullets(map(esc, rest))}</details>"
        )
        self.notices.value = _live(f'<p class="faint"><small>{esc(first)}</small></p><small>{folded}</small>')

    # Levers that reach no case ----------------------------------------------------------------------------------------

    def look_for_idle(self) -> None:
        """Grey every lever that reaches no case from here, with the reason; all at once."""
        with self._lock:
            for name in self.tweaks.looking():
                if name:
                    self._show(name)

    def _look_later(self) -> None:
        """The same once the user rests, in small steps; without an event loop nobody is waiting for it."""
        self._turn += 1
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(_PAUSE, self._look, loop, self._turn, self.tweaks.looking())

    def _look(self, loop: asyncio.AbstractEventLoop, turn: int, looking: Iterator[str | None]) -> None:
        def look() -> None:
            name = next(looking, "")
            if name:
                self._show(name)
            if name != "":
                loop.call_later(_TICK, self._look, loop, turn, looking)

        if turn == self._turn:
            self._guarded(look)()


def _live(html: str) -> str:
    return f'<div class="nbw mathjax_ignore live">{html}</div>'
