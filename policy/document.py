"""Text to records: one file is one policy; every problem of the file in one pass, with its line."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from policy.examples import check_examples
from policy.model import Policy, Record, Settings
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown
from policy.reading import Node, read_text, read_yaml
from policy.validation import check_policy

DOCUMENTS = Path(__file__).parent / "documents"
Model = TypeVar("Model", bound=Record)

_PATTERNS = {
    "^[a-z]": "lower-case letters, digits and underscores (evidence keys: hyphens)",
    "^S[1": "a statement id, S1 to S66",
    "^R[1": "a reference id such as R4",
    "^[A-Z]": "an ICD-10-CM code such as M54.2",
    r"^\d{5}": "a CPT code of five digits",
    r"^\d{4}": "a version such as 2026.1",
    "^[0-9a-f]{12": "at least the first 12 hexadecimal digits of a fingerprint",
}


def shipped() -> dict[str, Path]:
    """Every policy that ships, id@version -> file."""
    return {f"{p.parent.name}@{p.stem}": p for p in sorted(DOCUMENTS.glob("*/*.yaml"))}


def load(source: str | Path) -> Policy:
    """A policy by name (`nerve_blocks`, `nerve_blocks@2026.1`) or by path; raises ProblemsFound with every problem."""
    return _load(_find(source), str(source))


def _find(source: str | Path) -> Path:
    known = shipped()
    matching = [path for name, path in known.items() if str(source) in (name, name.partition("@")[0])]
    if matching:
        return max(matching, key=lambda p: [int(part) for part in p.stem.split(".")])
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        near = nearest(str(source), [*known, *(n.partition("@")[0] for n in known)])
        message = f"is no policy that ships ({listed(known)}) and no .yaml file{near}"
        raise refuse("unknown-policy", shown(source), message)
    return path


def _load(path: Path, name: str) -> Policy:
    text = read_text(path)
    return _parse(text, path.name if path.is_relative_to(DOCUMENTS) else name)


@lru_cache(maxsize=8)
def _parse(text: str, name: str) -> Policy:
    policy, node = parse(text, name, Policy)
    findings = list(check_policy(policy)) or list(check_examples(policy))
    problems = [Problem(code, f"{name}:{node.line_of(path)}", message) for code, path, message in findings]
    if problems:
        raise ProblemsFound(sorted(problems, key=lambda p: int(p.place.rpartition(":")[2])))
    return policy


def parse(text: str, name: str, model: type[Model]) -> tuple[Model, Node]:
    """YAML text to one record of `model` and its tree of lines; raises ProblemsFound."""
    node = read_yaml(text, name)
    expected = str(next(iter(model.model_fields["schema_"].annotation.__args__)))  # type: ignore[union-attr]
    stated = node.value.get("schema")
    if stated is not None and stated.value != expected and re.fullmatch(r"[a-z]+/\d+", str(stated.value)):
        kind, _, number = str(stated.value).partition("/")
        newer = kind == expected.partition("/")[0] and int(number) > int(expected.partition("/")[2])
        message = f"schema {stated.value}: " + ("made by a newer version of the workbook" if newer else "not this kind")
        raise refuse("schema", f"{name}:{stated.line}", f"{message}; {expected} is read here")
    try:
        return model.model_validate(node.plain()), node
    except ValidationError as error:
        problems = [_problem(e, node, name, model) for e in error.errors(include_url=False)]
        raise ProblemsFound(sorted(problems, key=lambda p: int(p.place.rpartition(":")[2]))) from None


def _problem(error: Any, node: Node, name: str, model: type[Record]) -> Problem:
    path = tuple(step for step in error["loc"] if step != "[key]")
    where = ".".join(str(step) for step in path)
    kind, given = error["type"], error["input"]
    value = f" {shown(given)}" if isinstance(given, str) else ""
    if kind == "missing":
        message = f"{'.'.join(map(str, path[:-1])) or 'the file'} lacks the key '{path[-1]}'"
    elif kind == "extra_forbidden":
        message = f"{where}: unknown key {shown(path[-1])}{nearest(str(path[-1]), set(_keys(model)))}"
    elif kind == "string_pattern_mismatch":
        allowed = next((text for start, text in _PATTERNS.items() if error["ctx"]["pattern"].startswith(start)), "")
        message = f"{where}:{value} is not allowed; write {allowed or error['ctx']['pattern']}"
    elif kind == "literal_error":
        near = nearest(str(given), re.findall(r"'([^']+)'", error["ctx"]["expected"]))
        message = f"{where}:{value} is not allowed; one of {error['ctx']['expected']}{near}"
    else:
        message = f"{where}:{value} {error['msg'][0].lower()}{error['msg'][1:]}"
    return Problem(kind, f"{name}:{node.line_of(path)}", message)


def _keys(model: type[BaseModel], seen: set[type] | None = None) -> Iterator[str]:
    """Every key that `model` and the records inside it know."""
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    for key, info in model.model_fields.items():
        yield info.alias or key
        for part in _records(info.annotation):
            yield from _keys(part, seen)


def _records(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _records(part)


def change_in_words(settings: Settings, baseline: Settings) -> list[str]:
    """One sentence for each lever that differs: 'Minimum conservative care: 6 weeks -> 8 weeks (stricter)'."""
    sentences = []
    for name, lever in settings.policy.levers.items():
        before, after = baseline[name], settings[name]
        if before == after:
            continue
        effect = ""
        if lever.domain:
            looser_first = [None, *lever.domain.values()[:: 1 if lever.direction == "stricter_when_higher" else -1]]
            stricter = looser_first.index(after) > looser_first.index(before)
            effect = f" ({'stricter' if stricter else 'looser'})"
        sentences.append(f"{lever.label} ({name}): {lever.show(before)} -> {lever.show(after)}{effect}")
    return sentences
