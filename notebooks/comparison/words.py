"""Entries of a document by the words that people know them by, and a case in a line; no identifier is shown."""

import re
from collections.abc import Mapping
from functools import partial

from notebooks.page import plain
from notebooks.rules import sentence
from policy.authoring.letter import value_in_words
from policy.evaluation.pathways import diagnosis_group
from policy.model import Policy, Settings
from simulations.reports import entries_in_words
from simulations.reports.entries_in_words import card_name
from simulations.reports.table_cells import LABELS

__all__ = ["before_and_after", "by_title", "card_name", "case_in_words", "entry_name", "without_identifiers"]


def before_and_after(before: str, after: str) -> str:
    """'Met before, not met after'."""
    return f"{LABELS[before]} before, {LABELS[after].lower()} after"


def _says(settings: Settings, criterion: str) -> str:
    return plain(sentence(settings, criterion))


entry_name = partial(entries_in_words.entry_name, says=_says)
without_identifiers = partial(entries_in_words.without_identifiers, says=_says)


def by_title(text: str, policy: Policy) -> str:
    """A sentence that names sources by their keys, with their titles."""
    keys = sorted((key for key in policy.evidence if "-" in key), key=len, reverse=True)
    if not keys:
        return text
    pattern = rf"(?<![\w-])({'|'.join(map(re.escape, keys))})(?![\w-])"
    return re.sub(pattern, lambda found: f"“{policy.evidence[found[1]].title}”", text)


def case_in_words(policy: Policy, row: Mapping[str, str]) -> str:
    """'Sleep apnoea (G47.33), a device (E0601); days of use: 42 days; nothing else documented'."""
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
