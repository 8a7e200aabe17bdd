"""The hand of a lever: what a person moves, types or ticks.

Text of a policy reaches a widget escaped, or through a trait that shows it literally. Descriptions of widgets are set
with our own words only, because Lab reads mathematics between dollar signs in them.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ipywidgets as widgets

from policy.model import Amount, Lever, Value, simplest

__all__ = ["FIT", "GROW", "ROW", "SMALL", "STRETCH", "WIDE", "WRAPS", "Control", "as_label"]

WIDE = widgets.Layout(width="100%", min_width="0")
ROW = widgets.Layout(width="100%", align_items="center", overflow="hidden")
GROW = widgets.Layout(flex="1 1 auto", width="auto", min_width="60px")
WRAPS = widgets.Layout(width="100%", align_items="center", flex_flow="row wrap")
STRETCH = widgets.Layout(width="auto", min_width="0")
SMALL = widgets.Layout(width="74px", flex="0 0 auto")
FIT = widgets.Layout(width="auto", flex="0 0 auto")
_WIDE_TWINS = str.maketrans("$\\<>", "＄＼＜＞")
_NUMBER = widgets.Layout(width="66px", flex="0 0 auto")
_TICKBOX = widgets.Layout(width="26px", flex="0 0 auto")


def as_label(text: str) -> str:
    """Text of a policy as the description of a widget, which alone names a hand for those who cannot see it.

    Lab reads mathematics between dollar signs and after backslashes there: they are written as their wide twins, and so
    are the marks of tags.
    """
    return text.translate(_WIDE_TWINS)


class Control:
    """The hand of one lever: slider and number (with a tick box where off is legal), a tick box, or a list.

    `parts`: slider, number, on, choice, as far as there are such; every one is named for those who cannot see it.
    """

    def __init__(self, name: str, lever: Lever, value: Value, note: str):
        self.name, self.lever = name, lever
        self.idle = ""
        self.shown: tuple[object, str, str] = (self, "", "")  # what the head says: value, idle, complaint
        self.kind, self.parts = _parts(lever, value)
        self.head = widgets.HTML(layout=WIDE)
        self.reset = widgets.Button(description="Reset", layout=SMALL, tooltip=f"Reset {lever.label}")
        self.note = widgets.HTML(note, layout=WIDE)
        self.box = widgets.VBox([self.head, self.hands([self.reset]), self.note], layout=WIDE)
        self.box.add_class("nbw-lever").add_class(f"nbw-lever-{name}")

    def hands(self, more: list[Any]) -> Any:
        """What can be moved, in a row, and other hands after it."""
        return widgets.HBox([*self.parts.values(), *more], layout=ROW).add_class("nbw-hands")

    def when_let_go(self) -> None:
        """Tell of a slider only where it is let go, not of each step on its way."""
        if self.kind == "slider":
            self.parts["slider"].continuous_update = False

    @property
    def value(self) -> Value | bool:
        """What the hand says now; the policy decides whether that is legal."""
        if self.kind == "choice":
            return str(self.parts["choice"].value)
        if self.kind == "switch":
            return self._words[bool(self.parts["on"].value)]
        if "on" in self.parts and not self.parts["on"].value:
            return None
        return stepped(self.lever, self.parts["slider"].value)

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
                self.parts["slider"].value = number(value)
            self.parts["number"].value = self.parts["slider"].value
            if "on" in self.parts:
                self.parts["on"].value = value is not None

    def enable(self, value: Value) -> None:
        """A number can be moved while its lever is on."""
        if self.kind == "slider":
            self.parts["slider"].disabled = self.parts["number"].disabled = value is None

    def agrees(self, value: Value) -> bool:
        """Whether every part of the hand shows this value."""
        return self.value == value and (
            self.kind != "slider" or self.parts["number"].value == self.parts["slider"].value
        )

    def observe(self, moved: Callable[..., None], typed: Callable[..., None]) -> None:
        """Call `moved` when a hand moves, `typed` when a number was typed and Enter pressed or the box left."""
        for part, act in (("slider", moved), ("on", moved), ("choice", moved), ("number", typed)):
            if part in self.parts:
                self.parts[part].observe(act, names="value")


def _parts(lever: Lever, value: Value) -> tuple[str, dict[str, Any]]:
    if lever.choices is not None and set(lever.choices) in ({"true", "false"}, {"on", "off"}):
        on = widgets.Checkbox(value in ("true", "on"), indent=False, **_named(lever.label), layout=GROW)
        return "switch", {"on": on}
    if lever.choices is not None:
        options = [(_choice(lever, word), word) for word in lever.choices]
        return "choice", {"choice": widgets.Dropdown(options=options, value=value, **_named(lever.label), layout=GROW)}
    assert lever.domain
    at = value if value is not None else lever.suggested if lever.suggested is not None else lever.domain.min
    off = value is None
    legal = {"min": lever.domain.min, "max": lever.domain.max, "step": lever.domain.step, "value": at}
    ends = {key: number(amount) for key, amount in legal.items()} | {"disabled": off}
    kind = widgets.IntSlider if lever.domain.whole else widgets.FloatSlider
    slider = kind(**ends, readout=False, tooltip=lever.label, layout=GROW)
    # Bounded boxes, and those for whole numbers, clip what is typed without a word.
    label = f"{lever.label}, {lever.measure.many}"
    box = widgets.FloatText(ends["value"], step=ends["step"], disabled=off, **_named(label), layout=_NUMBER)
    parts: dict[str, Any] = {"slider": slider, "number": box}
    if lever.off_allowed:
        on = widgets.Checkbox(not off, indent=False, **_named(f"{lever.label}: in force"), layout=_TICKBOX)
        parts = {"on": on, **parts}
    return "slider", parts


def _choice(lever: Lever, word: str) -> str:
    """A choice in a list: its word, and what it means."""
    return f"{lever.word(word)}: {(lever.choices or {})[word]}"


def _named(label: str) -> dict[str, Any]:
    """The name of a part for a screen reader, which reads no tooltip; the page does not show it beside the head."""
    return {"tooltip": label, "description": as_label(label), "style": {"description_width": "initial"}}


def stepped(lever: Lever, at: float) -> Amount:
    """Where a slider stands: the browser may send back 5.000000000000001 for 5. What lies between steps stays so."""
    assert lever.domain
    amount, values = Decimal(str(at)), lever.domain.values()
    place = round((amount - lever.domain.min) / lever.domain.step)
    nearest = values[min(max(place, 0), len(values) - 1)]
    return nearest if abs(amount - nearest) * 1000 < lever.domain.step else simplest(amount)


def number(amount: Value) -> int | float:
    """An amount as a control of the page has it; what it says is read back as the shortest decimal."""
    return amount if isinstance(amount, int) else float(str(amount))
