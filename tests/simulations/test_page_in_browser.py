"""The page in a real Chromium, opened from a file: what it counts, by hand and key, and that it asks for nothing."""

import io
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

import policy as core
from policy.determinations.layout import Planes
from policy.model import OUTCOMES, Settings
from policy.storage.files import save
from simulations.counting.grouping import Groups
from simulations.pages.content import Command
from simulations.pages.page import offline_page
from simulations.studies.comparison import Study, ask
from simulations.studies.impact import under
from tests.axe.findings import NEEDS_AXE, OPEN, grave
from tests.notebooks.lab import IN_A_BROWSER, chromium

pytestmark = IN_A_BROWSER
SIZE = 1_200
AT = "places => page.model.answer(places).groups.map(group => group.after)"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Opens the page of a study; whatever it asks for beside itself, and whatever goes wrong, fails the test."""
    wrong: list[str] = []

    def only_itself(route: Route) -> None:
        if route.request.url.partition("#")[0] == (tmp_path / "page.html").as_uri():
            route.continue_()
        else:
            wrong.append(route.request.url)
            route.abort()

    def opened(study: Study, address: str = "") -> Page:
        save(tmp_path / "page.html", offline_page(study, Command(None, (), "page.html")))
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.route("**/*", only_itself)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.goto(f"{(tmp_path / 'page.html').as_uri()}{address}")
        expect(page.get_by_role("alert").first).to_be_hidden() if not address else None
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert wrong == []


def disagreeing(page: Page, study: Study, settings: int) -> list[dict[str, object]]:
    """The joint settings of all levers at which some group has other outcomes than `determine` gives it."""
    policy, luck, found = study.scenario.policy, random.Random(study.policy.id), []
    cases = under(study.cases.part(0), policy)
    by, planes = Groups(policy, ("diagnosis", "procedure")), Planes(cases)
    numbers = by.of(cases)
    diagnoses, procedures = [*policy.diagnoses, "outside_policy"], [*policy.procedures, "outside_policy"]
    labels = list(by.numbers)
    shown = sorted(range(len(labels)), key=lambda i: (diagnoses.index(labels[i][0]), procedures.index(labels[i][1])))
    for _ in range(settings):
        places = [luck.randrange(len(lever.values())) for lever in policy.levers.values()]
        values = {name: lever.values()[i] for (name, lever), i in zip(policy.levers.items(), places, strict=True)}
        outcome = core.determine(policy, cases, Settings(policy, values), planes=planes, asking=False).outcome
        counts = np.bincount(numbers * len(OUTCOMES) + outcome, minlength=len(labels) * len(OUTCOMES))
        if page.evaluate(AT, places) != counts.reshape(-1, len(OUTCOMES))[shown].tolist():
            found.append(values)
    return found


SHIPPED = ("nerve_blocks", "positive_airway_pressure", "lower_back_procedures", "occipital_myofascial")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_group_has_the_outcomes_that_determine_gives_it_at_any_joint_setting(opened: Opened, name: str):
    study = ask(name, size=SIZE)
    assert disagreeing(opened(study), study, 12) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_so_it_is_at_a_thousand_joint_settings(opened: Opened, name: str):
    study = ask(name, size=10_000)
    assert disagreeing(opened(study), study, 1_000) == []


def test_a_scenario_that_edits_criteria_is_counted_against_the_policy_as_it_stands(opened: Opened):
    study = ask(scenario="p2a_cms_facet", size=SIZE)
    page = opened(study)
    expect(page.get_by_role("status").first).to_have_text(f"{study.impact.finding()}.")
    assert disagreeing(page, study, 6) == []


def test_a_slider_moves_by_key_and_the_finding_is_that_of_the_report(opened: Opened):
    page = opened(ask(size=SIZE))
    status = page.get_by_role("status").first
    expect(status).to_have_text("No lever is moved: this is the policy as it stands.")
    slider = page.get_by_role("slider", name="Minimum conservative care")
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    study = ask(provisions={"conservative_weeks": 8}, size=SIZE)
    expect(status).to_have_text(f"{study.impact.finding()}.")
    expect(slider).to_have_attribute("aria-valuetext", "8 weeks")
    expect(page.get_by_text("Minimum conservative care: 6 weeks → 8 weeks (stricter)")).to_be_visible()
    before, now, _ = study.impact.rates()
    for rate in (before, now):
        said = f"95%: {100 * (rate.low or 0):.1f}% to {100 * (rate.high or 0):.1f}%"
        expect(page.get_by_label("Approval rate")).to_contain_text(said)
    flow = page.get_by_role("region", name="Cases by outcome under the baseline").locator("tbody tr")
    cells = [row.locator("td").all_text_contents() for row in flow.all()]
    told = [[int(cell.replace(",", "").replace("·", "0")) for cell in row[:-1]] for row in cells[:-1]]
    used = [
        i for i, word in enumerate(OUTCOMES) if study.impact.flow()[word].any() or study.impact.flow().loc[word].any()
    ]
    assert told == study.impact.flow().to_numpy()[np.ix_(used, used)].tolist()


def test_moves_in_quick_succession_are_one_step_back_and_forth(opened: Opened):
    page = opened(ask(size=SIZE))
    slider = page.get_by_role("slider", name="Minimum conservative care")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    moved = page.get_by_text("Minimum conservative care: 6 weeks → 9 weeks (stricter)")
    expect(moved).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(slider).to_have_value("6")
    expect(moved).to_have_count(0)
    page.get_by_role("button", name="Redo", exact=True).click()
    expect(moved).to_be_visible()
    page.get_by_role("button", name="Revert Minimum conservative care").click()
    expect(slider).to_have_value("6")
    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_role("button", name="Reset all").click()
    expect(page.get_by_role("status").first).to_have_text("No lever is moved: this is the policy as it stands.")


def test_a_typed_number_moves_the_lever_or_is_refused_beside_it(opened: Opened):
    page = opened(ask(size=300))
    number = page.get_by_role("textbox", name="Minimum conservative care, weeks")
    wrong = page.locator(".lever", has_text="Minimum conservative care").get_by_role("alert")
    for typed, stands in (("7", "7"), ("6.5", "7"), ("8.0", "8"), ("99", "8"), ("", "8"), ("<b>", "8"), ("06", "6")):
        number.fill(typed)
        number.press("Tab")
        expect(number).to_have_value(stands)
        if typed in ("7", "8.0", "06"):
            expect(wrong).to_be_hidden()
        else:
            expect(wrong).to_have_text(f"“{typed}” is not allowed: allowed 0 to 26 weeks. Kept as it was.")


def test_the_address_holds_the_levers_and_says_what_it_asks_in_vain(opened: Opened):
    asked = "#conservative_weeks=8&repeat_min_relief_pct=55&relief_pct=77&nothing=1"
    page = opened(ask(size=300), asked)
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("no lever is called “nothing”")
    expect(alert).to_contain_text(
        "“77” is no value of “Relief from a diagnostic block” (allowed 50 to 100 percent in steps of 5)"
    )
    expect(page.get_by_role("slider", name="Minimum conservative care")).to_have_value("8")
    expect(page).to_have_url(re.compile("#conservative_weeks=8&repeat_min_relief_pct=55$"))
    page.get_by_role("checkbox", name="Relief from the last session: in force").uncheck()
    expect(page).to_have_url(re.compile("#conservative_weeks=8$"))
    expect(alert).to_be_hidden()
    page.evaluate("location.hash = '#conservative_weeks=10'")
    expect(page.get_by_role("slider", name="Minimum conservative care")).to_have_value("10")
    expect(page.locator("#report")).to_have_text(re.compile(" --set conservative_weeks=10 --out out$"))


def test_a_lever_that_changes_nothing_says_why(opened: Opened):
    study = ask(size=SIZE)
    page = opened(study)
    blocked = page.get_by_text(
        "Changes nothing here: it counts only while “Stance on axial spine pain” is never outside trial"
    )
    expect(blocked.first).to_be_attached(timeout=20_000)
    without = [name for name, answer in reach(study).items() if not answer]
    told = page.evaluate(
        "page.levers.hands.filter(hand => hand.box.classList.contains('idle')).map(hand => hand.lever.name)"
    )
    assert sorted(told) == sorted(without)


def reach(study: Study) -> dict[str, bool]:
    """Lever -> whether some value of it, moved alone, changes the outcome of a case: asked of `determine`."""
    policy, base, cases = study.policy, study.baseline, study.cases.part(0)
    planes = Planes(cases)
    before = core.determine(policy, cases, base, planes=planes, asking=False).outcome
    found = {}
    for name, lever in policy.levers.items():
        others = (core.determine(policy, cases, Settings(policy, {**base, name: value}), planes=planes, asking=False)
                  for value in lever.values() if value != base[name])  # fmt: skip
        found[name] = any((one.outcome != before).any() for one in others)
    return found


def test_subgroups_are_counted_as_determined(opened: Opened):
    study = ask(provisions={"conservative_weeks": 8}, size=SIZE)
    page = opened(study)
    page.get_by_label("Groups by").select_option(label="Sex")
    cases = study.cases.part(0)
    after = core.determine(study.policy, cases, study.scenario, asking=False).outcome
    rows = page.get_by_role("region", name="Cases by outcome now").locator("tbody tr")
    for i, word in enumerate(study.policy.fields_["sex"].words):
        here = cases.facts["sex"] == i
        if here.any():
            row = rows.filter(has=page.get_by_role("rowheader", name=re.compile(f"^(◆ )?{word}$")))
            expect(row.locator("td").first).to_have_text(f"{here.sum():,}")
            expect(row.locator("td").nth(2)).to_contain_text(f"{(after[here] == 0).sum() or '·'}")


def test_pathways_are_counted_as_determined(opened: Opened):
    study = ask("lower_back_procedures", provisions={"epidural_pain_weeks": 6}, size=SIZE)
    page = opened(study)
    page.get_by_label("Groups by").select_option(label="Pathway")
    cases = study.cases.part(0)
    found = core.determine(study.policy, cases, study.scenario, asking=False)
    rows = page.get_by_role("region", name="Cases by outcome now").locator("tbody tr")
    titles = [pathway.title for pathway in study.policy.pathways.values()] + ["Outside the policy"]
    present = [at for at in range(len(titles)) if (found.pathway % len(titles) == at).any()]
    names = [name.removeprefix("◆ ") for name in rows.locator("th").all_text_contents()]
    told = [*zip(names, rows.locator("td:nth-child(2)").all_text_contents(), strict=True)]
    assert told == [(titles[at], f"{(found.pathway % len(titles) == at).sum():,}") for at in present]


def test_a_search_leaves_the_levers_that_have_the_words(opened: Opened):
    page = opened(ask(size=300))
    page.get_by_role("searchbox", name="Find a lever").fill("headache")
    expect(page.locator(".lever:visible")).to_have_count(1)
    expect(page.get_by_text("1 of 34 levers")).to_be_visible()


def test_no_width_needs_scrolling_sideways_and_every_control_has_a_name(opened: Opened):
    page = opened(ask(size=300))
    page.evaluate("document.querySelectorAll('.opens[aria-expanded=false]').forEach(button => button.click())")
    for width in (320, 640, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = """() => [...document.querySelectorAll("input,select,button")].filter(one => !one.textContent.trim()
      && !(one.labels || []).length && !one.ariaLabel && !one.getAttribute("aria-labelledby")).length"""
    assert page.evaluate(unnamed) == 0


def test_in_high_contrast_the_bars_of_before_and_now_are_told_apart(opened: Opened):
    page = opened(ask(provisions={"conservative_weeks": 8}, size=300))
    page.emulate_media(forced_colors="active")
    inside = []
    for bar in ("before", "now"):
        drawn = Image.open(io.BytesIO(page.locator(f".key .{bar}").screenshot())).convert("L")
        inside.append(drawn.crop((3, 3, drawn.width - 3, drawn.height - 3)).getextrema())
    assert inside[0] != inside[1]


@NEEDS_AXE
def test_axe_finds_nothing_grave_with_all_open(opened: Opened):
    page = opened(ask(provisions={"conservative_weeks": 8}, size=300))
    page.evaluate(OPEN)
    assert grave(page) == []
