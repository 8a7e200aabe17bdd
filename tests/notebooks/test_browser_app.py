"""`workbook app` as somebody uses it who has no Python, and as somebody tries it who was not asked."""

import html
import http.client
import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager

import nbformat
import pytest
from playwright.sync_api import Page, expect

import simulations
from notebooks import desk as stages
from tests.notebooks.lab import IN_A_BROWSER, TOKEN, Desk, Servers
from tests.simulations.test_normalise import LATE

pytestmark = IN_A_BROWSER
READ, TWEAK = "1_read_the_policy", "2_tweak_thresholds"


@pytest.fixture(scope="module")
def desk(server: Servers) -> Iterator[Desk]:
    with server("app").desk() as started:
        yield started
        assert started.outside == []
        assert started.errors == []


def asked(desk: Desk, path: str, **headers: str) -> tuple[int, str]:
    """Status and body (or where it sends to) of a bare request, with no cookie and no browser."""
    with closing(http.client.HTTPConnection(urllib.parse.urlsplit(desk.address).netloc, timeout=120)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
    return answer.status, answer.headers.get("Location", body)


def shown(desk: Desk, name: str) -> str:
    """The page of a notebook as the server gives it."""
    status, page = asked(desk, f"/app/{name}", Authorization=f"token {TOKEN}")
    assert status == 200
    return page


def opened(page: Page, desk: Desk, name: str) -> Page:
    page.goto(f"{desk.address}/app/{name}?token={TOKEN}")
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=90_000)
    return page


@pytest.mark.parametrize("path", ["/app", f"/app/{TWEAK}", "/api/kernels", "/files/notebooks/start_here.md"])
def test_who_has_no_token_or_comes_from_elsewhere_sees_nothing(desk: Desk, path: str):
    port = desk.address.rpartition(":")[2]
    kernels = {kernel["id"] for kernel in desk.api("kernels")}
    known = {"Authorization": f"token {TOKEN}"}
    status, told = asked(desk, path)
    assert status == 403 or (status == 302 and told.startswith("/login?"))
    assert asked(desk, path, Authorization="token of-another")[0] in (302, 403)
    assert asked(desk, path, Host=f"policy.example:{port}", **known)[0] == 403
    assert asked(desk, path, Host=f"policy.example:{port}")[0] == 403
    assert {kernel["id"] for kernel in desk.api("kernels")} <= kernels  # nothing was started


@pytest.mark.parametrize("path", ["/app", f"/app/{TWEAK}"])
def test_a_page_of_elsewhere_gets_nothing_even_with_the_cookie(desk: Desk, path: str):
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    page.context.close()
    assert asked(desk, "/app", Cookie=cookie)[0] == 200
    assert asked(desk, path, Cookie=cookie, Origin="http://policy.example")[0] == 404


def test_the_address_of_a_report_opens_in_a_new_tab_of_the_same_browser_only(desk: Desk):
    report = desk.workspace / "reports" / "pasted" / "approval_impact.html"
    report.parent.mkdir(parents=True)
    report.write_text("<h1>Approvals fall</h1>", "utf-8")
    address = "/files/reports/pasted/approval_impact.html"
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    tab = page.context.new_page()
    tab.goto(desk.address + address)  # as it is pasted: no page that it comes from
    expect(tab.get_by_role("heading")).to_have_text("Approvals fall")
    tab.context.close()
    assert asked(desk, address, Cookie=cookie, **{"Sec-Fetch-Site": "none"})[0] == 200
    for site in ("cross-site", "same-site"):
        assert asked(desk, address, Cookie=cookie, **{"Sec-Fetch-Site": site})[0] == 403
    assert asked(desk, address, Cookie=cookie)[0] == 403
    assert asked(desk, address, **{"Sec-Fetch-Site": "none"})[0] in (302, 403)
    assert asked(desk, address, Cookie=cookie, Host="policy.example", **{"Sec-Fetch-Site": "none"})[0] == 403


def test_a_socket_of_a_kernel_opens_to_its_own_page_only(desk: Desk):
    port = desk.address.rpartition(":")[2]
    asks = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": desk.address,
    }  # fmt: skip
    known = asks | {"Authorization": f"token {TOKEN}"}
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    cookie = asks | {"Cookie": "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())}
    page.context.close()
    path = f"/api/kernels/{desk.api('kernels')[0]['id']}/channels"

    def status(headers: dict[str, str]) -> int:
        with closing(http.client.HTTPConnection(urllib.parse.urlsplit(desk.address).netloc, timeout=120)) as connection:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status

    assert [status(headers) for headers in (known, cookie)] == [101, 101]
    assert status(asks) == 403
    assert status(known | {"Host": f"policy.example:{port}"}) == 403
    assert status(cookie | {"Origin": "http://policy.example"}) == 403
    assert status(cookie | {"Origin": "null"}) == 403


def test_the_token_leaves_the_address_and_is_nowhere_in_the_page(desk: Desk):
    assert asked(desk, f"/app/{TWEAK}?token={TOKEN}&note=%3Cb%3E") == (302, f"/app/{TWEAK}")
    page = shown(desk, READ)
    assert TOKEN not in page


def test_a_page_shows_no_code_and_every_way_on_leads_somewhere(desk: Desk):
    page = shown(desk, TWEAK)
    assert "What happens if a threshold moves?" in page
    assert 'class="incomplete"' not in page
    for left_out in ("The same by code", "panels.LeverPanel", "Run All Cells</b>.", "10,000 cases of"):
        assert left_out not in re.sub(r"(?s)<script.*?</script>|<div class='nbw-still'>.*?</main>", "", page), left_out
    start = asked(desk, "/app", Authorization=f"token {TOKEN}")[1]
    there = [name for name in stages.STAGES if (desk.workspace / "notebooks" / f"{name}.ipynb").is_file()]
    for name in there:
        assert f'href="/app/{name}"' in start
    for link in re.findall(r'href="([\w.]+)"', stages.way(TWEAK)):
        status, _ = asked(desk, f"/app/{link}?x", Authorization=f"token {TOKEN}")
        assert status == (302 if link.removesuffix(".ipynb") in there else 404)
    assert asked(desk, "/app/no_such_page", Authorization=f"token {TOKEN}")[0] == 404


def test_the_start_page_lists_the_reports_that_were_made(desk: Desk):
    page = desk.workspace / "reports" / "my <plan>" / "approval_impact.html"
    page.parent.mkdir(parents=True)
    page.write_text("<h1>Approvals fall</h1>", "utf-8")
    known = {"Authorization": f"token {TOKEN}"}
    start = asked(desk, "/app", **known)[1]
    address = re.search(r'<a href="(/files/[^"]+)"[^>]*>my &lt;plan&gt;: approval impact</a>', start)
    assert address
    status, report = asked(desk, html.unescape(address[1]), **known)
    assert (status, report) == (200, "<h1>Approvals fall</h1>")


@contextmanager
def with_cell(desk: Desk, code: str) -> Iterator[None]:
    """The first notebook, with one more cell in its middle."""
    path = desk.workspace / "notebooks" / f"{READ}.ipynb"
    before = path.read_bytes()
    notebook = nbformat.reads(before.decode(), as_version=4)
    notebook.cells.insert(6, nbformat.v4.new_code_cell(code))
    nbformat.write(notebook, path)
    try:
        yield
    finally:
        path.write_bytes(before)


PANEL = """
from notebooks.desk import hand_over
from notebooks.frame import Frame, button, link
class Panel(Frame):
    def __init__(self):
        super().__init__()
        self._stand(button("Hand over", self._hand), self.message, link("2_tweak_thresholds", "Go on"))
    def _hand(self, _):
        hand_over("2_tweak_thresholds", place="levers.relief_pct")
        self._say("Handed over")
    def readback(self):
        return ""
Panel()
"""


def test_a_link_of_a_panel_goes_on_in_the_same_page_with_what_was_handed_over(desk: Desk):
    with with_cell(desk, PANEL):
        page = opened(desk.new_page(), desk, READ)
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_role("status").filter(has_text="Handed over")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("What happens if a threshold moves"))
    assert page.context.pages == [page]
    note = desk.workspace / ".unsaved" / f"for_{TWEAK}.json"
    assert json.loads(note.read_text("utf-8")) == {"place": "levers.relief_pct"}
    page.context.close()


def test_a_page_whose_cell_failed_says_that_it_is_not_complete_and_why(desk: Desk):
    with with_cell(desk, "raise ValueError('<b>no such column</b>')"):
        page = shown(desk, READ)
    assert "This page is not complete." in page
    assert "ValueError: &lt;b&gt;no such column&lt;/b&gt;" in page
    assert "Load the page again" in page
    assert "What does the policy say?" in page  # what came before stands
    assert 'id="References"' not in page
    assert page.rstrip().endswith("</html>")


def test_what_a_busy_kernel_tells_late_is_on_the_page(desk: Desk):
    with with_cell(desk, LATE):
        page = shown(desk, READ)
    assert "<p>told late</p>" in page
    assert 'class="incomplete"' not in page


GONE = {  # what a busy machine made of a panel
    "an error": 'panel => (panel.textContent = "Error displaying widget: model not found")',
    "hidden": 'panel => (panel.style.display = "none")',
}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_a_panel_that_is_not_drawn_is_asked_for_again_by_itself_and_once(desk: Desk, gone: str):
    page = desk.new_page()
    page.goto(f"{desk.address}/app?token={TOKEN}")
    page.add_init_script(f"""addEventListener("DOMContentLoaded", () => {{
      sessionStorage.times = Number(sessionStorage.times ?? 0) + 1;
      if (sessionStorage.times < 3) document.querySelectorAll(".output.panel").forEach({gone});
    }})""")
    page.goto(f"{desk.address}/app/{TWEAK}")
    expect(page.get_by_role("alert")).to_contain_text("This page could not be drawn. Nothing is lost.")
    assert page.evaluate("sessionStorage.times") == "2"
    page.get_by_role("button", name="Load the page again").click()
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.context.close()


def lever(page: Page, role: str = "spinbutton"):
    return page.locator(".nbw-lever-conservative_weeks").get_by_role(role)


def test_what_is_on_a_long_page_stays_in_view_and_keys_reach_it(desk: Desk):
    page = opened(desk.new_page(), desk, READ)
    contents = page.get_by_role("navigation", name="On this page")
    for words in ("Open questions", "Facet injection for spine pain", "References"):
        link = contents.get_by_role("link", name=words, exact=True)
        link.press("Enter")
        expect(page.get_by_role("heading", name=words).first).to_be_in_viewport()
        expect(link).to_have_attribute("aria-current", "true")
        expect(link).to_be_in_viewport()
    page.set_viewport_size({"width": 640, "height": 900})
    expect(contents).to_be_hidden()
    head = page.get_by_text("On this page", exact=True)
    expect(head).to_be_in_viewport()
    head.press("Enter")
    contents.get_by_role("link", name="The levers", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="The levers")).to_be_in_viewport()
    expect(contents).to_be_hidden()
    page.context.close()


def test_on_a_narrow_page_the_answer_stays_in_view_beside_the_lever(desk: Desk):
    page = opened(desk.new_page(), desk, TWEAK)
    page.set_viewport_size({"width": 640, "height": 900})
    expect(page.get_by_role("slider", name="Minimum conservative care")).to_be_visible()
    number = lever(page)
    number.fill("8")
    number.press("Enter")
    answer = page.get_by_role("status").filter(has_text="Approvals fall from 20.9% to 15.1%")
    expect(answer).to_be_visible()
    page.get_by_role("button", name="Who moves").scroll_into_view_if_needed()
    expect(answer).to_be_in_viewport()
    page.context.close()


def test_in_high_contrast_words_of_a_figure_buttons_and_the_page_in_use_are_seen(desk: Desk):
    """Where the reader's own colours rule there are no backgrounds, and a border drawn in no colour shows."""
    page = desk.new_page()
    page.emulate_media(forced_colors="active", color_scheme="dark")
    opened(page, desk, TWEAK)
    expect(page.get_by_role("slider", name="Minimum conservative care")).to_be_visible()
    found = page.evaluate("""() => {
      const all = selector => [...document.querySelectorAll(selector)], style = one => getComputedStyle(one);
      return {
        words: [...new Set(all(".nbw svg text").map(one => style(one).fill))], ink: style(document.body).color,
        bare: all(".nbw-live button, .nbw-live .noUi-target").filter(one => style(one).borderTopWidth === "0px").length,
        current: all("header li a").filter(one => style(one).borderBottomWidth !== "0px").map(one => one.textContent),
      };
    }""")
    assert found["words"] == [found["ink"]]
    assert found["bare"] == 0
    assert found["current"] == ["Tweak thresholds"]
    page.context.close()


def test_two_pages_of_one_notebook_do_not_disturb_each_other(desk: Desk):
    first = opened(desk.new_page(), desk, TWEAK)
    second = opened(first.context.new_page(), desk, TWEAK)
    expect(first.get_by_role("slider", name="Minimum conservative care")).to_be_visible()
    number = lever(first)
    number.fill("8")
    number.press("Enter")
    moved = simulations.ask(provisions={"conservative_weeks": 8}).impact.finding() + "."
    expect(first.locator(".nbw-live").get_by_role("status").first).to_have_text(moved)
    first.wait_for_timeout(2_000)  # what rests is kept
    stands = "No lever is moved: this is the policy as it stands."
    expect(second.locator(".nbw-live").get_by_role("status").first).to_have_text(stands)
    expect(lever(second)).to_have_value("6")
    for page, value in ((first, "8"), (second, "6")):
        page.reload()
        expect(page.locator("body[data-ready]")).to_be_attached(timeout=90_000)
        expect(lever(page)).to_have_value(value)
    expect(first.locator(".nbw-live")).to_contain_text("The levers stand as you left them")
    for page in (first, second):
        page.close(run_before_unload=True)
    second.context.close()


SLOW = """
import os, time
from pathlib import Path
from ipykernel.connect import get_connection_file
Path(os.environ["WORKBOOK_WORKSPACE"], "running").write_text(Path(get_connection_file()).stem.partition("-")[2])
time.sleep(1)
"""


def test_a_page_that_is_left_before_it_is_ready_leaves_no_kernel(desk: Desk):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(desk.address).netloc, timeout=120)
    running = desk.workspace / "running"
    with with_cell(desk, SLOW), closing(connection):
        connection.request("GET", f"/app/{READ}", headers={"Authorization": f"token {TOKEN}"})
        with closing(connection.getresponse()):
            while not (running.is_file() and running.read_text("utf-8")):
                time.sleep(0.05)
    mine = running.read_text("utf-8")
    for _ in range(300):
        if mine not in {kernel["id"] for kernel in desk.api("kernels")}:
            break
        time.sleep(0.1)
    assert mine not in {kernel["id"] for kernel in desk.api("kernels")}


def test_a_kernel_ends_with_its_page_and_one_that_is_gone_is_told(desk: Desk):
    page = opened(desk.new_page(), desk, TWEAK)
    mine = page.locator("#jupyter-config-data").evaluate("config => JSON.parse(config.textContent).kernelId")
    assert mine in {kernel["id"] for kernel in desk.api("kernels")}
    page.goto(f"{desk.address}/app")
    expect(page.get_by_role("heading", level=1)).to_have_text("What do you want to do?")
    for _ in range(100):
        if mine not in {kernel["id"] for kernel in desk.api("kernels")}:
            break
        page.wait_for_timeout(100)
    assert mine not in {kernel["id"] for kernel in desk.api("kernels")}

    page.get_by_role("link", name="Tweak thresholds").first.click()
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=90_000)
    mine = page.locator("#jupyter-config-data").evaluate("config => JSON.parse(config.textContent).kernelId")
    desk.api(f"kernels/{mine}", "DELETE")
    expect(page.get_by_role("alert").filter(has_text="Nothing is running behind this page")).to_be_visible(
        timeout=30_000
    )
    page.get_by_role("button", name="Load the page again").click()
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=90_000)
    page.context.close()
