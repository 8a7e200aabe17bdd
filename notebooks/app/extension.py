"""An extension of the Jupyter server: the start page, a page for each notebook, and what its front end asks for.

The server's own checks hold for all of it: token, host and origin. Voila renders the notebook and brings the widgets.
"""

import json
import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import jinja2
from jupyter_server.base.handlers import APIHandler, FileFindHandler, JupyterHandler
from jupyter_server.serverapp import ServerApp
from nbformat import NotebookNode, v4
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated
from voila import __version__
from voila.configuration import VoilaConfiguration
from voila.notebook_renderer import NotebookRenderer
from voila.paths import collect_static_paths, collect_template_paths
from voila.static_file_handler import MultiStaticFileHandler
from voila.utils import get_page_config, get_voila_labextensions_path

from notebooks.app.kernels import WarmKernels
from notebooks.desk import STAGES
from policy import load
from policy.problems import ProblemsFound
from policy.reading.workspace import CASES, workspace
from simulations.runs.normalise import PATIENT

FOLDER = Path(__file__).resolve().parent
NAMES = FOLDER.parent / "settings" / "extensions" / "workbook" / "static"  # one script is Lab's too
BY_CODE = "by-code"  # the tag of a cell that is for those who read code: it is neither run nor shown here
BASE = "lab"  # the template of Voila that ours stands on
OFF = ["@jupyterlab/mathjax-extension", "@jupyterlab/mathjax2-extension"]  # text of a policy is never mathematics
ASSETS = f"/app/assets/{__version__}"
EVER = 365 * 86_400  # seconds
REST = 3  # seconds for the new page's own start, before another kernel takes a processor


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Add the pages to the server and let the first kernels start."""
    settings = VoilaConfiguration(
        parent=server, template=BASE, allow_template_override="NO", allow_theme_override="NO", show_tracebacks=True,
        extension_allowlist=["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager"],
    )  # fmt: skip
    shown = Shown(settings)
    settings.config.NotebookClient.update(PATIENT)
    server.web_app.add_handlers(".*$", [
        (r"/app/?", Start, {"shown": shown}),
        (r"/app/(\w+?)(?:\.ipynb)?", Page, {"shown": shown}),
        (r"/voila/api/shutdown/(.*)", Leave),
        (f"{ASSETS}/static/(.*)", Assets, {"paths": collect_static_paths(["voila", "nbconvert"], BASE)}),
        (f"{ASSETS}/extensions/(.*)", Extensions, {"path": get_voila_labextensions_path()}),
    ])  # fmt: skip
    server.io_loop.add_callback(cast(WarmKernels, server.kernel_manager).fill)


class Shown:
    """What the pages have in common: the policy, the notebooks that are there, the look."""

    def __init__(self, settings: VoilaConfiguration):
        self.settings = settings
        self.paths = [str(FOLDER), str(NAMES), *collect_template_paths(["voila", "nbconvert"], BASE)]
        self.pages = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)

    def _policy(self) -> str:
        """What is opened now: a version that was saved meanwhile may be what the name of the policy alone means."""
        try:
            policy = load()
        except ProblemsFound:
            return ""  # each page tells it
        return f"{policy.title}, version {policy.version} ({policy.status})"

    def common(self, here: str, nonce: str, folder: Path) -> dict[str, Any]:
        """What the frame around every page needs; `questions`: notebook -> its title, which is a question."""
        stages = {name: text for name, text in STAGES.items() if (folder / f"{name}.ipynb").is_file()}
        questions = {name: question(folder / f"{name}.ipynb") for name in stages}
        return {
            "here": here, "stages": stages, "questions": questions, "policy": self._policy(), "nonce": nonce,
            "assets": ASSETS, "cases": Path(os.environ.get(CASES, "")).name,
        }  # fmt: skip


def question(notebook: Path) -> str:
    """The title of a notebook: the first heading of its first cell."""
    text = "".join(json.loads(notebook.read_bytes())["cells"][0]["source"])
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else notebook.stem


def reports(root: Path) -> dict[str, str]:
    """Each report that was made in the workspace -> its address; none where the workspace is not under `root`."""
    pages = sorted(workspace().glob("reports/*/*.html")) if workspace().is_relative_to(root) else []
    return {
        f"{page.parent.name}: {page.stem.replace('_', ' ')}": f"/files/{quote(page.relative_to(root).as_posix())}"
        for page in pages
    }


class Framed(JupyterHandler):
    """A page of ours: no address but this server's can give it a script, a style or a picture."""

    def initialize(self, shown: Shown) -> None:
        self.shown = shown

    @cached_property
    def nonce(self) -> str:
        """What tells our own scripts in this page from any that would get into it."""
        return secrets.token_urlsafe(16)

    @property
    def content_security_policy(self) -> str:
        """What the page may load."""
        own = f"'self' 'nonce-{self.nonce}'"
        return (
            f"default-src 'self'; script-src {own}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'self'"
        )

    async def prepare(self, **options: Any) -> None:
        """As the server's own, and from no other origin, though a page is only read: it starts a kernel."""
        await super().prepare(**options)
        if not self.check_origin():
            raise HTTPError(404)

    def plain(self) -> bool:
        """Whether the address has no query; a token in it has done its work, and goes from the address and history."""
        if self.request.query:
            self.redirect(quote(self.request.path))
            return False
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        return True

    def folder(self) -> Path:
        """Where the notebooks are served from."""
        return Path(self.contents_manager.root_dir) / "notebooks"

    def common(self, here: str) -> dict[str, Any]:
        """What the frame around this page needs."""
        _ = self.xsrf_token  # sets the cookie that the front end sends back
        return self.shown.common(here, self.nonce, self.folder())


class Start(Framed):
    """Which notebook answers which question."""

    @authenticated
    def get(self) -> None:
        """The start page."""
        if self.plain():
            made = reports(self.folder().parent)
            self.finish(self.shown.pages.get_template("start.html.j2").render(self.common(""), reports=made))


class Page(Framed):
    """A notebook, run for whoever opens it, without its code."""

    @authenticated
    async def get(self, name: str) -> None:
        """The page, as far as it is ready at once and the rest as its cells are run."""
        common = self.common(name)
        if name not in common["stages"]:
            raise HTTPError(404)
        if not self.plain():
            return
        kernels, kernel = cast(WarmKernels, self.kernel_manager), ""
        try:
            renderer = await self._renderer(name, common)
            kernel = await kernels.take(name)
            renderer.notebook.cells.insert(0, v4.new_code_cell(_SEAT.format(seat=kernels.seats[kernel])))
            async for part, _ in renderer.generate_content_generator(kernel, kernels.get_kernel(kernel)):
                self.write(part)
                await self.flush()
        except StreamClosedError:  # left before it was ready
            if kernel in kernels:
                await kernels.shutdown_kernel(kernel, now=True)
        except Exception:
            self.log.exception("a page could not be made")
            self.write(self.shown.pages.get_template("incomplete.html.j2").render(wrong=""))
        finally:
            IOLoop.current().call_later(REST, kernels.fill)

    async def _renderer(self, name: str, common: dict[str, Any]) -> NotebookRenderer:
        config = {"base_url": self.base_url, "settings": self.settings, "log": self.log}
        page_config = get_page_config(**config, voila_configuration=self.shown.settings) | {
            "fullStaticUrl": f"{ASSETS}/static", "fullLabextensionsUrl": f"{ASSETS}/extensions",
            "fullMathjaxUrl": "null", "mathjaxConfig": "null", "disabledExtensions": OFF,
        }  # fmt: skip
        renderer = NotebookRenderer(
            request_handler=self, voila_configuration=self.shown.settings, traitlet_config=self.shown.settings.config,
            notebook_path=f"notebooks/{name}.ipynb", template_paths=self.shown.paths,
            config_manager=self.config_manager, contents_manager=self.contents_manager, base_url=self.base_url,
            kernel_spec_manager=self.kernel_spec_manager, page_config=page_config,
        )  # fmt: skip
        await renderer.initialize()
        renderer.notebook.cells = [cell for cell in renderer.notebook.cells if not _for_code(cell)]
        renderer.resources["workbook"] = common
        return renderer


_SEAT = "import os\nos.environ['JPY_SESSION_NAME'] = {seat!r}"  # where a panel keeps what is not saved


def _for_code(cell: NotebookNode) -> bool:
    return BY_CODE in cell.metadata.get("tags", [])


class Leave(APIHandler):
    """Ends the kernel of a page that is closed."""

    def check_xsrf_cookie(self) -> None:
        """A page that closes can send no token along; its origin, which every browser tells, must be this server."""
        if hasattr(self, "_jupyter_current_user") and not (self.request.headers.get("Origin") and self.check_origin()):
            raise HTTPError(403)  # before the user is known the server asks too early, and asks again

    @authenticated
    async def post(self, kernel: str) -> None:
        """End it, unless it is gone."""
        if kernel in self.kernel_manager:
            await self.kernel_manager.shutdown_kernel(kernel, now=True)
        self.set_status(204)
        self.finish()


class Assets(MultiStaticFileHandler):  # type: ignore[misc]
    """The front end; its version is in the address, so a browser need not ask again."""

    def get_cache_time(self, *_: Any) -> int:
        """Seconds."""
        return EVER


class Extensions(FileFindHandler):
    """The widgets; the names of their files change with what is in them."""

    def get_cache_time(self, *_: Any) -> int:
        """Seconds."""
        return EVER
