"""Committed notebooks are executed, in order, and say so: nbval skips a cell without a count, whatever it shows."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebooks.app.extension import BY_CODE
from notebooks.desk import STAGES
from simulations.runs.normalise import committed, normalised, written

ROOT = Path(__file__).resolve().parent.parent.parent
LINES = 15
MACHINE = re.compile(r"(?<![\w.<*~)}/-])/(?:home|root|work|tmp|Users|private|var)/|\b[A-Z]:\\\\?Users|0x[0-9a-f]{8,}")
WITHOUT_CODE = re.compile(r"[A-Za-z0-9+/=\n]{400,}")  # pictures


def shows(cell: NotebookNode) -> bool:
    """Whether the cell must have an output: its last statement is an expression, and no semicolon hides it."""
    body = ast.parse(cell.source).body
    return bool(body) and isinstance(body[-1], ast.Expr) and not cell.source.rstrip().endswith(";")


def faults(notebook: NotebookNode, template: bool) -> list[str]:
    """What is wrong with a notebook that is about to be committed."""
    found = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("code cells are not executed from top to bottom")
    tagged = [i for i, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", [])]
    if tagged != [0] and (template or tagged):
        found.append("needs one parameters cell, the first code cell")
    for number, cell in enumerate(code, 1):
        text = WITHOUT_CODE.sub("", str(cell.outputs))
        if len(cell.source.splitlines()) > LINES:
            found.append(f"code cell {number} is longer than {LINES} lines")
        if shows(cell) and not cell.outputs:
            found.append(f"code cell {number} shows nothing")
        if MACHINE.search(text):
            found.append(f"code cell {number} shows a path or an address")
        if any(o.output_type == "error" or o.get("name") == "stderr" for o in cell.outputs):
            found.append(f"code cell {number} shows an error or a warning")
        if any("image/png" in o.get("data", {}) and not o.data.get("text/plain", "").strip() for o in cell.outputs):
            found.append(f"code cell {number} shows a picture without words")
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not re.match(r"# .+\?$", first.source.splitlines()[0]):
        found.append("does not begin with a question as its title")
    if written(normalised(notebook)) != written(notebook):
        found.append("is not normalised: make notebooks")
    return found


@pytest.mark.parametrize("path", committed(), ids=lambda path: path.stem)
def test_a_committed_notebook_is_sound(path: Path):
    assert faults(nbformat.read(path, as_version=4), template=path.parent.name == "simulations") == []


@pytest.mark.parametrize("path", [path for path in committed() if path.stem in STAGES], ids=lambda path: path.stem)
def test_code_is_folded_and_what_is_for_its_readers_is_left_out_of_the_app(path: Path):
    """Each code cell has `source_hidden`, or the tag by-code, as all from "The same by code" on."""
    cells = nbformat.read(path, as_version=4).cells
    by_code = [BY_CODE in cell.metadata.get("tags", []) for cell in cells]
    for cell, apart in zip(cells, by_code, strict=True):
        assert cell.cell_type != "code" or apart or cell.metadata.get("jupyter", {}).get("source_hidden"), cell.source
    titles = [at for at, cell in enumerate(cells) if cell.source.startswith("## The same by code")]
    assert all(by_code[min(titles, default=len(cells)) :])
    assert not all(by_code)


def test_nothing_is_found_by_its_side_of_the_screen():
    """On a narrow page it stands elsewhere, and a screen reader has no sides (WCAG 1.3.3)."""
    told = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks").rglob("*.py")]
    sides = re.compile("on (?:the|your) (?:left|right)")
    assert [path.name for path in told if sides.search(path.read_text("utf-8"))] == []


def test_there_is_a_notebook_to_look_at():
    assert ROOT / "simulations" / "approval_impact.ipynb" in committed()


@pytest.fixture
def sound() -> NotebookNode:
    cells = [
        new_markdown_cell("# Is it sound?", id="title"),
        new_code_cell("size = 1", id="parameters", execution_count=1, metadata={"tags": ["parameters"]}),
        new_code_cell("size + 1", id="sum", execution_count=2, outputs=[result("2")]),
    ]
    return normalised(new_notebook(cells=cells))


def result(text: str, **data: str) -> NotebookNode:
    return new_output("execute_result", data={"text/plain": text, **data}, execution_count=2)


def test_a_sound_notebook_passes(sound: NotebookNode):
    assert faults(sound, template=True) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda nb: nb.cells[2].update(execution_count=None), "not executed"),
        (lambda nb: nb.cells[2].update(execution_count=3), "not executed"),
        (lambda nb: nb.cells[2].update(outputs=[]), "cell 2 shows nothing"),
        (lambda nb: nb.cells[1].metadata.update(tags=[]), "one parameters cell"),
        (lambda nb: nb.cells[2].metadata.update(tags=["parameters"]), "one parameters cell"),
        (lambda nb: nb.cells[2].update(source="\n".join(["1"] * 16)), "longer than 15 lines"),
        (lambda nb: nb.cells[2].update(outputs=[result("/" + "home/ann/x.csv")]), "path or an address"),
        (lambda nb: nb.cells[2].update(outputs=[result("<object at 0x7f74cdc56f20>")]), "path or an address"),
        (lambda nb: nb.cells[2].update(outputs=[result(" ", **{"image/png": "x"})]), "picture without words"),
        (
            lambda nb: nb.cells[2].outputs.append(new_output("stream", name="stderr", text="Warning")),
            "error or a warning",
        ),
        (lambda nb: nb.cells[0].update(source="# A statement"), "question"),
        (lambda nb: nb.metadata.update(papermill={"start_time": "now"}), "not normalised"),
    ],
)
def test_a_fault_is_found(sound: NotebookNode, spoil, fault: str):
    spoiled = copy.deepcopy(sound)
    spoil(spoiled)
    assert [text for text in faults(spoiled, template=True) if fault in text]
