"""Forms of several values: lists with an order, pairs of lines, and mappings of columns, levers, words or codes."""

from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE
from notebooks.drafting.names import caution, is_code, is_line, keys_for, values_for
from notebooks.drafting.shapes import Shape
from notebooks.drafting.value_forms import FIELD, ChoiceForm, CodeForm, Form, Room, WordsForm, block
from notebooks.drafting.words import FORM, KINDS, NO_ORDER
from notebooks.frame import button, shown_html
from notebooks.page import esc

__all__ = ["ListForm", "MappingForm", "PairForm"]

_COLUMNS = ("at_least", "more_than", "less_than", "at_most", "between", "is", "states", "case", "implied_by")
_KEY_NAMES = {"codes": "Code", "prefixes": "Beginning of a code", "values": "From the day", "attributes": "Attribute"}


class PairForm(Form):
    """Two lines, the low one and the high one."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        ends = value if isinstance(value, list) and len(value) == 2 else [None, None]
        self.forms = [self.room.build(shape.items, one) for one in ends]
        for form, said in zip(self.forms, ("from", "to"), strict=True):
            form.hand.description = said
        self.box = widgets.VBox([form.box for form in self.forms], layout=WIDE)

    def value(self) -> list[Any] | None:
        """Both."""
        found = [form.value() for form in self.forms]
        return found if all(found) else None

    def lacks(self) -> list[str]:
        """Those of either."""
        return [one for form in self.forms for one in form.lacks()]


class ListForm(Form):
    """Several items in an order, with buttons to move them up and down, take them out and add one."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        begun = [] if shape.key == "asks" else [None]
        self.forms = [room.build(shape.items, one) for one in (begun if value is None else value)]
        self.add = button("Add one more", room.guarded(lambda _: self._add()), f"Add one more: {self.label}")
        self.rows = widgets.VBox(layout=WIDE)
        title = [] if shape.key in KINDS or shape.key in FORM else [shown_html(f"<b>{esc(self.label)}</b>")]
        self.box = block(*title, self.rows, self.add)
        self._show()

    def _add(self) -> None:
        self.forms.append(self.room.build(self.shape.items, None))
        self._show()
        self.room.changed()

    def _move(self, form: Form, by: int) -> None:
        place = self.forms.index(form)
        to = min(max(place + by, 0), len(self.forms) - 1)
        self.forms.insert(to, self.forms.pop(place))
        self._show()
        self.room.changed()

    def _take_out(self, form: Form) -> None:
        self.forms.remove(form)
        self._show()
        self.room.changed()

    def _show(self) -> None:
        rows = []
        for i, form in enumerate(self.forms):
            said = f"item {i + 1} of {self.label}"
            up = button("Up", self.room.guarded(lambda _, f=form: self._move(f, -1)), f"Up: {said}")
            down = button("Down", self.room.guarded(lambda _, f=form: self._move(f, 1)), f"Down: {said}")
            out = button("Remove", self.room.guarded(lambda _, f=form: self._take_out(f)), f"Remove {said}")
            up.disabled, down.disabled = i == 0, i == len(self.forms) - 1
            hands = [up, down, out] if len(self.forms) > 1 and self.shape.key not in NO_ORDER else [out]
            if hasattr(form, "hand") and form.box is form.hand:
                rows.append(widgets.HBox([form.box, *hands], layout=WIDE).add_class("nbw-quiet"))
            else:
                parts = [form.box, widgets.HBox(hands, layout=ROW)]
                rows.append(widgets.VBox(parts, layout=WIDE).add_class("nbw-item"))
        self.rows.children = rows

    def value(self) -> list[Any] | None:
        """The items that are filled in; that an example asks for nothing is a list without any."""
        found = [one for one in (form.value() for form in self.forms) if one is not None]
        return found or ([] if self.shape.key == "asks" else None)

    def lacks(self) -> list[str]:
        """Those of each item; of an empty list that it is."""
        empty = [] if self.shape.key == "asks" else [self.label]
        return [one for form in self.forms for one in form.lacks()] if self.forms else empty


class _Row:
    """An entry of a mapping: its key, and the value that fits to it."""

    def __init__(self, owner: "MappingForm", key: str, value: Any):
        self.owner, self.room, self._value = owner, owner.room, value
        options = keys_for(self.room.tree, owner.shape)
        shape = owner.shape
        name = (
            "Column" if shape.key in _COLUMNS else "Lever" if options is not None else _KEY_NAMES.get(shape.key, "Word")
        )
        if options is None:
            self.key: Any = widgets.Text(key, continuous_update=False, description=name, layout=FIELD)
        else:
            known = [one for _, one in options]
            other = [(f"{key} (there is none)", key)] if key and key not in known else []
            self.key = widgets.Dropdown(options=[("– choose –", ""), *options, *other], value=key)
            self.key.description, self.key.layout = name, FIELD
        self.key.add_class("nbw-field")
        self.box = widgets.VBox(layout=WIDE).add_class("nbw-item")
        self.out = button("Remove", self.room.guarded(lambda _: owner.take_out(self)), f"Remove from {owner.label}")
        self.form = self._form()
        self._show()
        self.room.watch(self.key, self._turn)

    def _form(self) -> Form:
        shape, key = self.owner.shape, str(self.key.value)
        items = shape.items
        options = values_for(self.room.tree, shape, key)
        if items.kind == "words" or shape.key in ("is", "states"):
            return WordsForm(items, self._value, self.room, options)
        if options is not None:
            made = CodeForm if is_code(self.room.tree, shape, key) else ChoiceForm
            return made(items, self._value, self.room, options)
        return self.room.build(items, self._value)

    def _turn(self) -> None:
        """Another column or lever has words of its own."""
        if keys_for(self.room.tree, self.owner.shape) is not None and not is_line(self.owner.shape.items):
            self._value = None
            self.form = self._form()
        self._show()

    def _show(self) -> None:
        said = caution(self.room.tree, self.owner.shape, str(self.key.value))
        note = [shown_html(f"<small>{esc(said)}</small>")] if said else []
        hands = [] if self.owner.shape.single else [self.out]
        self.box.children = [self.key, *note, self.form.box, *hands]


class MappingForm(Form):
    """Entries under keys: columns, levers, words or codes; of the test of a column there is exactly one."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        held = dict(value) if isinstance(value, dict) else {}
        if value is None or (shape.single and not held):
            held = {"": None}
        self.rows = [_Row(self, key, one) for key, one in held.items()]
        self.add = button("Add one more", room.guarded(lambda _: self._add()), f"Add one more: {self.label}")
        self.shown = widgets.VBox(layout=WIDE)
        title = [] if shape.key in KINDS else [shown_html(f"<b>{esc(self.label)}</b>")]
        self.box = self.shown if shape.single else block(*title, self.shown, self.add)
        self._show()

    def _add(self) -> None:
        self.rows.append(_Row(self, "", None))
        self._show()
        self.room.changed()

    def take_out(self, row: _Row) -> None:
        """Without an entry."""
        self.rows.remove(row)
        self._show()
        self.room.changed()

    def _show(self) -> None:
        self.shown.children = [row.box for row in self.rows]

    def value(self) -> dict[str, Any] | None:
        """The entries that have a key and a value."""
        found = {str(row.key.value).strip(): row.form.value() for row in self.rows}
        return {key: one for key, one in found.items() if key and one is not None} or None

    def lacks(self) -> list[str]:
        """A key without a value, or the other way round; of an empty mapping that it is."""
        wanted = [row.key.description for row in self.rows if not str(row.key.value).strip()]
        inside = [one for row in self.rows for one in row.form.lacks()]
        return [*wanted, *inside] if self.rows else [self.label]
