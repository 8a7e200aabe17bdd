"""House rules that a linter does not know: few modules write, one reads YAML, no file names a machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("policy", "simulations", "notebooks", "tests", "benchmarks", ".ci", ".github", "docs")
WRITER, READER = "policy/storage/files.py", "policy/reading/yaml.py"
WRITERS = {
    WRITER: "what commands and notebooks write, drafts and versions",
    "simulations/cli/exits.py": "a stream that leads nowhere",
}
OTHER_PATHS = ("write_text", "write_bytes")
TO_A_FILE = ("to_csv", "to_parquet", "to_json", "to_html", "to_excel", "to_pickle", "to_markdown")
MODE = re.compile("[rwaxbt+]{1,3}")
YAML_READERS = {
    "load",
    "load_all",
    "safe_load",
    "safe_load_all",
    "full_load",
    "unsafe_load",
    "compose",
    "parse",
    "scan",
}
ROUNDER = "simulations/statistics/number_format.py"
NO_SHARES = {  # file -> what is no share of cases among the numbers that it gives a format of its own
    "policy/explanation/details.py": "a fact of one case, below simulations",
    "simulations/population/fit.py": "parameters of a fit, and its bound",
    "simulations/population/speed.py": "seconds",
    "simulations/cli/streaming.py": "how far a run is",
    "notebooks/answer.py": "the width of a bar on a screen",
}
OF_DIGITS = re.compile(r"[-+ ]?\d*\.[\d{}]+[fF%]|[-+ ]?\d*%")  # `,.0f` sets thousands apart: a count
IN_A_TEXT = re.compile(r"\{\w*:[-+ ]?\d*\.\d+[fF%]\}|%[-+]?\d*\.\d+f")
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
HOMES = "|".join(("work", "root", "home/[a-z]", "Users/[A-Za-z]", "tmp/[a-z]"))
MACHINE_PATH = re.compile(rf"(?<![\w.<*~)}}/-])/(?:{HOMES})[/\w]|\b[A-Z]:\\\\?Users")
TEXT = {".py", ".ipynb", ".yaml", ".yml", ".md", ".toml", ".lock", ".csv", ".json", ".html", ".svg", ".j2", ".css", ""}


def shipped() -> list[Path]:
    """The files of the repository; caches and what a run leaves at the top are not among them."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    top = [path for path in ROOT.iterdir() if path.is_file() and path.suffix != ".csv" and path.name != ".git"]
    noise = {"__pycache__", ".ipynb_checkpoints"}
    return sorted(path for path in inside + top if not noise & set(path.parts) and path.suffix != ".part")


def sources() -> list[Path]:
    return [path for path in shipped() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in FOLDERS[:3]]


def constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((given.value for given in call.keywords if given.arg == name), None)


def writes(call: ast.Call) -> bool:
    """Whether a call writes a file by itself; `to_csv()` without a path only returns text."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in OTHER_PATHS:
        return True
    if name in TO_A_FILE:
        return bool(call.args) or any(given.arg in {"path", "path_or_buf", "buf"} for given in call.keywords)
    if name in ("open", "fdopen"):
        positions = call.args[:2] if isinstance(function, ast.Attribute) else call.args[1:2]  # Path.open(mode)
        modes = [constant(argument) for argument in (*positions, keyword(call, "mode"))]
        return any(isinstance(mode, str) and MODE.fullmatch(mode) and set(mode) & set("wax+") for mode in modes)
    return False


def reads_yaml(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "yaml" and bool(YAML_READERS & {alias.name for alias in node.names})
    called = node.func if isinstance(node, ast.Call) else None
    return (
        isinstance(called, ast.Attribute) and called.attr in YAML_READERS and getattr(called.value, "id", "") == "yaml"
    )


def rounds(node: ast.AST) -> bool:
    """Whether something is given so many decimals by itself: in an f-string, by `format` or `%`, or in per cent."""
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.format_spec.values]
        return bool(OF_DIGITS.fullmatch("".join(parts)))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(IN_A_TEXT.search(node.value) or re.fullmatch(r"[-+ ]?\.\d+[fF%]", node.value))
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "round" and node.args:
        product = node.args[0]
        return isinstance(product, ast.BinOp) and constant(product.left) == 100
    return False


def test_shares_are_rounded_in_one_place():
    """So that a share is one number wherever it is shown; else it is of those files, with why it is none."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if rounds(node)
    }
    assert found == {ROUNDER, *NO_SHARES}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{share:.1%}"', True),
        ('f"{rate:+.2f} points"', True),
        ('f"{rate:.{decimals}f}"', True),
        ('"{:.1f}".format(rate)', True),
        ('"%.1f" % rate', True),
        ('format(rate, ".1f")', True),
        ("round(100 * share, 1)", True),
        ('f"{cases:,}"', False),
        ('f"{replicates:,.0f}"', False),
        ('f"{number:.12g}"', False),
        ('f"{name:>12}"', False),
        ("round(value, 9)", False),
    ],
)
def test_a_format_of_a_share_is_seen(source: str, found: bool):
    assert any(rounds(node) for node in ast.walk(ast.parse(source))) is found


def test_few_modules_write():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and writes(node)
    }
    assert found == WRITERS.keys()


def test_only_one_module_reads_yaml():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if reads_yaml(node)
    }
    assert found == {READER}


def test_a_file_is_named_after_what_it_holds():
    assert [path.name for path in sources() if VAGUE & set(path.stem.lower().split("_"))] == []


def test_what_decides_a_case_is_read_in_one_sitting():
    """CONTRIBUTING names these files, and no other, in the order in which a newcomer reads them."""
    core = [path for room in ("model", "cases", "evaluation") for path in sorted((ROOT / "policy" / room).glob("*.py"))]
    assert sum(len(path.read_text("utf-8").splitlines()) for path in core) <= 2_000
    guide = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    order = guide.partition("### To understand a determination")[2].partition("\n#")[0]
    named = {path.parent.name: set(re.findall(rf"`policy/{path.parent.name}/`: ([^;.]*)", order)) for path in core}
    unnamed = [p for p in core if not any(re.search(rf"\b{p.stem}\b", text) for text in named[p.parent.name])]
    assert [path.name for path in unnamed if path.name != "__init__.py"] == []


def test_no_file_names_a_machine():
    readable = [path for path in shipped() if path.suffix in TEXT]
    assert {ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / WRITER} <= set(readable)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in readable
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if (match := MACHINE_PATH.search(line))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("see /" + "work/main/x", True),
        ('"/' + 'root/.cache"', True),
        ("/" + "home/ann/x", True),
        ("C:" + "\\Users\\ann", True),
        ("policy/wo" + "rk/main", False),
        ("PT/work status", False),
        ("~/wo" + "rk/x", False),
    ],
)
def test_a_machine_path_is_seen(line: str, found: bool):
    assert bool(MACHINE_PATH.search(line)) is found
