"""The app by Tab, arrows, Enter and Space alone: the focus can be seen, and stays when a panel is redrawn."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

import simulations
from tests.notebooks.lab import IN_A_BROWSER, Desk, Servers
from tests.notebooks.test_browser import shown_if_it_fails

pytestmark = IN_A_BROWSER
HELD = """() => {
  const hand = document.activeElement, style = getComputedStyle(hand);
  return {
    name: (hand.ariaLabel ?? hand.labels?.[0]?.textContent ?? hand.textContent).replaceAll("\\u200b", "").trim(),
    seen: hand.matches(":focus-visible") && style.outlineStyle != "none" && parseFloat(style.outlineWidth) >= 2,
    there: hand != document.body && hand.checkVisibility({opacityProperty: true}),
  };
}"""


@pytest.fixture(scope="module")
def desk(server: Servers) -> Iterator[Desk]:
    with server("app").desk() as started:
        yield started
        assert (started.outside, started.errors) == ([], [])


@pytest.fixture
def opened(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The notebook of the test's parameter."""
    page = desk.open(request.param)
    with shown_if_it_fails(page, request):
        yield page
    page.context.close()


def held(page: Page) -> str:
    """The name of what has the focus, which can be seen."""
    expect(page.locator(":focus:not(:disabled)")).to_be_attached()
    now = page.evaluate(HELD)
    assert now["there"], "the focus is lost"
    assert now["seen"], f"the focus on {now['name']!r} cannot be seen"
    return now["name"]


def tab_to(page: Page, begins: str, at_most: int = 60, key: str = "Tab") -> None:
    """Tab until the focus is on a control whose name begins so, once every control has its name."""
    expect(page.locator(".nbw-live .noUi-handle:not([aria-label])")).to_have_count(0)
    passed = []
    for _ in range(at_most):
        page.keyboard.press(key)
        passed.append(held(page))
        if passed[-1].startswith(begins):
            return
    raise AssertionError(f"no {begins!r} among {passed}")


def still(page: Page, begins: str, drawn: Locator, says: str) -> None:
    """Once it says so, the focus is on what was used."""
    expect(drawn).to_contain_text(says)
    page.wait_for_timeout(1_000)  # what comes after the answer is drawn, too
    assert held(page).startswith(begins)


def into(page: Page) -> None:
    """Past the links to the other pages."""
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("opened", ["2_tweak_thresholds"], indirect=True)
def test_a_lever_is_tweaked(opened: Page):
    page = opened
    finding = page.locator(".nbw-live .finding").first
    into(page)
    tab_to(page, "More than one diagnosis")
    page.keyboard.press("Space")  # shut, and open again
    expect(page.locator(":focus")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("aria-expanded", "true")
    tab_to(page, "Minimum conservative care")
    page.keyboard.press("ArrowRight")
    told = simulations.ask(provisions={"conservative_weeks": 7}).impact.finding()
    still(page, "Minimum conservative care", finding, told)
    tab_to(page, "Reset Minimum conservative care")
    page.keyboard.press("Enter")  # and cannot be pressed again
    stands = "No lever is moved: this is the policy as it stands."
    expect(finding).to_have_text(stands)
    in_use = page.locator(".nbw-lever-conservative_weeks :focus:not(:disabled)")
    expect(in_use).to_be_attached()
    held(page)
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    expect(undo).to_be_enabled()
    tab_to(page, "Undo")
    for hand, says in ((undo, told), (undo, stands), (redo, told), (redo, stands), (undo, told)):
        expect(hand).to_be_focused()  # where the one that was pressed has no more to do, the other is gone on to
        page.keyboard.press("Enter")
        expect(finding).to_contain_text(says)
    expect(page.get_by_role("button", name="Reset all")).to_be_enabled()
    tab_to(page, "Reset all", 2)
    page.keyboard.press("Enter")
    expect(finding).to_have_text(stands)
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(finding).to_contain_text(told)
    for question, holds in (("Who moves", "The first 3 of each kind"), ("Why refused", "Criteria by how many")):
        tab_to(page, question)
        page.keyboard.press("Enter")
        still(page, question, page.get_by_role("region", name=question), holds)
    tab_to(page, "Name of the scenario")
    page.keyboard.type("By keys alone")
    expect(page.get_by_role("button", name="Save as scenario")).to_be_enabled()
    tab_to(page, "Save as scenario", 1)
    page.keyboard.press("Enter")
    said = page.get_by_role("status").filter(has_text="Saved as")
    still(page, "Save as scenario", said, "scenarios/by_keys_alone.yaml")


@pytest.mark.parametrize("opened", ["3_review_a_case"], indirect=True)
def test_a_case_is_reviewed(opened: Page):
    page = opened
    outcome = page.get_by_role("status").filter(has_text="–").first
    into(page)
    tab_to(page, "Cases by outcome")
    page.keyboard.type("Not")
    still(page, "Cases by outcome", outcome, "Not met – a recommendation to a clinician")
    tab_to(page, "Next of its kind")
    heading = page.locator(".nbw-live").get_by_role("heading", level=2).first
    first = heading.inner_text()
    page.keyboard.press("Enter")
    expect(heading).not_to_have_text(first)
    still(page, "Next of its kind", outcome, "Not met")
    tab_to(page, "Change this case")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Diagnosis code")).to_be_visible()
    held(page)
    tab_to(page, "Fibromyalgia drugs tried and failed")
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    still(page, "Fibromyalgia drugs tried and failed", outcome, "Review – the policy has no computable answer")


@pytest.mark.parametrize("opened", ["5_author_a_draft"], indirect=True)
def test_an_edit_is_authored(opened: Page):
    page = opened
    effect, edits = page.locator(".nbw-effect"), page.locator(".nbw-live").get_by_role("heading", level=2).first
    into(page)
    tab_to(page, "Section")
    first = page.get_by_role("listbox", name="Entries").locator("option").first
    for section, entry in (("Crit", "^Pain.*duration"), ("Lev", "^Minimum.*pain.*duration")):
        page.keyboard.type(section)  # its first letter alone is of "Life of the version", which has no entries
        expect(first).to_have_text(re.compile(entry))
        page.wait_for_timeout(1_200)  # what is typed next is another word
    tab_to(page, "Entries")
    form = page.locator(".nbw-entry").get_by_role("heading").first
    for lever in ("Minimum pain duration", "Exactly at the pain-duration line"):
        page.keyboard.press("ArrowDown")
        expect(form).to_contain_text(lever)
        assert held(page) == "Entries"
    page.keyboard.press("ArrowDown")
    expect(form).to_contain_text("Minimum conservative care")
    assert held(page) == "Entries"
    tab_to(page, "Minimum conservative care")
    page.keyboard.press("ArrowRight")
    still(page, "Minimum conservative care", effect, "Approvals fall")
    expect(edits).to_contain_text("1 edit,")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_enabled()  # which follows the numbers
    tab_to(page, "Undo", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(edits).to_contain_text("no edit yet")
    expect(page.get_by_role("button", name="Redo", exact=True)).to_be_focused()
    held(page)
