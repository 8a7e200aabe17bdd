"""The form of an entry that is to be added: what it begins from, its keys, its name, and where it is required."""

from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE
from notebooks.drafting.calls import Author, Call, dotted
from notebooks.drafting.lists import lists_of, positions
from notebooks.drafting.names import Tree, called_entry
from notebooks.drafting.record_forms import form_for
from notebooks.drafting.shapes import document
from notebooks.drafting.value_forms import FIELD, Form, NameForm, Room
from notebooks.drafting.words import BEGINNINGS, SECTION_WORDS
from notebooks.frame import button, shown_html
from notebooks.page import esc

__all__ = ["AddForm", "added"]


class AddForm:
    """One new entry of a section. Nothing is written before *Add it* is pressed."""

    def __init__(self, author: Author, section: str):
        self.author, self.section = author, section
        self.shape = document().keys[section]
        self.room = Room(author.tree, self._tell, author.guard, form_for, new=True)
        self.begin = _beginnings(author.tree, section)
        self.name = NameForm(self.room, section)
        self.form: Form
        self.held = widgets.VBox(layout=WIDE)
        self.note = shown_html()
        one = SECTION_WORDS[section][1]
        self.add = button("Add it", author.guard(lambda _: self._add()), f"Add this {one}")
        leave = button("Not now", author.guard(lambda _: author.open(None)), "Close this form without adding anything")
        options = [(text, str(i)) for i, (text, _) in enumerate(self.begin)]
        self.source = widgets.Dropdown(options=options, description="Begin with", layout=FIELD).add_class("nbw-field")
        self.source.observe(author.guard(lambda _: self._build()), names="value")
        self.lists = lists_of(author.draft, author.tree) if section == "criteria" else []
        self.where, self.at = self._where()
        head = shown_html(f"<h3>A new {esc(one)}</h3>")
        first = [self.source] if len(self.begin) > 1 else []
        asked = [self.where, self.at] if self.lists else []
        named = [self.name.hand] if self.shape.kind == "mapping" else []
        hands = widgets.HBox([self.add, leave], layout=ROW)
        self.box = widgets.VBox([head, *first, self.held, *named, *asked, self.note, hands], layout=WIDE)
        self._build()

    def _where(self) -> tuple[Any, Any]:
        options = [("nowhere yet", ""), *((one.title[:110], one.where) for one in self.lists)]
        where = widgets.Dropdown(options=options, description="Require it in", layout=FIELD).add_class("nbw-field")
        at = widgets.Dropdown(options=positions(None), description="Position", layout=FIELD).add_class("nbw-field")

        def turn(_: Any) -> None:
            at.options = positions(next((one for one in self.lists if one.where == where.value), None))

        where.observe(self.author.guard(turn), names="value")
        return where, at

    def _build(self) -> None:
        """The form anew, standing at what it begins from."""
        self.room.levers.clear()
        self.form = form_for(self.shape.items, self.begin[int(self.source.value)][1], self.room)
        self.held.children = [self.form.box]
        self._tell()

    def _tell(self) -> None:
        """What is still needed, and the name that the label makes."""
        found = self.form.value()
        label = (
            next((str(found[k]) for k in ("label", "title", "says", "many", "question") if k in found), "")
            if isinstance(found, dict)
            else ""
        )
        self.name.follow(label)
        lacks = self._lacks(found)
        self.add.disabled = bool(lacks)
        self.note.value = shown_html(f"<small>Still needed: {esc(', '.join(lacks))}</small>").value if lacks else ""

    def _lacks(self, found: Any) -> list[str]:
        lacks = [*dict.fromkeys(self.form.lacks())]
        keys = self.shape.items.keys
        if (
            {"statements", "origin"} <= keys.keys()
            and isinstance(found, dict)
            and not {"statements", "origin"} & {*found}
        ):
            lacks.append("a statement of the source, or an origin")
        unnamed = self.shape.kind == "mapping" and not self.name.value()
        return [*lacks, *(["Name in the document"] if unnamed else [])]

    def _add(self) -> None:
        name, value = self.name.value(), self.form.value()
        if lacks := self._lacks(value):
            self.author.complain(f"Not added. Still needed: {', '.join(lacks)}.")
            return
        calls = [Call("add_lever", (one.name.value(),), one.value()) for one in self.room.levers]
        calls += _on_card(self.author.tree, self.section, name, value)
        calls.append(added(self.author.tree, self.section, name, value))
        if self.where.value and self.lists:
            place = {"at": int(self.at.value)} if self.at.value else {}
            calls.append(Call("require", (self.where.value, name), place))
        held = self.author.tree.get(self.section)
        if self.author.do(*calls):
            self.author.open((self.section, name if self.shape.kind == "mapping" else len(held or [])))


def _beginnings(tree: Tree, section: str) -> list[tuple[str, Any]]:
    """What a new entry may begin from; a criterion also from any that is there."""
    found: list[tuple[str, Any]] = [*BEGINNINGS.get(section, {"": None}).items()]
    if section == "criteria":
        found += [(f"as: {called_entry(tree, section, n)}"[:110], one) for n, one in tree.get("criteria", {}).items()]
    return found


def _on_card(tree: Tree, section: str, name: str, value: Any) -> list[Call]:
    """A new statement stands on its card too, which then needs no origin."""
    source = value.get("source") if section == "statements" else None
    card = tree.get("evidence", {}).get(source)
    if not isinstance(card, dict):
        return []
    calls = [Call("put", (f"evidence.{source}.statements", [*card.get("statements", []), name]))]
    return [*calls, *([Call("take_out", (f"evidence.{source}.origin",))] if "origin" in card else [])]


def added(tree: Tree, section: str, name: str, value: Any) -> Call:
    """The edit that adds an entry to a section."""
    if section == "levers":
        return Call("add_lever", (name,), value)
    if section == "criteria":
        return Call("add_criterion", (name,), value)
    if section == "examples":
        entry = dict(value)
        given = (entry.pop("name"), entry.pop("case"), entry.pop("expect"))
        return Call("add_example", given, {"levers" if k == "set" else k: one for k, one in entry.items()})
    if document().keys[section].kind == "list":
        return Call("add", (section, value)) if section in tree else Call("put", (section, [value]))
    return Call("put", (dotted((section, name)), value)) if section in tree else Call("put", (section, {name: value}))
