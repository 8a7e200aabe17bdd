"""A case that a person types: the facts of a policy as a form has them, and what is wrong with what was typed.

What is typed stays in memory. An empty entry is *not documented*, for every fact alike.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from policy import Cases, Policy
from policy.authoring.enumeration import as_cases
from policy.authoring.questions import row_of
from policy.case_files.grammar import allowed, form_of
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.problems import ProblemsFound
from policy.trees.policies import facts_read

__all__ = ["TYPED", "CaseForm"]

TYPED = "as typed"  # in the place of the id of a case
_FACT = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")  # how the names of most facts look
Typed = Mapping[str, str]


class CaseForm:
    """The facts that a person can tell of a case of `policy`: `facts`, name -> field, in document order."""

    def __init__(self, policy: Policy):
        self.policy = policy
        self.facts = {
            name: kind
            for name, kind in policy.fields_.items()
            if kind.told and not kind.ignored and kind.type != "text"
        }
        self.codes = {
            "diagnosis": {code: x.label for one in policy.diagnoses.values() for code, x in one.codes.items()},
            "procedure": {code: x.label for one in policy.procedures.values() for code, x in one.codes.items()},
        }

    def choices(self, name: str) -> dict[str, str]:
        """Word as a case table has it -> as it is read, of a fact of words; empty for any other."""
        kind = self.facts[name]
        if kind.type == "boolean":
            return {"true": "yes", "false": "no"}
        return {word: word.replace("_", " ") for word in kind.words}

    def hint(self, name: str) -> str:
        """What may be typed, in a few words."""
        kind = self.facts[name]
        if kind.type == "date":
            return "year-month-day, such as 2026-03-31"
        if kind.type in self.codes:
            return kind.ask
        return allowed(kind).removeprefix("allowed: ") if kind.numeric else ""

    def empty(self, name: str) -> str:
        """What an empty entry means: 'not documented', with the word that the policy then takes."""
        taken = self.facts[name].absent
        return f"not documented (counts as {self.choices(name).get(taken, taken)})" if taken else "not documented"

    def begun_from(self, cases: Cases, place: int) -> dict[str, str]:
        """The entries of a case; a word that the policy takes where nothing is documented is left empty."""
        row = row_of(cases, place)
        return {name: row[name] for name, kind in self.facts.items() if name in row and row[name] != kind.absent}

    def read_for(self, typed: Typed) -> set[str]:
        """The facts that some rule may read for these codes; those that every request needs among them."""
        needed = {name for name, kind in self.facts.items() if kind.required}
        group = diagnosis_group(self.policy, self._code("dx", typed))
        name = pathway_of(self.policy, group, self._code("cpt", typed)) if group else None
        return needed | (facts_of(self.policy, name) if name else set())

    def _code(self, name: str, typed: Typed) -> str:
        """In its standard form, as far as it is one."""
        try:
            return str(form_of(self.facts[name]).read(typed.get(name, "").strip()))
        except ValueError:
            return ""

    def read(self, typed: Typed) -> tuple[Cases | None, dict[str, str]]:
        """The case, and by fact what is wrong (there is no case then) or worth a second look (there is one)."""
        row = {name: text.strip() for name, text in typed.items() if text.strip()}
        wrong = {name: "is needed" for name, kind in self.facts.items() if kind.required and name not in row}
        try:
            cases = as_cases([{**dict.fromkeys(wrong, ""), **row}], self.policy, keep_good=True)
        except ProblemsFound as found:
            return None, wrong | {str(p.column or "dx"): p.message for p in found.problems}
        for column, problem in zip(cases.rejected["column"], cases.rejected["problem"], strict=True):
            said = _FACT.sub(self._label, str(problem))
            wrong.setdefault(str(column), f"{said}{self._near(str(column), row.get(str(column), ''))}")
        every = wrong | {name: text for name, text in self._outside(row) if name not in wrong}
        return (None if wrong else replace(cases, ids=np.array([TYPED], dtype=object))), every

    def _label(self, word: re.Match[str]) -> str:
        """A fact in a sentence by its label."""
        return f"“{self.facts[word[0]].label}”" if word[0] in self.facts else word[0]

    def _near(self, name: str, text: str) -> str:
        """', did you mean M54.2 (Cervicalgia)?' for a code or word that is nearly one of the policy."""
        kind = self.facts.get(name)
        known = self.codes.get(kind.type, {}) if kind else {}
        close = difflib.get_close_matches(text.upper(), known, 1, 0.5)
        return f", did you mean {close[0]} ({known[close[0]]})?" if close else ""

    def _outside(self, row: Typed) -> Iterator[tuple[str, str]]:
        """The facts with a well-formed code that the policy does not cover, and what is said of it."""
        for name in ("dx", "cpt"):
            code = self._code(name, row)
            covered = diagnosis_group(self.policy, code) if name == "dx" else code in self.codes["procedure"]
            if code and not covered:
                yield name, f"{code} is outside this policy{self._near(name, code)}"


def facts_of(policy: Policy, pathway: str) -> set[str]:
    """The columns that can decide what a pathway makes of a case, the codes left out."""
    names = facts_read(policy, policy.pathways[pathway].rule)
    found = {column for name in names for column in (name, *policy.fields_[name].sources)}
    return {name for name in found if policy.fields_[name].told}
