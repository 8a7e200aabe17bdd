"""The panels of the notebooks, each imported when it is asked for, so that a notebook loads what it shows."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebooks.checking.check_panel import CheckPanel
    from notebooks.controls import Control
    from notebooks.lever_panel import LeverPanel
else:
    _NAMES = {"CheckPanel": "checking.check_panel", "Control": "controls", "LeverPanel": "lever_panel"}

    def __getattr__(name):
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"notebooks.{_NAMES[name]}"), name)

    def __dir__():
        return __all__


__all__ = ["CheckPanel", "Control", "LeverPanel"]
