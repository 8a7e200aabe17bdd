"""The outline at the left: sections, a search, a list of entries that opens what is chosen, and a button to add one."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from notebooks.controls import WIDE
from notebooks.drafting.calls import Author
from notebooks.drafting.opening_forms import typed
from notebooks.drafting.outline import OutlineEntry, Path, outline, searched
from notebooks.drafting.value_forms import FIELD
from notebooks.drafting.words import HEAD, SECTION_WORDS
from notebooks.frame import button, shown_html

__all__ = ["OutlineForm"]

_ROWS = 24


class OutlineForm:
    """Every entry of the draft by what people call it."""

    def __init__(self, author: Author, add: Callable[[str], None]):
        self.author = author
        self.entries: list[OutlineEntry] = []
        self.section = widgets.Dropdown(options=[("", "")], description="Section", layout=FIELD).add_class("nbw-field")
        self.search = typed("Search all sections", "Words of a sentence or label")
        self.search.continuous_update = True
        self.list = widgets.Select(options=[], rows=_ROWS, layout=WIDE, description="Entries")
        self.list.add_class("nbw-field").add_class("nbw-list")
        self.add = button(
            "Add one", author.guard(lambda _: add(str(self.section.value))), "Add an entry to this section"
        )
        self.none = shown_html()
        self.box = widgets.VBox([self.section, self.search, self.list, self.none, self.add])
        self._shown: list[tuple[str, int]] = []
        self._quiet = False
        for part, act in ((self.section, self._turn), (self.search, self._fill), (self.list, self._open)):
            part.observe(author.guard(lambda _, act=act: None if self._quiet else act()), names="value")

    def show(self) -> None:
        """The sections with how many entries they have, and the entries of the one that is chosen."""
        self.sections = outline(self.author.tree)
        counts = [(f"{SECTION_WORDS[name][0]} ({len(found)})", name) for name, found in self.sections.items()]
        counts[0] = (SECTION_WORDS[HEAD][0], HEAD)
        chosen = self.section.value or "levers"
        self._set(self.section, chosen, counts)
        self._fill()

    def _set(self, part: Any, value: Any, options: list[Any] | None = None) -> None:
        """What the panel itself sets opens nothing."""
        self._quiet = True
        try:
            if options is not None:
                part.options = options
            part.value = value
        finally:
            self._quiet = False

    def _turn(self) -> None:
        self._set(self.search, "")
        self._fill()
        if self.section.value == HEAD:
            self.author.open((HEAD,))

    def _fill(self) -> None:
        section = str(self.section.value)
        self.entries = (
            searched(self.sections, self.search.value) if self.search.value.strip() else [*self.sections[section]]
        )
        labels = [
            one.label if not self.search.value.strip() else f"{SECTION_WORDS[one.section][1]}: {one.label}"
            for one in self.entries
        ]
        shown = [(label.replace(" ", " \u200b"), i) for i, label in enumerate(labels)]  # the page has hard spaces there
        if shown != self._shown:
            here = self._here()
            self._shown = shown
            self._set(self.list, here, shown)
        self.add.disabled = section == HEAD
        one = SECTION_WORDS[section][1]
        self.add.description = f"Add a{'n' if one[0] in 'aeiou' else ''} {one}"
        self.none.value = shown_html("" if shown else "<p class='faint'>None yet.</p>").value

    def _here(self) -> int | None:
        return next((i for i, one in enumerate(self.entries) if one.path == self._path), None)

    _path: Path | None = None

    def _open(self) -> None:
        if self.list.value is not None:
            self.author.open(self.entries[self.list.value].path)

    def mark(self, path: Path | None) -> None:
        """The entry that is open is the one that is chosen, whoever opened it."""
        self._path = path
        if path is None or not hasattr(self, "sections"):
            self._set(self.list, None)
            return
        if self._here() is None:
            self._set(self.search, "")
            self._set(self.section, path[0])
            self._fill()
        self._set(self.list, self._here())
