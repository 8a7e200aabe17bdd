"""The second notebook as somebody uses it who has no mouse and no network: Lab, Chromium, the keyboard."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import simulations
from tests.notebooks.hostile import NASTY
from tests.notebooks.lab import CHROMIUM, ROOT, Desk, lab, run_all, type_in_new_cell

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("CI") != "true",
        reason="no Chromium is installed here: apt-get install chromium",
    ),
]
SHOTS = ROOT / "test-results"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    assert CHROMIUM, "CI must have Chromium; .ci/run installs it"
    with lab(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def opened(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = desk.open("2_tweak_thresholds.ipynb")
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{request.node.name}.png")
    page.context.close()


def test_a_slider_moves_by_keyboard_and_the_rate_is_read_anew(desk: Desk, opened: Page):
    run_all(opened)
    lever = opened.locator(".nbw-lever-conservative_weeks")
    number = lever.get_by_role("spinbutton", name="Minimum conservative care, weeks")
    expect(number).to_have_value("6", timeout=60_000)
    redo = opened.get_by_role("button", name="Redo")
    expect(redo).to_be_enabled(timeout=30_000)  # the last cell has moved a lever and taken it back
    status = opened.locator(".nbw-live").get_by_role("status").first
    expect(status).to_have_text("No lever is moved: this is the policy as it stands.", timeout=30_000)

    lever.get_by_role("slider").focus()
    for _ in range(2):
        opened.keyboard.press("ArrowRight")

    impact = simulations.ask(provisions={"conservative_weeks": 8}).impact
    expect(status).to_have_text(impact.finding() + ".", timeout=10_000)
    expect(number).to_have_value("8")
    expect(opened.get_by_role("img", name="Cases by outcome, baseline to now")).to_be_visible()
    expect(opened.get_by_text("Minimum conservative care: 6 weeks → 8 weeks (stricter)", exact=True)).to_be_visible()

    opened.wait_for_timeout(2_000)  # moves in quick succession are one gesture, and one step to undo
    lever.get_by_role("slider").press("Tab")  # from the slider to its number, and type
    opened.keyboard.press("Control+a")
    opened.keyboard.type("10")
    opened.keyboard.press("Enter")
    further = simulations.ask(provisions={"conservative_weeks": 10}).impact
    expect(status).to_have_text(further.finding() + ".", timeout=10_000)
    opened.get_by_role("button", name="Reset all").click()
    expect(status).to_have_text("No lever is moved: this is the policy as it stands.", timeout=10_000)
    expect(number).to_have_value("6")
    opened.get_by_role("button", name="Undo").click()
    expect(status).to_have_text(further.finding() + ".", timeout=10_000)
    expect(number).to_have_value("10")
    assert desk.outside == []
    assert desk.errors == []


CODE = """
import pathlib, tempfile, simulations
from notebooks import panels
from notebooks.reading import Manual
from tests.notebooks import hostile
nasty = hostile.policy()
with tempfile.TemporaryDirectory() as folder:
    table = simulations.cases_of(nasty, hostile.cases(pathlib.Path(folder)))
display(Manual(nasty).contents(), Manual(nasty).levers(), panels.LeverPanel(nasty, table))
"""


def test_hostile_text_is_shown_literally_in_lab(desk: Desk, opened: Page):
    type_in_new_cell(opened, CODE)
    lever = opened.locator(".nbw-lever-conservative_weeks")
    expect(lever).to_contain_text(NASTY, timeout=60_000)
    pages = opened.locator(".jp-OutputArea .nbw")
    expect(pages.first).to_contain_text(NASTY, timeout=10_000)  # Lab fills what is out of sight when it has time
    expect(opened.locator(".nbw-live").last).to_contain_text("<img src=x onerror=alert(1)> $x$.csv", timeout=10_000)
    opened.wait_for_timeout(1500)  # the time that a typesetter would need
    made = opened.locator(".jp-OutputArea").evaluate_all(
        "areas => areas.map(a => a.querySelectorAll('img, mjx-container, .katex, .MathJax, script').length)"
    )
    assert sum(made) == 0
    assert NASTY in lever.inner_text()
    assert desk.errors == []
    assert desk.outside == []
