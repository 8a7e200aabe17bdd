"""A notebook run by papermill itself, which assigns any name that it is given, refuses what is no parameter of it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import IPython
import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from policy.problems import ProblemsFound
from simulations.runs.parameters import check
from simulations.runs.run import FOLDER, shipped

TAGGED = """policy = "nerve_blocks"
scenario = None
provisions = {}
population = "seed_low_prevalence"
size = 10000
seed = 1
out = None
hide = False
lever = ""
names = []"""


def given(*lines: str) -> list[str]:
    """The cells of a kernel that papermill has given these parameters."""
    return ["", "%matplotlib inline", TAGGED, "\n".join(["# Parameters", *lines, ""]), "check()"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("conservative_weeks = 12", "conservative_weeks: is no parameter of this notebook (policy, scenario, "),
        ("conservative_weeks = 12", "a lever goes into provisions"),
        ("sed = 2", "did you mean seed?"),
        ("Size = 300", "did you mean size?"),
        ('hide = "false"', "hide: 'false' is of type str; write it as False"),
        ('hide = "maybe"', "hide: 'maybe' "),
        ("hide = 1", "hide: '1' must be true or false"),
        ("lever = 3", "lever: '3' is not text"),
        ('names = "P1"', "names: 'P1' is of type str; write it as ['P1']"),
        ('out = "no/such/folder"', "out: 'no/such/folder' is no folder that can be written"),
        ("out = 5", "out: '5' is no folder"),
    ],
)
def test_what_is_no_parameter_or_no_value_for_it_is_refused(line: str, said: str):
    with pytest.raises(ProblemsFound) as found:
        check(given(line))
    assert said in str(found.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(ProblemsFound) as found:
        check(given("a = 1", "size = 300", "hide = 'x'"))
    assert len(found.value.problems) == 2


def test_what_is_known_passes(tmp_path: Path):
    check(given("size = 300", "hide = True", "lever = 'relief_pct'", "names = ['P1']", "provisions = {'a': 1}"))
    check(given(f"out = {str(tmp_path)!r}", "scenario = None"))
    check(["", TAGGED, "mine = 3", "check()"])  # by hand, in Lab: nobody injected anything
    check(["", TAGGED, "# Parameters\nsize = 300\n", "mine = 3", "check()", "report = 3", "check()"])
    check(["", "# Parameters\nx = 3\n", "check()"])  # no template of ours


WRONG: dict[str, Any] = {"conservative_weeks": 12, "size": 300}


def begun(template: str) -> nbformat.NotebookNode:
    """A template up to the cell that refuses; what came after would be a fault of this test alone."""
    notebook = nbformat.read(FOLDER / f"{template}.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:2]
    for cell in notebook.cells:
        cell.outputs = []
    return notebook


@pytest.mark.parametrize("template", shipped())
def test_each_template_refuses_before_any_number(template: str, monkeypatch: pytest.MonkeyPatch):
    """With the cell that papermill puts there, run here instead of in a kernel."""
    ran, space = [""], {}
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(user_ns={"In": ran}))
    *before, last = [cell.source for cell in parameterize_notebook(load_notebook_node(begun(template)), WRONG).cells]
    assert len(before) == 2
    for source in before:
        ran.append(source)
        exec(source, space)
    ran.append(last)
    with pytest.raises(ProblemsFound, match="conservative_weeks: is no parameter of this notebook"):
        exec(last, space)
    assert "asked" not in space


def test_a_kernel_refuses_as_well():
    wrong, notebook = WRONG | {"hide_small_cells": "false"}, begun("subgroup_gaps")
    with pytest.raises(PapermillExecutionError, match="conservative_weeks: is no parameter of this notebook") as found:
        papermill.execute_notebook(notebook, None, parameters=wrong, progress_bar=False, cwd=FOLDER)
    assert found.value.ename == "ProblemsFound"
    assert "hide_small_cells: 'false' is of type str; write it as False" in str(found.value)
