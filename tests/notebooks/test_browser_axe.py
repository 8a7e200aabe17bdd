"""axe-core on every page of `workbook app`, with all that folds open, and hands that do the same as none other's."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from notebooks.checking.items import SECTIONS
from notebooks.desk import STAGES
from tests.axe.findings import NEEDS_AXE, OPEN, grave
from tests.notebooks.lab import IN_A_BROWSER, TOKEN, Desk, Servers
from tests.notebooks.test_browser_drafting import Hands

pytestmark = [*IN_A_BROWSER, NEEDS_AXE]
SLOW = 90_000
PANEL = ".nbw-live"
ENTRIES = {
    "Levers": "Stance on axial spine pain",
    "Criteria": "At least 6 weeks of conservative care",
    "Evidence cards": "Value of a single diagnostic block",
    "Pathways": "Trigger point injection for fibromyalgia",
}
TWICE = """() => {
  const names = [...document.querySelectorAll(".nbw-live button:not(:disabled)")]
    .filter(button => button.checkVisibility()).map(button => button.ariaLabel ?? button.textContent);
  return names.filter((name, i) => names.indexOf(name) < i);
}"""


@pytest.fixture(scope="module")
def desk(server: Servers) -> Iterator[Desk]:
    with server("app").desk() as started:
        yield started


def told_apart(page: Page) -> None:
    """No two buttons have one name, which they get up to 200 ms after they are drawn."""
    page.wait_for_function(f"() => !({TWICE})().length")


def levers(page: Page) -> Iterator[str]:
    """All groups, which close each other where a hand opens one; and an answer below."""
    heads = page.locator(".jupyter-widget-Collapse-header")
    for head in (heads.nth(1), heads.first):
        head.press("Enter")
        expect(head).to_have_attribute("aria-expanded", "true")
    page.evaluate(
        "document.querySelectorAll('.nbw-live .lm-mod-hidden').forEach(p => p.classList.remove('lm-mod-hidden'))"
    )
    page.get_by_role("slider", name="Minimum conservative care").press("ArrowRight")
    page.get_by_role("button", name="Why refused").click()
    expect(page.get_by_role("table").filter(has_text="Criteria by how many")).to_be_visible(timeout=SLOW)
    yield PANEL


def case(page: Page) -> Iterator[str]:
    for name in ("Change this case", "Show the other", "Make it an example"):
        page.get_by_role("button", name=name).click()
    expect(page.get_by_label("What it shows")).to_be_visible()
    yield PANEL


def draft(page: Page) -> Iterator[str]:
    """The form of an entry of each kind."""
    for section, entry in ENTRIES.items():
        Hands(page).entry(section, entry)
        yield ".nbw-entry"
    yield PANEL


def checks(page: Page) -> Iterator[str]:
    for title, _ in SECTIONS.values():
        head = page.get_by_role("button", name=re.compile(f"^. {title}"))
        expect(head).to_have_attribute("aria-expanded", re.compile("."))
        if head.get_attribute("aria-expanded") == "false":
            head.click()
        expect(head).to_have_attribute("aria-expanded", "true", timeout=SLOW)
    page.get_by_role("button", name="Leave it").first.click()
    expect(page.get_by_label("Because")).to_be_visible(timeout=SLOW)
    yield PANEL


FOLDS: dict[str, Callable[[Page], Iterator[str]]] = {"2": levers, "3": case, "5": draft, "6": checks}


@pytest.mark.parametrize("name", STAGES)
def test_nothing_grave_on_a_page_with_all_open(desk: Desk, name: str):
    page = desk.open(name)
    page.evaluate(OPEN)
    told_apart(page)
    found = grave(page)
    for part in FOLDS.get(name[0], lambda _: iter(()))(page):
        page.evaluate(OPEN)
        found += grave(page, part)
        told_apart(page)
    assert found == []
    page.context.close()


def test_nothing_grave_on_the_start_page(desk: Desk):
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    assert grave(page) == []
