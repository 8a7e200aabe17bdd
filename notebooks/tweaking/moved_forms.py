"""The widgets of who moves: a row for each case, with the way to its review."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from notebooks.controls import FIT, GROW, ROW
from notebooks.desk import hand_over
from notebooks.frame import button, link, live
from notebooks.tweaking.moved import Moved, case_line, handed_with
from policy.model import Settings
from simulations import Caseload

__all__ = ["case_rows", "review"]

_NEXT = "3_review_a_case"


def case_rows(
    found: Moved, settings: Settings, load: Caseload, guarded: Callable[..., Callable[..., None]]
) -> list[Any]:
    """A row for each case that is listed; its button hands the case and the levers to notebook 3 and goes there."""

    def row(case: Mapping[str, str]) -> Any:
        line = widgets.HTML(live(case_line(case, settings)), layout=GROW)
        way = widgets.HBox(layout=FIT)
        number = case["case_id"]
        hand = button(
            "Review it", guarded(lambda _: way.set_trait("children", (review(number, settings, load),))),
            f"Review it: case {number}",
        )  # fmt: skip
        return widgets.HBox([line, hand, way], layout=ROW).add_class("nbw-moved")

    return [row(case) for case in found.cases]


def review(case_id: str, settings: Settings, load: Caseload) -> Any:
    """Hand a drawn case to notebook 3; the link there, which the page follows by itself."""
    hand_over(_NEXT, **handed_with(case_id, settings, load))
    return link(_NEXT, f"Open case {case_id}", go=True)
