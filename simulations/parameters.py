"""The parameters of a notebook: what its tagged cell sets, and the values that may be put in their place."""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from policy.model import truth_word, whole
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown

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
    kinds: tuple[tuple[type, Callable[[object], object]], ...] = ((bool, truth_word), (int, whole))
    for kind, read in kinds:
        if isinstance(default, kind):
            return read(value)
    if not isinstance(value, str):
        raise ValueError("is not text")
    return value
