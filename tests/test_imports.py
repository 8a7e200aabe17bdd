"""Imports run one way. The sources are read, not imported, so a broken module cannot hide a wrong direction."""

import ast
import importlib
import json
import sys
from collections.abc import Iterable
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("policy", "simulations", "notebooks")

LAYERS = (  # lowest first: what stands in one may import its own and those before it
    "policy.problems", "policy.storage", "policy.bits", "policy.entries", "policy.model", "policy.trees",
    "policy.reading", "policy.cases", "policy.evaluation", "policy.case_files", "policy.history",
    "policy.determinations", "policy.explanation", "policy.checking", "policy.sql", "policy.javascript",
    "policy.authoring", "policy",
    "simulations.storage", "simulations.statistics", "simulations.population", "simulations.scenario",
    "simulations.counting", "simulations.warehouse", "simulations.studies", "simulations.reports", "simulations.pages",
    "simulations.runs", "simulations.cli", "simulations", "notebooks",
)  # fmt: skip
FACES = ("policy", "simulations")  # a face is the package itself: no other module lies in its layer
CORE = {"policy.problems", "policy.bits", "policy.entries"}  # and no room that reads, writes or holds tables
APART = {
    "policy.model": CORE,
    "policy.cases": CORE | {"policy.model"},
    "policy.evaluation": CORE | {"policy.model", "policy.trees", "policy.cases"},
    "simulations.storage": {"policy.problems", "policy.storage"},
    "policy.authoring": set(LAYERS) - {"policy.sql"},
}
ONLY_IN = {
    "ipywidgets": ("notebooks.controls", "notebooks.frame", "notebooks.*panel", "notebooks.*forms"),
    "papermill": ("simulations.runs.run",),
    "matplotlib": ("simulations.reports.figure", "simulations.reports.*_chart"),
    "duckdb": ("policy.history", "simulations.warehouse", "simulations.cli"),
    "sqlglot": ("policy.sql",),
    "xlsxwriter": ("simulations.storage.spreadsheet",),
}
ANSWERED_BY_EACH = {  # what every findings module says of its own study: first, in words, in summary.json, as files
    f"simulations.reports.*_findings:{name}" for name in ("headline", "in_words", "entries", "tables")
}
FOR_NOTEBOOKS = {"policy", "simulations", "notebooks", "panels"} | sys.stdlib_module_names


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
PACKAGED = frozenset(name for name, path in SOURCES.items() if path.name == "__init__.py")


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


def layer_of(module: str) -> str | None:
    """The layer that names a module; None for a module that no layer names."""
    inside = [name for name in LAYERS if module == name or (name not in FACES and module.startswith(f"{name}."))]
    return max(inside, key=len, default=None)


def unknown(modules: Iterable[str]) -> list[str]:
    return [module for module in modules if layer_of(module) is None]


def wrong_directions(imports: dict[str, set[str]]) -> list[str]:
    """The imports that run against the house order, as 'importer -> imported'."""
    wrong = []
    for module, targets in imports.items():
        home = layer_of(module)
        for target in sorted(targets):
            there = layer_of(target)
            if home and there and there != home:
                upwards = LAYERS.index(there) > LAYERS.index(home)
                right = not upwards and there in APART.get(home, LAYERS)
            else:
                right = not any(fnmatch(target, f"{top}*") for top in ONLY_IN) or any(
                    fnmatch(module, allowed) or module.startswith(f"{allowed}.")
                    for allowed in ONLY_IN.get(target.split(".")[0], ("*",))
                )
            if not right:
                wrong.append(f"{module} -> {target}")
    return wrong


def cycle(imports: dict[str, set[str]]) -> list[str]:
    """The modules of one import cycle in order, or nothing."""
    try:
        TopologicalSorter({name: targets & imports.keys() for name, targets in imports.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def ours() -> dict[str, set[str]]:
    return graph({name: path.read_text("utf-8") for name, path in SOURCES.items()}, PACKAGED)


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
        ("policy.problems", "from policy.storage import files"),
        ("policy.storage.files", "from simulations.storage import folders"),
        ("policy.storage.files", "import policy.entries"),
        ("policy.model.tests", "from policy.reading.yaml import read_yaml"),
        ("policy.reading.loading", "import policy.model, policy.checking.loading"),
        ("policy.determinations.determination", "from policy.sql import compiler"),
        ("policy.evaluation.evaluation", "from policy.case_files.reader import Cases"),
        ("policy.sql.text", "def f():\n    from policy.authoring.lint import lint"),
        ("policy.authoring.lint", "from policy.sql.text import literal"),
        ("policy.determinations.determination", "import simulations"),
        ("policy", "from simulations import population"),
        ("simulations.counting.axes", "from simulations.studies.impact import Impact"),
        ("simulations.runs.run", "from notebooks.lever_panel import panel"),
        ("simulations.runs.run", "import matplotlib.pyplot as plt"),
        ("simulations.reports.report", "import papermill"),
        ("simulations.reports.report", "from matplotlib.figure import Figure"),
        ("simulations.cli.command", "from ipywidgets import HTML"),
        ("policy.case_files.reader", "import sqlglot"),
    ],
)
def test_a_wrong_import_is_found(module: str, source: str):
    sources = dict.fromkeys([*SOURCES, "policy.model.tests"], "") | {module: source}
    assert len(wrong_directions(graph(sources, PACKAGED))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("policy.reading.loading", "from policy.reading.validation import check\nfrom policy.reading.yaml import read"),
        (
            "policy.determinations.determination",
            "from policy.evaluation.kleene import MET\nfrom policy.model import Policy",
        ),
        ("policy.authoring.lint", "from policy.reading.validation import validate\nimport numpy"),
        ("simulations.reports.impact_chart", "from matplotlib.figure import Figure\nimport policy"),
        ("notebooks.lever_panel", "import ipywidgets, simulations"),
    ],
)
def test_a_right_import_passes(module: str, source: str):
    assert wrong_directions(graph(dict.fromkeys(SOURCES, "") | {module: source}, PACKAGED)) == []


def test_every_file_lies_in_a_layer():
    assert unknown(SOURCES) == []
    assert unknown(["policy.utils", "simulations.new", "simulations.studies.impact"]) == [
        "policy.utils",
        "simulations.new",
    ]


def public_names(source: str) -> set[str]:
    """What a module itself defines at its top, without a leading underscore."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def defined_twice(sources: dict[str, str]) -> list[str]:
    """Public names that two modules of one layer define, as 'layer.name: module, module'."""
    homes: dict[tuple[str | None, str], list[str]] = {}
    for module, source in sources.items():
        for name in public_names(source):
            if not any(fnmatch(f"{module}:{name}", allowed) for allowed in ANSWERED_BY_EACH):
                homes.setdefault((layer_of(module), name), []).append(module)
    return sorted(f"{layer}.{name}: {', '.join(found)}" for (layer, name), found in homes.items() if len(found) > 1)


def test_no_public_name_is_defined_by_two_modules_of_a_layer():
    """So that a name says which thing is meant, and a search for it ends at one place."""
    sources = {name: path.read_text("utf-8") for name, path in SOURCES.items()}
    assert defined_twice(sources) == []


def test_a_name_defined_twice_is_found():
    sources = {
        "simulations.studies.a": "def table(): ...\nclass _Own: ...\nX: int = 1",
        "simulations.studies.b": "table = 1\nclass _Own: ...",
        "simulations.reports.a_findings": "def headline(): ...",
        "simulations.reports.b_findings": "def headline(): ...",
        "simulations.reports.c": "def table(): ...\nX, Y = 1, 2",
        "simulations.reports.d": "_z = 1\nY: int",
    }
    assert defined_twice(sources) == [
        "simulations.reports.Y: simulations.reports.c, simulations.reports.d",
        "simulations.studies.table: simulations.studies.a, simulations.studies.b",
    ]


def test_a_cycle_is_found():
    assert set(cycle(graph({"policy.a": "import policy.b", "policy.b": "from policy.a import x"}))) == {
        "policy.a",
        "policy.b",
    }
