"""The fourth notebook as somebody uses it who has no Python: by name and role, with clicks and keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from policy import Draft
from policy.reading.workspace import VARIABLE
from tests.notebooks.lab import IN_A_BROWSER, VERBS, Desk, Servers, run_all

pytestmark = IN_A_BROWSER
SLOW = 120_000


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, server: Servers) -> Iterator[Desk]:
    """A workspace with a version of one's own, stricter in one pathway, and a draft that goes on from it."""
    with server(request.param).desk() as started:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(started.workspace))
            draft = Draft.of("nerve_blocks@2026.2")
            draft.set_default("fm_drugs_failed_min", 2)
            draft.save_as("2027.1", author="A. Author", reason="two drugs first", date="2026-12-01")
            Draft.of("nerve_blocks@2026.2", anew=True).set_default("conservative_weeks", 8)
        yield started


@pytest.fixture
def opened(desk: Desk) -> Iterator[Page]:
    page = desk.open("4_compare_versions.ipynb")
    run_all(page)
    expect(page.locator(".nbw-live").get_by_role("button", name="Show what is due")).to_be_visible(timeout=SLOW)
    yield page
    page.context.close()
    desk.shut_down()


def upwards(page: Page, top: int) -> None:
    page.evaluate("y => { document.querySelector('.jp-WindowedPanel-outer')?.scrollTo(0, y) }", top)


def test_a_draft_is_compared_then_two_versions_and_their_report_is_made(desk: Desk, opened: Page):
    upwards(opened, 300)
    panel = opened.locator(".nbw-live").first
    after = panel.get_by_role("combobox", name="After")
    expect(after.locator("option:checked")).to_contain_text("Unsaved draft from version 2026.2", timeout=SLOW)
    changed = panel.get_by_role("listitem").filter(has_text="Minimum conservative care").first
    expect(changed).to_have_text("Minimum conservative care: 6 weeks → 8 weeks")
    panel.get_by_role("button", name="Make the report").click()
    expect(panel.get_by_text("Save it as a version first")).to_be_visible()
    expect(panel.get_by_role("link", name="Author the draft, and save it")).to_be_visible()

    saved = "Version 2027.1, status draft"
    after.select_option(label=saved)  # while the draft is still being proven
    status = panel.get_by_role("status").first
    expect(status).to_contain_text("1 entry that may decide a case differs (levers)", timeout=SLOW)
    expect(status).to_contain_text("The second is stricter", timeout=SLOW)
    expect(panel.get_by_text("Fibromyalgia drugs tried and failed: 1 drug").first).to_be_visible()
    panel.get_by_role("button", name="Swap").click()
    expect(status).to_contain_text("The second is looser", timeout=SLOW)
    panel.get_by_role("button", name="Swap").click()
    expect(status).to_contain_text("The second is stricter", timeout=SLOW)

    panel.get_by_role("button", name="Make the report").click()
    report = panel.get_by_role("link", name="approval_impact.html")
    expect(report).to_be_visible(timeout=2 * SLOW)
    expect(panel.get_by_text("simulate --baseline nerve_blocks@2026.2 --policy nerve_blocks@2027.1")).to_be_visible()
    made = desk.workspace / "reports" / "nerve_blocks_2027.1_against_2026.2" / "approval_impact.html"
    assert Path(made).is_file()
    assert (desk.outside, desk.errors) == ([], [])


def test_a_source_is_withdrawn_and_downgraded_in_a_draft(desk: Desk, opened: Page):
    panel = opened.locator(".nbw-live").nth(1)
    panel.scroll_into_view_if_needed()
    box = panel.get_by_role("checkbox", name="Clinical practice guideline on headache")
    box.press("Space")
    expect(panel.get_by_text("Left without support: 2 levers, 1 criterion and 2 pathways.")).to_be_visible(timeout=SLOW)
    expect(panel.get_by_text("In all, 994 of the 10,000 made-up cases")).to_be_visible(timeout=SLOW)
    expect(panel.get_by_role("button", name="Downgrade in a draft")).to_be_disabled()
    panel.get_by_role("combobox", name="If it were").select_option("contested")
    expect(panel.get_by_text("a source that is contested supports")).to_be_visible()
    panel.get_by_role("textbox", name="Because").fill("a newer guideline disagrees")
    panel.get_by_role("button", name="Downgrade in a draft").click()
    expect(panel.get_by_role("link", name="Open the draft there")).to_be_visible()
    panel.get_by_role("textbox", name="On the day").fill("2026-11-30")
    panel.get_by_role("button", name="Show what is due").click()
    expect(panel.get_by_text("sources are due for review on 2026-11-30")).to_be_visible()
    assert (desk.outside, desk.errors) == ([], [])
