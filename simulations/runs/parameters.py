"""The parameters of a notebook: what its tagged cell sets, and the values that may be put in their place."""

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from policy.entries.scalars import truth_word, whole
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown

INJECTED = "# Parameters\n"  # how papermill begins the cell that it puts below the tagged one
PARAMETERS = ("policy", "scenario", "provisions", "population", "size", "seed", "out")  # every notebook has these


def defaults(source: str, place: str) -> dict[str, Any]:
    """Name -> default of every parameter that a cell sets; a default that is no plain value is None."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise refuse("template", place, f"its parameters cell is not Python (line {error.lineno})") from None
    found = {}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = _plain(node.value)  # type: ignore[attr-defined]
    return found


def _plain(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def own_parameters(source: str, given: Mapping[str, object], place: str) -> dict[str, Any]:
    """`given` as values of the kinds that a cell's defaults have; raises ProblemsFound with every wrong name and value.

    Text is read: a whole number, true or false, words parted by commas, or as it is where the default is text or None.
    """
    known = {name: value for name, value in defaults(source, place).items() if name not in PARAMETERS}
    values, problems = {}, []
    for name, value in given.items():
        if name not in known:
            what = f"has no parameter {shown(name)} of its own ({listed(known) or 'it has none'})"
            problems.append(Problem("parameter", place, what + nearest(name, known)))
            continue
        try:
            values[name] = _read(known[name], value)
        except (ValueError, PydanticCustomError) as error:
            problems.append(Problem("parameter", name, f"{shown(value)} {error}"))
    if problems:
        raise ProblemsFound(problems)
    return values


def _read(default: object, value: object) -> object:
    """The value, of the kind of the default; ValueError says what is allowed."""
    if value is None and default is None:
        return None
    if isinstance(default, (list, tuple)):
        words = value.split(",") if isinstance(value, str) else value
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) and word.strip() for word in words):
            raise ValueError("is not a list of words parted by commas")
        return [word.strip() for word in words]
    if isinstance(default, dict):
        if not isinstance(value, dict):
            raise ValueError("is no mapping of names to values")
        return value
    kinds: tuple[tuple[type, Callable[[object], object]], ...] = ((bool, truth_word), (int, whole))
    for kind, read in kinds:
        if isinstance(default, kind):
            return read(value)
    if not isinstance(value, str):
        raise ValueError("is not text")
    return value


# In the notebook itself ----------------------------------------------------------------------------------------------


def check(cells: Sequence[str] | None = None) -> None:
    """Refuse what papermill put below the parameters cell when it is no parameter, or no value for it.

    A template calls this before anything is counted, for papermill itself assigns any name without a word. `cells`: the
    cells run so far, by default those of this kernel. What `ask` refuses anyway is left to it. Raises ProblemsFound.
    """
    ran = _ran() if cells is None else list(cells)
    last = max((i for i, source in enumerate(ran) if source.startswith(INJECTED)), default=0)
    known = next((found for source in reversed(ran[:last]) if (found := _parameters(source))), None)
    if known is None:
        return
    problems: list[Problem] = []
    for name, value in defaults(ran[last], "the injected parameters").items():
        with collecting(problems):
            if name not in known:
                lever = "; a lever goes into provisions, as in -y '{provisions: {LEVER: VALUE}}'"
                message = f"is no parameter of this notebook ({listed(known)}){nearest(name, known) or lever}"
                raise refuse("parameter", name, message)
            _checked(name, known[name], value)
    if problems:
        raise ProblemsFound(problems)


def _ran() -> list[str]:
    from IPython import get_ipython

    shell = get_ipython()
    return [] if shell is None else list(shell.user_ns.get("In", []))


def _parameters(source: str) -> dict[str, Any]:
    """What a cell sets, when it is the parameters cell of a template; nothing otherwise."""
    try:
        found = defaults(source, "")
    except ProblemsFound:  # a magic, a half-typed line
        return {}
    return found if set(PARAMETERS) <= found.keys() else {}


def _checked(name: str, default: object, value: object) -> None:
    if name == "out":
        if value is not None and not (isinstance(value, str) and Path(value).is_dir() and os.access(value, os.W_OK)):
            raise refuse("parameter", name, f"{shown(value)} is no folder that can be written; make it first")
    elif name not in PARAMETERS:
        try:
            read = _read(default, value)
        except (ValueError, PydanticCustomError) as error:
            raise refuse("parameter", name, f"{shown(value)} {error}") from None
        if type(read) is not type(value):
            raise refuse("parameter", name, f"{shown(value)} is of type {type(value).__name__}; write it as {read!r}")
