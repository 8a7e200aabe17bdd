"""The one way to run a notebook of this folder: checked before a kernel starts, written whole or not at all."""

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from policy.model import OUTCOMES, as_word
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from policy.reading.loading import DEFAULT, by_version, outline, policy_file
from policy.storage.files import fill, said, save
from policy.storage.locks import real
from policy.storage.scratch import scratch
from policy.trees.policies import changes_of_values
from simulations.population import default_for
from simulations.reports import report
from simulations.runs import again
from simulations.runs.brought import brought, by_file, exactly, is_file, own_files, population_by_file
from simulations.runs.earlier_reports import only_a_report
from simulations.runs.needs import check_needs
from simulations.runs.outputs import Inputs, check_folder
from simulations.runs.parameters import PARAMETERS, defaults, own_parameters
from simulations.runs.rejects import alone_if_too_many, check_rejects, put_back, rejects_table, with_rejects
from simulations.storage.checkpoint import WHERE, watched
from simulations.storage.folders import folder, listing
from simulations.studies.comparison import Study, ask, drawn
from simulations.studies.import_options import PLAIN, ImportOptions, options_of

if TYPE_CHECKING:  # notebook libraries are imported where they are used: the command line must not wait for them
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent
INJECTED_TAG = "injected-parameters"
SUMMARY = "summary.json"
_OUT = "results"  # where the notebook writes, inside the folder it runs in


def shipped() -> tuple[str, ...]:
    """Names of the notebooks that `simulate` can run."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))


def simulate(
    template: str | Path = "approval_impact", policy: str | Path = DEFAULT, scenario: str | Path | None = None,
    provisions: Mapping[str, object] | None = None, population: str | Path | None = None, size: int | None = None,
    seed: int | None = None, out: str | Path = "out", parameters: Mapping[str, object] | None = None,
    progress: bool = False, exact: bool = False, baseline: str | Path | None = None, as_of: str | None = None,
    import_options: Mapping[str, object] | ImportOptions | None = None, rejects: str | Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Run a notebook on a question and write what it finds to the folder `out`; the content of summary.json comes back.

    `template`: the name of a notebook that ships, or a path to one with the same parameters; for the rest see `ask`.
    `parameters`: values of the parameters that only this notebook has, checked against its own tagged cell.
    `exact` (the owner's own view of people, not for release), `baseline`, `as_of`, `import_options`: the notebook needs
    such a parameter. `rejects`: a CSV file for the rows of a case table that have problems; folder and file are new, or
    neither is; with too many such rows the file alone.
    `progress`: bars on stderr. A run that was cut off is taken up at its checkpoint, by a notebook that keeps one.
    Raises ProblemsFound, nothing being written, for unusable input (before a kernel starts) and a notebook that fails.
    """
    question = _Question(policy, scenario, provisions, population, size, seed, baseline, as_of)
    asked, notebook, own, how = _checked(question, template, out, parameters, exact, import_options, rejects)
    named, values, line = _told(question, asked, template, own, out, again.reading(how, rejects))
    checkpoint = _checkpoint(Path(out))
    with put_back(rejects), folder(Path(out), only_a_report) as work:
        with scratch() as cwd, watched(checkpoint, progress):
            known = brought(cwd, named) | values | {key: own_files(cwd, key, own[key]) for key in own}
            summary, files = _report(notebook, asked, known, cwd, checkpoint, progress, Path(template).stem, line)
        with said(Path(out)):
            fill(work, files)
        if rejects is not None:
            save(Path(rejects), rejects_table(asked.cases.rejected, asked.cases.name))
    checkpoint.unlink(missing_ok=True)
    return summary


class _Question(NamedTuple):
    """What is asked, as `ask` takes it."""

    policy: str | Path
    scenario: str | Path | None
    provisions: Mapping[str, object] | None
    population: str | Path | None
    size: int | None
    seed: int | None
    baseline: str | Path | None
    as_of: str | None


def _checked(
    question: _Question, template: str | Path, out: str | Path, parameters: Mapping[str, object] | None, exact: bool,
    import_options: Mapping[str, object] | ImportOptions | None, rejects: str | Path | None,
) -> "tuple[Study, NotebookNode, dict[str, Any], ImportOptions]":  # fmt: skip
    """The question with its cases, the notebook, the parameters that only it has, and how a case table is read.

    Raises ProblemsFound with the problems of all of them.
    """
    policy, scenario, provisions, population, size, seed, baseline, as_of = question
    problems: list[Problem] = []
    asked: Study | None = None
    notebook: NotebookNode | None = None
    own: dict[str, Any] = {}
    how = PLAIN
    with collecting(problems):
        how = with_rejects(options_of(import_options), rejects)
        ours = _ours(policy, baseline, as_of, exact, how)
        notebook = _template(template)
        own = own_parameters(_tagged(notebook).source, {**(parameters or {}), **ours}, Path(template).name)
    inputs = _inputs(template, policy, scenario, population, own).policy(baseline).beside(how)
    with collecting(problems):
        check_folder(str(out), inputs, only_a_report)
    with collecting(problems):
        check_rejects(rejects, inputs, out)
    with collecting(problems), alone_if_too_many(None if problems else rejects, out):
        asked = ask(policy, scenario, provisions, population, size, seed, *_also(own, as_of), import_options=how)
        check_needs(Path(template).stem, asked, own)
    if problems or asked is None or notebook is None:
        raise ProblemsFound(dict.fromkeys(problems))
    return asked, notebook, own, how


def _told(
    question: _Question, asked: Study, template: str | Path, own: Mapping[str, Any], out: str | Path, table: list[str]
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """What the notebook is told, by name or file and as values, and the command that makes the report again."""
    policy, scenario, provisions, population, size, seed, baseline, as_of = question
    cases, _, first = drawn(scenario, asked.plan, population, size, seed)
    cases = cases if cases is not None else default_for(asked.policy)
    named = {**by_file(policy, scenario, as_of), "population": population_by_file(cases)}
    moved, luck = _canonical(asked, provisions), {"size": asked.cases.size, "seed": int(first)}
    asking = {"policy": by_version(policy, as_of), "scenario": scenario, "population": population}
    against = None if baseline is None else by_version(baseline, as_of)
    numbers = luck if asked.cases.drawn else {}
    line = again.command(template, asking, moved, numbers, {**own, "baseline": against}, out, table)
    return named, {"provisions": moved, **luck}, line


def _report(
    notebook: "NotebookNode",
    asked: Study,
    values: dict[str, Any],
    cwd: Path,
    checkpoint: Path,
    progress: bool,
    name: str,
    line: str,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The summary and every file of the report, from a kernel that runs in `cwd`."""
    (cwd / _OUT).mkdir()
    ran = _finished(_executed(notebook, {**values, "out": _OUT}, cwd, checkpoint, progress, name), name)
    summary = _summary(cwd / _OUT, asked, name)
    summary["stamp"] = {"template": name, "cells_run": _code_cells(ran), "complete": True, "command": line}
    files = {file.name: file.read_bytes() for file in sorted((cwd / _OUT).iterdir()) if file.name != SUMMARY}
    files |= {f"{name}.ipynb": _written(ran), f"{name}.html": _page(ran, summary)}
    summary["files"] = listing(files)
    return summary, {**files, SUMMARY: report.json_bytes(summary)}


def _inputs(
    template: str | Path, policy: str | Path, scenario: str | Path | None, population: str | Path | None,
    own: Mapping[str, Any],
) -> Inputs:  # fmt: skip
    """The files that a run reads."""
    found = Inputs().policy(policy).scenario(scenario).population(population)
    found.add("the notebook", FOLDER / f"{template}.ipynb" if str(template) in shipped() else template)
    for value in own.values():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and is_file(word):
                found.add("a file", word)
    return found


# Before the kernel ---------------------------------------------------------------------------------------------------


def _template(template: str | Path) -> "NotebookNode":
    """The notebook, refused unless its first code cell, and no other, is tagged and sets exactly what we pass."""
    import nbformat

    path = FOLDER / f"{template}.ipynb" if str(template) in shipped() else Path(template)
    place = str(template)
    if path.suffix != ".ipynb":
        message = f"{shown(template)} is no notebook that ships ({listed(shipped())}) and no .ipynb file"
        raise refuse("unknown-template", "template", message + nearest(str(template), shipped()))
    try:
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except OSError as error:
        raise refuse("read", place, f"cannot be read ({error.strerror})") from None
    except (ValueError, nbformat.ValidationError, nbformat.reader.NotJSONError) as error:
        raise refuse("template", place, f"is not a notebook ({str(error).splitlines()[0][:80]})") from None
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [i for i, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", [])]
    if tagged != [0]:
        message = f"needs one cell tagged 'parameters', the first code cell; {len(tagged)} cells are tagged"
        raise refuse("template", place, message)
    set_here = defaults(code[0].source, place)
    if missing := [name for name in PARAMETERS if name not in set_here]:
        raise refuse("template", place, f"its parameters cell does not set {', '.join(missing)}")
    return notebook


def _tagged(notebook: "NotebookNode") -> "NotebookNode":
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def _checkpoint(out: Path) -> Path:
    """Where a long run keeps its results until it is done: beside the folder that it will write."""
    return real(out).with_name(f".{real(out).name}.unfinished")


def _canonical(asked: Study, provisions: Mapping[str, object] | None) -> dict[str, int | str]:
    """The provisions as numbers and words that a notebook cell can hold: a decimal number as its text."""
    values = {name: asked.scenario[name] for name in provisions or {}}
    return {name: value if isinstance(value, int) else as_word(value) for name, value in values.items()}


def _ours(
    policy: str | Path, baseline: str | Path | None, as_of: str | None, exact: bool, how: ImportOptions
) -> dict[str, object]:
    """What the caller asks of a notebook that has a parameter for it."""
    against = None if baseline is None else exactly(baseline, as_of)
    ours = {"exact": exact or None, "baseline": against, "as_of": _day_needed(policy, baseline, as_of),
            "import_options": how.given() or None}  # fmt: skip
    return {name: value for name, value in ours.items() if value is not None}


def _also(own: Mapping[str, Any], as_of: str | None) -> tuple[bool, str | None, str | None]:
    """Of the parameters of a notebook those that are part of the question."""
    return bool(own.get("exact")), own.get("baseline"), as_of or own.get("as_of")


def _day_needed(policy: str | Path, baseline: str | Path | None, as_of: str | None) -> str | None:
    """The day, where some lever has dated values, so that the notebook must know it too."""
    named = [name for name in (policy, baseline) if name is not None]
    return as_of if as_of and any(changes_of_values(outline(policy_file(name, as_of))) for name in named) else None


# The kernel ----------------------------------------------------------------------------------------------------------


def _executed(
    notebook: "NotebookNode", values: dict[str, Any], cwd: Path, checkpoint: Path, progress: bool, name: str
) -> "NotebookNode":
    """The notebook after all its cells ran in `cwd`; ProblemsFound names the cell that failed."""
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from simulations.runs.normalise import KERNEL, PATIENT

    notebook.metadata.update(kernelspec=dict(KERNEL), language_info={"name": "python"})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # a failure is said once, by us
    options = {"kernel_name": "python3", "extra_arguments": ["--log-level=CRITICAL"], **_transport(), **PATIENT}
    try:
        with _surroundings(cwd, checkpoint):
            ran: NotebookNode = papermill.execute_notebook(
                notebook, None, parameters=values, progress_bar=progress, cwd=cwd, **options
            )
    except PapermillExecutionError as error:
        position = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        where = sum(1 for i in position if i < error.cell_index)  # the injected cell takes one place
        if error.ename == ProblemsFound.__name__:  # input that only the notebook can judge
            lines = str(error.evalue).splitlines()
            raise ProblemsFound(Problem("refused", f"{name}.ipynb", _plain(line, 1000)) for line in lines) from None
        what = f"{error.ename}: {error.evalue}".splitlines()[0] if error.evalue else str(error.ename)
        raise refuse(
            "cell", f"{name}.ipynb", f"code cell {where} failed with {_plain(what)}; nothing was written"
        ) from None
    except NoSuchKernel:
        message = "no Python kernel is installed here: make setup, or pip install ipykernel"
        raise refuse("kernel", f"{name}.ipynb", message) from None
    except DeadKernelError:
        raise refuse("kernel", f"{name}.ipynb", "the kernel died (out of memory?); nothing was written") from None
    return ran


def _transport() -> dict[str, Any]:
    """The kernel's own file lies with the run's, which the next start sweeps; sockets in the file system, no TCP ports.

    Without a name for it that file would lie in the folder for temporary files, and a killed run would leave it there.
    """
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.paths import jupyter_runtime_dir

    class OwnKernelManager(AsyncKernelManager):
        def __init__(self, **options: Any):
            folder = Path(jupyter_runtime_dir())
            folder.mkdir(parents=True, exist_ok=True)
            sockets = {} if os.name == "nt" else {"transport": "ipc", "ip": "kernel-ipc"}
            super().__init__(**options, connection_file=str(folder / "kernel.json"), **sockets)

    return {"kernel_manager_class": OwnKernelManager}


@contextlib.contextmanager
def _surroundings(cwd: Path, checkpoint: Path) -> Iterator[None]:
    """The kernel finds this checkout, installed or not, keeps its files in `cwd` and reads nobody's start-up files."""
    path = [str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {
        "PYTHONPATH": os.pathsep.join(path),
        "IPYTHONDIR": str(cwd / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(cwd / "kernel"),
        WHERE: str(checkpoint.absolute()),
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _plain(text: str, most: int = 200) -> str:
    return "".join(c for c in text[:most] if c.isprintable())


# After the kernel ----------------------------------------------------------------------------------------------------


def _code_cells(notebook: "NotebookNode") -> int:
    return sum(cell.cell_type == "code" for cell in notebook.cells)


def _finished(ran: "NotebookNode", name: str) -> "NotebookNode":
    """The executed notebook without times and paths; refused unless every cell ran, in order and without error."""
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    errors = any(output.output_type == "error" for cell in code for output in cell.outputs)
    if errors or [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        raise refuse("unfinished", f"{name}.ipynb", "not every cell ran to its end; nothing was written")
    from simulations.runs.normalise import normalised

    plain = normalised(ran)
    for cell in plain.cells:
        if INJECTED_TAG in cell.metadata.get("tags", []):
            cell.id = INJECTED_TAG
            cell.source = cell.source.replace(f'out = "{_OUT}"', "out = None")
    return plain


def _written(notebook: "NotebookNode") -> bytes:
    from simulations.runs.normalise import written

    return written(notebook)


def _summary(results: Path, asked: Study, name: str) -> dict[str, Any]:
    """What the notebook wrote, refused unless it answers the question that was asked and its counts add up."""
    try:
        found: dict[str, Any] = json.loads((results / SUMMARY).read_bytes())
        told = [[found["outcomes"][kind][word] for word in OUTCOMES] for kind in ("baseline", "scenario")]
        withheld = "withheld" in found["outcomes"] and any(None in counts for counts in told)
        answers = {
            "policy": found["policy"]["fingerprint"] == asked.document.fingerprint,
            "baseline": not asked.version or found["baseline"]["fingerprint"] == asked.policy.fingerprint,
            "scenario": found["scenario"]["provisions"] == asked.provisions(),
            "population": found["population"] == asked.cases.source(),
            "outcomes": withheld or [sum(counts) for counts in told] == [asked.cases.size] * 2,
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refuse("summary", f"{name}.ipynb", f"wrote no usable summary.json ({type(error).__name__})") from None
    found.setdefault("headline", str(found.get("finding", "")))
    if wrong := [key for key, right in answers.items() if not right]:
        raise refuse(
            "summary", f"{name}.ipynb", f"answers another question: {', '.join(wrong)} of its summary.json differ"
        )
    return found


def _page(notebook: "NotebookNode", summary: dict[str, Any]) -> bytes:
    """The notebook as one page that needs nothing else: no code, no script, no network."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="policy_report", extra_template_basedirs=[str(FOLDER / "templates")], exclude_anchor_links=True
    )
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    title = next((line.lstrip("# ") for text in prose for line in text.splitlines() if line.startswith("# ")), "Report")
    body, _ = exporter.from_notebook_node(notebook, {"summary": summary, "title": title})
    return f"{body.strip()}\n".encode()
