"""Entries of a document by the words that people know them by, and a case in a line; no identifier is shown."""

import re
from collections.abc import Iterable, Mapping

from notebooks.page import plain
from notebooks.rules import sentence
from policy.authoring.letter import value_in_words
from policy.evaluation.pathways import diagnosis_group
from policy.model import Evidence, Policy, Settings
from simulations.reports.table_cells import LABELS

__all__ = ["before_and_after", "by_title", "card_name", "case_in_words", "entry_name", "without_identifiers"]

_KNOWN_BY = ("title", "label", "question", "name")
_NAMED = ("fields", "criteria", "gates", "pathways", "levers")  # what a sentence of the program may name by identifier
_NUMBERED = {"statements": "Statement", "references": "Reference", "code_notices": "Notice on code"}


def before_and_after(before: str, after: str) -> str:
    """'Met before, not met after'."""
    return f"{LABELS[before]} before, {LABELS[after].lower()} after"


def card_name(card: Evidence) -> str:
    """'VA/DoD headache guideline (2023)'."""
    return card.title if card.year in card.title else f"{card.title} ({card.year})"


def entry_name(sides: Iterable[Settings], section: str, name: str) -> str:
    """An entry of a section by its own words, as the first side has it that has it."""
    if section in _NUMBERED:
        return f"{_NUMBERED[section]} {name}"
    sides = tuple(sides)
    for settings in sides:
        entries = getattr(settings.policy, "fields_" if section == "fields" else section, None)
        if not isinstance(entries, Mapping) or name not in entries:
            continue
        if section == "criteria":
            return plain(sentence(settings, name))
        if section == "evidence":
            return card_name(entries[name])
        return next((str(getattr(entries[name], key)) for key in _KNOWN_BY if hasattr(entries[name], key)), name)
    return without_identifiers(name, sides)


def without_identifiers(text: str, sides: tuple[Settings, ...], every: bool = False) -> str:
    """A sentence that the program made, each identifier in it by its words.

    Those without an underscore may be words of the sentence too, and stay unless `every` is set.
    """
    places = {
        name: section
        for settings in sides
        for section in _NAMED
        for name in getattr(settings.policy, "fields_" if section == "fields" else section)
        if every or "_" in name
    }
    if places:
        wanted = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
        found = re.compile(rf"(?<![\w“])({wanted})(?![\w”])")
        text = found.sub(lambda name: f"“{entry_name(sides, places[name[1]], name[1])}”", text)
    return re.sub(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", lambda found: found[0].replace("_", " "), text)


def by_title(text: str, policy: Policy) -> str:
    """A sentence that names sources by their keys, with their titles."""
    keys = sorted((key for key in policy.evidence if "-" in key), key=len, reverse=True)
    if not keys:
        return text
    pattern = rf"(?<![\w-])({'|'.join(map(re.escape, keys))})(?![\w-])"
    return re.sub(pattern, lambda found: f"“{policy.evidence[found[1]].title}”", text)


def case_in_words(policy: Policy, row: Mapping[str, str]) -> str:
    """'Neck pain (M54.2), greater occipital block (64405); days of care: 42 days; nothing else documented'."""
    request = ", ".join(_code(policy, name, row[name]) for name in ("dx", "cpt") if name in row)
    facts = [
        f"{policy.fields_[name].label}: {value_in_words(policy, name, text).replace('_', ' ')}"
        for name, text in row.items()
        if name not in ("case_id", "dx", "cpt") and name in policy.fields_
    ]
    return "; ".join([request, *facts, "nothing else documented"])


def _code(policy: Policy, column: str, code: str) -> str:
    if column == "dx":
        group = diagnosis_group(policy, code)
        label = policy.diagnoses[group].label if group else "another diagnosis"
    else:
        label = next((f.label for f in policy.procedures.values() if code in f.codes), "another procedure")
    return f"{label} ({code})"
