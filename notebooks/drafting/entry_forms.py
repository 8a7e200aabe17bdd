"""The form of an entry that is open: a text or a choice applies itself, a test or a rule when it is said so."""

from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE, Control
from notebooks.drafting.calls import Author, Call, call_for, dotted, removal
from notebooks.drafting.lists import lists_of, places_of
from notebooks.drafting.names import Tree, called_entry, word
from notebooks.drafting.outline import Path
from notebooks.drafting.record_forms import RecordForm, form_for
from notebooks.drafting.require_forms import ListsForm, PlacesForm
from notebooks.drafting.shapes import Shape, document
from notebooks.drafting.value_forms import FIELD, Form, Room
from notebooks.drafting.words import HEAD, SECTION_WORDS, key_label
from notebooks.frame import button, live, shown_html
from notebooks.page import esc
from policy.model import Lever
from policy.problems import ProblemsFound

__all__ = ["EntryForm", "Keys"]

_WHOLE = ("list", "mapping", "record", "either", "rule", "words")  # kinds that apply when it is said so
_OF_HEAD = ("title", "status", "effective", "retired", "notice", "source_name")


class EntryForm:
    """Every key of one entry. `saw` is what the entry held when the form was in step with it."""

    def __init__(self, author: Author, path: Path):
        self.author, self.path = author, path
        self.shape, self.saw = _shape(path), _held(author.tree, path)
        self.rows: dict[str, Keys] = {}
        self.own, self.beside = False, self._beside()
        self.name = self.saw.get("name", "") if path[0] == "examples" and isinstance(self.saw, dict) else ""
        self.box = widgets.VBox(self._parts(), layout=WIDE)

    def _parts(self) -> list[Any]:
        self.head = shown_html(self._called())
        parts: list[Any] = [self.head, *self._hands(), *self._lists()]
        for key in self._keys():
            self.rows[key] = Keys(self, key)
            parts.append(self.rows[key].box)
        left = [key for key in self.shape.keys if key not in self.rows and self._may(key)]
        if left and self.shape.keys:
            parts.append(self._more(left))
        return [*parts, *self._last()]

    def _called(self) -> str:
        """What the entry is called, its identifier in small print."""
        one, tree = SECTION_WORDS[str(self.path[0])][1], self.author.tree
        if self.path == (HEAD,):
            return f"<h3>{esc(tree.get('title', ''))}</h3>"
        label = esc(called_entry(tree, str(self.path[0]), self.path[1]))
        small = f"<div class='faint'><small>{esc(dotted(self.path))}</small></div>"
        return f"<h3>{esc(one[0].upper() + one[1:])}: {label}</h3>{small}"

    def _keys(self) -> list[str]:
        if not self.shape.keys:
            return [""]
        hidden = {"default"} if self._control() else set()
        there = self.saw if isinstance(self.saw, dict) else {}
        return [
            k for k in self.shape.keys if k not in hidden and self._may(k) and (k in there or k in self.shape.needed)
        ]

    def _may(self, key: str) -> bool:
        return self.path != (HEAD,) or key in _OF_HEAD

    def _more(self, left: list[str]) -> Any:
        options = [("– nothing –", ""), *((key_label(self.shape.named, key), key) for key in left)]
        more = widgets.Dropdown(options=options, description="Add also", layout=FIELD).add_class("nbw-field")

        def add(_: Any) -> None:
            key = str(more.value)
            if key and key not in self.rows:
                self.rows[key] = Keys(self, key)
                children = [*self.box.children]
                place = children.index(more)
                self.box.children = [*children[:place], self.rows[key].box, *children[place:]]

        more.observe(self.author.guard(add), names="value")
        return more

    def _last(self) -> list[Any]:
        if self.path == (HEAD,):
            return []
        out = button("Take it out of the document", self.author.guard(lambda _: self._take_out()))
        return [widgets.HBox([out], layout=ROW)]

    def _take_out(self) -> None:
        if self.author.do(removal(self.path, self.name)):
            self.author.open(None)

    def _lists(self) -> list[Any]:
        """What a pathway or gate requires, or where a criterion is required, with buttons that act at once."""
        if self.path[0] in ("pathways", "gates"):
            return [ListsForm(self.author, self.path).box]
        return [PlacesForm(self.author, str(self.path[1])).box] if self.path[0] == "criteria" else []

    # The hand of a lever ----------------------------------------------------------------------------------------------

    def _control(self) -> Lever | None:
        """The lever, where it has one value and a hand can move it."""
        if self.path[0] != "levers" or not isinstance(self.saw, dict) or "default" not in self.saw:
            return None
        try:
            return self.author.draft.policy.levers.get(str(self.path[1]))
        except ProblemsFound:
            return None

    def _hands(self) -> list[Any]:
        lever = self._control()
        if lever is None:
            return []
        name, value = str(self.path[1]), lever.check(lever.default)
        control = Control(name, lever, value, "")
        control.when_let_go()

        def moved(_: Any) -> None:
            self._moved(control, name)

        control.observe(self.author.guard(moved), self.author.guard(lambda _: self._typed(control, lever, name)))
        allowed = f"allowed {', '.join(map(word, lever.choices))}" if lever.choices else lever.allowed
        said = shown_html(f"<b>Value</b> <span class='faint'>{esc(allowed)}</span>")
        return [said, control.hands([])]

    def _moved(self, control: Control, name: str) -> None:
        value = control.value
        word = "off" if value is None else str(value)
        if word != self.author.tree["levers"][name].get("default"):
            control.put(value)  # its number goes with its slider
            self.do(Call("switch" if control.kind != "slider" else "set_default", (name, word)))
            control.enable(None if value is None else str(value))

    def _typed(self, control: Control, lever: Lever, name: str) -> None:
        try:
            control.put(lever.check(f"{control.parts['number'].value:.12g}"))
        except ValueError as error:
            self.author.complain(str(error))
            control.put(lever.check(self.author.tree["levers"][name]["default"]))

    # ------------------------------------------------------------------------------------------------------------------

    def do(self, *calls: Call) -> bool:
        """Edit; what its own hands changed is no reason to build it again, unless there is a new lever to choose."""
        self.own = len(calls) == 1
        try:
            return self.author.do(*calls)
        finally:
            self.own = False

    def gone(self) -> bool:
        """Whether the entry is there no more."""
        return _held(self.author.tree, self.path) is None

    def behind(self) -> bool:
        """Whether something else changed the entry, or the lists that it is required in; else be in step with it."""
        now, beside = _held(self.author.tree, self.path), self._beside()
        if self.own and beside == self.beside:
            self.saw = now
            self.head.value = live(self._called())
            for row in self.rows.values():
                row.room.tree = self.author.tree
        return (now, beside) != (self.saw, self.beside)

    def _beside(self) -> Any:
        """What is shown besides the keys of the entry itself."""
        author = self.author
        if self.path[0] == "criteria":
            found = places_of(lists_of(author.draft, author.tree), str(self.path[1]))
        else:
            found = lists_of(author.draft, author.tree, self.path) if self.path[0] in ("pathways", "gates") else []
        return [(one.where, [(held.name, held.condition) for held in one.held]) for one in found]


class Keys:
    """One key of the entry that is open."""

    def __init__(self, owner: EntryForm, key: str):
        self.owner, self.key = owner, key
        author = owner.author
        self.shape = owner.shape.keys[key] if key else owner.shape
        self.whole = self.shape.kind in _WHOLE
        self.room = Room(author.tree, self._changed, author.guard, form_for)
        self.form = self._form()
        if not self.whole:
            self.box = self.form.box
            return
        self.apply = button("Apply", author.guard(lambda _: self._apply()), f"Apply: {self._label}")
        self.back = button("As it was", author.guard(lambda _: self._back()), f"As it was: {self._label}")
        self.note = shown_html()
        self.held = widgets.VBox([self.form.box], layout=WIDE)
        self.hands = widgets.HBox(layout=ROW)  # shown while something is to be applied
        self.box = widgets.VBox([*self._head(), self.held, self.hands], layout=WIDE)
        self._tell()

    @property
    def _label(self) -> str:
        return key_label(self.owner.shape.named, self.key) if self.key else "Text"

    def _head(self) -> list[Any]:
        titled = isinstance(self.form, RecordForm)
        return [shown_html(f"<b>{esc(self._label)}</b>")] if titled or self.shape.kind == "words" else []

    def _form(self) -> Form:
        return form_for(self.shape, self._now(), self.room)

    def _now(self) -> Any:
        held = self.owner.saw
        return held.get(self.key) if self.key and isinstance(held, dict) else held

    def _changed(self) -> None:
        if self.whole:
            self._tell()
        elif self.form.value() != self._now():
            self._apply()

    def _tell(self) -> None:
        lacks, same = self.form.lacks(), self.form.value() == self._now() and not self.room.levers
        needed = self.key in self.owner.shape.needed
        self.apply.disabled = same or bool(lacks and (needed or self.form.value()))
        self.hands.children = [] if same else [self.apply, self.back, self.note]
        missing = [] if same else [*dict.fromkeys(lacks)]
        self.note.value = shown_html(f"<small>Still needed: {esc(', '.join(missing))}</small>").value if missing else ""

    def _apply(self) -> None:
        value, levers = self.form.value(), [*self.room.levers]
        if value is None and (self.key in self.owner.shape.needed or not self.key):
            self.owner.author.complain(f"{self._label}: cannot be empty; what stood there stays.")
            self._back()
            return
        calls = [Call("add_lever", (one.name.value(),), one.value()) for one in levers]
        calls.append(call_for(self.owner.path, self.key, value, self.owner.name) if self.key else self._text(value))
        if not self.owner.do(*calls) or levers:
            self._back()
        if self.whole:
            self._tell()

    def _text(self, value: Any) -> Call:
        return Call("put", (dotted(self.owner.path), value))

    def _back(self) -> None:
        """What stands in the document again."""
        self.room.levers.clear()
        self.room.tree = self.owner.author.tree
        self.form = self._form()
        if self.whole:
            self.held.children = [self.form.box]
            self._tell()
            return
        children = [self.form.box if one is self.box else one for one in self.owner.box.children]
        self.box = self.form.box
        self.owner.box.children = children


def _shape(path: Path) -> Shape:
    return document() if path == (HEAD,) else document().keys[str(path[0])].items


def _held(tree: Tree, path: Path) -> Any:
    if path == (HEAD,):
        return {key: tree[key] for key in _OF_HEAD if key in tree}
    found: Any = tree
    for step in path:
        there = isinstance(step, int) or step in found
        found = found[step] if there and (not isinstance(step, int) or step < len(found)) else None
        if found is None:
            return None
    return found
