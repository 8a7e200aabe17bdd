"""What the panel of levers sends to the browser: pictures with their numbers, text as text, legal values."""

import re
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

import simulations
from notebooks.controls import Control
from notebooks.lever_panel import LeverPanel
from notebooks.page import plain
from policy.model import Lever
from tests.notebooks.hostile import NASTY, Elements
from tests.notebooks.hostile import cases as hostile_cases
from tests.notebooks.hostile import policy as hostile_policy
from tests.notebooks.widgets_below import below, slider

pytestmark = pytest.mark.usefixtures("workspace")


# What is sent to the browser ------------------------------------------------------------------------------------------


def test_the_picture_says_its_numbers(panel: LeverPanel):
    slider(panel, "conservative_weeks").value = 8
    (said,) = re.findall(r'<svg role="img" aria-label="([^"]+)"', panel.headline.value)
    flow = panel._answer.impact.flow()
    before, now = flow.loc["met"].sum(), flow["met"].sum()
    assert said.startswith(f"Cases by outcome, baseline to now: Met {before:,} → {now:,}; Not met")
    assert 'role="status" aria-live="polite"' in panel.headline.value


def test_shown_without_a_kernel_it_is_a_table(panel: LeverPanel, monkeypatch: pytest.MonkeyPatch):
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr("notebooks.frame.display", lambda data, **_: outputs.append(data))
    slider(panel, "conservative_weeks").value = 8
    panel._ipython_display_()
    still, live = outputs
    assert list(live) == ["application/vnd.jupyter.widget-view+json"]  # text beside it would be shown twice
    assert still["text/plain"] == panel.readback()
    assert "<svg" not in still["text/html"]
    assert "An answer from before. Nothing is running behind it" in plain(still["text/html"])
    assert "6 weeks → 8 weeks" in plain(still["text/html"])


def test_no_output_widget_but_links_no_interact_no_matplotlib(panel: LeverPanel):
    assert not [w for w in below(panel.view) if isinstance(w, (widgets.HTMLMath, widgets.Image))]
    for output in (w for w in below(panel.view) if isinstance(w, widgets.Output)):
        (shown,) = output.outputs
        assert {tag for tag, _ in Elements(shown["data"]["text/html"]).found} <= {"div", "nav", "a", "b", "p", "small"}
    source = Path(LeverPanel.__module__.replace(".", "/") + ".py").read_text("utf-8")
    assert not re.search(r"interact|Output\(|pyplot|matplotlib|HTMLMath|description_allow_html", source)


def test_hostile_text_reaches_the_browser_as_text_only(tmp_path: Path):
    policy = hostile_policy()
    panel = LeverPanel(policy, simulations.cases_of(policy, hostile_cases(tmp_path)))
    panel.look_for_idle()
    panel.set("conservative_weeks", 12)
    panel.name.value = NASTY
    panel.save_button.click()
    for button in panel.closer.buttons.values():
        button.click()
        found = Elements(panel.closer.answer.value).found
        assert {a["src"][:22] for tag, a in found if tag == "img" and a["src"]} <= {"data:image/png;base64,"}
        assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    panel.closer.answer.value = ""
    pages = [w for w in below(panel.view) if isinstance(w, widgets.HTML)]
    assert len(pages) > 2 * len(policy.levers)
    for page in pages:
        found = Elements(page.value).found
        assert not {tag for tag, _ in found} & {"img", "script", "iframe", "a"}
        assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert NASTY in plain(panel.controls["conservative_weeks"].head.value)
    assert any("<img src=x onerror=alert(1)> $x$.csv" in plain(page.value) for page in pages)
    for widget in below(panel.view):  # Lab reads mathematics in a description: only our own words stand there
        assert NASTY[:5] not in getattr(widget, "description", "")
        assert "$" not in getattr(widget, "description", "")
    assert "<img" not in panel._standing()["text/html"]


def test_a_slider_of_a_decimal_lever_stands_at_legal_values_only():
    """A browser adds steps as it adds floats: what it sends back is the nearest value that is legal."""
    domain = {"min": "0", "max": "15", "step": "0.1"}
    lever = Lever.model_validate({
        "label": "Line", "says": "x", "default": "7.5", "unit": "points", "citation": "x", "origin": "assumption",
        "domain": domain, "direction": "stricter_when_higher",
    })  # fmt: skip
    control = Control("line", lever, lever.check("7.5"), "")
    assert str(control.value) == "7.5"
    for place, value in enumerate(lever.values()):
        control.parts["slider"].value = sum([0.1] * place)
        assert control.value == value
        control.put(value)
        assert control.agrees(value)
