"""The notebooks served, in Lab or as pages: what ships can be read and run, what people make lies in the workspace."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.base.handlers import AuthenticatedFileHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Unicode, default

from policy import load
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, collecting, refuse
from policy.reading.loading import DOCUMENTS, policy_file
from policy.reading.workspace import CASES, IMPORT, OPENED, SERVED, VARIABLE, workspace
from policy.storage.files import save
from simulations.population.loading import is_table
from simulations.population.page import TABLES
from simulations.runs.outputs import Inputs
from simulations.runs.rejects import check_rejects, write_rejects
from simulations.studies.caseload import cases_of
from simulations.studies.import_options import PLAIN, ImportOptions

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("notebooks/*.ipynb", "notebooks/*.md", "simulations/*.ipynb", "policy/documents/*/*.yaml")
COPIES = "copies"  # the folder of the workspace for notebooks of one's own
_LINK = f"](../workspace/{COPIES}/"  # in start_here.md, as it is in a checkout


class Files(AuthenticatedFileHandler):
    """A file as it is, a report among them; also at an address that a person pastes into a new tab."""

    def check_xsrf_cookie(self) -> None:
        """As the server's own, which knows its own pages by the referer: a pasted address has none.

        A browser says by itself that a person asks, or this server's page; no page of elsewhere can say so.
        """
        if self.request.headers.get("Sec-Fetch-Site") not in ("none", "same-origin"):
            super().check_xsrf_cookie()


class Contents(AsyncLargeFileManager):
    """The files as Lab sees them: only the workspace can be written; a copy asked for there is made of what ships."""

    mine = Unicode(help="The workspace, seen from the folder that is served; empty where it is that folder.").tag(
        config=True
    )

    @default("files_handler_class")
    def _files(self) -> type[Files]:
        return Files

    def is_writable(self, path: str) -> bool:
        """Whether Lab may save here."""
        return self._mine(path) and bool(super().is_writable(path))

    def _mine(self, path: str) -> bool:
        parts, own = path.strip("/").split("/"), [p for p in self.mine.split("/") if p]
        if own:
            return parts[: len(own)] == own
        return parts[0] not in {pattern.partition("/")[0] for pattern in SHIPPED}

    def _check(self, path: str) -> None:
        if not self._mine(path):
            folder = f"{self.mine}/" if self.mine else ""
            name = path.strip("/").rpartition("/")[2]
            message = (
                f"{path.strip('/')} comes with the workbook and stays as it is. Work on a copy: save it as "
                f"{folder}{COPIES}/{name}, or follow a link under “A copy of my own” in start_here.md."
            )
            raise HTTPError(403, message, reason="Read-only")

    async def get(self, path: str, *args: Any, **options: Any) -> Any:
        """As it is; a notebook that ships is copied when its copy is asked for the first time."""
        folder, _, name = path.strip("/").rpartition("/")
        if folder == "/".join(filter(None, (self.mine, COPIES))) and name.endswith(".ipynb"):
            target = Path(self._get_os_path(path))
            sources = [ROOT / place / name for place in ("notebooks", "simulations")]
            if not target.exists() and (source := next((s for s in sources if s.is_file()), None)):
                target.parent.mkdir(parents=True, exist_ok=True)
                save(target, source.read_bytes())
        return await super().get(path, *args, **options)

    async def save(self, model: Any, path: str = "") -> Any:
        """Refused outside the workspace."""
        self._check(path)
        return await super().save(model, path)

    async def delete_file(self, path: str) -> Any:
        """Refused outside the workspace."""
        self._check(path)
        return await super().delete_file(path)

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        """Refused from and to what lies outside the workspace."""
        self._check(old_path)
        self._check(new_path)
        return await super().rename_file(old_path, new_path)

    async def copy(self, from_path: str, to_path: str | None = None) -> Any:
        """Refused to what lies outside the workspace."""
        self._check(from_path if to_path is None else f"{to_path}/{from_path.rpartition('/')[2]}")
        return await super().copy(from_path, to_path)

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> Any:
        """Refused outside the workspace."""
        self._check(path)
        return await super().restore_checkpoint(checkpoint_id, path)


class Opened(NamedTuple):
    """What the notebooks are opened with.

    `policy`: the one that they read where they name none, by name or by file; `cases`: a case table (CSV or Parquet) in
    the place of made-up cases, read with `importing`; `rejects`: a CSV file for its rows that have problems.
    """

    policy: str | None = None
    cases: str | None = None
    importing: ImportOptions = PLAIN
    rejects: str | None = None


def serve(port: int, browser: bool, opened: Opened) -> None:
    """Open Lab on 127.0.0.1 and stay until it is stopped; raises ProblemsFound for a workspace that cannot be made."""
    import jupyterlab.labapp

    folder, mine = prepared(*opened)
    settings = ROOT / "notebooks" / "settings"
    ServerApp.static_custom_path.tag(config=True)  # else it is read from nowhere but the user's own settings
    jupyterlab.labapp.main(argv=[
        *server(port, browser, folder, mine),
        f"--LabApp.app_settings_dir={settings}", "--LabApp.custom_css=True",
        f"--ServerApp.static_custom_path={settings}", f"--LabApp.extra_labextensions_path={settings / 'extensions'}",
        "--ServerApp.jpserver_extensions={'voila.server_extension': False}",  # Voila's own pages ask the internet
        "--LabApp.default_url=/lab/tree/notebooks/start_here.md", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
        *_shell(),
    ])  # fmt: skip


def serve_app(port: int, browser: bool, opened: Opened) -> None:
    """The same notebooks without their code, each as a page (notebooks/app); else as `serve`."""
    folder, mine = prepared(*opened)
    _Pages.launch_instance(argv=[
        *server(port, browser, folder, mine),
        "--ServerApp.default_url=/app", "--ServerApp.jpserver_extensions={'notebooks.app.extension': True}",
        "--ServerApp.kernel_manager_class=notebooks.app.kernels.WarmKernels",
        "--WarmKernels.cull_idle_timeout=600", "--WarmKernels.cull_interval=60",  # seconds without a page
    ])  # fmt: skip


class _Pages(ServerApp):
    """A server with no other extension than it is told of."""

    def find_server_extensions(self) -> None:
        """None of those that are installed, Lab among them, starts by itself."""


def prepared(
    policy: str | None, cases: str | None = None, importing: ImportOptions = PLAIN, rejects: str | None = None
) -> tuple[Path, str]:
    """The folder to serve and the workspace in it, with what the kernels are told in their environment."""
    _usable(Opened(policy, cases, importing, rejects))  # with its problems here, not in a cell
    if policy is not None:
        file = policy_file(policy)
        os.environ[OPENED] = policy if file.is_relative_to(DOCUMENTS) else str(file.resolve())
    for name in (CASES, IMPORT):
        os.environ.pop(name, None)
    if cases is not None:
        files = {name: str(Path(file).resolve()) for name, file in importing.files().items()}
        os.environ |= {CASES: str(Path(cases).resolve()), IMPORT: json.dumps(importing.given() | files)}
    kept = workspace().resolve()
    folder, mine = _arranged(kept)
    os.environ |= {VARIABLE: str(kept), SERVED: str(folder)}
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.chdir(folder)
    return folder, mine


def _usable(opened: Opened) -> None:
    """Read both once; raises ProblemsFound with what is wrong with either. Rejected rows are written."""
    policy, cases, importing, rejects = opened
    problems: list[Problem] = []
    read: Policy | None = None
    with collecting(problems):
        read = load(policy)
    if cases is None and importing.given():
        raise click.UsageError("--map, --ignore, --history, --rejects and --case-id-is-key need --cases")
    if cases is not None:
        inputs = Inputs().policy(policy).add("the case table", cases).beside(importing)
        with collecting(problems):
            check_rejects(rejects, inputs)
        with collecting(problems):
            _case_table(Path(cases), read, importing, None if problems else rejects)
    if problems:
        raise ProblemsFound(problems)


def _case_table(file: Path, policy: Policy | None, importing: ImportOptions, rejects: str | None) -> None:
    """Refuse what is no case table, or one that the policy cannot read, where there is a policy."""
    if not is_table(file):
        message = f"is no case table; name a file that ends in {' or '.join(TABLES)}, or a folder of Parquet files"
        raise refuse("cases", str(file), message)
    if policy:
        write_rejects(cases_of(policy, file, options=importing), rejects, "a notebook")
    elif not file.is_file():
        raise refuse("cases", str(file), "cannot be read (No such file or directory)")


def server(port: int, browser: bool, folder: Path, mine: str) -> list[str]:
    """The arguments of a Jupyter server: on 127.0.0.1 only, with its checks of token, host and origin."""
    # Sockets in the file system, not open ports, where there are any and their path (at most 107 bytes) has room.
    ipc = os.name != "nt" and len(os.fsencode(jupyter_runtime_dir())) < 50
    return [
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}",
        f"--ServerApp.open_browser={browser}", "--ServerApp.allow_remote_access=False",
        f"--ServerApp.contents_manager_class={__name__}.Contents", f"--Contents.mine={mine}",
        f"--ServerApp.allow_root={getattr(os, 'geteuid', lambda: 1)() == 0}",  # as in a container; still 127.0.0.1 only
    ] + (["--KernelManager.transport=ipc"] if ipc else [])  # fmt: skip


def _shell() -> list[str]:
    """No login shell in Lab's terminals: it would set PATH anew, and `workbook` would not be found."""
    if os.name == "nt":
        return []
    shell = os.environ.get("SHELL") or "sh"
    return [f"--ServerApp.terminado_settings={{'shell_command': [{shell!r}]}}"]


def _arranged(kept: Path) -> tuple[Path, str]:
    """The folder to serve, and the workspace in it: a checkout as it is, else copies in the workspace itself."""
    try:
        (kept / COPIES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refuse("write", str(workspace()), f"cannot be made ({error.strerror}); name a folder") from None
    if (ROOT / "pyproject.toml").is_file() and kept != ROOT and kept.is_relative_to(ROOT):
        return ROOT, kept.relative_to(ROOT).as_posix()
    for pattern in SHIPPED:
        for source in sorted(ROOT.glob(pattern)):
            target = kept / source.relative_to(ROOT)
            content = source.read_bytes().replace(_LINK.encode(), f"](../{COPIES}/".encode())
            if not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                save(target, content)
    return kept, ""
