"""JupyterLab as `workbook lab` starts it, or the pages of `workbook app`, and Debian's Chromium in front of it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "for-the-test-only"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Names are found nowhere, so that no page reaches more than the server; to hold up each request would stop the cache.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
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
        """A new page with a notebook."""
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
        page.on("request", self._noted)
        kernels: set[str] = set()
        page.on("websocket", lambda socket: kernels.update(re.findall("/api/kernels/([^/]+)/", socket.url)))
        page.on("close", lambda _: self._ended(kernels))
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        return page

    def _noted(self, request: Request) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(request.url)

    def _ended(self, kernels: set[str]) -> None:
        """Those of a page of the app that a test closed: it tells when somebody leaves it, not when it is cut off.

        One that went on counting would take the time of the tests that follow.
        """
        for kernel in kernels if self.verb == "app" else ():
            with suppress(urllib.error.HTTPError):  # it ended with its page
                self.api(f"kernels/{kernel}", "DELETE")

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


@dataclass
class Server:
    """A running `workbook lab` or `workbook app`, and what its workspace held when it had started."""

    address: str
    workspace: Path
    verb: str
    at_first: dict[Path, bytes] = field(default_factory=dict)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """A browser in front of it; what is left in the workspace is no start for who comes next."""
        with chromium() as browser:
            desk = Desk(browser, self.address, self.workspace, self.verb)
            yield desk
            desk.shut_down()
        for path in sorted(self.workspace.rglob("*"), reverse=True):  # what lies in a folder before the folder
            if path.is_dir():
                with suppress(OSError):  # it holds what was there at first
                    path.rmdir()
            elif path not in self.at_first:
                path.unlink()
        for path, content in self.at_first.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)


Servers = Callable[[str], Server]  # the running one of a verb: the fixture `server`


@contextmanager
def lab(scratch: Path, verb: str = "lab") -> Iterator[Desk]:
    """A server of one's own, and a browser in front of it."""
    with serving(scratch, verb) as server, server.desk() as desk:
        yield desk


@contextmanager
def serving(scratch: Path, verb: str) -> Iterator[Server]:
    """Start the command, and stop it; the server keeps its own files in `scratch`."""
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
    command = [sys.executable, "-c", "from workbook import main; main()"]
    mine = scratch / "mine"
    with (scratch / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, verb, "--no-browser", "--port", str(port), "--workspace", str(mine)],
            cwd=ROOT,
            env=os.environ | own,
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, scratch / "lab.log")
            yield Server(address, mine, verb, {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()})
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
