"""What a panel keeps in the workspace, and the report of a scenario that was saved there."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from notebooks.page import esc, paste
from policy import load
from policy.model import Policy, Value
from policy.problems import ProblemsFound, refuse
from policy.reading.workspace import OPENED, SERVED, VARIABLE
from policy.storage.files import save
from simulations import Caseload
from simulations.population import default_for
from simulations.runs.again import as_options, reading

__all__ = [
    "base", "called", "command", "command_of_levers", "command_of_two", "forget", "found_again", "in_the_checkout",
    "keep", "kept_in", "linked_file", "make_report", "named_in_a_terminal", "reported", "seen",
]  # fmt: skip

_ROOT = Path(__file__).resolve().parent.parent
_SIZE, _SEED = 10_000, 1  # of a report where it names none


def base() -> Path:
    """Where a terminal stands: the folder that Lab serves, else the checkout that we are in, else this folder."""
    if SERVED in os.environ:
        return Path(os.environ[SERVED])
    here = Path.cwd().resolve()
    return _ROOT if (_ROOT / "pyproject.toml").is_file() and here.is_relative_to(_ROOT) else here


def kept_in() -> Path:
    """The workspace, as `workbook` finds it from there."""
    return base() / os.environ.get(VARIABLE, "workspace")


def seen(path: Path) -> str:
    """A path as it is written from there."""
    return path.relative_to(base()).as_posix() if path.is_relative_to(base()) else path.as_posix()


@contextmanager
def _wrong_as_seen(path: Path) -> Iterator[None]:
    """An error of the system as a problem of a file of the workspace, called as it is seen."""
    try:
        yield
    except OSError as error:
        raise refuse("write", seen(path), f"cannot be written ({error.strerror})") from None


def keep(path: Path, content: bytes) -> None:
    """Write a file of the workspace, in a folder that is made where there is none; raises ProblemsFound."""
    with _wrong_as_seen(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    save(path, content)


def forget(path: Path) -> None:
    """Remove a file of the workspace, where it is there; raises ProblemsFound."""
    with _wrong_as_seen(path):
        path.unlink(missing_ok=True)


# The report of a saved scenario ---------------------------------------------------------------------------------------

Say = Callable[[Path], str]  # what a file is called in a command


@dataclass(frozen=True)
class Report:
    """The arguments of `workbook` for a report, where it will be, and the line to paste into a terminal.

    The line works wherever the person stands: where the workspace is not the one of the checkout, which a command finds
    by itself, the line names it and every file in full.
    """

    arguments: tuple[str, ...]
    page: Path
    line: str


def command(scenario: str, policy: Policy, cases: Caseload) -> Report:
    """`workbook simulate` for a scenario of the workspace, over the policy and the cases of a panel."""
    return _report(
        scenario, {"--scenario": scenario, "--policy": policy}, [], policy, cases
    )  # a later version may be saved


def command_of_levers(provisions: Mapping[str, Value], policy: Policy, cases: Caseload, folder: str) -> Report:
    """`workbook simulate` for levers as they stand (lever -> value); `folder`: what the report is called."""
    return _report(folder, {"--policy": policy}, as_options(provisions), policy, cases)


def command_of_two(before: Policy, after: Policy, cases: Caseload) -> Report:
    """`workbook simulate` for one version held against another, over the cases of a panel."""
    folder = f"{after.id}_{after.version}_against_{before.version}"
    return _report(folder, {"--baseline": before, "--policy": after}, [], after, cases)


def _report(
    folder: str, named: Mapping[str, str | Policy], levers: list[str], policy: Policy, cases: Caseload
) -> Report:
    """`named`: option -> a name, or a policy; `policy`: the one that the cases are of."""
    out = kept_in() / "reports" / folder

    def words(say: Say) -> tuple[str, ...]:
        told = {option: one if isinstance(one, str) else named_in_a_terminal(one, say) for option, one in named.items()}
        asked = [word for pair in told.items() for word in pair]
        where = ["--workspace", say(kept_in())] if kept_in() != base() / "workspace" else []
        return ("simulate", *asked, *levers, *_of_cases(policy, cases, folder, say), *where, "--out", say(out))

    line = _quoted([_program(), *words(seen if in_the_checkout() else Path.as_posix)])
    return Report(words(seen), out / "approval_impact.html", line)


def _of_cases(policy: Policy, cases: Caseload, folder: str, say: Say) -> list[str]:
    """Which cases, and how a table of them is read."""
    words: list[str] = []
    if cases.path is not None:
        words += ["--population", say(cases.path.resolve())]
    elif cases.name != _own(policy):
        words += ["--population", cases.name]
    if cases.drawn:
        words += ["--size", str(cases.size)] if cases.size != _SIZE else []
        words += ["--seed", str(cases.seed)] if cases.seed != _SEED else []
    rejects = kept_in() / f"{folder}_rejects.csv" if cases.options.max_rejects is not None else None
    words += reading(cases.options, rejects, lambda file: say(Path(file).resolve()))
    return words + (["--exact"] if cases.people and cases.exact else [])


def in_the_checkout() -> bool:
    """Whether the workspace is the one that a command finds by itself, from where a terminal stands."""
    return kept_in() == base() / "workspace"


def reported(report: Report) -> str:
    """Where a report is, with a link in Lab, and the line that makes it again; ready HTML."""
    page = report.page if report.page.is_absolute() else base() / report.page
    served = SERVED in os.environ and page.is_relative_to(base())
    more = f" · {linked_file(page, download=True, text='Download it')}" if served else ""
    place = seen(page) if in_the_checkout() else page.as_posix()
    more += f"<br>It is one file, to be kept or sent: {esc(place)}" if served else ""
    return f"<p>The report: {linked_file(page)}{more}</p><p>Again in a terminal:</p>{paste(report.line)}"


def linked_file(path: Path, download: bool = False, text: str = "") -> str:
    """Where a file is, with a link where a server shows its folder; `download`: to keep it, not to look at it.

    `text`: what the link says in the place of the path.
    """
    shown = esc(text or seen(path))
    if SERVED not in os.environ or not path.is_relative_to(base()):
        return shown
    address = f"/files/{quote(seen(path))}{'?download=1' if download else ''}"
    return f'<a href="{esc(address)}" target="_blank" rel="noopener">{shown}</a>'


def called(policy: Policy) -> str | Path:
    """Where a policy is found again: its name, or the file that the notebooks were opened for."""
    opened = os.environ.get(OPENED)
    if not _is(policy, policy.name) and opened and _is(policy, opened):
        return Path(opened)
    return policy.name


def named_in_a_terminal(policy: Policy, say: Say = seen) -> str:
    """How a terminal calls a policy."""
    found = called(policy)
    return say(found) if isinstance(found, Path) else found


def found_again(policy: Policy) -> bool:
    """Whether what `called` says leads to this very policy, which may be a draft or come from elsewhere."""
    return _is(policy, str(called(policy)))


def _own(policy: Policy) -> str:
    """The population of a policy where none is named; empty where it has none."""
    try:
        return default_for(policy)
    except ProblemsFound:
        return ""


def _is(policy: Policy, name: str) -> bool:
    try:
        return load(name).fingerprint == policy.fingerprint
    except ProblemsFound:
        return False


def _quoted(words: list[str]) -> str:
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _program() -> str:
    """How to call this very `workbook` from where a terminal stands."""
    beside = Path(sys.executable).parent / ("workbook.exe" if os.name == "nt" else "workbook")
    if in_the_checkout() and beside.is_relative_to(base()):
        return str(beside.relative_to(base()))
    path = os.environ.get("PATH", os.defpath)
    if SERVED in os.environ:  # the first place is this program's own, which other terminals do not know
        path = path.partition(os.pathsep)[2]
    on_path = shutil.which("workbook", path=path)
    return "workbook" if not beside.exists() or (on_path and Path(on_path) == beside) else str(beside)


def make_report(report: Report) -> str:
    """Run it as a terminal would; what went wrong, empty when the report is there."""
    code = "from simulations.cli.command import main; main()"
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code, *report.arguments],
        cwd=base(), env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else (done.stderr.strip() or f"workbook ended with {done.returncode}")
