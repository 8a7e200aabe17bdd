"""Make the pictures of the guide and of the README again: `make guide`, which is `python -m tests.notebooks.guide`.

It takes the way that docs/guide.md describes, in the pages of `workbook app`, and ends with an error where a step is
no longer there or an answer is another. Chromium and the fonts of the machine draw the letters, so the pictures are not
held against each other in the tests.
"""

import re
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.notebooks.lab import CHROMIUM, ROOT, TOKEN, Desk, lab

DOCS = ROOT / "docs"
SLOW = 120_000  # milliseconds
COLOURS = 64  # of a picture, which then is a third of its size
RULE, ANSWER = "Minimum conservative care", "Approvals fall from 20.9% to 15.1% of all cases"
NOTE = {"Version": "2027.1", "Author": "A. Author", "Reason": "eight weeks", "Date": "2026-12-01"}


def pictured(page: Page, name: str, top: Locator | None = None, height: int = 720) -> None:
    """Write docs/NAME.png: what the page shows from `top` on (else from its beginning), without a cursor."""
    page.set_viewport_size({"width": 1280, "height": height})
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    if top is not None:
        top.evaluate("it => scrollTo(0, it.getBoundingClientRect().top + scrollY - 12)")
    page.wait_for_timeout(500)  # for what is drawn only where it is seen
    taken = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)
    print(f"docs/{name}.png", flush=True)


def heading(page: Page, words: str) -> Locator:
    """The heading that begins with these words."""
    return page.get_by_role("heading", name=re.compile(f"^{re.escape(words)}")).first


def shown(page: Page, words: str | re.Pattern[str]) -> Locator:
    """The first text of these words that is seen; a panel keeps a still answer, for when its kernel is gone."""
    return page.get_by_text(words).filter(visible=True).first


def read(desk: Desk) -> None:
    """The start page, and the rule in the table of levers."""
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    expect(heading(page, "What do you want to do?")).to_be_visible()
    pictured(page, "guide/start", height=620)
    page = desk.open("1_read_the_policy")
    page.get_by_role("link", name="The levers", exact=True).first.click()
    expect(page.get_by_role("row").filter(has_text=RULE).first).to_contain_text("6 weeks")
    pictured(page, "guide/read", heading(page, "The levers"), 560)


def tweaked(desk: Desk) -> Page:
    """Eight weeks in the place of six, saved, and its report."""
    page = desk.open("2_tweak_thresholds")
    page.set_default_timeout(SLOW)
    weeks = page.locator(".nbw-lever-conservative_weeks").get_by_role("spinbutton")
    weeks.fill("8")
    weeks.press("Enter")
    expect(shown(page, ANSWER)).to_be_visible(timeout=SLOW)
    pictured(page, "guide/tweak", page.locator(".nbw-live").first)
    pictured(page, "tweak_thresholds", page.locator(".nbw-live").first)
    page.get_by_role("textbox", name=re.compile("Name of the scenario")).fill("eight weeks")
    page.get_by_role("button", name="Save as scenario").click()
    expect(shown(page, "scenarios/eight_weeks.yaml")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Make the report").click()
    made = page.get_by_role("link", name="approval_impact.html")
    expect(made).to_be_visible(timeout=SLOW)
    with page.expect_popup() as opened:
        made.click()
    report = opened.value
    expect(shown(report, ANSWER)).to_be_visible()
    pictured(report, "guide/report", height=1000)
    pictured(report, "approval_impact", height=1180)
    return page


def drafted(page: Page) -> None:
    """The same change in a draft, and its examples."""
    page.get_by_role("button", name="Take into a draft").click()
    page.get_by_role("link", name="Go on with the draft").click(timeout=SLOW)
    expect(shown(page, ANSWER)).to_be_visible(timeout=SLOW)
    pictured(page, "guide/draft", shown(page, re.compile("unsaved draft from version 2026.2: 1 edit")))
    mend = page.get_by_role("button", name="Expect what it comes out as")
    expect(mend).to_have_count(2)
    for left in (1, 0):
        mend.first.click()
        expect(mend).to_have_count(left, timeout=SLOW)
    checked(page)


def checked(page: Page) -> None:
    """The check of the draft, its version, and how it differs."""
    page.get_by_role("link", name="Check a draft").first.click()
    page.get_by_role("button", name=re.compile("^▸ Evidence due for review")).click(timeout=SLOW)
    page.get_by_label("Evidence as of").fill("2026-12-01", timeout=SLOW)
    page.get_by_label("Evidence as of").blur()
    expect(shown(page, re.compile("^Nothing blocks it"))).not_to_contain_text("Odd in the logic", timeout=SLOW)
    pictured(page, "guide/check", page.get_by_label("Check", exact=True), 480)
    page.get_by_role("link", name="Author a draft").first.click()
    for name, text in NOTE.items():
        page.get_by_role("textbox", name=name, exact=True).fill(text, timeout=SLOW)
    page.get_by_role("button", name="Save as version").click()
    page.get_by_role("link", name=re.compile("^Compare it with version 2026.2")).click(timeout=SLOW)
    expect(shown(page, re.compile("^The second is stricter"))).to_be_visible(timeout=SLOW)
    pictured(page, "guide/compare", page.get_by_label("Before", exact=True))


def reviewed(desk: Desk) -> None:
    """One case, and why."""
    page = desk.open("3_review_a_case")
    expect(page.get_by_role("heading", name=re.compile("^Case S0000000001"))).to_be_visible(timeout=SLOW)
    pictured(page, "guide/case", page.get_by_label("Document", exact=True))


def main() -> None:
    """All pictures, in one workspace that is thrown away."""
    if CHROMIUM is None:
        raise SystemExit("no Chromium is installed here: apt-get install chromium")
    (DOCS / "guide").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, lab(Path(scratch), "app") as desk:
        read(desk)
        reviewed(desk)
        drafted(tweaked(desk))
        assert not desk.outside, desk.outside


if __name__ == "__main__":
    main()
