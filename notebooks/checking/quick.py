"""What is known at once: problems, examples that fail, sources that are due, and what stands on none."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from notebooks.checking.items import QUICK, Found, Item, Mend
from notebooks.checking.words import entry_in_words, levers_in_words, outcome_in_words
from notebooks.comparison.words import case_in_words
from notebooks.drafting.effect import still_named
from notebooks.drafting.names import by_label
from notebooks.drafting.words import key_label
from notebooks.page import dated
from policy import Draft
from policy.authoring.draft_edits import Edited
from policy.authoring.enumeration import as_cases
from policy.authoring.evidence import due_for_review, support
from policy.case_files.stretches import REQUESTED
from policy.determinations.determination import determine
from policy.evaluation.kleene import MET, WORDS
from policy.model import OUTCOMES, Example, Policy
from policy.problems import Problem, ProblemsFound

__all__ = ["at_once", "plain_text", "sound"]


def sound(draft: Draft) -> Policy | None:
    """The policy that a draft is; None while its entries do not agree."""
    try:
        return draft.policy
    except ProblemsFound:
        return None


def at_once(draft: Draft, day: str, years: int) -> dict[str, Found]:
    """The quick sections of a draft; `day` (ISO, empty: not asked) and `years` say which evidence is due."""
    policy, tree = sound(draft), plain_text(draft)
    failing = [*_failing(policy)] if policy else []
    places = {item.place for item in failing}
    problems = [p for p in draft.problems if p.code != "example" or _place(p) not in places]
    found: dict[str, Sequence[Item]] = {
        "problems": [_problem(tree, p) for p in problems],
        "examples": failing,
        "texts": [*_of_old_values(tree, draft, policy)] if policy else (),
        "evidence": [*_due(policy, day, years)] if policy and day else (),
        "sources": [*_unsourced(tree, policy)] if policy else (),
    }
    unread = "" if policy else "not looked for while there are problems"
    notes = {name: unread for name in QUICK if name != "problems"}
    notes["evidence"] = unread or ("" if day else "choose the day that it is asked for")
    return {
        name: Found(tuple(items), 0 if notes.get(name) else 1, 1, notes.get(name, "")) for name, items in found.items()
    }


def plain_text(draft: Draft) -> dict[str, Any]:
    """The document of a draft as mappings, lists and text; empty where it cannot be read."""
    try:
        found = draft.page.root.plain()
    except ProblemsFound:
        return {}
    return found if isinstance(found, dict) else {}


def _place(problem: Problem) -> str:
    """The entry that a problem is in: 'levers.NAME', 'examples.3'."""
    return ".".join((problem.path or "").split(".")[:2])


def _problem(tree: dict[str, Any], problem: Problem) -> Item:
    place = _place(problem)
    line = f"Line {problem.line}, {problem.path}" if problem.line and problem.path else problem.place
    where = entry_in_words(tree, place) if place else problem.place
    message = by_label(tree, problem.message.removeprefix(f"{problem.path}: "))
    return Item("problems", place, f"{where[:1].upper()}{where[1:]}: {message}", line)


# Examples -------------------------------------------------------------------------------------------------------------


def _failing(policy: Policy) -> Iterator[Item]:
    for i, example in enumerate(policy.examples):
        try:
            came, asked, why = _answer(policy, example)
        except ProblemsFound:
            continue  # its case cannot be read: that is told among the problems
        told = [f"comes out as {outcome_in_words(came)} (expected: {outcome_in_words(example.expect)})"] * (
            came != example.expect
        )
        if example.asks is not None and sorted(example.asks) != sorted(asked):
            told.append(f"asks for {_labels(policy, asked)} (expected: {_labels(policy, example.asks)})")
        if told:
            more = f"{levers_in_words(policy, dict(example.set_))}{case_in_words(policy, example.case)}.\n{why}"
            mend = Mend(_expect(came, told), _as_it_comes_out(example, came, asked))
            yield Item("examples", f"examples.{i}", f"“{example.name}” {' and '.join(told)}", more, (mend,))


def _answer(policy: Policy, example: Example) -> tuple[str, list[str], str]:
    """The outcome of an example, what is asked for, and why in words."""
    on = policy.on(example.case.get(REQUESTED))
    cases = as_cases([dict(example.case)], on)
    settings = on.settings(dict(example.set_))
    found = determine(on, cases, settings)
    short = [
        f"{WORDS[code]}: {settings.says(name)}"
        for name, truth in found.truths.items()
        if (code := int(truth[0])) < MET and code >= 0
    ]
    asked = [*filter(None, str(found.frame()["ask"].iloc[0]).split(";"))]
    why = f"Why: {'; '.join(short)}." if short else "Why: everything that is asked for is met."
    return OUTCOMES[int(np.asarray(found.outcome)[0])], asked, why


def _labels(policy: Policy, columns: Sequence[str]) -> str:
    return ", ".join(f"“{policy.fields_[c].label}”" if c in policy.fields_ else c for c in columns) or "nothing"


def _expect(came: str, told: Sequence[str]) -> str:
    return f"Expect {outcome_in_words(came)}" if told[0].startswith("comes out") else "Expect these questions"


def _as_it_comes_out(example: Example, came: str, asked: Sequence[str]) -> Any:
    given: dict[str, Any] = {"expect": came} | ({} if example.asks is None else {"asks": [*asked]})
    given = {key: value for key, value in given.items() if key == "expect" or [*value] != [*(example.asks or ())]}

    def edit(draft: Draft) -> Edited:
        return draft.set_example(example.name, **given)

    return edit


# Texts ----------------------------------------------------------------------------------------------------------------


def _of_old_values(tree: dict[str, Any], draft: Draft, policy: Policy) -> Iterator[Item]:
    for one in still_named(draft):
        where, lever = entry_in_words(tree, one.place, policy), policy.levers[one.lever].label
        says = f"{where[:1].upper()}{where[1:]} still says “{one.says}”, and “{lever}” is {one.now} now"
        yield Item("texts", one.place, says, f"{key_label('', one.key)}: {one.sentence}")


# Sources --------------------------------------------------------------------------------------------------------------


def _due(policy: Policy, day: str, years: int) -> Iterator[Item]:
    for due in due_for_review(policy, day, years):
        card = policy.evidence[due.card]
        stands = f"{due.named_by:,} {'rule stands' if due.named_by == 1 else 'rules stand'} on it"
        more = f"{card.title}. {card.note}\nDue by: {', '.join(due.rules)}. {stands}."
        yield Item("evidence", f"evidence.{due.card}", f"{dated(card)}: {'; '.join(due.reasons)}", more)


def _unsourced(tree: dict[str, Any], policy: Policy) -> Iterator[Item]:
    for one in support(policy):
        if one.standing or one.section == "pathways":
            continue
        where = entry_in_words(tree, f"{one.section}.{one.name}", policy)
        named = [f"{card.source} ({card.status})" for card in one.cards.values()]
        says = f"names only {', '.join(named)}" if named else "names no source"
        more = getattr(policy, one.section)[one.name].citation
        yield Item("sources", f"{one.section}.{one.name}", f"{where[:1].upper()}{where[1:]} {says}", more)
