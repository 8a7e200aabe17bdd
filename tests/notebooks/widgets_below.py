"""The widgets of a panel, for tests that drive it as hands do."""

from typing import Any

import ipywidgets as widgets

from notebooks.lever_panel import LeverPanel
from notebooks.page import plain


def below(widget: Any) -> list[Any]:
    """A widget and all inside it."""
    return [widget, *(w for child in getattr(widget, "children", ()) for w in below(child))]


def slider(panel: LeverPanel, lever: str) -> Any:
    return panel.controls[lever].parts["slider"]


def finding(panel: LeverPanel) -> str:
    return plain(panel.headline.value).splitlines()[0]


def changes(panel: LeverPanel) -> list[str]:
    return [plain(row.children[0].value) for row in panel.changes.children]


def hand(part: Any, name: str, kind: type = widgets.Widget) -> Any:
    """The one hand of a name below a widget: a button or box as a screen reader would find it."""
    found = [w for w in below(part) if isinstance(w, kind) and getattr(w, "description", None) == name]
    assert len(found) == 1, (name, len(found))
    return found[0]


def first(part: Any, name: str) -> Any:
    return next(w for w in below(part) if getattr(w, "description", None) == name)


def press(part: Any, name: str) -> None:
    hand(part, name, widgets.Button).click()


def choose(part: Any, name: str, label: str) -> None:
    """The option of a list that begins with a label."""
    box = part if isinstance(part, widgets.Dropdown) else first(part, name)
    box.value = next(value for text, value in box.options if text.startswith(label))
