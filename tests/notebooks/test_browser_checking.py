"""The sixth notebook as somebody uses it: a draft that is broken is worked off by buttons, found by role and name."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from policy import Draft, load
from policy.reading.workspace import OPENED, VARIABLE
from tests.notebooks.lab import CHROMIUM, IN_A_BROWSER, VERBS, Desk, lab, run_all

pytestmark = IN_A_BROWSER
POLICY, SECONDS = "occipital_myofascial@2026.1", 120_000


@pytest.fixture(scope="module", params=VERBS)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    assert CHROMIUM, "CI must have Chromium; .ci/run installs it"
    scratch = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OPENED, POLICY)
        patch.setenv(VARIABLE, str(scratch / "mine"))
        draft = Draft.of(POLICY)
        draft.set_default("conservative_weeks", 8)  # two examples fail, and slips beside 8 weeks go unnoticed
        spare = {"label": "Pain on a scale", "ask": "the pain score", "type": "whole", "max": 10, "statements": ["N1"]}
        draft.put("fields.pain_score", spare)
        with lab(scratch, request.param) as started:
            yield started


def opened(page: Page, title: str) -> None:
    head = page.get_by_role("button", name=re.compile(f"^. {title}"))
    if head.inner_text().startswith("▸"):
        head.click()
    expect(page.get_by_role("button", name=re.compile(f"^▾ {title}"))).to_be_visible(timeout=SECONDS)


def test_a_broken_draft_is_worked_off_by_buttons(desk: Desk):
    page = desk.open("6_check_a_draft.ipynb")
    run_all(page)
    summary = page.locator(".nbw-live .finding").first
    expect(summary).to_contain_text(
        "Not ready for the committee: 2 things block it (2 failing examples)", timeout=SECONDS
    )
    mend = page.get_by_role("button", name=re.compile("^Expect pend"))
    for left in (2, 1, 0):
        expect(mend).to_have_count(left, timeout=SECONDS)
        if left:
            mend.first.click()
    expect(summary).to_contain_text("Nothing blocks it", timeout=SECONDS)
    opened(page, "Odd in the logic")
    page.get_by_role("button", name="Take the column out").click()
    expect(page.get_by_text("Done: take the column out.")).to_be_visible(timeout=SECONDS)
    expect(summary).not_to_contain_text("Still to look at", timeout=SECONDS)
    opened(page, "Slips that nobody would notice")
    slips = page.get_by_role("button", name=re.compile("^. Slips that nobody would notice"))
    add = page.get_by_role("button", name=re.compile("add it as an example"))
    looked_at = re.compile(": (none|[0-9]+) open$")  # before, "not looked at" stands there too
    expect(slips).to_have_text(looked_at, timeout=SECONDS)
    while still := re.search("[0-9]+", before := slips.inner_text()):
        expect(add).to_have_count(int(still[0]), timeout=SECONDS)  # drawn after the heading; an old button does nothing
        add.first.click()
        expect(slips).not_to_have_text(before, timeout=SECONDS)
        expect(slips).to_have_text(looked_at, timeout=SECONDS)
    for title in ("Odd in the logic", "Texts that name an old value", "Evidence due for review", "Without a source"):
        opened(page, title)
        page.get_by_role("button", name=re.compile("^Leave (all|it)")).last.click()
        page.get_by_label("Because").fill("decided by the board")
        page.get_by_role("button", name="Leave with this reason").click()
        expect(page.get_by_role("button", name=re.compile(f"^. {title}: none open"))).to_be_visible(timeout=SECONDS)
    expect(summary).to_contain_text("Ready for the committee", timeout=SECONDS)
    (kept,) = (desk.workspace / "drafts").glob("*.json")
    draft = Draft.resume(kept)
    assert not draft.problems
    assert len(draft.policy.examples) > len(load(POLICY).examples)
    assert desk.outside == []
    page.context.close()
    desk.shut_down()
