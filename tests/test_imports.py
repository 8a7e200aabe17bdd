"""Imports run one way. The sources are read, not imported, so a broken module cannot hide a wrong direction."""

import ast
import importlib
import json
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("policy", "simulations", "notebooks")

ORDER = ("truth", "problems", "reading", "criteria", "model", "validation", "document")
ON_THE_MODEL = ("evaluation", "sql", "difference")  # explanation asks evaluation: one evaluator, not two
BELOW_SQL = ("policy.sql", "policy.evaluation.determination")  # which branches are still possible is said once
ONLY_IN = {
    "ipywidgets": {"notebooks.controls", "notebooks.panels"},
    "papermill": {"simulations.runs.run"},
    "matplotlib": {"notebooks.panels"},  # and simulations.*_chart
}
FOR_NOTEBOOKS = {"policy", "simulations", "notebooks", "panels"} | sys.stdlib_module_names


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imported(source: str, package: str = "") -> set[str]:
    """Every name that `source` imports, wherever it stands; `from a import b` gives `a.b`, as b may be a module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def as_module(name: str, modules: set[str]) -> str:
    """The module of ours that an imported name lies in, else its top-level name."""
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name


def graph(sources: dict[str, str], packages: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """Module -> what it imports, our own by full name, others by top-level name."""
    modules = set(sources)
    found = {}
    for name, source in sources.items():
        inside = name if name in packages else name.rpartition(".")[0]
        found[name] = {as_module(target, modules) for target in imported(source, inside)} - {name}
    return found


def whole(module: str) -> str:
    """A package inside the core stands where a module of its name would."""
    return "policy.sql" if module.startswith("policy.sql.") else module


def wrong_directions(imports: dict[str, set[str]]) -> list[str]:
    """The imports that run against the house order, as 'importer -> imported'."""
    order = {f"policy.{name}": rank for rank, name in enumerate(ORDER)}
    leaves = {f"policy.{name}" for name in ON_THE_MODEL}
    wrong = []
    for module, targets in imports.items():
        importer = whole(module)
        for target in sorted({whole(name) for name in targets} - {importer}):
            against_order = importer in order and target in order and order[target] >= order[importer]
            below_the_model = order.get(importer, len(ORDER)) <= order["policy.model"] and target in leaves
            elsewhere_on_it = target in leaves and (importer, target) != BELOW_SQL
            not_on_the_model = importer in leaves and (elsewhere_on_it or order.get(target, 0) > order["policy.model"])
            core = importer.startswith("policy") and not importer.startswith("policy.authoring")
            upwards = (
                (core and target.startswith("policy.authoring"))
                or (importer.startswith("policy") and target.split(".")[0] in {"simulations", "notebooks"})
                or (importer.startswith("simulations") and target.startswith("notebooks"))
            )
            top = target.split(".")[0]
            drawn = top == "matplotlib" and importer.startswith("simulations.") and importer.endswith("_chart")
            elsewhere = top in ONLY_IN and importer not in ONLY_IN[top] and not drawn
            if against_order or below_the_model or not_on_the_model or upwards or elsewhere:
                wrong.append(f"{importer} -> {target}")
    return wrong


def cycle(imports: dict[str, set[str]]) -> list[str]:
    """The modules of one import cycle in order, or nothing."""
    try:
        TopologicalSorter({name: targets & imports.keys() for name, targets in imports.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def ours() -> dict[str, set[str]]:
    packages = frozenset(name for name, path in SOURCES.items() if path.name == "__init__.py")
    return graph({name: path.read_text("utf-8") for name, path in SOURCES.items()}, packages)


@pytest.mark.parametrize("package", ["policy", "simulations"])
def test_there_is_something_to_read(package: str):
    assert [name for name in SOURCES if name.startswith(f"{package}.")]


def test_imports_run_one_way():
    assert wrong_directions(ours()) == []


def test_no_module_needs_itself():
    assert cycle(ours()) == []


@pytest.mark.parametrize("package", ["policy", "simulations"])
def test_a_front_door_has_every_name_that_it_promises_and_no_other(package: str):
    """Some are imported only when asked for; a name is then what its own module calls by it."""
    door = importlib.import_module(package)
    promised = imported(SOURCES[package].read_text("utf-8"))
    for name in door.__all__:
        found = getattr(door, name)
        (home,) = {full.rpartition(".")[0] for full in promised if full.endswith(f".{name}")}
        assert found is getattr(importlib.import_module(home), name)
        assert name in dir(door)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        getattr(door, "nothing")  # noqa: B009


def notebook_imports() -> list[tuple[str, str]]:
    found = []
    for path in sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "simulations").glob("*.ipynb")]):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        plain = "\n".join(line for text in code for line in text.splitlines() if not line.startswith(("%", "!")))
        found += [(path.name, name.split(".")[0]) for name in sorted(imported(plain))]
    return found


def test_notebooks_use_the_front_doors_only():
    assert [(name, used) for name, used in notebook_imports() if used not in FOR_NOTEBOOKS] == []


def test_every_way_of_writing_an_import_is_seen():
    source = """
import numpy as np, policy.evaluation.kleene
from policy import model
from policy.reading.yaml import read as r
from . import sibling
from ..above import thing
def later():
    import papermill
"""
    assert imported(source, "policy.authoring") == {
        "numpy",
        "policy.evaluation.kleene",
        "policy.model",
        "policy.reading.yaml.read",
        "policy.authoring.sibling",
        "policy.above.thing",
        "papermill",
    }


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("policy.evaluation.kleene", "from policy.model import Policy"),
        ("policy.model", "from policy import document"),
        ("policy.reading.validation", "import policy.model, policy.reading.loading"),
        ("policy.model", "from policy.evaluation.determination import evaluate"),
        ("policy.evaluation.determination", "from policy.sql import select"),
        ("policy.sql", "def f():\n    from policy.reading.loading import load"),
        ("policy.difference", "from policy.sql.text import literal"),
        ("policy.cases.reader", "from policy.authoring.lint import lint"),
        ("policy.evaluation.determination", "import simulations"),
        ("policy", "from simulations import population"),
        ("simulations.runs.run", "from notebooks.panels import panel"),
        ("simulations.runs.run", "import matplotlib.pyplot as plt"),
        ("simulations.reports.report", "import papermill"),
        ("simulations.reports.report", "from matplotlib.figure import Figure"),
        ("simulations.cli.command", "from ipywidgets import HTML"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str):
    names = [*(f"policy.{name}" for name in (*ORDER, *ON_THE_MODEL)), "policy.authoring.lint", "simulations.runs.run"]
    names += ["policy", "simulations", "simulations.population", "notebooks.panels", "policy.sql.text"]
    sources = dict.fromkeys(names, "") | {module: source}
    assert len(wrong_directions(graph(sources))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("policy.reading.loading", "from policy.reading.validation import check\nfrom policy.reading.yaml import read"),
        (
            "policy.evaluation.determination",
            "from policy.evaluation.kleene import MET\nfrom policy.model import Policy\nimport numpy",
        ),
        ("policy.authoring.lint", "from policy.reading.validation import validate"),
        ("simulations.reports.impact_chart", "from matplotlib.figure import Figure\nimport policy"),
        ("notebooks.panels", "import ipywidgets, matplotlib, simulations"),
    ],
)
def test_a_right_import_passes(module: str, source: str):
    names = [f"policy.{name}" for name in (*ORDER, *ON_THE_MODEL)]
    assert wrong_directions(graph(dict.fromkeys([*names, "policy", "simulations"], "") | {module: source})) == []


def test_a_cycle_is_found():
    assert set(cycle(graph({"policy.a": "import policy.b", "policy.b": "from policy.a import x"}))) == {
        "policy.a",
        "policy.b",
    }
