"""The levers as a list with a search: in their groups, or those that are searched for."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from notebooks.controls import STRETCH, WIDE, Control
from notebooks.frame import live, shown_html
from notebooks.levers import groups, legend, matching
from notebooks.page import esc
from notebooks.tweaks import Tweaks
from policy.problems import counted

__all__ = ["LeverList"]

_SCROLLS = widgets.Layout(display="block", width="100%", min_height="0", flex="1 1 auto", overflow="hidden auto")


class LeverList:
    """Every control in the group of its pathways, or, while something is searched for, those that it is said of."""

    def __init__(
        self, tweaks: Tweaks, controls: Mapping[str, Control], guarded: Callable[..., Callable[..., None]], layout: Any
    ):
        self.tweaks, self.controls = tweaks, controls
        self.groups = groups(tweaks.policy, tweaks.mentions)
        boxes = [widgets.VBox([controls[n].box for n in names], layout=WIDE) for names in self.groups.values()]
        self.accordion = widgets.Accordion(boxes, selected_index=0, layout=widgets.Layout(width="auto", min_width="0"))
        self.search = widgets.Text(
            description="Find a lever", placeholder="a word of it, a value, a source", layout=STRETCH,
            style={"description_width": "initial"},
        )  # fmt: skip
        self.search.observe(guarded(lambda _: self.find(self.search.value)), names="value")
        self.told, self.found = shown_html(), widgets.VBox(layout=WIDE).add_class("nbw-found")
        scrolls = widgets.VBox([self.accordion, self.found], layout=_SCROLLS)
        letters = shown_html(f"<p class='faint'><small>{legend(tweaks.policy)}</small></p>")
        self.view = widgets.VBox([self.search, self.told, scrolls, letters], layout=layout)

    def find(self, text: str) -> list[str]:
        """Show the levers that this text is said of, in their groups; all where it is empty. Their names."""
        if self.search.value != text:
            self.search.value = text  # which comes back here
        searching = bool(text.strip())
        names = matching(self.tweaks.policy, text, self.tweaks.settings, self.tweaks.mentions)
        rows: list[Any] = []
        for title, members in self.groups.items() if searching else ():
            mine = [self.controls[name].box for name in members if name in names]
            rows += [shown_html(f"<p><b>{esc(title)}</b></p>"), *mine] if mine else []
        self.found.children = tuple(rows)
        self.accordion.layout.display = "none" if searching else ""
        count = f"{counted(len(names), 'lever')} with that"
        said = (count if names else "No lever has that; try another word") if searching else ""
        self.told.value = live(f'<p role="status"><small>{said}.</small></p>') if said else ""
        return names

    def tell(self, moved: Mapping[str, str]) -> None:
        """How many are moved, at the title of each group."""
        for i, (title, names) in enumerate(self.groups.items()):
            many = sum(name in moved for name in names)
            text = f"{title} ({many} moved)" if many else title
            if self.accordion.get_title(i) != text:
                self.accordion.set_title(i, text)
