"""The hands of levers over one state: a move is checked by the policy, and what is not legal is refused beside it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from notebooks.controls import Control
from notebooks.levers import footer, heading
from notebooks.tweaks import Tweaks
from policy.problems import ProblemsFound

__all__ = ["Hands"]

_GESTURE = 1.0  # seconds within which moves of one lever are one step to undo


class Hands:
    """A control for each lever that is asked for; `refresh` shows everything anew after the state has moved.

    `guarded` and `by_itself` are those of the frame of the panel that has them.
    """

    def __init__(
        self, tweaks: Tweaks, refresh: Callable[[], object], guarded: Callable[..., Callable[..., None]],
        by_itself: Callable[[], AbstractContextManager[None]],
    ):  # fmt: skip
        self.tweaks, self.refresh, self._guarded, self._by_itself = tweaks, refresh, guarded, by_itself
        self.controls: dict[str, Control] = {}
        self.complaints: dict[str, str] = {}
        self._last: tuple[str, float] = ("", float("-inf"))

    def control(self, name: str) -> Control:
        """The control of a lever, made when it is first asked for."""
        if name not in self.controls:
            guarded = self._guarded
            made = Control(name, self.tweaks.policy.levers[name], self.tweaks.settings[name], self._note(name))
            made.observe(guarded(lambda _: self._moved(name)), guarded(lambda _: self._typed(name)))
            made.reset.on_click(guarded(lambda _: self.do(lambda: self.tweaks.revert(name))))
            self.controls[name] = made
        return self.controls[name]

    def _note(self, name: str) -> str:
        return footer(self.tweaks.policy, name, self.tweaks.pathways_of(name), self.tweaks.by_pathway)

    def put(self, lever: str, value: object) -> None:
        """Move a hand, as a person would; ProblemsFound when the value is not legal."""
        legal = self.tweaks.policy.settings({lever: value})[lever]
        self.control(lever).put(legal)

    def do(self, act: Callable[[], bool]) -> None:
        """An act on the state that is no move of a hand: undo, redo, reset, revert."""
        self._last = ("", float("-inf"))
        if act():
            self.complaints.clear()
            self.refresh()

    def _moved(self, name: str) -> None:
        control, now = self.controls[name], time.monotonic()
        joined = self._last[0] == name and now - self._last[1] < _GESTURE
        self._last = (name, now)
        try:
            moved = self.tweaks.move(name, control.value, joined)
        except ProblemsFound as found:
            self.complaints[name] = found.problems[0].message
            self.show(name)
            return
        if self.complaints.pop(name, None) or moved:
            self.refresh()

    def _typed(self, name: str) -> None:
        """A number from the keyboard: a legal one moves the lever, any other is refused and the old one put back."""
        control, before = self.controls[name], self.tweaks.settings[name]
        try:
            value = self.tweaks.policy.levers[name].check(f"{control.parts['number'].value:.12g}")
        except ValueError as error:
            self.complaints[name] = str(error)
            self.show(name)
            return
        control.put(value)  # which is a move, if it is one
        if value == before:
            self.complaints.pop(name, None)
            self.show(name)

    def show(self, name: str) -> None:
        """One lever as it stands; whether it is idle is told again once that is known again."""
        control, value = self.controls[name], self.tweaks.settings[name]
        known, complaint = self.tweaks.known_idle(name), self.complaints.get(name, "")
        control.idle = control.idle if known is None else known
        if not control.agrees(value):
            with self._by_itself():
                control.put(value)
        if control.shown != (value, control.idle, complaint):
            control.shown = (value, control.idle, complaint)
            baseline = self.tweaks.baseline[name]
            control.head.value = heading(self.tweaks.policy, name, value, baseline, control.idle, complaint)
            control.reset.disabled = value == baseline
            control.enable(value)
            (control.box.add_class if control.idle else control.box.remove_class)("nbw-idle")

    def show_all(self) -> None:
        """Every lever that has a control."""
        for name in self.controls:
            self.show(name)

    def show_notes(self) -> None:
        """How many of the cases each lever is read for, after these became others."""
        for name, control in self.controls.items():
            control.note.value = self._note(name)
