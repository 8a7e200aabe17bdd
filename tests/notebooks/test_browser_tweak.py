"""The desk of the second notebook in Lab: a scenario, a move, a name, other cases, and the review of a moved case."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from policy.model import Policy
from simulations import cases_of
from tests.notebooks.lab import IN_A_BROWSER, Desk, Servers
from tests.notebooks.test_browser import shown_if_it_fails

pytestmark = IN_A_BROWSER
SLOW = 90_000


@pytest.fixture(scope="module")
def desk(server: Servers) -> Iterator[Desk]:
    with server("lab").desk() as started:
        yield started


@pytest.fixture
def page(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Page]:
    opened = desk.open("2_tweak_thresholds.ipynb")
    with shown_if_it_fails(opened, request):
        yield opened
    opened.context.close()
    desk.shut_down()


def test_from_a_scenario_to_a_case_that_moves(desk: Desk, page: Page, nerve_blocks: Policy):
    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click(timeout=SLOW)

    chosen = page.get_by_label("Scenario", exact=True)
    chosen.select_option(label="Strict reading of the source assessment", timeout=SLOW)
    press("Load the scenario of the list")
    expect(page.get_by_text("Loaded: Strict reading of the source assessment", exact=True)).to_be_visible(timeout=SLOW)
    answer = page.locator(".nbw-answer .finding")
    expect(answer).to_contain_text("Approvals fall")

    page.get_by_label("Find a lever").fill("minimum conservative")
    number = page.locator(".nbw-found .nbw-lever-conservative_weeks").get_by_role("spinbutton")
    number.fill("8")
    number.press("Enter")
    expect(page.get_by_text("with levers moved since")).to_be_visible()
    page.get_by_label("Find a lever").fill("")
    page.get_by_label("Name of the scenario").fill("Strict and eight weeks")
    press("Save as scenario")
    expect(page.get_by_text("Loaded: Strict and eight weeks", exact=True)).to_be_visible()
    press("Rename the scenario of the list")
    page.get_by_label("Its new name").fill("The board’s reading")
    press("Rename it")
    expect(page.get_by_text("Loaded: The board’s reading", exact=True)).to_be_visible()
    assert [path.name for path in (desk.workspace / "scenarios").iterdir()] == ["the_board_s_reading.yaml"]

    press("As Python")
    lines = page.locator("pre.paste")
    expect(lines).to_contain_text("'conservative_weeks': 8", timeout=SLOW)
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible(timeout=SLOW)
    press("Table as CSV")
    with page.expect_download() as kept:
        page.get_by_role("link", name=re.compile(r"\.csv$")).click(timeout=SLOW)
    assert kept.value.suggested_filename in [path.name for path in (desk.workspace / "exports").iterdir()]

    press("Change the cases")
    page.get_by_label("Population").select_option(
        label="Facet pain in 10 to 15 % of spine patients, as in the trial of diagnostic blocks"
    )
    page.get_by_label("Seed", exact=True).fill("4")
    page.get_by_label("Seed", exact=True).press("Tab")
    press("Draw them")
    fresh = cases_of(nerve_blocks, "trial_10_15", seed=4)
    expect(page.get_by_text(f"The levers now move over {fresh!r}.", exact=True)).to_be_visible(timeout=SLOW)
    press("Leave the cases")

    first = page.locator(".nbw-lever:visible").first
    first.hover()
    page.mouse.wheel(0, 900)  # down the list of levers: the answer stays in view
    expect(first).not_to_be_in_viewport()
    expect(answer).to_be_in_viewport()

    press("Who moves")
    row = page.locator(".nbw-moved").filter(has_text="Met before, not met after: case S").first
    expect(row).to_be_visible(timeout=SLOW)
    case = row.inner_text().partition("case ")[2][:11]
    row.get_by_role("button").click()
    expect(page).to_have_url(re.compile("3_review_a_case"), timeout=SLOW)
    panel = page.locator(".jp-MainAreaWidget:not(.lm-mod-hidden) .nbw-live").first
    expect(panel.get_by_text(case).first).to_be_visible(timeout=SLOW)
    expect(panel.get_by_role("status").filter(has_text="Met → Not met").first).to_be_visible(timeout=SLOW)
    assert (desk.errors, desk.outside) == ([], [])
