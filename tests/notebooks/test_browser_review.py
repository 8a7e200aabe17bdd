"""The third notebook as somebody uses it who has no mouse and no Python: Lab, Chromium, names and keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.lab import IN_A_BROWSER, VERBS, Desk, Servers, run_all

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, server: Servers) -> Iterator[Desk]:
    with server(request.param).desk() as started:
        yield started


@pytest.fixture(scope="module")
def page(desk: Desk) -> Iterator[Page]:
    opened = desk.open("3_review_a_case.ipynb")
    run_all(opened)
    opened.get_by_role("button", name="Next of its kind").wait_for()
    yield opened
    opened.context.close()


def typed(page: Page, name: str, text: str) -> None:
    box = page.locator(".nbw-entry").get_by_label(name, exact=True)
    box.fill(text)
    box.press("Tab")


def test_a_case_is_picked_typed_moved_and_made_an_example(desk: Desk, page: Page):
    outcome = page.get_by_role("status").filter(has_text="–").first
    page.get_by_label("Cases by outcome").select_option(label="Not met (3,114)")
    expect(outcome).to_have_text("Not met – a recommendation to a clinician, never an automatic denial.")
    page.get_by_role("button", name="Type a case").press("Enter")
    typed(page, "Diagnosis code", "M54.22")
    typed(page, "Procedure code", "2055")
    wrong = page.get_by_role("alert").filter(has_text="did you mean 20553")
    expect(wrong).to_be_visible()
    for name, text in (("Diagnosis code", "M54.2"), ("Procedure code", "20553"), ("Pain duration, days", "200"),
                       ("Days of conservative care", "42")):  # fmt: skip
        typed(page, name, text)
    expect(wrong).to_have_count(0)
    expect(outcome).to_have_text("Pend – information is needed.")
    for name in ("Conservative care failed", "An NSAID was tried", "Daily activities are limited",
                 "Trigger points on examination"):  # fmt: skip
        page.get_by_label(name, exact=True).select_option(label="yes")
    for name in ("Imaging shows another cause", "Radiculopathy"):
        page.get_by_label(name, exact=True).select_option(label="no")
    expect(outcome).to_have_text("Met – all that the policy asks for is documented.")
    number = page.locator(".nbw-lever-conservative_weeks").get_by_role("spinbutton")
    number.fill("8")
    number.press("Enter")
    expect(outcome).to_have_text("Met → Not met – a recommendation to a clinician, never an automatic denial.")
    expect(page.get_by_role("status").filter(has_text="Approvals fall from")).to_be_visible()
    expect(page.get_by_role("cell", name="✗ 14 days short (2 weeks)")).to_be_visible()
    page.get_by_role("button", name="Make it an example").press("Enter")
    page.get_by_role("button", name="No example now").wait_for()
    page.get_by_label("What it shows").fill("six weeks are not enough where eight are asked for")
    page.get_by_role("button", name="Add it to the draft").press("Enter")
    expect(page.get_by_text("Added to the draft. It comes out Not met there, as expected.")).to_be_visible()
    expect(page.get_by_role("link", name="See it in the draft")).to_be_visible()
    kept = (desk.workspace / "drafts" / "nerve_blocks.json").read_text("utf-8")
    assert "six weeks are not enough" in kept
    assert (desk.errors, desk.outside) == ([], [])


def test_every_hand_is_named_for_a_screen_reader(page: Page):
    """By Chromium's own tree: a title beside an empty label names nothing."""
    page.get_by_role("button", name="Change this case").press("Enter")
    page.get_by_role("button", name="Show the other").press("Enter")
    page.get_by_role("button", name="Hide the other facts").wait_for()
    inside = page.context.new_cdp_session(page)
    tree = inside.send("Accessibility.getFullAXTree")["nodes"]
    named = {node["name"]["value"] for node in tree if node.get("role", {}).get("value") in ("combobox", "textbox")}
    assert {"Document", "Cases by outcome", "Pathway", "Reason", "Find", "The letter", "Radiculopathy"} <= named
    assert {"Age, years", "Pain duration, days", "Diagnosis code"} <= named
