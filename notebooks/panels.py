"""The panels of the notebooks, each imported when it is asked for, so that a notebook loads what it shows."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebooks.checking.check_panel import CheckPanel
    from notebooks.comparison.version_panel import VersionPanel
    from notebooks.controls import Control
    from notebooks.drafting.draft_panel import DraftPanel
    from notebooks.evidence.evidence_panel import EvidencePanel
    from notebooks.lever_panel import LeverPanel
    from notebooks.review.case_panel import CasePanel
else:
    _NAMES = {
        "CasePanel": "review.case_panel",
        "CheckPanel": "checking.check_panel",
        "Control": "controls",
        "DraftPanel": "drafting.draft_panel",
        "EvidencePanel": "evidence.evidence_panel",
        "LeverPanel": "lever_panel",
        "VersionPanel": "comparison.version_panel",
    }

    def __getattr__(name):
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"notebooks.{_NAMES[name]}"), name)

    def __dir__():
        return __all__


__all__ = ["CasePanel", "CheckPanel", "Control", "DraftPanel", "EvidencePanel", "LeverPanel", "VersionPanel"]
