"""A kernel that dies under somebody who types, in Lab and in the app: what was typed is kept, and one click goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.lab import IN_A_BROWSER, VERBS, Desk, Servers
from tests.notebooks.test_browser_drafting import Hands

pytestmark = IN_A_BROWSER
SLOW = 120_000
ON = {"lab": "Run it again", "app": "Load the page again"}
SAID = {"lab": "An answer from before.", "app": "Nothing is running behind this page any more"}


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, server: Servers) -> Iterator[Desk]:
    with server(request.param).desk() as started:
        yield started
        assert (started.outside, started.errors) == ([], [])


def kernel_dies(desk: Desk, page: Page) -> None:
    """That of the page, as for want of memory: the server is not asked. In the app others wait for the next page."""
    told = "config => JSON.parse(config.textContent).kernelId"
    every = {kernel["id"] for kernel in desk.api("kernels")}
    mine = every if desk.verb == "lab" else {page.locator("#jupyter-config-data").evaluate(told)} & every
    assert mine
    for process in psutil.process_iter(["cmdline"]):
        if any(kernel in word for word in process.info["cmdline"] or () for kernel in mine):
            os.kill(process.pid, signal.SIGKILL)


def entry(page: Page, name: str):
    return page.locator(".nbw-typed").get_by_label(name, exact=True)


def written(desk: Desk, text: str) -> list[Path]:
    """The files of the workspace that hold a text; the fingerprint of a draft may, by chance."""
    return sorted(path for path in desk.workspace.rglob("*.json") if text in path.read_text("utf-8"))


def test_a_case_that_is_typed_outlives_its_kernel_and_is_written_nowhere(desk: Desk):
    typed = {"Diagnosis code": "M54.2", "Procedure code": "20553", "Pain duration, days": "217"}
    before = written(desk, "217")
    page = desk.open("3_review_a_case.ipynb")
    page.get_by_role("button", name="Type a case").click(timeout=SLOW)
    for name, text in typed.items():
        entry(page, name).fill(text, timeout=SLOW)
        entry(page, name).press("Tab")
    where = page.get_by_text("A case that was typed.", exact=True)
    expect(where).to_be_visible(timeout=SLOW)

    kernel_dies(desk, page)
    expect(page.get_by_text(SAID[desk.verb]).first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name=ON[desk.verb]).click(timeout=SLOW)
    for name, text in typed.items():
        expect(entry(page, name)).to_have_value(text, timeout=SLOW)
    expect(where).to_be_visible(timeout=SLOW)
    assert written(desk, "217") == before
    page.context.close()


def test_a_sentence_that_is_typed_into_a_draft_outlives_its_kernel(desk: Desk):
    """Its entry is opened again, and the sentence is an edit, which can be undone."""
    page = desk.open("5_author_a_draft.ipynb")
    section = page.get_by_role("combobox", name="Section")
    expect(section).to_be_visible(timeout=SLOW)
    Hands(page).entry("Criteria", "Imaging shows no other cause")
    sentence = page.locator(".nbw-entry").get_by_label("Sentence", exact=True)
    sentence.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(", typed before it died")
    text = sentence.input_value()

    kernel_dies(desk, page)
    expect(page.get_by_text(SAID[desk.verb]).first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name=ON[desk.verb]).click(timeout=SLOW)
    expect(page.locator(".nbw-live").get_by_role("heading", level=2).first).to_contain_text("1 edit,", timeout=SLOW)
    expect(sentence).to_have_value(text, timeout=SLOW)
    page.context.close()


def test_a_server_that_cannot_be_reached_is_told_without_a_dialog_and_what_is_shown_is_marked_old(desk: Desk):
    """In Lab, whose own dialog covers the page; its panel goes on where its kernel is still there."""
    if desk.verb == "app":
        pytest.skip("a page of the app asks for its kernel every three seconds: see test_browser_app")
    page = desk.open("3_review_a_case.ipynb")
    panel = page.locator(".nbw-live:visible")
    expect(panel.get_by_role("button", name="Type a case")).to_be_visible(timeout=SLOW)
    page.context.set_offline(True)
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible(timeout=SLOW)
    expect(page.locator(".nbw-old")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator(".nbw-away, .nbw-old")).to_have_count(0, timeout=SLOW)
    panel.get_by_role("button", name="Type a case").click()
    expect(entry(page, "Diagnosis code")).to_be_visible(timeout=SLOW)
    page.context.close()
