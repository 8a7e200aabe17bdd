"""The widgets of the list: a section that opens, a row for each item, and the line in which a reason is typed."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ipywidgets as widgets

from notebooks.checking.items import MUST, SECTIONS, Found, Item, Mend
from notebooks.controls import GROW, WIDE
from notebooks.frame import button, live, shown_html
from notebooks.page import esc

__all__ = ["LINES", "Acts", "Section"]

LINES = "<style>.nbw-check .nbw p{max-width:88ch}</style>"  # on a wide screen a line is still found again

PAGE = 8  # items that are shown at first, and more at a time
_WRAP = widgets.Layout(flex_flow="row wrap", width="100%", align_items="center")
_LINE = widgets.Layout(width="100%", align_items="center", margin="2px 0")
_FULL = widgets.Layout(width="100%")


class Acts(NamedTuple):
    """What the buttons of a row do."""

    mend: Callable[[Item, Mend], None]
    take: Callable[[Item, Any], None]  # to the notebook where it is mended; the widget gets the link
    leave: Callable[[str, Sequence[Item], str], None]
    drawn: Callable[[str], None]  # a section is to be drawn again
    guarded: Callable[..., Callable[..., None]]


def _head(title: str, found: Found, still: int, left: int) -> str:
    """'Problems: 2 open, 1 left'."""
    said = [f"{still:,} open" if still else "none open"] if found.tried or still else []
    said += [f"{left:,} left with a reason"] if left else []
    if not found.whole:
        said += [f"{found.tried:,} of {found.total:,} looked at"] if found.total and found.tried else ["not looked at"]
    return f"{title}: {', '.join(said)}"


class Section:
    """One section of the list; `show` sets what it shows. Rows are made when it is open."""

    def __init__(self, name: str, acts: Acts):
        self.name, self.acts = name, acts
        self.title, meant = SECTIONS[name]
        self.open, self.most = False, PAGE
        self.drawn: object = None
        self.head = button("", acts.guarded(self._toggle))
        self.head.layout = widgets.Layout(width="auto", align_self="flex-start", margin="8px 2px 2px")
        self.head.style.font_weight = "bold"
        self.said = widgets.HTML(layout=GROW)
        self._back: Callable[..., None] | None = None
        self.undo = button("Undo this", lambda *_: self._back() if self._back else None)
        self.line = widgets.HBox([self.said, self.undo], layout=_LINE)
        self.note = shown_html(f'<p class="faint">{esc(meant[:1].upper() + meant[1:])}.</p>')
        self.more_said = widgets.HTML(layout=WIDE)
        self.rows = widgets.VBox([], layout=_FULL)
        self.asks = widgets.HBox(layout=_WRAP)  # what the list depends on, for a hand to set
        self.body = widgets.VBox([self.note, self.asks, self.more_said, self.rows], layout=_FULL)
        self.box = widgets.VBox([self.head], layout=_FULL)
        self.tell("")

    def _toggle(self, *_: object) -> None:
        self.open = not self.open
        self.acts.drawn(self.name)

    def tell(self, said: str, undo: Callable[..., None] | None = None) -> None:
        """What was done here last, with a way back; empty: nothing."""
        self.said.value = live(f'<div class="band" role="status">{esc(said)}</div>') if said else ""
        self._back = undo
        self.line.children = (self.said, *([self.undo] if undo else []))
        self._stand()

    def _stand(self) -> None:
        """What was done here last, and the list while it is open."""
        parts = (self.head, *([self.line] if self.said.value else []), *([self.body] if self.open else []))
        if self.box.children != parts:
            self.box.children = parts

    def show(self, found: Found, left: dict[str, str]) -> None:
        """The items, those that are left at the end."""
        still = [item for item in found.items if item.key not in left]
        decided = [item for item in found.items if item.key in left]
        mark = "▾" if self.open else "▸"
        self.head.description = f"{mark} {_head(self.title, found, len(still), len(decided))}"
        self.head.tooltip = f"{self.title}: {'hide' if self.open else 'show'} the list"
        self._stand()
        if not self.open:
            return
        note = found.note[:1].upper() + found.note[1:]
        self.more_said.value = live(f'<p class="faint">{esc(note)}.</p>') if note else ""
        now = (tuple(item.key for item in still), tuple((i.key, left[i.key]) for i in decided), self.most)
        if now != self.drawn:
            self.drawn = now
            self.rows.children = (*self._rows(still), *(self._decided(item, left[item.key]) for item in decided))

    def _rows(self, still: Sequence[Item]) -> list[Any]:
        rows = [self._row(item) for item in still[: self.most]]
        ends = []
        if len(still) > self.most:
            more = min(PAGE * 4, len(still) - self.most)
            ends.append(button(f"Show {more} more", self.acts.guarded(lambda *_: self._more(more))))
        if len(still) > 1 and self.name not in MUST:
            slot = widgets.HBox([], layout=_WRAP)
            text = f"Leave all {len(still)} as they are"
            ends.append(self._leaving(slot, text, still))
            ends.append(slot)
        return [*rows, *([widgets.HBox(ends, layout=_WRAP)] if ends else [])]

    def _more(self, more: int) -> None:
        self.most += more
        self.acts.drawn(self.name)

    def _row(self, item: Item) -> Any:
        slot = widgets.HBox([], layout=_WRAP)
        acts = [
            button(
                mend.text, self.acts.guarded(lambda *_, m=mend: self.acts.mend(item, m)), f"{mend.text}: {item.says}"
            )
            for mend in item.mends
        ]
        if item.place not in ("", "policy"):
            take = self.acts.guarded(lambda *_: self.acts.take(item, slot))
            acts.append(button("Mend it in Author a draft", take, f"Mend it in Author a draft: {item.says}"))
        if item.section not in MUST:
            acts.append(self._leaving(slot, "Leave it", [item]))
        more = "<br>".join(map(esc, f"{item.more[:1].upper()}{item.more[1:]}".split("\n")))
        says = f"<p><b>{esc(item.says)}</b></p><p><small>{more}</small></p>"
        box = widgets.VBox([shown_html(says), widgets.HBox(acts, layout=_WRAP), slot], layout=_FULL)
        return box.add_class("nbw-lever")

    def _leaving(self, slot: Any, text: str, items: Sequence[Item]) -> Any:
        """A button that asks for a reason in `slot`, and leaves the items for it."""

        def ask(*_: object) -> None:
            why = widgets.Text(
                description="Because", placeholder="why it may stay", layout=GROW, continuous_update=False
            )
            leave = self.acts.guarded(lambda *_: self.acts.leave(self.name, items, why.value))
            slot.children = (why, button("Leave with this reason", leave), button("Cancel", self.acts.guarded(cancel)))

        def cancel(*_: object) -> None:
            slot.children = ()

        return button(text, self.acts.guarded(ask), f"{text}: {items[0].says if len(items) == 1 else self.title}")

    def _decided(self, item: Item, reason: str) -> Any:
        again = self.acts.guarded(lambda *_: self.acts.leave(self.name, [item], ""))
        says = f'<p class="faint">Left, because {esc(reason)}: {esc(item.says)}</p>'
        up = button("Take it up again", again, f"Take it up again: {item.says}")
        return widgets.HBox([shown_html(says), up], layout=_LINE).add_class("nbw-lever")
