"""Places, cases and slips of a document as a person calls them: labels, sentences and titles, never identifiers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from notebooks.drafting.names import called_entry
from notebooks.drafting.words import SECTION_WORDS
from notebooks.page import plain
from notebooks.rules import sentence
from policy.authoring.letter import value_in_words
from policy.authoring.mutation import Mutant
from policy.model import OUTCOMES, Policy
from simulations.reports.table_cells import LABELS

__all__ = ["entry_in_words", "in_labels", "levers_in_words", "outcome_in_words", "slip_in_words"]

_KINDS = {  # section of a document -> what an entry of it is, and which of its own words tell it
    "levers": ("lever", "label"), "criteria": ("criterion", "says"), "pathways": ("pathway", "title"),
    "gates": ("requirements", "title"), "fields": ("column", "label"), "evidence": ("source", "title"),
    "statements": ("statement", "says"), "texts": ("text", "title"),
    "diagnoses": ("diagnoses", "label"), "procedures": ("procedures", "label"),
}  # fmt: skip
_OPERATORS = {
    "count": "so many of its parts", "mean": "the mean", "each": "each value", "any": "any one value",
    "between": "between two numbers", "minus": "taken away", "plus": "added", "is": "says",
}  # fmt: skip


def outcome_in_words(word: str) -> str:
    """'not met' for 'not_met', as the reports call it."""
    return LABELS[word].lower() if word in OUTCOMES else word.replace("_", " ")


def entry_in_words(tree: Mapping[str, Any], place: str, policy: Policy | None = None) -> str:
    """'lever “Duration”' for 'levers.months.default' of a document's plain text.

    With the policy that it is, a criterion is told by its sentence with the values of its levers.
    """
    section, _, rest = place.partition(".")
    entries = tree.get(section, {})
    kind, key = _KINDS.get(section, ("", ""))
    name = rest.partition(".")[0]
    if isinstance(entries, list) and name.isdigit() and int(name) < len(entries):
        return f"{SECTION_WORDS[section][1]} “{called_entry(tree, section, name)}”"
    if not kind or name not in entries:
        return place.replace("_", " ")
    if policy is not None and section == "criteria" and name in policy.criteria:
        return f"criterion “{plain(sentence(policy.settings(), name))}”"
    said = entries[name].get(key, name) if isinstance(entries[name], dict) else name
    return f"{kind} “{_filled(tree, str(said))}”"


def _filled(tree: Mapping[str, Any], says: str) -> str:
    """A sentence with the labels of its levers in their places."""
    levers = tree.get("levers", {})

    def label(found: re.Match[str]) -> str:
        entry = levers.get(found[1])
        return f"({entry['label']})" if isinstance(entry, dict) and "label" in entry else found[0]

    return re.sub(r"\{([a-z0-9_]+)\}", label, says)


# Cases ----------------------------------------------------------------------------------------------------------------


def levers_in_words(policy: Policy, provisions: Mapping[str, object]) -> str:
    """'with “Relief wanted” at 70 %: ', empty where no lever is moved."""
    if not provisions:
        return ""
    settings = policy.settings(provisions)
    said = [f"“{policy.levers[k].label}” at {policy.levers[k].in_words(settings[k])}" for k in provisions]
    return f"with {' and '.join(said)}: "


# Slips ----------------------------------------------------------------------------------------------------------------


def slip_in_words(tree: Mapping[str, Any], policy: Policy, mutant: Mutant) -> str:
    """'if lever “Minimum care” were 7 weeks and not 6 weeks'."""
    steps, did = mutant.place.split("."), mutant.did
    where = entry_in_words(tree, mutant.place, policy)
    if mutant.kind == "lever":
        lever = policy.levers[steps[1]]
        old, new = (lever.in_words(lever.check(word)) for word in did.split(" -> "))
        return f"if {where} were {new} and not {old}"
    if mutant.kind == "part dropped":
        return f"if a part of {where} were left out"
    if mutant.kind == "criterion dropped":
        return f"if {where} did not require {entry_in_words(tree, f'criteria.{steps[-1]}', policy)}"
    if mutant.kind == "operator":
        return f"if {where} {_operator(did)}"
    if mutant.kind == "action swapped":
        old, new = (_ending(policy, word) for word in did.split(" -> "))
        return f"if {where} ended with {new} where it ends with {old}"
    if mutant.kind == "action dropped":
        return f"if {where} never ended with {_ending(policy, did.partition(' ')[0])} at this place"
    if mutant.kind == "stance dropped":
        return f"if {where} lost one of its stances"
    if mutant.kind == "condition lost" and did == "codes lost":
        return f"if {where} required {entry_in_words(tree, f'criteria.{steps[-1]}', policy)} of every code"
    if mutant.kind == "condition lost" and did == "while lost":
        return f"if {where} required {entry_in_words(tree, f'criteria.{steps[-1]}', policy)} whatever its lever says"
    return f"if {where} lost a condition ({in_labels(policy, did)})"


def _operator(did: str) -> str:
    if did.endswith(" negated"):
        return "held where it does not hold"
    if did.startswith("without "):
        return f"did not accept “{did.removeprefix('without ').replace('_', ' ')}”"
    if did.startswith("points "):
        return "gave no points for one of its parts"
    old, new = (_OPERATORS.get(word, word.replace("_", " ")) for word in did.split(" -> "))
    return f"asked for “{new}” and not “{old}”"


def _ending(policy: Policy, word: str) -> str:
    """An outcome, or what the lever that sets it is called."""
    return f"what “{policy.levers[word].label}” says" if word in policy.levers else outcome_in_words(word)


# Remarks --------------------------------------------------------------------------------------------------------------


def in_labels(policy: Policy, text: str) -> str:
    """A remark of the lint with labels in the place of identifiers."""
    text = re.sub(r"(?<=-> )(\w+)|\b(\w+)(?= -> )", lambda found: outcome_in_words(found[0]), text)
    text = re.sub(r"\bfields\.(\w+)", lambda f: _column(policy, f[1]), text)
    fields = _either(name for name, kind in policy.fields_.items() if kind.told)
    text = re.sub(rf"\b({fields}) ([^\s,:;]+)", lambda f: _fact(policy, f[1], f[2]), text)
    levers = _either(policy.levers)
    text = re.sub(rf"\b({levers})=([^\s,:;]+)", lambda f: f"“{policy.levers[f[1]].label}” at {f[2]}", text)
    labels = {name: f"“{lever.label}”" for name, lever in policy.levers.items()}
    labels |= {name: f"“{kind.label}”" for name, kind in policy.fields_.items()}
    labels |= {name: f"“{way.title}”" for name, way in policy.pathways.items()}
    labels |= {name: f"“{plain(sentence(policy.settings(), name))}”" for name in policy.criteria}
    known = _either(name for name in labels if "_" in name)  # a name that is a plain word may be that word
    text = re.sub(rf"\b({known})\b", lambda found: labels[found[1]], text)
    return re.sub(rf"\b({_either(OUTCOMES)})\b", lambda found: outcome_in_words(found[1]), text).replace(" -> ", " → ")


def _column(policy: Policy, column: str) -> str:
    """'column “Duration”' for its name."""
    return f"column “{policy.fields_[column].label}”" if column in policy.fields_ else column


def _either(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"


def _fact(policy: Policy, name: str, text: str) -> str:
    label = policy.fields_[name].label
    if policy.fields_[name].type in ("diagnosis", "procedure"):
        return f"{label} {text}"
    return f"{label}: {value_in_words(policy, name, text).replace('_', ' ')}"
