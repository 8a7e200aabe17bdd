"""Forms of records, tests and rules, of the lines in them, and of the lever that is made with a line."""

from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE
from notebooks.drafting.list_forms import ListForm, MappingForm, PairForm
from notebooks.drafting.names import is_line, names_for, word
from notebooks.drafting.shapes import Shape, document
from notebooks.drafting.value_forms import FIELD, ChoiceForm, Form, NameForm, Room, TextForm, WordsForm, block
from notebooks.drafting.words import AROUND, BEGINNINGS, FORM, KINDS, key_label
from notebooks.frame import button, shown_html

__all__ = ["EitherForm", "LeverForm", "RecordForm", "form_for"]

_FIXED, _NEW = "#", "+"


def form_for(shape: Shape, value: Any, room: Room) -> Form:
    """The form of a place of the document, standing at a value (None: empty)."""
    if is_line(shape):
        return LineForm(shape, value, room)
    options = names_for(room.tree, shape)
    if options is not None:
        return ChoiceForm(shape, value, room, options)
    kind = shape.kind
    if kind == "choice":
        return ChoiceForm(shape, value, room, [(word(one), one) for one in shape.options])
    if kind == "list":
        return PairForm(shape, value, room) if shape.pair else ListForm(shape, value, room)
    if kind == "words":
        return WordsForm(shape, value, room, None)
    if kind == "requirement":
        return RequirementForm(shape, value, room)
    if kind in ("either", "rule"):
        return EitherForm(shape, value, room)
    forms: dict[str, Any] = {"text": TextForm, "mapping": MappingForm, "record": RecordForm}
    made: Form = forms[kind](shape, value, room)
    return made


class LeverForm:
    """A new lever, made in the step that uses it."""

    def __init__(self, room: Room, value: Any = None):
        room = replace(room, suffix=" (new lever)", new=True)
        shape = document().keys["levers"].items
        self.name = NameForm(room, "levers")
        self.form = RecordForm(shape, value or dict(BEGINNINGS["levers"]["A number"]), room)
        self.box = block(shown_html("<b>The new lever</b>"), self.form.box, self.name.hand)

    def value(self) -> dict[str, Any]:
        """Its entries."""
        return dict(self.form.value() or {})

    def lacks(self) -> list[str]:
        """What has to be filled in still."""
        self.name.follow(str(self.value().get("label", "")))
        return self.form.lacks() + ([] if self.name.value() else ["Name (new lever)"])


class LineForm(Form):
    """What a number is held against: a lever, a number that stays, or a lever that is made with it."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        text = value if isinstance(value, str) else ""
        levers = room.tree.get("levers", {})
        names = [n for n, one in levers.items() if isinstance(one, dict) and "domain" in one]
        options = [(f"lever: {one.get('label', n)}"[:110], n) for n, one in levers.items() if n in names]
        fixed = bool(text) and text not in names
        now = _FIXED if fixed else text
        choices = [("– choose –", ""), *options, ("a new lever …", _NEW), ("a number that stays …", _FIXED)]
        self.hand = self.named(widgets.Dropdown(options=choices, value=now))
        self.number = widgets.Text(text if fixed else "", description="The number", continuous_update=False)
        self.number.layout = FIELD
        self.number.add_class("nbw-field")
        self.lever: LeverForm | None = None
        self.box = widgets.VBox(layout=WIDE)
        self._turn()
        room.watch(self.hand, self._turn)
        room.watch(self.number)

    def _turn(self) -> None:
        chosen = self.hand.value
        if chosen == _NEW and self.lever is None:
            falls = self.shape.key in ("less_than", "at_most")
            begun = dict(BEGINNINGS["levers"]["A number"])
            begun["direction"] = "stricter_when_lower" if falls else "stricter_when_higher"
            self.lever = LeverForm(self.room, begun)
        if self.lever is not None:
            self.room.levers = [one for one in self.room.levers if one is not self.lever]
            self.room.levers += [self.lever] if chosen == _NEW else []
        below = {_FIXED: [self.number], _NEW: [self.lever.box] if self.lever else []}.get(chosen, [])
        self.box.children = [self.hand, *below]

    def value(self) -> str | None:
        """The name of the lever, or the number."""
        if self.hand.value == _FIXED:
            return self.number.value.strip() or None
        if self.hand.value == _NEW and self.lever:
            return self.lever.name.value() or None
        return self.hand.value or None

    def lacks(self) -> list[str]:
        """A lever or a number; of a new lever what it needs."""
        if self.hand.value == _NEW and self.lever:
            return self.lever.lacks()
        return super().lacks()


class RecordForm(Form):
    """The keys of a record: those that it needs, those that it has, and a list of what it may have besides."""

    def __init__(self, shape: Shape, value: Any, room: Room, without: tuple[str, ...] = ()):
        super().__init__(shape, room)
        self._before = dict(value) if isinstance(value, dict) else {}
        self._without = without
        self.forms: dict[str, Form] = {}
        for key, one in shape.keys.items():
            if key not in without and (key in shape.needed or key in self._before):
                self.forms[key] = form_for(one, self._before.get(key), room)
        self.more = widgets.Dropdown(options=[("", "")], description="Add also", layout=FIELD).add_class("nbw-field")
        self.more.observe(room.guarded(lambda _: self._also()), names="value")
        self.box = widgets.VBox(layout=WIDE)
        self._show()

    def _also(self) -> None:
        key = self.more.value
        if key and key not in self.forms:
            self.forms[key] = form_for(self.shape.keys[key], None, self.room)
            self._show()
            self.room.changed()

    def _take_out(self, key: str) -> None:
        self.forms.pop(key)
        self._show()
        self.room.changed()

    def _show(self) -> None:
        parts: list[Any] = []
        for key in [key for key in self.shape.keys if key in self.forms]:
            parts.append(self.forms[key].box)
            if key not in self.shape.needed and not (self.room.new and key in self._before):
                said = f"Without it: {key_label(self.shape.named, key)}"
                out = button("Without it", self.room.guarded(lambda _, k=key: self._take_out(k)), said)
                parts.append(widgets.HBox([out], layout=ROW))
        left = [key for key in self.shape.optional if key not in self.forms and key not in self._without]
        self.more.options = [("– nothing –", ""), *((key_label(self.shape.named, key), key) for key in left)]
        self.box.children = [*parts, *([self.more] if left else [])]

    def value(self) -> dict[str, Any] | None:
        """The keys that are filled in, in the order in which they stood."""
        found = {key: form.value() for key, form in self.forms.items()}
        held = {key: one for key, one in found.items() if one is not None}
        order = [key for key in self._before if key in held] + [key for key in self.shape.keys if key in held]
        return {key: held[key] for key in dict.fromkeys(order)} or None

    def lacks(self) -> list[str]:
        """What its keys lack; an empty one that it may do without is left out."""
        wanted = self.shape.needed
        return [one for key, form in self.forms.items() if key in wanted or form.value() for one in form.lacks()]


class RequirementForm(RecordForm):
    """A requirement: the bare name of a criterion where nothing else is said of it."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        record = Shape(shape.node["anyOf"][-1], shape.record, shape.key, shape.above)
        super().__init__(record, {"criterion": value} if isinstance(value, str) else value, room)

    def value(self) -> Any:
        """The name, or a record."""
        found = super().value()
        return found["criterion"] if found and [*found] == ["criterion"] else found


class EitherForm(Form):
    """One of several kinds: of a test, of a rule, of what a pathway is for."""

    def __init__(self, shape: Shape, value: Any, room: Room):
        super().__init__(shape, room)
        self._value = value
        now = shape.kind_of(value)
        known = {**KINDS, **FORM}
        options = [("– choose –", ""), *((known.get(kind, word(kind)), kind) for kind in shape.kinds)]
        self.hand = self.named(widgets.Dropdown(options=options, value=now))
        self.form: Form | None = None
        self.box = block()
        self._build(now, value)
        room.watch(self.hand, self._turn)

    def _single(self, kind: str) -> bool:
        return self.shape.kind != "rule" and [*self.shape.kinds[kind].keys] == [kind]

    def _build(self, kind: str, value: Any) -> None:
        self._kind, self.form = kind, None
        if kind and "enum" not in self.shape.kinds[kind].node:
            shape = self.shape.kinds[kind]
            if self._single(kind):
                held = value.get(kind) if isinstance(value, dict) else None
                self.form = form_for(shape.keys[kind], held, self.room)
            else:
                self.form = RecordForm(shape, value, self.room)
        self.box.children = [self.hand, *([self.form.box] if self.form else [])]

    def _turn(self) -> None:
        """Another kind, with as much of what stands there as fits."""
        kind, was, old = self.hand.value, self._kind, self.value()
        if not kind or not self._single(kind):
            self._build(kind, old if isinstance(old, dict) else None)
            return
        held = old.get(was) if isinstance(old, dict) else None
        if kind in AROUND and was and was not in AROUND:
            held = [old]
        elif type(held) is not type(self._like(kind)):
            held = None
        self._build(kind, {kind: held})

    def _like(self, kind: str) -> Any:
        return {"list": [], "mapping": {}, "record": {}}.get(self.shape.kinds[kind].keys[kind].kind, "")

    def value(self) -> Any:
        """With its kind."""
        if not self._kind:
            return None
        if self.form is None:
            return self._kind
        found = self.form.value()
        return found if found is None or not self._single(self._kind) else {self._kind: found}

    def lacks(self) -> list[str]:
        """A kind, or what that needs."""
        return [self.label] if not self._kind else self.form.lacks() if self.form else []
