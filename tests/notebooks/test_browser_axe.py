"""axe-core on every page of `workbook app`, with all that folds open, and hands that do the same as none other's."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from notebooks.desk import STAGES
from tests.axe.findings import NEEDS_AXE, OPEN, grave
from tests.notebooks.lab import IN_A_BROWSER, TOKEN, Desk, lab

pytestmark = [*IN_A_BROWSER, NEEDS_AXE]
SLOW = 90_000
PANEL = ".nbw-live"
TWICE = """() => {
  const names = [...document.querySelectorAll(".nbw-live button:not(:disabled)")]
    .filter(button => button.checkVisibility()).map(button => button.ariaLabel ?? button.textContent);
  return names.filter((name, i) => names.indexOf(name) < i);
}"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with lab(tmp_path_factory.mktemp("app"), "app") as started:
        yield started


def levers(page: Page) -> Iterator[str]:
    """Group by group, as one closes where another opens; then each question about a change."""
    heads = page.locator(".jupyter-widget-Collapse-header")
    for head in heads.all():
        if head.get_attribute("aria-expanded") == "false":
            head.press("Enter")
        expect(head).to_have_attribute("aria-expanded", "true")
        yield ".jupyter-widget-Accordion"
    lever = page.get_by_role("slider", name="Minimum conservative care")
    heads.first.press("Enter")
    lever.press("ArrowRight")
    for name in ("Over its whole range", "Whose change is it", "Why refused", "Who is reached"):
        page.get_by_role("button", name=name).click()
        expect(page.locator(".nbw-live table").last).to_be_visible(timeout=SLOW)
        yield PANEL


def case(page: Page) -> Iterator[str]:
    for name in ("Change this case", "Show the other", "Make it an example"):
        page.get_by_role("button", name=name).click()
    expect(page.get_by_label("What it shows")).to_be_visible()
    yield PANEL


def draft(page: Page) -> Iterator[str]:
    """The form of an entry of each section."""
    sections = page.get_by_role("combobox", name="Section")
    for section in sections.locator("option").all_text_contents():
        sections.select_option(label=section)
        entries = page.get_by_role("listbox", name="Entries")
        expect(entries.locator("option").first).to_be_attached()
        entries.select_option(index=0)
        yield ".nbw-entry"
    yield PANEL


def checks(page: Page) -> Iterator[str]:
    for head in page.get_by_role("button", expanded=False).all():
        head.click()
    expect(page.get_by_role("button", expanded=False)).to_have_count(0)
    page.get_by_role("button", name="Leave it").first.click()
    expect(page.get_by_label("Because")).to_be_visible()
    yield PANEL


FOLDS: dict[str, Callable[[Page], Iterator[str]]] = {"2": levers, "3": case, "5": draft, "6": checks}


@pytest.mark.parametrize("name", STAGES)
def test_nothing_grave_on_a_page_with_all_open(desk: Desk, name: str):
    page = desk.open(name)
    page.evaluate(OPEN)
    found = grave(page)
    for part in FOLDS.get(name[0], lambda _: iter(()))(page):
        page.evaluate(OPEN)
        found += grave(page, part)
    assert found == []
    assert page.evaluate(TWICE) == []
    page.context.close()


def test_nothing_grave_on_the_start_page(desk: Desk):
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    assert grave(page) == []
