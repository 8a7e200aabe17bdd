"""The panels of the notebooks, each imported when it is asked for, so that a notebook loads what it shows."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebooks.controls import Control
    from notebooks.drafting.draft_panel import DraftPanel
    from notebooks.lever_panel import LeverPanel
else:
    _NAMES = {"Control": "controls", "DraftPanel": "drafting.draft_panel", "LeverPanel": "lever_panel"}

    def __getattr__(name):
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"notebooks.{_NAMES[name]}"), name)

    def __dir__():
        return __all__


__all__ = ["Control", "DraftPanel", "LeverPanel"]
