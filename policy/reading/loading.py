"""Text to records: one file is one policy; every problem of the file in one pass, with its line."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from policy.entries.history import HISTORY_TAGS
from policy.entries.records import Record
from policy.model import TAGS, Policy, Settings
from policy.problems import Finding, ProblemsFound, code_points, listed, nearest, refuse, shown
from policy.reading.versions import Family, Version
from policy.reading.workspace import saved
from policy.reading.yaml import Node, located, read_text, read_yaml

DOCUMENTS = Path(__file__).resolve().parent.parent / "documents"
DEFAULT = "nerve_blocks"  # the policy that is meant where none is named
Model = TypeVar("Model", bound=Record)

_PATTERNS = {
    "^([a-z0": "a lever, or a number that is not negative such as 7.5 (of `is`: a word, lower-case)",
    "^(0": "a step such as 1 or 0.1 (at most four decimals)",
    "^[1-9][0-9]{0,5} ": "a whole number and a unit such as 7 days",
    "^[a-z0": "lower-case letters, digits and underscores",
    "^[a-z]": "lower-case letters, digits and underscores (evidence keys: hyphens)",
    "^[A-Z]{1": "a statement id: letters and a number, such as S1",
    "^R[1": "a reference id such as R4",
    "^[A-Z0-9][A-Z0-9.-]": "a code in capitals such as 64490 or N03AX16, or its beginning and a star (6449*)",
    "^[A-Z]": "an ICD-10-CM code such as M54.2",
    "^([0-9]{4}[0": "a CPT or HCPCS code: five digits, four digits and F, T or U, or a letter and four digits",
    "^(19|20)": "a date such as 2026-01-01 (year-month-day)",
    "^[0-9]{4}": "a version such as 2026.1",
    "^[0-9a-f]{12": "at least the first 12 hexadecimal digits of a fingerprint",
}


def shipped() -> dict[str, Path]:
    """Every policy that ships, id@version -> file."""
    return {f"{p.parent.name}@{p.stem}": p for p in sorted(DOCUMENTS.glob("*/*.yaml"))}


def outline(source: str | Path) -> Policy:
    """A policy whose entries and examples are not checked against each other: enough to know its columns."""
    return _outline(*named_text(source))


def named_text(source: str | Path, as_of: str | None = None) -> tuple[str, str]:
    """The text of a policy's file and the name that its problems are told under; raises ProblemsFound."""
    return _named_text(policy_file(source, as_of))


def _named_text(path: Path) -> tuple[str, str]:
    return read_text(path), path.name if path.is_relative_to(DOCUMENTS) else str(path)


@lru_cache(maxsize=32)
def _outline(text: str, name: str) -> Policy:
    return parsed(text, name)[0]


@lru_cache(maxsize=4)  # whoever looks at the outline of a policy mostly loads it next
def parsed(text: str, name: str) -> tuple[Policy, Node]:
    """A policy whose entries are not checked against each other, and its tree of places."""
    return parse(text, name, Policy)


def family(source: str | Path) -> Family | None:
    """All versions of a policy called by its name alone, shipped or in the workspace; None for anything else."""
    known = saved("policies") | shipped()
    named = {name: path for name, path in known.items() if str(source) == name.partition("@")[0]}
    found = []
    for name, path in named.items():
        version = _outline(*_named_text(path))
        digits = re.findall(r"\d+", path.stem if "@" in name else version.version)
        full = name if "@" in name else f"{name}@{version.version}"
        key = [int(part) for part in digits]
        found.append((key, Version(full, path, version.status, version.effective, version.retired)))
    return Family(str(source), tuple(v for _, v in sorted(found, key=lambda one: one[0]))) if found else None


def policy_file(source: str | Path, as_of: str | None = None) -> Path:
    """The file of a policy: of `name@version`, of a path, or of the one version that a name alone means.

    That is the version in force on the day `as_of` (ISO); without a day the adopted one that is in force from the
    latest day; where none is adopted the highest that is neither retired nor withdrawn. Raises ProblemsFound for a name
    that neither ships nor lies in the workspace, and for a day on which none is in force.
    """
    ships, own = shipped(), saved("policies")
    known = own | ships
    if versions := family(source):
        return (versions.on(as_of) if as_of else versions.newest()).file
    if str(source) in known:
        return known[str(source)]
    path = Path(source)
    if path.suffix not in (".yaml", ".yml"):
        near = nearest(str(source), [*known, *(n.partition("@")[0] for n in known)])
        there = f", none in the workspace ({listed(own)})" if own else ""
        own_file = "; for a policy of your own write the path of its .yaml file, or save it in workspace/policies"
        message = f"is no policy that ships ({listed(ships)}){there} and no .yaml file{near or own_file}"
        raise refuse("unknown-policy", shown(source), message)
    return path


def by_version(source: str | Path, as_of: str | None = None) -> str | Path:
    """A policy as `name@version`, which means the same whatever is saved later; a file as it was called."""
    file, known = policy_file(source, as_of), saved("policies") | shipped()
    return next((name for name in known if known[name] == file and "@" in name), source)


def parse(text: str, name: str, model: type[Model]) -> tuple[Model, Node]:
    """YAML text to one record of `model` and its tree of places; raises ProblemsFound."""
    node = read_yaml(text, name)
    return record(node, name, model), node


def record(node: Node, name: str, model: type[Model]) -> Model:
    """A tree of places as one record of `model`; raises ProblemsFound."""
    expected = str(model.model_fields["schema_"].annotation.__args__[0])  # type: ignore[union-attr]
    stated = node.value["schema"].value if "schema" in node.value else None
    version = re.fullmatch(r"([a-z]+)/(\d+)", stated, re.ASCII) if isinstance(stated, str) else None
    if version and stated != expected:
        newer = version[1] == expected.partition("/")[0] and int(version[2]) > int(expected.partition("/")[2])
        what = "was made by a newer version of the workbook" if newer else "is not this kind"
        found = Finding("schema", ("schema",), f"{shown(stated)} {what}; {expected} is read here")
        raise ProblemsFound(located([found], name, node))
    try:
        return model.model_validate(node.plain())
    except ValidationError as error:
        faults = [e for e in error.errors(include_url=False) if e["type"] != "too_short" or not e["input"]]
        raise ProblemsFound(located((_finding(e, model) for e in faults), name, node)) from None


_CODES = {"missing": "missing-key", "extra_forbidden": "unknown-key", "string_pattern_mismatch": "pattern",
          "literal_error": "choice", "string_too_short": "empty-text", "too_short": "empty-list",
          "too_long": "list-length", "string_type": "type", "dict_type": "type", "model_type": "type",
          "tuple_type": "type"}  # fmt: skip
_KINDRED: Mapping[Any, tuple[str, ...]] = {  # what other documents, commands and people call a key
    "set": ("provisions",), "levers": ("provisions",), "settings": ("provisions",), "parameters": ("provisions",),
    "edits": ("criteria",), "title": ("label", "says"), "name": ("label", "title", "id"), "label": ("title", "says"),
    "description": ("because", "says", "note"), "reason": ("because",), "why": ("because",), "source": ("citation",),
    "default": ("value", "to"), "value": ("to", "default"), "question": ("ask",), "values": ("choices",),
}  # fmt: skip
_SAID = {"string_too_short": "is empty", "too_short": "must hold at least one entry", "string_type": "must be text",
         "dict_type": "must be a mapping of keys to values", "model_type": "must be a mapping of keys to values",
         "tuple_type": "must be a list"}  # fmt: skip


def _finding(error: Any, model: type[Record]) -> Finding:
    """A fault that pydantic found, in our words."""
    path = tuple(step for step in error["loc"] if step != "[key]" and step not in TAGS | HISTORY_TAGS)
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if "key" in context:  # a fault of the whole record that lies in one entry
        if kind == "unknown-key":
            wrong, known = context["key"], context["known"]
            said = f"unknown key {shown(wrong)}; one of {', '.join(known)}"
            if meant := context["meant"]:
                return Finding(kind, (*path, wrong), f"{said}, did you mean {meant}?")
            return Finding(kind, (*path, wrong), said, str(wrong), known)
        return Finding(kind, (*path, context["key"]), error["msg"])
    code, value = _CODES.get(kind, kind), f"{shown(given)} " if isinstance(given, str) else ""
    if kind == "missing" and isinstance(path[-1], int):
        return Finding(
            "list-length", path[:-1], f"must hold more than {path[-1]} entr{'y' if path[-1] == 1 else 'ies'}"
        )
    if kind == "missing":
        return Finding(code, path, "this key is missing")
    if kind == "extra_forbidden":
        near = _KINDRED.get(path[-1])
        meant = next((key for key in _keys(model, path[:-1]) if key in near), None) if near else None
        return Finding(code, path, f"unknown key {shown(path[-1])}", meant or str(path[-1]), _keys(model, path[:-1]))
    if kind == "literal_error":
        allowed = re.findall(r"'([^']+)'", context["expected"])
        return Finding(code, path, f"{value}is not allowed", str(given), allowed)
    if kind == "string_pattern_mismatch":
        pattern, odd = context["pattern"], code_points(given)
        allowed_ = next((words for start, words in _PATTERNS.items() if pattern.startswith(start)), pattern)
        return Finding(code, path, f"{value}is not allowed{f' (holds {odd})' if odd else ''}; write {allowed_}")
    found = "" if isinstance(given, str) else ", found a " + ("mapping" if isinstance(given, dict) else "list")
    if kind == "too_long":
        return Finding(
            code, path, f"must hold at most {context['max_length']} entries, found {context['actual_length']}"
        )
    said = _SAID[kind] + (found if code == "type" else "") if kind in _SAID else error["msg"]
    return Finding(code, path, value + said[0].lower() + said[1:])


def _keys(model: type[BaseModel], path: tuple[Any, ...]) -> Iterator[str]:
    """Every key that the record at `path` may have; worked out when somebody asks."""
    here, inside = [model], False  # inside: the next step is a key, not the name of a field
    for step in path:
        fields = [info for m in here for name, info in m.model_fields.items() if step == (info.alias or name)]
        if fields and not inside:
            here = [record for info in fields for record in _records(info.annotation)]
            inside = any(getattr(info.annotation, "__origin__", None) is dict for info in fields)
        else:
            inside = False
    yield from dict.fromkeys(info.alias or name for m in here for name, info in m.model_fields.items())


def _records(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _records(part)


def change_in_words(settings: Settings, baseline: Settings, names: bool = True) -> list[str]:
    """One sentence for each lever that differs: 'Least exercise (exercise_weeks): 6 weeks -> 8 weeks (stricter)'.

    Without `names` as a person reads it: 'Least exercise: 6 weeks → 8 weeks (stricter)'.
    """
    sentences = []
    for name, lever in settings.policy.levers.items():
        before, after = baseline[name], settings[name]
        if before == after:
            continue
        effect = ""
        if loosest_first := lever.loosest_first():
            stricter = loosest_first.index(after) > loosest_first.index(before)
            effect = f" ({'stricter' if stricter else 'looser'})"
        typed = f"{lever.label} ({name}): {lever.show(before)} -> {lever.show(after)}{effect}"
        sentences.append(typed if names else f"{lever.label}: {lever.moves(before, after)}{effect}")
    return sentences
