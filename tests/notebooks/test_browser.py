"""The second notebook as somebody uses it who has no mouse and no network: Lab, Chromium, the keyboard."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

import simulations
from tests.notebooks.hostile import NASTY
from tests.notebooks.lab import IN_A_BROWSER, ROOT, Desk, Servers, run_all, type_in_new_cell

pytestmark = IN_A_BROWSER
SHOTS = ROOT / "test-results"
AS_IT_STANDS = "No lever is moved: this is the policy as it stands."


@pytest.fixture(scope="module")
def desk(server: Servers) -> Iterator[Desk]:
    with server("lab").desk() as started:
        yield started


def left(desk: Desk, page: Page) -> None:
    page.context.close()
    desk.shut_down()
    shutil.rmtree(desk.workspace / ".unsaved", ignore_errors=True)  # what one test leaves is no start for the next


@pytest.fixture
def opened(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = desk.open("2_tweak_thresholds.ipynb")
    with shown_if_it_fails(page, request):
        yield page
    left(desk, page)


@contextmanager
def shown_if_it_fails(page: Page, request: pytest.FixtureRequest) -> Iterator[None]:
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{request.node.name}.png")


@pytest.fixture(scope="class")
def run_once(desk: Desk) -> Iterator[Page]:
    page = desk.open("2_tweak_thresholds.ipynb")
    run_all(page)
    redo = page.get_by_role("button", name="Redo", exact=True)
    expect(redo).to_be_enabled(timeout=90_000)  # the last cell has moved a lever and taken it back
    yield page
    left(desk, page)


@pytest.fixture
def running(run_once: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with no lever moved, whatever test was there before."""
    with shown_if_it_fails(run_once, request):
        reset = run_once.get_by_role("button", name="Reset all")
        if reset.is_enabled():
            reset.click()
        expect(run_once.locator(".nbw-live").get_by_role("status").first).to_have_text(AS_IT_STANDS)
        yield run_once


CELLS = """() => [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map(cell => [
    cell.className.match(/jp-(Code|Markdown|Raw)Cell/)[1],
    cell.querySelector(".jp-InputPrompt")?.textContent,
    cell.querySelector(".cm-content")?.textContent ?? cell.querySelector(".jp-InputArea")?.textContent,
])"""
KEYS = [
    *("m", "r", "x", "a", "b", "c", "v", "z", "y", "d d", "0 0", "i i", "1", "Shift+M", "ArrowDown", "ArrowUp"),
    *("Shift+Enter", "Control+Enter", "Alt+Enter", "Control+Shift+Minus", "Shift+ArrowDown", "Control+z"),
]


class TestOneRun:
    """One page, its cells run once; no lever is moved when a test begins."""

    def test_a_typed_number_that_is_not_legal_is_refused_beside_the_lever(self, desk: Desk, running: Page):
        lever = running.locator(".nbw-lever-conservative_weeks")
        number = lever.get_by_role("spinbutton")
        for typed, said in (
            ("6.5", "nearest 6 and 7"),
            ("99", "nearest 26"),
            ("-3", "nearest 0"),
        ):
            number.fill(typed)
            number.press("Enter")
            expect(lever.get_by_role("alert")).to_contain_text(f"'{typed}' is ")
            expect(lever.get_by_role("alert")).to_contain_text(said)
            expect(number).to_have_value("6")
            expect(lever.get_by_role("slider")).to_have_attribute("aria-valuenow", "6.0")

    def test_a_slider_moves_by_keyboard_and_the_rate_is_read_anew(self, desk: Desk, running: Page):
        lever = running.locator(".nbw-lever-conservative_weeks")
        number = lever.get_by_role("spinbutton", name="Minimum conservative care, weeks")
        expect(number).to_have_value("6")
        status = running.locator(".nbw-live").get_by_role("status").first
        expect(status).to_have_text(AS_IT_STANDS)

        lever.get_by_role("slider").focus()
        for _ in range(2):
            running.keyboard.press("ArrowRight")

        impact = simulations.ask(provisions={"conservative_weeks": 8}).impact
        expect(status).to_have_text(impact.finding() + ".")
        expect(number).to_have_value("8")
        expect(running.get_by_role("img", name="Cases by outcome, baseline to now")).to_be_visible()
        live = running.locator(".nbw-live")
        expect(live.get_by_text("Minimum conservative care: 6 weeks → 8 weeks (stricter)", exact=True)).to_be_visible()

        running.wait_for_timeout(2_000)  # moves in quick succession are one gesture, and one step to undo
        lever.get_by_role("slider").press("Tab")  # from the slider to its number, and type
        running.keyboard.press("Control+a")
        running.keyboard.type("10")
        running.keyboard.press("Enter")
        further = simulations.ask(provisions={"conservative_weeks": 10}).impact
        expect(status).to_have_text(further.finding() + ".")
        running.get_by_role("button", name="Reset all").click()
        expect(status).to_have_text("No lever is moved: this is the policy as it stands.")
        expect(number).to_have_value("6")
        running.get_by_role("button", name="Undo", exact=True).click()
        expect(status).to_have_text(further.finding() + ".")
        expect(number).to_have_value("10")
        assert desk.outside == []
        assert desk.errors == []

    def test_no_key_on_a_control_reaches_the_notebook(self, desk: Desk, running: Page):
        """m, r, x or d d on a slider, list or button turned the cell into text, cut it or deleted it."""
        lever = running.locator(".nbw-lever-conservative_weeks")
        controls = {
            "slider": lever.get_by_role("slider"),
            "number": lever.get_by_role("spinbutton"),
            "list": running.locator(".nbw-live select").first,
            "tick box": running.locator(".nbw-live input[type=checkbox]").first,
            "button": running.get_by_role("button", name="Redo", exact=True),
            "name": running.get_by_role("textbox", name="Name of the scenario"),
            "fold": lever.locator("summary"),
            "question": running.get_by_role("button", name="Who is reached"),
        }
        before = running.evaluate(CELLS)
        for name, control in controls.items():
            for pressed in KEYS:
                control.focus()
                for key in pressed.split():
                    running.keyboard.press(key)
                assert running.evaluate("document.activeElement.closest('.nbw-live') !== null"), (name, pressed)
        assert running.evaluate(CELLS) == before
        assert running.locator(".jp-Dialog").count() == 0
        running.locator(".jp-Notebook .jp-Cell").first.click()
        running.keyboard.press("Escape")
        running.keyboard.press("b")  # they still work where they belong
        expect(running.locator(".jp-Notebook .jp-Cell")).to_have_count(len(before) + 1)


def test_the_last_answer_stands_without_a_kernel_and_the_levers_come_back(desk: Desk):
    name, moved = "2_tweak_thresholds.ipynb", "Minimum conservative care: 6 weeks → 8 weeks (stricter)"
    page = desk.open(name, "copies")
    run_all(page)
    expect(page.get_by_role("button", name="Redo", exact=True)).to_be_enabled()
    number = page.locator(".nbw-lever-conservative_weeks").get_by_role("spinbutton")
    number.fill("8")
    number.press("Enter")
    expect(page.locator(".nbw-live").get_by_text(moved, exact=True)).to_be_visible()
    expect(page.locator(".nbw-still")).to_be_hidden()

    def still_of_the_file() -> str:
        """The page that the file shows without a kernel; the last cell prints the same words, and is none of it."""
        cells = json.loads((desk.workspace / "copies" / name).read_text("utf-8"))["cells"]
        pages = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", [])]
        return "".join(page if isinstance(page, str) else "".join(page) for page in pages)

    for _ in range(60):  # the last answer is kept once the hand rests, some time after the live one moves
        page.locator(".nbw-lever-conservative_weeks").get_by_role("slider").press(
            "Control+s"
        )  # a box keeps it to itself
        page.wait_for_timeout(1_000)
        if moved in still_of_the_file():
            break
    assert moved in still_of_the_file()
    page.context.close()
    desk.shut_down()

    again = desk.open(name, "copies")
    still = again.locator(".nbw-still")
    expect(still).to_contain_text("An answer from before. Nothing is running behind it")
    expect(still).to_contain_text(moved)
    expect(still).to_be_visible()
    expect(again.get_by_text("model not found")).to_be_hidden()
    run_all(again)
    number = again.locator(".nbw-lever-conservative_weeks").get_by_role("spinbutton")
    expect(number).to_have_value("8")
    expect(again.locator(".nbw-live")).to_contain_text("The levers stand as you left them")
    expect(still).to_be_hidden()
    again.context.close()


def test_what_ships_runs_when_it_is_opened_and_stands_at_its_top(desk: Desk, opened: Page):
    slider = opened.get_by_role("slider", name="Minimum pain duration")
    for _ in "12":
        expect(slider).to_be_in_viewport(timeout=90_000)
        expect(opened.get_by_role("heading", name="What happens if a threshold moves?")).to_be_in_viewport()
        expect(
            opened.get_by_role("button", name="Redo", exact=True)
        ).to_be_disabled()  # what is there for code is left to its reader
        expect(opened.get_by_text("panels.LeverPanel(chosen, cases)", exact=True)).to_be_hidden()
        opened.reload()  # the same kernel, which has widgets already
    assert opened.request.get(f"{desk.address}/voila/tree").status == 404  # its own pages would ask the internet
    assert desk.outside == []


def test_what_ships_is_read_only(desk: Desk, opened: Page):
    before = (desk.workspace / "notebooks" / "2_tweak_thresholds.ipynb").read_bytes()
    expect(opened.get_by_text("notebook is read-only")).to_be_visible()
    run_all(opened)
    opened.keyboard.press("Control+s")
    expect(opened.get_by_text("is read-only. Use")).to_be_visible()
    assert (desk.workspace / "notebooks" / "2_tweak_thresholds.ipynb").read_bytes() == before


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


def test_hostile_text_is_shown_literally_in_lab(desk: Desk):
    opened = desk.open("2_tweak_thresholds.ipynb", "copies")  # a copy is not run when it is opened
    type_in_new_cell(opened, CODE)
    lever = opened.locator(".nbw-lever-conservative_weeks")
    expect(lever).to_contain_text(NASTY)
    pages = opened.locator(".jp-OutputArea .nbw")
    expect(pages.first).to_contain_text(NASTY)  # Lab fills what is out of sight when it has time
    expect(opened.locator(".nbw-live").last).to_contain_text("<img src=x onerror=alert(1)> $x$.csv")
    opened.wait_for_timeout(1500)  # the time that a typesetter would need
    made = opened.locator(".jp-OutputArea").evaluate_all(
        "areas => areas.map(a => a.querySelectorAll('img, mjx-container, .katex, .MathJax, script').length)"
    )
    assert sum(made) == 0
    assert NASTY in lever.inner_text()
    assert desk.errors == []
    assert desk.outside == []
    left(desk, opened)
