"""JupyterLab as `workbook lab` starts it, or the pages of `workbook app`, and Debian's Chromium in front of it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "for-the-test-only"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE = 60_000  # milliseconds: how long a busy machine may take for anything is no finding
expect.set_options(timeout=PATIENCE)
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
VERBS = ("lab", "app")  # a story is told in both
IN_A_BROWSER = [  # the marks of a module whose tests need one; CI must have it
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("CI") != "true",
        reason="no Chromium is installed here: apt-get install chromium",
    ),
]


@dataclass
class Desk:
    """A browser in front of a running server; `outside` collects every request that would have left this machine."""

    browser: Browser
    address: str
    workspace: Path
    verb: str = "lab"
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, notebook: str, folder: str = "notebooks") -> Page:
        """A new page with a notebook; what happens to one that ships is not written to its file."""
        page = self.new_page()
        if self.verb == "app":
            page.goto(f"{self.address}/app/{notebook.removesuffix('.ipynb')}?token={TOKEN}")
            expect(page.locator("body[data-ready]")).to_be_attached(timeout=90_000)
            return page
        page.goto(f"{self.address}/lab/tree/{folder}/{notebook}?token={TOKEN}&reset")
        page.locator(".jp-Notebook").wait_for(timeout=60_000)
        page.get_by_text("| Idle").first.wait_for(timeout=60_000)
        page.keyboard.press("Control+b")  # the file list, to leave the room to the notebook
        return page

    def new_page(self) -> Page:
        """An empty page of a browser of its own, which reaches nothing but the server."""
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.route("**/*", self._only_here)
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        return page

    def _only_here(self, route: Route) -> None:
        request = route.request
        here = request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:"))
        if not here:
            self.outside.append(request.url)
        if not here or (request.method == "PUT" and "/api/contents/notebooks/" in request.url):
            route.abort()
        else:
            route.continue_()

    def shut_down(self) -> None:
        """End every kernel, as somebody does who goes home."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")

    def api(self, path: str, method: str = "GET") -> Any:
        """An answer of the server itself."""
        asked = urllib.request.Request(f"{self.address}/api/{path}?token={TOKEN}", method=method)
        with urllib.request.urlopen(asked) as told:
            return json.loads(told.read() or "null")


def run_all(page: Page) -> None:
    """In Lab; a page of the app has run when it is there."""
    if "/app/" in page.url:
        return
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def type_in_new_cell(page: Page, code: str) -> None:
    """Run `code` in a cell added below the one in use."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; one at a time in a process."""
    assert CHROMIUM, "CI must have Chromium; .ci/run installs it"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        browser.close()


@contextmanager
def lab(scratch: Path, verb: str = "lab") -> Iterator[Desk]:
    """Start the command and a browser, stop both; the server keeps its own files in `scratch`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = (
        "JUPYTER_RUNTIME_DIR",
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
        "IPYTHONDIR",
    )
    own: dict[str, Any] = {name: str(scratch / name.lower()) for name in kept} | {"JUPYTER_TOKEN": TOKEN}
    command = [sys.executable, "-c", "from simulations.cli.command import main; main()"]
    with (scratch / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, verb, "--no-browser", "--port", str(port), "--workspace", str(scratch / "mine")],
            cwd=ROOT,
            env=os.environ | own,
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, scratch / "lab.log")
            with chromium() as browser:
                yield Desk(browser, address, scratch / "mine", verb)
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/api?token={TOKEN}").close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text('utf-8')[-2000:]}")
