"""Entries of a document by the words that people know them by; no identifier is shown."""

import re
from collections.abc import Callable, Iterable, Mapping

from policy.entries.sources import Evidence
from policy.model import Settings

_KNOWN_BY = ("title", "label", "question", "name")
_NAMED = ("fields", "criteria", "gates", "pathways", "levers")  # what a sentence of the program may name by identifier
_NUMBERED = {"statements": "Statement", "references": "Reference", "code_notices": "Notice on code"}

Says = Callable[[Settings, str], str]  # the sentence of a criterion under some settings


def card_name(card: Evidence) -> str:
    """'A guideline of a society (2023)'."""
    return card.title if card.year in card.title else f"{card.title} ({card.year})"


def entry_name(sides: Iterable[Settings], section: str, name: str, says: Says = Settings.says) -> str:
    """An entry of a section by its own words, as the first side has it that has it."""
    if section in _NUMBERED:
        return f"{_NUMBERED[section]} {name}"
    sides = tuple(sides)
    for settings in sides:
        entries = getattr(settings.policy, "fields_" if section == "fields" else section, None)
        if not isinstance(entries, Mapping) or name not in entries:
            continue
        if section == "criteria":
            return says(settings, name)
        if section == "evidence":
            return card_name(entries[name])
        return next((str(getattr(entries[name], key)) for key in _KNOWN_BY if hasattr(entries[name], key)), name)
    return without_identifiers(name, sides, says=says)


def without_identifiers(text: str, sides: tuple[Settings, ...], every: bool = False, says: Says = Settings.says) -> str:
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
        text = found.sub(lambda name: f"“{entry_name(sides, places[name[1]], name[1], says)}”", text)
    return re.sub(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", lambda found: found[0].replace("_", " "), text)
