"""The answer to one request as a clinician would hand it on: reasons in plain words, for a person to edit."""

import dataclasses
from typing import Any

import numpy as np

from policy.authoring.questions import FEW_CHANGES, Way, all_tried, documents, row_of, to_meet
from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET, WORDS
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.explanation.details import Detail, details
from policy.explanation.explanation import Explanation, Reason, explain
from policy.model import Policy, Settings

EDIT = "Draft for a clinician to edit and to sign. A program recommends; a person decides."

YES = {"true": "yes", "false": "no"}


@dataclasses.dataclass(frozen=True)
class Answer:
    """An explanation with what would change the outcome: `documents` and `to_meet` as questions.py finds them.

    `cause`: the one criterion that alone stands in the way, if there is one; `letter`: the reasons in plain words.
    """

    explanation: Explanation
    cause: str | None
    documents: tuple[Way, ...]
    to_meet: tuple[Way, ...]
    letter: str
    none: str = "none that a case table can hold"

    def data(self) -> dict[str, Any]:
        """The same as plain dicts, lists, numbers and text; truths by their words."""
        found = dataclasses.asdict(self.explanation)
        for reason in found["reasons"]:
            reason["truth"] = WORDS[reason["truth"]]
        ways = {name: [dataclasses.asdict(way) for way in getattr(self, name)] for name in ("documents", "to_meet")}
        return {**found, "cause": self.cause, **ways, "letter": self.letter}

    def text(self, policy: Policy) -> str:
        """The lines that follow those of the explanation."""
        lines = []
        if self.explanation.outcome not in ("met", "out_of_scope"):  # no fact brings a code into a policy
            lines += ["Smallest sets of changes that would make it met"]
            lines += [f"  - {way_said(policy, way)}" for way in self.to_meet] or [f"  - {self.none}"]
            lines += [""]
        if self.documents:
            lines += ["Smallest sets of documents that could settle it, and what it could then be"]
            lines += [*(f"  - {way_named(policy, way)}: {way.outcome}" for way in self.documents), ""]
        return "\n".join([*lines, "Letter", *(f"  {line}".rstrip() for line in self.letter.splitlines())])


def answer(policy: Policy, cases: Cases, row: int, settings: Settings, people: bool = False) -> Answer:
    """Everything that can be said of the case at position `row`; `people`: it may be a person's."""
    told = explain(policy, cases, row, settings)
    ways = documents(cases, row, settings)
    better = to_meet(cases, row, settings) if told.outcome != "met" else ()
    short = [r for r in told.reasons if r.truth == NOT_MET] or [r for r in told.reasons if r.truth == NOT_DOCUMENTED]
    alone = short[0].criterion if len(short) == 1 and told.outcome in ("not_met", "pend") else None
    letter = letter_of(policy, cases, row, settings, told, people)
    if better or all_tried(settings):
        return Answer(told, alone, ways, better, letter)
    return Answer(told, alone, ways, better, letter, f"none of at most {FEW_CHANGES} facts that hang together")


def way_said(policy: Policy, way: Way) -> str:
    """'Duration: 92 days; Treatment failed: yes'."""
    return "; ".join(
        f"{policy.fields_[fact].label}: {value_in_words(policy, fact, text)}" for fact, text in way.changes.items()
    )


def value_in_words(policy: Policy, fact: str, text: str) -> str:
    """A cell of a case table as people say it: 'yes', '6 weeks'."""
    kind = policy.fields_[fact]
    kind = policy.fields_[kind.column(fact)]
    if kind.type == "boolean":
        return "yes" if text == "true" else "no"
    return f"{text} {kind.measure.word(1 if text == '1' else 2)}" if kind.measure else text


def way_named(policy: Policy, way: Way) -> str:
    """'Duration and Intent of the request': the facts of a way without their values."""
    labels = [policy.fields_[fact].label for fact in way.changes]
    return " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))


def letter_of(
    policy: Policy, cases: Cases, row: int, settings: Settings, told: Explanation, people: bool = False
) -> str:
    """What the requester is told, one reason a line; nothing here decides anything. `people`: as of `answer`."""
    request = f"Request {told.case_id}: {_procedure(policy, cases, row)}."
    lines = [policy.notice_of(people), "", request]
    if told.outcome == "met":
        lines += [f"It meets the medical policy '{policy.title}' ({policy.name})."]
    elif told.outcome == "not_met":
        lines += [f"It does not meet the medical policy '{policy.title}' ({policy.name}), because:"]
        one = Evaluation(settings, Rows.of(cases, np.array([row])))
        failing = [r for r in told.reasons if r.truth == NOT_MET] or [r for r in told.reasons if r.truth < 2]
        lines += [_reason(policy, one, r) for r in failing] or [f"- {told.why.removeprefix('Because: ')}."]
        lines += ["The decision is made by a clinician, who looks at the circumstances of the patient."]
    elif told.outcome == "pend" and told.ask:
        lines += [_waiting(told)]
        lines += [f"- {policy.fields_[column].ask}" for column in told.ask]
    else:
        lines += [f"It is passed on to a clinician: {told.why.removeprefix('Because: ')}."]
    return "\n".join([*lines, "", EDIT])


def _waiting(told: Explanation) -> str:
    """Why nothing is decided yet; reasons that are no criterion (a code that is not what it was called) are told."""
    why = "" if any(reason.truth < MET for reason in told.reasons) else f" ({told.why.removeprefix('Because: ')})"
    return f"It cannot be decided yet{why}. Please send:"


def _procedure(policy: Policy, cases: Cases, row: int) -> str:
    dx, cpt = (row_of(cases, row)[name] for name in ("dx", "cpt"))
    group = diagnosis_group(policy, dx)
    name = pathway_of(policy, group, cpt) if group else None
    return (
        f"{policy.pathways[name].title} (procedure {cpt}, diagnosis {dx})"
        if name
        else f"procedure {cpt}, diagnosis {dx}"
    )


def _reason(policy: Policy, one: Evaluation, reason: Reason) -> str:
    """The sentence of a criterion as what was asked for, with what is on file and falls short."""
    short = [_short(policy, d) for d in details(one, policy.criteria[reason.criterion].test) if d.truth < MET]
    on_file = f" On file: {'; '.join(short)}." if short else ""
    return f"- Not shown: {reason.says[0].lower()}{reason.says[1:]}.{on_file} Basis: {reason.citation}."


def _short(policy: Policy, detail: Detail) -> str:
    """'Daily activities are limited: no (yes is asked for)'."""
    label = policy.fields_[detail.fact].label if detail.fact in policy.fields_ else detail.fact
    if not detail.words or detail.value == "not documented":
        return f"{label}: {detail.value}{detail.asked}"
    words = [YES.get(word, word) for word in detail.words]
    if detail.turned and len(words) == 1 and words[0] in ("yes", "no"):
        words = ["no" if words[0] == "yes" else "yes"]
    elif detail.turned:
        return f"{label}: {detail.value} (it may not be {' or '.join(words)})"
    return f"{label}: {YES.get(detail.value, detail.value)} ({' or '.join(words)} is asked for)"
