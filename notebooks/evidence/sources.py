"""What stands on a source, what is left when it supports no longer, which cases change, and what is due: in words."""

from collections import Counter
from collections.abc import Iterable

from notebooks.comparison.effect import moves
from notebooks.comparison.words import card_name, entry_name, without_identifiers
from notebooks.levers import shown
from notebooks.page import bullets, codes, esc, evidence_mark, table
from notebooks.reach import listed
from policy.authoring.evidence import KINDS, STANDING, Due, Support, Withdrawal, due_for_review, support
from policy.model import Policy, Settings
from simulations.reports.impact_findings import about_finding
from simulations.studies.withdrawal import Step

__all__ = ["FALLEN", "due", "first_step", "in_all", "left", "next_step", "stands_on"]

FALLEN = {  # what may be tried on a source -> whether it supports no longer
    "withdrawn": True,
    **{status: status not in STANDING for status in ("retracted", "superseded", "contested", "current")},
}
_OPEN = 10  # sources that are due and stand open
_ORDER = ("levers", "criteria", "pathways")


def stands_on(settings: Settings, cards: Iterable[str]) -> str:
    """The levers, criteria and pathways that name each card, with what else supports them and where sources differ."""
    found = support(settings.policy)
    return "".join(_card(settings, key, [one for one in found if key in one.cards]) for key in cards)


def _card(settings: Settings, key: str, mine: list[Support]) -> str:
    card = settings.policy.evidence[key]
    note = f" {card.status_note}" if card.status_note else ""
    head = (
        f"<h4>{esc(card_name(card))}</h4><p>{evidence_mark(card, titled=True)} Strength: {esc(card.strength)}. "
        f"Standing: {esc(card.status)}.{esc(note)}</p>"
    )
    rows = [
        (f"{KINDS[one.section].capitalize()} {_named(settings, one)}", _by(one, key), _others(settings, one, key))
        for one in mine
    ]
    if not rows:
        return f"{head}<p>No lever, criterion or pathway names it.</p>"
    sections = _counted(one.section for one in mine)
    header = ("What stands on it", "Named by", "Also stands on")
    return head + table(header, rows, f"Named by {sections}") + _conflicts(settings, key, mine)


def _counted(sections: Iterable[str]) -> str:
    """'2 levers, 1 criterion and 3 pathways'."""
    counts = Counter(sections)
    return listed([f"{n} {KINDS[one] if n == 1 else one}" for one in _ORDER if (n := counts[one])], "and")


def _named(settings: Settings, one: Support) -> str:
    return f"<b>{esc(entry_name((settings,), one.section, one.name))}</b>"


def _by(one: Support, card: str) -> str:
    return codes(one.by(card)) or "itself"


def _others(settings: Settings, one: Support, but: str) -> str:
    names = [card_name(settings.policy.evidence[key]) for key in one.standing if key != but]
    return esc("; ".join(names)) if names else "<b>nothing else</b>"


def _conflicts(settings: Settings, key: str, mine: list[Support]) -> str:
    """Where sources of opposite stance meet on one entry, of which this card is one."""
    cards, said = settings.policy.evidence, []
    for one in mine:
        for conflict in one.conflicts:
            if key in (conflict.against, conflict.in_favour):
                sides = [card_name(cards[c]) if c else "a statement without a source" for c in conflict[:2]]
                told = f"against: {sides[0]}; in favour: {sides[1]} ({', '.join(conflict.statements)})"
                said.append(f"{_named(settings, one)}: {esc(told)}")
    return f"<p class='note'>Sources disagree on:</p>{bullets(said)}" if said else ""


# Withdrawn ------------------------------------------------------------------------------------------------------------


def left(settings: Settings, found: Withdrawal) -> str:
    """Which rules are left without support, and what cannot be dropped for it."""
    if not found.left:
        return (
            "<p><b>No rule is left without support</b>: whatever names it has another source that is current or"
            " contested, or nothing names it. So nothing is dropped, and no case changes.</p>"
        )
    counted = _counted(one.section for one in found.left)
    rows = [f"{KINDS[one.section].capitalize()} {_named(settings, one)}{_now(settings, one)}" for one in found.left]
    kept = [esc(without_identifiers(line, (settings,), every=True)) for line in found.kept]
    stays = f"<p>What cannot simply be dropped:</p>{bullets(kept)}" if kept else ""
    return f"<p><b>Left without support: {esc(counted)}.</b></p>{bullets(rows)}{stays}"


def _now(settings: Settings, one: Support) -> str:
    """What becomes of it: a lever stays where it is; statements without a source are told."""
    said = []
    if one.section == "levers":
        said.append(f"stays at {shown(settings.policy.levers[one.name], settings[one.name])}")
    if one.unsourced:
        said.append(f"{listed([*one.unsourced])} {'names' if len(one.unsourced) == 1 else 'name'} no source")
    return esc(f" ({'; '.join(said)})") if said else ""


def in_all(steps: tuple[Step, ...]) -> str:
    """What both steps together do, before each of them is told; empty where there is one."""
    study = steps[-1].study
    if len(steps) == 1 or study is None or study.guarded:
        return ""
    moved = study.impact.moved or 0
    said = f"In all, {moved:,} of the {study.cases!r} come out otherwise: {study.shown.finding()}."
    return f"<p class='finding' role='status'>{esc(said)}</p>"


def first_step(settings: Settings, found: Withdrawal, step: Step) -> str:
    """Requirements dropped, and the cases that change."""
    done = [
        f"No longer asked for: <b>{esc(entry_name((settings,), 'criteria', str(edit.remove)))}</b>, in "
        f"{esc(listed([settings.policy.pathways[name].title for name in edit.pathways]))}"
        for edit in found.edits
    ]
    if not done:
        return f"<h4>{esc(step.title)}</h4><p>Nothing can be dropped, and no case changes.</p>"
    return f"<h4>{esc(step.title)}</h4>{bullets(done)}{_cases(step)}"


def next_step(settings: Settings, found: Withdrawal, step: Step) -> str:
    """Pathways judged by a clinician, and the cases that change."""
    titles = [settings.policy.pathways[name].title for name in found.named("pathways")]
    done = f"<p>Review in the place of what these state: {esc(listed(titles))}.</p>"
    return f"<h4>{esc(step.title)}</h4>{done}{_cases(step)}"


def _cases(step: Step) -> str:
    """The finding, and which way cases move with examples."""
    study = step.study
    if study is None:
        return ""
    if study.guarded:
        return f"<p>{esc(about_finding(study.about()))}</p>"
    moved = study.impact.moved or 0
    counted = f"{moved:,} of the {study.cases!r} change their outcome." if moved else ""
    return f"<p class='finding'>{esc(study.shown.finding())}.</p><p>{esc(counted)}</p>{moves(study)}"


# Due ------------------------------------------------------------------------------------------------------------------


def due(policy: Policy, day: str, years: int) -> str:
    """The cards that somebody should look at again on a day, by which rule, and why; the first ten open."""
    found = due_for_review(policy, day, years)
    if not found:
        return "<p>No source is due for review then.</p>"
    counts = Counter(rule for one in found for rule in one.rules)
    by = listed([f"{count} {rule}" for rule, count in counts.most_common()], "and")
    said = f"{len(found)} of {len(policy.evidence)} sources are due for review on {day}: {by}; some by several rules"
    said = said if len(found) < sum(counts.values()) else said.removesuffix("; some by several rules")
    order = "First those that are not current, then the oldest, then those on which most stands."
    first, rest = found[:_OPEN], found[_OPEN:]
    html = f"<p role='status'><b>{esc(said)}.</b> {order}</p>{_due_table(policy, first, f'The first {len(first)}')}"
    if rest:
        more = f"The other {len(rest)}"
        html += f"<details><summary>{more}</summary>{_due_table(policy, rest, f'{more} due for review')}</details>"
    return html


def _due_table(policy: Policy, found: Iterable[Due], caption: str) -> str:
    rows = [
        (
            esc(card_name(policy.evidence[one.card])),
            esc(", ".join(one.rules)),
            bullets(map(esc, one.reasons)),
            f"{one.named_by:,}",
        )
        for one in found
    ]
    return table(("Source", "Due by", "Because it", "Rules that stand on it"), rows, caption)
