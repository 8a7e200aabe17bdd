"""Forms of what is required: the lists of a pathway or gate with buttons that act at once, and where a criterion is."""

from typing import Any

import ipywidgets as widgets

from notebooks.controls import ROW, WIDE
from notebooks.drafting.calls import Author, Call
from notebooks.drafting.lists import Required, lists_of, places_of, positions
from notebooks.drafting.outline import Path
from notebooks.drafting.record_forms import form_for
from notebooks.drafting.shapes import document
from notebooks.drafting.value_forms import FIELD, Room, block
from notebooks.frame import button, shown_html
from notebooks.page import esc

__all__ = ["ListsForm", "PlacesForm"]


def _picked(said: str, options: list[tuple[str, str]]) -> Any:
    return widgets.Dropdown(options=options, description=said, layout=FIELD).add_class("nbw-field")


class ListsForm:
    """Every list of requirements of one pathway or gate."""

    def __init__(self, author: Author, path: Path):
        self.author = author
        self.lists = lists_of(author.draft, author.tree, path)
        self.box = widgets.VBox([part for one in self.lists for part in self._list(one)], layout=WIDE)

    def _list(self, one: Required) -> list[Any]:
        branch = one.title.partition(", ")[2] if len(self.lists) > 1 else ""
        title = shown_html(f"<b>Required{esc(f': {branch}' if branch else '')}</b>")
        return [block(title, *(self._row(one, i) for i in range(len(one.held))), self._folded(one))]

    def _row(self, one: Required, i: int) -> Any:
        held, last, author = one.held[i], len(one.held) - 1, self.author
        only = f" <small class='faint'>({esc(held.condition)})</small>" if held.condition else ""
        said = shown_html(f"{i + 1}. {esc(held.label)}{only}")

        def act(text: str, call: Call, off: bool = False) -> Any:
            made = button(text, author.guard(lambda _: author.do(call)), f"{text}: requirement {i + 1}")
            made.disabled = off
            return made

        hands = [
            act("Up", self._move(one, i, i - 1), i == 0),
            act("Down", self._move(one, i, i + 1), i == last),
            act("Drop", Call("take_out", (f"{one.where}.{i}",)), not last),
        ]
        return widgets.HBox([said, *hands], layout=ROW).add_class("nbw-row")

    def _move(self, one: Required, i: int, to: int) -> Call:
        """By name where it stands once in its list."""
        return Call("move", (one.where, one.held[i].name), {"at": to})

    def _folded(self, one: Required) -> Any:
        """More hands, built when they are asked for."""
        shown = widgets.VBox(layout=WIDE)
        add = button("Require one more", self.author.guard(lambda _: _turn(shown, self._add, one)))
        elsewhere = button("Move to another list", self.author.guard(lambda _: _turn(shown, self._elsewhere, one)))
        return widgets.VBox([widgets.HBox([add, elsewhere], layout=ROW), shown], layout=WIDE)

    def _add(self, one: Required) -> Any:
        author = self.author
        room = Room(author.tree, lambda: None, author.guard, form_for)
        form = form_for(_requirement(), None, room)
        where = _picked("Position", positions(one))

        def add(_: Any) -> None:
            value = form.value()
            if not value or form.lacks():
                author.complain("Choose the criterion, and what its condition needs.")
                return
            author.do(_required(one.where, value, str(where.value)))

        return block(form.box, where, button("Require it", author.guard(add)))

    def _elsewhere(self, one: Required) -> Any:
        author = self.author
        others = [x for x in lists_of(author.draft, author.tree) if x.path != one.path]
        which = _picked("Requirement", [(f"{i + 1}. {x.label}"[:110], x.name) for i, x in enumerate(one.held)])
        to = _picked("To the list of", [(x.title[:110], x.where) for x in others])
        call = author.guard(lambda _: author.do(Call("move", (one.where, which.value), {"to": to.value})))
        return block(which, to, button("Move it", call))


def _turn(shown: Any, make: Any, one: Required) -> None:
    """Show what a button asks for; the same button again takes it away."""
    asked = make.__name__
    already = getattr(shown, "asked", "") == asked and shown.children
    shown.children = [] if already else [make(one)]
    shown.asked = asked


def _requirement() -> Any:
    return document().keys["gates"].items.keys["require"].items


def _required(where: str, value: Any, at: str) -> Call:
    entry = {"criterion": value} if isinstance(value, str) else dict(value)
    named: dict[str, Any] = {"at": int(at)} if at else {}
    named |= {"only_while": entry["while"]} if "while" in entry else {}
    named |= {"codes": entry["codes"]} if "codes" in entry else {}
    return Call("require", (where, entry["criterion"]), named)


class PlacesForm:
    """Where a criterion is required, with a button to drop it from there, and where it may be required too."""

    def __init__(self, author: Author, name: str):
        self.author, self.name = author, name
        self.lists = lists_of(author.draft, author.tree)
        found = places_of(self.lists, name)
        rows = [self._row(one) for one in found]
        none = "" if rows else "<span class='faint'>Nowhere yet: no case is asked for it.</span>"
        self.where = _picked("Require it in", [("– choose –", ""), *((x.title[:110], x.where) for x in self.lists)])
        self.at = _picked("Position", positions(None))
        self.where.observe(author.guard(lambda _: self._turn()), names="value")
        add = button("Require it", author.guard(lambda _: self._add()))
        self.box = block(shown_html(f"<b>Required in</b> {none}"), *rows, self.where, self.at, add)

    def _row(self, one: Required) -> Any:
        place = next(i for i, held in enumerate(one.held) if held.name == self.name)
        only = one.held[place].condition
        more = f" <small class='faint'>({esc(only)})</small>" if only else ""
        said = shown_html(f"{esc(one.title)}, {place + 1} of {len(one.held)}{more}")
        call = Call("drop", (one.where, self.name))
        drop = button("Drop", self.author.guard(lambda _: self.author.do(call)), "Drop it from this list")
        drop.disabled = len(one.held) == 1
        return widgets.HBox([said, drop], layout=ROW).add_class("nbw-row")

    def _chosen(self) -> Required | None:
        return next((one for one in self.lists if one.where == self.where.value), None)

    def _turn(self) -> None:
        self.at.options = positions(self._chosen())

    def _add(self) -> None:
        if not self.where.value:
            self.author.complain("Choose the list that is to require it.")
            return
        self.author.do(_required(str(self.where.value), self.name, str(self.at.value)))
