"""The widgets of a panel, for tests that drive it as hands do."""

from typing import Any

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
