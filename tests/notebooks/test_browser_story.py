"""From a draft in 5 to its comparison and report in 4 and a case in 3, by clicks and keys alone.

In Lab the notebooks are open beside each other, so what one hands over reaches another that runs already; in the app
one page follows the other.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from policy import Draft
from policy.reading.workspace import VARIABLE
from tests.notebooks.lab import IN_A_BROWSER, TOKEN, VERBS, Desk, Servers
from tests.notebooks.test_browser import shown_if_it_fails
from tests.notebooks.test_browser_drafting import Hands

pytestmark = IN_A_BROWSER
SLOW = 120_000
STARTS = {"lab": ("lab/tree/notebooks/start_here.md", "Author a draft"), "app": ("app", "Author a draft")}
FRONT = ".jp-MainAreaWidget:not(.lm-mod-hidden) .nbw-live, body[data-ready] .nbw-live"  # in Lab, in the app
HANDS = {"button", "checkbox", "combobox", "listbox", "slider", "spinbutton", "textbox"}


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, server: Servers) -> Iterator[Desk]:
    """A draft that asks for two more weeks of conservative care has been begun."""
    with server(request.param).desk() as started:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(started.workspace))
            Draft.of("nerve_blocks@2026.2", anew=True).set_default("conservative_weeks", 8)
        yield started


@pytest.fixture
def page(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Notebook 5 as the start page opens it: it runs by itself."""
    page = desk.new_page()
    with shown_if_it_fails(page, request):
        start, way = STARTS[desk.verb]
        page.goto(f"{desk.address}/{start}?token={TOKEN}&reset")
        page.get_by_role("link", name=way).first.click(timeout=SLOW)
        yield page
    page.context.close()
    desk.shut_down()


def shown(page: Page, notebook: str) -> Locator:
    """The first panel of the notebook that is in front, once it is this one."""
    expect(page).to_have_url(re.compile(notebook), timeout=SLOW)
    panel = page.locator(FRONT).first
    expect(panel).to_be_visible(timeout=SLOW)
    return panel


def ways(desk: Desk, panel: Locator) -> Locator:
    """Where the other notebooks are linked: in the panel, in the app at the side of every page."""
    return panel if desk.verb == "lab" else panel.page.get_by_role("navigation").first


def nameless(page: Page) -> list[str]:
    """What can be moved in the panel in front without a name, as Chromium tells it to a screen reader."""
    session = page.context.new_cdp_session(page)
    held = session.send("Runtime.evaluate", {"expression": f"document.querySelector({FRONT!r})"})["result"]
    told = session.send("Accessibility.queryAXTree", {"objectId": held["objectId"]})["nodes"]
    hands = [one for one in told if not one["ignored"] and one["role"]["value"].lower() in HANDS]
    assert len(hands) > 5
    return [one["role"]["value"] for one in hands if not one.get("name", {}).get("value", "").strip()]


def all_named(page: Page) -> None:
    """A slider is named in the page's own time."""
    for _ in range(50):
        if not nameless(page):
            return
        page.wait_for_timeout(100)
    assert nameless(page) == []


def test_from_a_draft_to_the_report_and_to_a_case_that_moves(desk: Desk, page: Page):
    draft = shown(page, "5_author")
    hands = Hands(page)
    hands.entry("Levers", "Stance on axial spine pain")
    hands.choose("Stance on axial spine pain", "never outside trial")
    draft.get_by_role("button", name="Give the 2 exceptions cases that show them").click(timeout=SLOW)
    expect(draft.get_by_role("heading", name=re.compile("^To be mended"))).to_have_count(0, timeout=SLOW)
    mend = draft.get_by_role("button", name="Expect what it comes out as")
    expect(mend).to_have_count(3)
    for left in (2, 1, 0):
        mend.first.click()
        expect(mend).to_have_count(left, timeout=SLOW)
    all_named(page)

    ways(desk, draft).get_by_role("link", name="Compare versions").click()
    both = shown(page, "4_compare")
    expect(both.get_by_role("combobox", name="After").locator("option:checked")).to_contain_text("7 edits")
    ways(desk, both).get_by_role("link", name="Author a draft").click()
    draft = shown(page, "5_author")
    for name, text in (("Version", "2027.1"), ("Author", "A. Author"), ("Reason", "as asked"), ("Date", "2026-12-01")):
        draft.get_by_role("textbox", name=name, exact=True).fill(text)
    draft.get_by_role("button", name="Save as version").click()
    expect(draft.get_by_role("heading", name=re.compile("saved as version 2027.1"))).to_be_visible(timeout=SLOW)

    draft.get_by_role("link", name="Compare it with version 2026.2, and make the report").click()
    both = shown(page, "4_compare")  # which was open, with the draft that is no more
    expect(both.get_by_role("combobox", name="After").locator("option:checked")).to_contain_text("2027.1", timeout=SLOW)
    expect(both.get_by_text("Stance on axial spine pain").first).to_be_visible()
    all_named(page)
    both.get_by_role("button", name="Make the report").click()
    report = both.get_by_role("link", name="approval_impact.html")
    if desk.verb == "app":  # where a page that is left ends what it was doing
        expect(report).to_be_visible(timeout=2 * SLOW)
    moving = both.get_by_role("combobox", name="A case that moves")
    expect(moving).to_be_enabled(timeout=SLOW)
    case = re.search(r"S\d{10}", moving.locator("option:checked").inner_text())
    assert case
    both.get_by_role("button", name="Take to review").click()
    one = shown(page, "3_review")
    expect(one.get_by_role("heading", name=re.compile(f"Case {case[0]}"))).to_be_visible(timeout=SLOW)
    expect(one.get_by_role("combobox", name="Document", exact=True).locator("option:checked")).to_contain_text("2027.1")
    all_named(page)
    if desk.verb == "lab":
        one.get_by_role("link", name="Compare versions").click()
        expect(report).to_be_visible(timeout=2 * SLOW)
    else:
        page.goto(f"{desk.address}/app")
        report = page.get_by_role("link", name="nerve_blocks_2027.1_against_2026.2: approval impact")
    made = desk.workspace / "reports" / "nerve_blocks_2027.1_against_2026.2" / "approval_impact.html"
    assert "Stance on axial spine pain" in Path(made).read_text("utf-8")
    with page.context.expect_page() as opened:
        report.click()
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    assert (desk.outside, desk.errors) == ([], [])
