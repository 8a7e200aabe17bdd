"""The fifth notebook as policy staff use it: a version is opened, changed and saved by clicks and keys alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, expect

from policy.authoring.side_by_side import lines_changed
from policy.reading.loading import shipped
from tests.notebooks.lab import IN_A_BROWSER, VERBS, Desk, Servers, run_all
from tests.notebooks.test_browser import shown_if_it_fails

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, server: Servers) -> Iterator[Desk]:
    with server(request.param).desk() as started:
        yield started


@dataclass
class Hands:
    """What somebody does who has a mouse and a keyboard; every click, choice and text typed is counted."""

    page: Page
    done: int = 0
    log: list[str] = field(default_factory=list)

    def _part(self, role: str, name: str, nth: int) -> Locator:
        self.done += 1
        self.log.append(f"{role} {name}")
        found = self.page.locator(".nbw-live").get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        return found.nth(nth)

    def press(self, name: str, nth: int = 0) -> None:
        self._part("button", name, nth).click()

    def choose(self, box: str, begins: str, nth: int = 0) -> None:
        self._pick(self._part("combobox", box, nth), begins)

    def entry(self, section: str, begins: str) -> None:
        """Open an entry of a section from the outline."""
        self.choose("Section", section)
        self._pick(self._part("listbox", "Entries", 0), begins)
        self.sees(begins)

    def _pick(self, part: Locator, begins: str) -> None:
        """The option that begins so, once there is one."""
        for _ in range(300):
            words = [plain(one) for one in part.locator("option").all_text_contents()]
            found = [i for i, one in enumerate(words) if one.startswith(begins)]
            if found:
                part.select_option(index=found[0])
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no option begins with {begins!r}: {words}")

    def sees(self, heading: str) -> None:
        """Wait until the form of an entry is there."""
        found = self.page.locator(".nbw-entry").get_by_role("heading").first
        expect(found).to_contain_text(heading)

    def type(self, name: str, text: str, nth: int = 0) -> None:
        part = self._part("textbox", name, nth)
        part.fill(text)
        part.press("Tab")


def plain(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())


@pytest.fixture
def hands(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Hands]:
    page = desk.open("5_author_a_draft.ipynb")
    with shown_if_it_fails(page, request):
        run_all(page)
        expect(page.get_by_role("button", name="Save as version")).to_be_visible(timeout=90_000)
        yield Hands(page)
    page.context.close()
    desk.shut_down()


def test_a_version_is_written_by_clicks_and_keys(desk: Desk, hands: Hands):
    """A criterion with a new lever, a stance, a sentence, an evidence card, an example mended; saved as 2027.1."""
    page = hands.page
    finding = page.locator(".nbw-effect").get_by_role("status").first
    hands.entry("Levers", "Trigger points in fibromyalgia")
    choice = page.locator(".nbw-entry select option", has_text="met if the prerequisites are").first
    choice.wait_for(state="attached")
    hands.done += 1
    page.locator(".nbw-entry select").first.select_option(label=choice.text_content())
    expect(finding).to_contain_text("Approvals rise")

    hands.choose("Section", "Criteria")
    hands.press("Add a criterion")
    hands.sees("A new criterion")
    hands.type("Sentence", "The pain has lasted at least {least_pain}")
    hands.type("Asked for where not documented", "how long the pain has lasted")
    hands.type("Citation", "Our assumption")
    hands.choose("Test", "a number is at least")
    hands.choose("Column", "Pain duration")
    hands.choose("is at least", "a new lever")
    hands.type("Label (new lever)", "Least pain")
    hands.type("Sentence (new lever)", "Sets how long pain must last where another diagnosis is treated.")
    hands.type("Value (new lever)", "450")
    hands.type("Greatest (new lever)", "730")
    hands.choose("Unit (new lever)", "days")
    hands.type("Citation (new lever)", "Our assumption")
    hands.choose("Require it in", "Gate for the other diagnoses")
    hands.press("Add it")
    hands.sees("at least 450 days")
    expect(page.locator(".nbw-effect")).to_contain_text("Example fails")

    hands.entry("Criteria", "At least 6 weeks of conservative care")
    hands.type("Sentence", "Conservative care of {conservative_weeks} failed, or it is contraindicated")
    hands.entry("Evidence cards", "Value of a single diagnostic block")
    hands.choose("Status", "contested")

    mend = page.locator(".nbw-live").get_by_role("button", name="Expect what it comes out as")
    for left in (2, 1, 0):  # the new criterion breaks two
        expect(mend).to_have_count(left)
        if left:
            hands.press("Expect what it comes out as")

    hands.type("Version", "2027.1")
    hands.type("Author", "A. Author")
    hands.type("Reason", "as the committee asked")
    hands.type("Date", "2026-12-01")
    hands.press("Save as version")
    expect(page.locator(".nbw-live").get_by_role("link", name="Check it")).to_be_visible()
    expect(page.locator(".nbw-live").get_by_role("link", name=re.compile("Compare it with"))).to_be_visible()
    saved = (desk.workspace / "policies" / "nerve_blocks" / "2027.1.yaml").read_text("utf-8")
    lines = [*lines_changed(shipped()["nerve_blocks@2026.2"].read_text("utf-8"), saved)]
    assert "+   least_pain:" in lines
    assert not [line for line in lines if line.startswith("- #")]
    assert desk.errors == []
    assert desk.outside == []
