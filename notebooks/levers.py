"""A lever in words: what it is, where it stands, whence it comes, what reads it, and beside which others it belongs."""

import re
from collections.abc import Collection, Iterable, Mapping

from notebooks.page import codes, esc, evidence_marks, mark
from notebooks.reach import Mention, pathways_of
from policy.model import Lever, Policy, Value
from simulations.reports.lever_groups import by_diagnosis

__all__ = ["allowed", "footer", "groups", "heading", "legend", "matching", "shown"]


def shown(lever: Lever, value: Value) -> str:
    """'6 weeks', 'off', 'clinician review': the value as a reader wants it."""
    return lever.in_words(value)


def allowed(lever: Lever) -> str:
    """The legal values in words."""
    if lever.choices is not None:
        return ", ".join(map(lever.word, lever.choices))
    assert lever.domain
    steps = f" in steps of {lever.domain.step}" if lever.domain.step != 1 else ""
    off = ", or off" if lever.off_allowed else ""
    return f"{lever.domain.min} to {shown(lever, lever.domain.max)}{steps}{off}"


def groups(policy: Policy, found: list[Mention]) -> dict[str, list[str]]:
    """Title -> levers: those of one family of diagnoses together, those that several read first, in document order."""
    return by_diagnosis(policy, {lever: pathways_of(policy, lever, found) for lever in policy.levers})


def matching(policy: Policy, text: str, settings: Mapping[str, Value], found: Iterable[Mention] = ()) -> list[str]:
    """The levers of which every word of `text` is said, in whatever order: in what the document says of the lever
    itself, of the criteria that read it, of its statements and its evidence.

    `found`: where the policy reads its levers. The beginning of a word is enough, and a plural finds the singular.
    """
    typed = [word.removesuffix("s") if len(word) > 3 else word for word in text.lower().split()]
    words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in typed]
    criteria: dict[str, dict[str, str]] = {}
    for one in found:
        if one.criterion:
            criteria.setdefault(one.lever, {})[one.criterion] = policy.criteria[one.criterion].says

    def said(name: str, lever: Lever) -> str:
        cards = [card for card in map(policy.evidence.get, lever.evidence) if card]
        sources = [f"{c.title} {c.source} {c.strength} {c.status} {c.population} {c.stance}" for c in cards]
        value = f"{shown(lever, settings[name])} {allowed(lever)}"
        parts = [lever.label, lever.says, value, lever.measure.many if lever.domain else "", lever.citation]
        parts += [*(lever.choices or {}).values(), *lever.statements, *criteria.get(name, {}).values()]
        parts += [policy.statements[one].says for one in lever.statements if one in policy.statements]
        return " ".join([*parts, *sources]).lower()

    return [name for name, lever in policy.levers.items() if all(word.search(said(name, lever)) for word in words)]


def legend(policy: Policy) -> str:
    """What the letters with a number mean that stand behind a sentence, and the letters in brackets; ready HTML."""
    against = [name for lever in policy.levers.values() for name in lever.contradictions]
    against += [one.contradiction for one in policy.open_questions.values() if one.contradiction]
    kinds: dict[str, Collection[str]] = {
        f"statement of {policy.source_name}": policy.statements,
        "reference": policy.references,
        "contradiction or gap of the sources": against,
    }
    letters = {next(iter(names)).rstrip("0123456789"): meaning for meaning, names in kinds.items() if names}
    written = policy.model_dump_json()
    letters |= {f"({mark})": meaning for mark, meaning in _READ.items() if re.search(rf"\({mark}[),]", written)}
    return f"Letters: {', '.join(f'<b>{esc(letter)}</b> {esc(meaning)}' for letter, meaning in letters.items())}."


# How authors of policies mark what they read where.
_READ = {"P": "read in a primary text", "S": "in a secondary text", "GK": "general knowledge"}


def heading(policy: Policy, name: str, value: Value, baseline: Value, idle: str, complaint: str) -> str:
    """Label, present value and marks; the reason when the lever reaches no case; what was wrong with a value."""
    lever = policy.levers[name]
    moved = mark(f"moved, was {shown(lever, baseline)}", "moved") if value != baseline else ""
    origin = mark(lever.origin, "origin") if lever.origin else ""
    meaning = f": {esc(lever.choices[str(value)])}" if lever.choices is not None else ""
    said = f'<div class="alert" role="alert">{esc(complaint)}; kept as it was.</div>' if complaint else ""
    reason = f"<div><small>{esc(idle[0].upper() + idle[1:])}.</small></div>" if idle else ""
    look = "nbw mathjax_ignore live idle" if idle else "nbw mathjax_ignore live"
    line = f"<b>{esc(lever.label)}</b> &nbsp;{esc(shown(lever, value))}<small>{meaning}</small> {moved} {origin}"
    return f'<div class="{look}">{line}{reason}{said}</div>'


def footer(policy: Policy, name: str, pathways: tuple[str, ...], cases: Mapping[str, int]) -> str:
    """Default, range, statements; folded away: the full source, the evidence and the pathways that read the lever.

    `cases`: their number by pathway; empty where it is not told.
    """
    lever = policy.levers[name]
    default = shown(lever, policy.defaults[name])
    suggested = f" (suggested when on: {shown(lever, lever.suggested)})" if lever.suggested is not None else ""
    statements = f" · {codes(lever.statements)}" if lever.statements else ""
    marks = evidence_marks(policy, lever.evidence)
    reads = "; ".join(policy.pathways[p].title + (f" ({cases.get(p, 0):,})" if cases else "") for p in pathways)
    choices = "".join(f"<li>{esc(lever.word(w))}: {esc(t)}</li>" for w, t in (lever.choices or {}).items())
    legal = allowed(lever) if lever.domain else f"{len(lever.choices or ())} choices"
    return (
        f'<div class="nbw mathjax_ignore live"><details><summary><small>Default {esc(default)}{esc(suggested)} · '
        f"{esc(legal)}{statements}</small></summary><small><p>{esc(lever.says)}</p>"
        f"{f'<ul>{choices}</ul>' if choices else ''}<p>{esc(lever.citation)}</p>"
        f"<p>{marks}</p><p>Read by{' (cases here)' if cases else ''}: {esc(reads)}.</p></small></details></div>"
    )
