"""The widgets of a panel, for tests that drive it as hands do."""

from typing import Any


def below(widget: Any) -> list[Any]:
    """A widget and all inside it."""
    return [widget, *(w for child in getattr(widget, "children", ()) for w in below(child))]
