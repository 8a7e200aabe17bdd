"""The entries of a draft by what people call them, and which of them fit at a place of a form.

A draft is read as text, lists and mappings, so that it can be shown while its entries do not agree.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from notebooks.drafting.shapes import Shape
from notebooks.drafting.words import WORDS
from policy.entries.units import KNOWN
from policy.model import OUTCOMES

__all__ = [
    "Options",
    "Tree",
    "by_label",
    "called_entry",
    "caution",
    "is_code",
    "is_line",
    "keys_for",
    "name_from",
    "names_for",
    "values_for",
    "word",
]

Tree = Mapping[str, Any]
Options = list[tuple[str, str]]  # what a person reads, what the document says

_FILLING = {
    "a",
    "an",
    "and",
    "are",
    "at",
    "been",
    "for",
    "has",
    "have",
    "in",
    "is",
    "it",
    "of",
    "or",
    "the",
    "to",
    "was",
}
_NUMBERS = ("whole", "decimal", "percent", "duration", "months")
_LINES = ("at_least", "more_than", "less_than", "at_most", "between")
_SHORT = 110
_NAMES = {  # key, or Record.key -> what may stand there
    "evidence": "evidence", "statements": "statements", "Statement.source": "evidence", "criterion": "required",
    "stated": "criteria", "when": "criteria", "switch": "spoken", "on_file": "facts", "field": "measured",
    "Relation.at_most": "measured", "Averaged.of": "numbers", "Summed.of": "numbers", "minus": "numbers",
    "outcome": "outcomes", "diagnosis": "diagnoses", "procedure": "procedures", "unit": "units", "asks": "facts",
    "CodeNotice.lever": "levers", "DirectionException.lever": "levers", "onset": "dates", "CaseField.request": "dates",
    "CaseField.from": "dates", "CaseField.to": "dates", "CaseField.days": "numbers", "codes": "dx", "request": "dates",
}  # fmt: skip
_TESTED = (*_LINES, "is", "states")
_KEYS = {
    **dict.fromkeys(_LINES, "numbers"), "is": "facts", "states": "spoken", "while": "levers", "lever": "levers",
    "set": "levers", "case": "columns", "implied_by": "columns",
}  # fmt: skip


_CODES = {"diagnosis": "diagnoses", "procedure": "procedures"}  # type of a column -> the section with its codes


def word(text: str) -> str:
    """A word of the language, or of the document, as people read it."""
    return WORDS.get(text, text.replace("_", " "))


def _mapping(tree: Tree, *path: str) -> Mapping[str, Any]:
    """What stands at a path, as far as it is a mapping."""
    found: Any = tree
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(entry: Any, *keys: str) -> str:
    found = [entry.get(key) for key in keys] if isinstance(entry, Mapping) else [entry]
    return next((one for one in found if isinstance(one, str) and one.strip()), "")


def _amount(tree: Tree, lever: str) -> str:
    """Where a lever stands, in words."""
    entry = _mapping(tree, "levers", lever)
    dated = entry.get("values")
    value = [*dated.values()][-1] if isinstance(dated, Mapping) and dated else entry.get("default", "?")
    unit, own = str(entry.get("unit", "")), _mapping(tree, "units")
    many = _text(own.get(unit), "one" if value == "1" else "many") or (
        KNOWN[unit].word(int(value == "1")) if unit in KNOWN else ""
    )
    return word(str(value)) if value == "off" or not many else f"{value} {many}".replace(" %", "%")


def called_entry(tree: Tree, section: str, name: str | int) -> str:
    """What people call an entry: the sentence of a criterion with its levers, the label of a lever and where it is."""
    held = tree.get(section)
    if isinstance(held, list):
        entry = held[int(name)] if int(name) < len(held) else {}
        said = _text(entry, "name", "says", "code", "because", "lever", "field")
        return f"{entry.get('date')}: {said}" if isinstance(entry, Mapping) and "date" in entry else said or "(new)"
    entry = _mapping(tree, section).get(str(name), {})
    if section == "levers":
        return f"{_text(entry, 'label') or name}: {_amount(tree, str(name))}"
    if section == "criteria":
        says = _text(entry, "says")
        return re.sub(r"\{([a-z0-9_]+)\}", lambda found: _amount(tree, found[1]), says) or str(name)
    if section == "evidence":
        return (
            f"{_text(entry, 'title')} ({_text(entry, 'source')[:40]} {_text(entry, 'year')}, {_text(entry, 'status')})"
        )
    if section in ("statements", "references", "retired_codes"):
        return f"{name}: {_text(entry, 'says')}"
    if section == "units":
        return _text(entry, "many") or str(name)
    return _text(entry, "label", "title", "question") or str(name)


def _entries(tree: Tree, section: str, names: Iterable[str] | None = None) -> Options:
    """Entries as options; of two that are called alike the name tells which."""
    found = [(called_entry(tree, section, n), n) for n in (_mapping(tree, section) if names is None else names)]
    labels = [label for label, _ in found]
    return [(_short(label if labels.count(label) == 1 else f"{label} ({name})"), name) for label, name in found]


def _short(label: str) -> str:
    return label if len(label) <= _SHORT else f"{label[:_SHORT]}…"


def _fields(tree: Tree, kinds: Iterable[str] | None) -> Options:
    wanted = None if kinds is None else {*kinds}
    fields = _mapping(tree, "fields")
    names = [n for n, one in fields.items() if wanted is None or _text(one, "type") in wanted]
    return _entries(tree, "fields", names)


def _what(tree: Tree, what: str) -> Options:
    if what == "required":
        return [*_entries(tree, "criteria"), *_entries(tree, "gates")]
    if what == "outcomes":
        levers = [n for n, one in _mapping(tree, "levers").items() if _mapping(one, "choices").keys() & {*OUTCOMES}]
        return [*((word(one), one) for one in OUTCOMES), *_entries(tree, "levers", levers)]
    if what == "units":
        return [*((unit.many, name) for name, unit in KNOWN.items()), *_entries(tree, "units")]
    if what == "dx":
        groups = _mapping(tree, "diagnoses").values()
        return [(f"{c}: {_text(x, 'label')}", c) for g in groups for c, x in _mapping(g, "codes").items()]
    kinds = {
        "numbers": _NUMBERS,
        "facts": (*_NUMBERS, "boolean", "choice", "date"),
        "spoken": ("boolean", "choice", "whole"),
        "dates": ("date",),
        "measured": (*_NUMBERS, "date"),
        "columns": ("text", "diagnosis", "procedure", "date", "whole", "decimal", "percent", "boolean", "choice"),
    }
    return _fields(tree, kinds[what]) if what in kinds else _entries(tree, what)


def by_label(tree: Tree, text: str) -> str:
    """A text with what people call an entry in the place of its name."""
    sections = ("levers", "criteria", "pathways", "gates", "evidence", "fields", "diagnoses", "procedures")
    home = {name: section for section in sections for name in _mapping(tree, section)}

    def called(found: re.Match[str]) -> str:
        steps = found[0].split(".")
        section, name = (steps[0], steps[1]) if len(steps) > 1 else (home.get(steps[0], ""), steps[0])
        if section not in sections or home.get(name) is None or name not in _mapping(tree, section):
            return found[0].replace("_", " ") if len(steps) == 1 else found[0]
        label = called_entry(tree, section, name)
        return f"“{_short(label.partition(': ')[0] if section == 'levers' else label)}”"

    return re.sub(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*", called, text)


# What fits ------------------------------------------------------------------------------------------------------------


def is_line(shape: Shape) -> bool:
    """Whether a number or a lever stands there, which something is held against."""
    inside = shape.key in _LINES and shape.record in ("AtLeast", "MoreThan", "LessThan", "AtMost", "Between")
    sums = shape.record in ("Summed", "Averaged", "Counted", "Scored") and shape.key in (*_LINES, "reaches")
    return shape.kind == "text" and (inside or sums)


def names_for(tree: Tree, shape: Shape) -> Options | None:
    """The entries that may stand at a place; None: anything that is typed."""
    if (shape.record, shape.key) == ("assume", "criterion") or shape.kind != "text":
        return None
    what = _NAMES.get(f"{shape.record}.{shape.key}") or _NAMES.get(shape.key)
    if what is None or (shape.key == "of" and shape.record not in ("Averaged", "Summed")):
        return None
    return _what(tree, what) if what != "dx" or shape.record in ("Requirement", "assume") else None


def keys_for(tree: Tree, shape: Shape) -> Options | None:
    """The names that may be the keys of a mapping; None: any that is typed."""
    return _what(tree, _KEYS[shape.key]) if shape.key in _KEYS else None


def values_for(tree: Tree, shape: Shape, key: str) -> Options | None:
    """The words that may stand beside a key of a mapping; None: anything that is typed."""
    if shape.key in ("while", "lever", "set"):
        lever = _mapping(tree, "levers", key)
        choices = _mapping(lever, "choices")
        if choices:
            return [(f"{word(w)}: {_short(str(says))}", w) for w, says in choices.items()]
        switched = ["on", "off"] if shape.key != "set" and lever.get("off_allowed") == "true" else []
        return [(one, one) for one in switched] or None
    if shape.key not in ("is", "states", "case"):
        return None
    field = _mapping(tree, "fields", key)
    kind, words = field.get("type"), field.get("choices")
    if kind == "boolean":
        return [(word(one), one) for one in ("true", "false")]
    if kind == "choice" and isinstance(words, list):
        return [(word(one), one) for one in words]
    section = _CODES.get(str(kind))
    groups = _mapping(tree, section).values() if section else ()
    return [(f"{c}: {_text(x, 'label')}", c) for g in groups for c, x in _mapping(g, "codes").items()] or None


def caution(tree: Tree, shape: Shape, column: str) -> str:
    """What to know before a test asks for a column that a duration is made of; empty: nothing."""
    for name, one in _mapping(tree, "fields").items() if shape.key in _TESTED else ():
        label = f"“{called_entry(tree, 'fields', name)}” ({name})"
        if column in [_text(one, key) for key in ("onset", "request", "from", "to")]:
            return f"From this day {label} is counted: a rule that asks for the day itself cannot be proven or checked."
        if column and column == _text(one, "days"):
            return f"These days tell {label} too: a pathway that asks for both cannot be proven or checked."
    return ""


def is_code(tree: Tree, shape: Shape, key: str) -> bool:
    """Whether a code stands beside a key of a mapping, which may be one that the policy does not cover."""
    return shape.key == "case" and _mapping(tree, "fields", key).get("type") in _CODES


# New names ------------------------------------------------------------------------------------------------------------


def name_from(tree: Tree, section: str, label: str) -> str:
    """A name for a new entry, made from its label and not taken; empty where it is a code that has to be typed."""
    taken = _mapping(tree, section)
    if section in ("statements", "references"):
        letters = "R" if section == "references" else next((re.sub(r"\d", "", n) for n in reversed([*taken])), "S")
        numbers = [int(n[len(letters) :]) for n in taken if re.fullmatch(rf"{letters}\d+", n)]
        return f"{letters}{max(numbers, default=0) + 1}"
    if section == "retired_codes":
        return ""
    dash = "-" if section == "evidence" else "_"
    words = [one for one in re.findall(r"[a-z0-9]+", re.sub(r"\{.*?\}", " ", label.lower())) if one not in _FILLING]
    name = re.sub(r"^[^a-z]+", "", dash.join(words[:5]))[:60].rstrip(dash)
    found, number = name, 2
    while found and found in taken:
        found, number = f"{name}{dash}{number}", number + 1
    return found
