"""Forms of single values: a text, a choice of words, one of the document's entries, a line that may be a new lever."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as widgets

from notebooks.drafting.names import Options, Tree, name_from, word
from notebooks.drafting.shapes import Shape
from notebooks.drafting.words import LONG, hint, key_label

__all__ = ["FIELD", "ChoiceForm", "CodeForm", "Form", "NameForm", "Room", "TextForm", "WordsForm", "block"]

FIELD = widgets.Layout(width="100%", min_width="0", height="auto")
_BLOCK = widgets.Layout(width="100%", min_width="0", padding="0 0 0 10px", margin="0 0 4px 0")
_MOST_BOXES = 14
_LINE = 48  # characters that a box shows on a screen of 1280 px
_OTHER = "+"


@dataclass
class Room:
    """What the forms of one entry share: the document as it stands, and whom to tell when a hand moved."""

    tree: Tree
    changed: Callable[[], None]
    guarded: Callable[[Callable[..., object]], Callable[..., None]]
    make: Callable[..., Any]  # the form of a shape at a value
    levers: list[Any] = field(default_factory=list)  # forms of levers that are made in the same step
    suffix: str = ""  # after each label, where another entry is made in the same form
    new: bool = False  # an entry that is to be added: what is left empty in it is left out

    def build(self, shape: Shape, value: Any) -> "Form":
        """The form of a place, standing at a value (None: empty)."""
        found: Form = self.make(shape, value, self)
        return found

    def watch(self, part: Any, act: Callable[..., object] | None = None) -> None:
        """Tell of every change of a widget, after `act`."""

        def moved(_: Any) -> None:
            if act:
                act()
            self.changed()

        part.observe(self.guarded(moved), names="value")


def block(*parts: Any) -> Any:
    """Parts that belong together, set in from what is round them."""
    return widgets.VBox([*parts], layout=_BLOCK).add_class("nbw-block")


class Form:
    """A part of an entry: `box` to be shown, and the value that its hands say."""

    box: Any
    hand: Any  # the one widget that says it, where there is one

    def __init__(self, shape: Shape, room: Room):
        self.shape, self.room = shape, room

    @property
    def label(self) -> str:
        """What it is called."""
        return key_label(self.shape.record, self.shape.key, self.shape.item) + self.room.suffix

    def value(self) -> Any:
        """What the hands say: text, a list or a mapping; None: nothing."""
        raise NotImplementedError

    def lacks(self) -> list[str]:
        """What has to be filled in still, by label."""
        return [] if self.value() is not None else [self.label]

    def named(self, part: Any) -> Any:
        """A widget under its label, which a screen reader says too."""
        part.description, part.description_allow_html = self.label, False
        part.tooltip = hint(self.shape.record, self.shape.key) or self.label
        part.layout = FIELD
        return part.add_class("nbw-field")


class TextForm(Form):
    """A text that is typed: of several lines where sentences belong."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        text = value if isinstance(value, str) else ""
        many = shape.key in LONG or len(text) > _LINE
        kind = widgets.Textarea if many else widgets.Text
        self.hand = self.named(kind(text, continuous_update=False))
        if many:
            self.hand.rows = min(max(len(text) // _LINE + 1, 2), 8)
        room.watch(self.hand)
        self.box = self.hand

    def value(self) -> str | None:
        """As typed, without what surrounds it."""
        return self.hand.value.strip() or None


class ChoiceForm(Form):
    """One of several: words of the language, or entries of the document by what people call them."""

    def __init__(self, shape: Shape, value: Any, room: Room, options: Options):
        super().__init__(shape, room)
        text = value if isinstance(value, str) else ""
        known = [name for _, name in options]
        other = [(f"{text} (there is none)", text)] if text and text not in known else []
        self.hand = self.named(widgets.Dropdown(options=[("– choose –", ""), *options, *other], value=text))
        room.watch(self.hand)
        self.box = self.hand

    def value(self) -> str | None:
        """The name of the one that is chosen."""
        return self.hand.value or None


class CodeForm(Form):
    """A code of the document, or another one that is typed: an example may show what the policy does not cover."""

    def __init__(self, shape: Shape, value: Any, room: Room, options: Options):
        super().__init__(shape, room)
        text = value if isinstance(value, str) else ""
        known = text in ("", *(name for _, name in options))
        choices = [("– choose –", ""), *options, ("another code …", _OTHER)]
        self.hand = self.named(widgets.Dropdown(options=choices, value=text if known else _OTHER))
        self.typed = widgets.Text("" if known else text, description="The code", continuous_update=False, layout=FIELD)
        self.typed.add_class("nbw-field")
        self.box = widgets.VBox(layout=FIELD)
        self._turn()
        room.watch(self.hand, self._turn)
        room.watch(self.typed)

    def _turn(self) -> None:
        self.box.children = [self.hand, *([self.typed] if self.hand.value == _OTHER else [])]

    def value(self) -> str | None:
        """The code."""
        return (self.typed.value.strip() if self.hand.value == _OTHER else self.hand.value) or None


class WordsForm(Form):
    """One or several words: boxes to tick where they are known, else typed between commas."""

    def __init__(self, shape: Shape, value: Any, room: Room, options: Options | None):
        super().__init__(shape, room)
        self._before = value
        now = [value] if isinstance(value, str) else [*(value or [])]
        now = [one for one in now if one]
        self.boxes: dict[str, Any] = {}
        if options is not None and len(options) <= _MOST_BOXES:
            known = [name for _, name in options]
            for name in dict.fromkeys((*known, *now)):
                self.boxes[name] = widgets.Checkbox(name in now, description=word(name), indent=False, layout=FIELD)
                room.watch(self.boxes[name])
            self.box = widgets.VBox([*self.boxes.values()], layout=_BLOCK)
            return
        self.hand = widgets.Text(", ".join(now), continuous_update=False, placeholder="words, between commas")
        room.watch(self.named(self.hand))
        self.box = self.hand

    def value(self) -> str | list[str] | None:
        """A word, or a list of several."""
        typed = [] if self.boxes else [one.strip() for one in self.hand.value.split(",")]
        words = [name for name, box in self.boxes.items() if box.value] or [one for one in typed if one]
        if isinstance(self._before, list) and sorted(self._before) == sorted(words):
            return self._before
        return words[0] if len(words) == 1 else words or None


class NameForm:
    """The name of a new entry: made from its label, shown, and its author's own once it was typed."""

    def __init__(self, room: Room, section: str):
        self.room, self.section = room, section
        said = f"Name in the document{room.suffix}"
        self.hand = widgets.Text("", continuous_update=False, description=said, layout=FIELD)
        self.hand.tooltip = "Made from the label; letters, digits and underscores. It cannot be changed later."
        self.hand.add_class("nbw-field")
        self._made = ""
        room.watch(self.hand)

    def follow(self, label: str) -> None:
        """Make it anew from a label, unless it was typed."""
        if self.hand.value != self._made:
            return
        made = name_from(self.room.tree, self.section, label)
        if made != self._made:
            self._made = made
            self.hand.value = made

    def value(self) -> str:
        """The name."""
        return str(self.hand.value).strip()
