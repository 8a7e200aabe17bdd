"""What a policy stands on: the sources of its levers, criteria and pathways, and what is left when one is withdrawn.

A source is a card that an entry names itself (`evidence:`) or through its statements (`source:`). It supports while
its status is current or contested. A statement that names no source is the document's own claim, and no support.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, get_args

from policy.entries.records import ReadOnly
from policy.entries.scalars import is_day
from policy.entries.sources import Evidence, Statement
from policy.model import Pathway, Policy, Requirement, Rule, Step
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown
from policy.reading.scenario import Edit, edited, with_pathways
from policy.trees.policies import required_somewhere
from policy.trees.rules import mapped, requiring

STATUSES: tuple[str, ...] = get_args(Evidence.model_fields["status"].annotation)
STANDING = ("current", "contested")  # the statuses of a source that supports
AGAINST, IN_FAVOUR = ("strong_against",), ("weak_for", "favourable")  # stances of statements that are opposite
KINDS = {"criteria": "criterion", "levers": "lever", "pathways": "pathway"}  # section -> what an entry of it is


# What each entry stands on ------------------------------------------------------------------------------------------


class Conflict(NamedTuple):
    """Two sources of opposite stance on one entry, and the statements that say so; empty: no source is named."""

    against: str
    in_favour: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Support:
    """What a lever, criterion or pathway stands on: its cards, those that it names itself first, and its statements."""

    section: str  # criteria, levers or pathways
    name: str
    cards: Mapping[str, Evidence]
    statements: Mapping[str, Statement]

    def __str__(self) -> str:
        said = [f"{key} ({card.status}; {card.strength})" for key, card in self.cards.items()]
        return f"{self.entry}: {', '.join(said) or 'no source'}"

    @property
    def entry(self) -> str:
        """'criterion time_off_work'."""
        return f"{KINDS[self.section]} {self.name}"

    @property
    def standing(self) -> tuple[str, ...]:
        """The cards that support it today."""
        return tuple(key for key, card in self.cards.items() if card.status in STANDING)

    @property
    def unsourced(self) -> tuple[str, ...]:
        """Its statements that name no source."""
        return self.by(None)

    def by(self, card: str | None) -> tuple[str, ...]:
        """Its statements that name a card as their source."""
        return tuple(name for name, statement in self.statements.items() if statement.source == card)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Each pair of sources of which one is against and one in favour, as far as they support today.

        Read from the stances of its own statements: what a card says in words alone is not compared.
        """
        pairs: dict[tuple[str, str], list[str]] = {}
        for one, against in self._stated(AGAINST):
            for other, favourable in self._stated(IN_FAVOUR):
                if against.source != favourable.source:
                    pairs.setdefault((against.source or "", favourable.source or ""), []).extend((one, other))
        return tuple(Conflict(*pair, tuple(dict.fromkeys(names))) for pair, names in pairs.items())

    def _stated(self, stances: tuple[str, ...]) -> list[tuple[str, Statement]]:
        alive = (None, *self.standing)
        return [(name, one) for name, one in self.statements.items() if one.stance in stances and one.source in alive]


def support(policy: Policy) -> tuple[Support, ...]:
    """What every criterion, lever and pathway stands on, in the order of the document."""
    return tuple(_support(policy, section, name) for section in KINDS for name in getattr(policy, section))


def _support(policy: Policy, section: str, name: str) -> Support:
    entry = getattr(policy, section)[name]
    statements = {one: policy.statements[one] for one in entry.statements}
    own = () if isinstance(entry, Pathway) else entry.evidence
    keys = dict.fromkeys((*own, *(one.source for one in statements.values() if one.source)))
    return Support(section, name, {key: policy.evidence[key] for key in keys}, statements)


# One source less ----------------------------------------------------------------------------------------------------


def downgrade(policy: Policy, card: str, status: str) -> Policy:
    """The policy with a card of another status; ProblemsFound names a card or a status that there is not."""
    problems = [*_unknown(policy, (card,))]
    if status not in STATUSES:
        message = f"{shown(status)} is no status; choose one of {listed(STATUSES)}{nearest(status, STATUSES)}"
        problems.append(Problem("status", f"evidence.{card}.status", message))
    if problems:
        raise ProblemsFound(problems)
    changed = {card: policy.evidence[card].model_copy(update={"status": status})}
    return policy.model_copy(update={"evidence": ReadOnly({**policy.evidence, **changed})})


def _unknown(policy: Policy, cards: tuple[str, ...]) -> Iterator[Problem]:
    for card in cards:
        if card not in policy.evidence:
            message = f"{shown(card)} is no evidence card of {policy.name}{nearest(card, policy.evidence)}"
            yield Problem("evidence", "evidence", message)


@dataclass(frozen=True)
class Withdrawal:
    """Sources taken away from a policy: what is `left` without support, as it stood, and what can be dropped for it.

    `edits` remove the requirements of the criteria that are left; `kept` says in words what cannot be dropped, and why.
    """

    policy: Policy
    cards: tuple[str, ...]
    left: tuple[Support, ...]
    edits: tuple[Edit, ...]
    kept: tuple[str, ...]

    def named(self, section: str) -> tuple[str, ...]:
        """The names of what is left without support in a section: criteria, levers or pathways."""
        return tuple(one.name for one in self.left if one.section == section)

    @cached_property
    def without(self) -> Policy:
        """The policy without the requirements of the criteria that are left; the same object where none is dropped."""
        return edited(self.policy, self.edits)

    @cached_property
    def judged(self) -> Policy:
        """The same, and in the pathways that are left a clinician judges what their criteria let through (review).

        Criteria have sources of their own and go on refusing; where each of a rule is left too, everything is judged.
        Not where a pathway states a mismatch, which is a matter of codes and of no source.
        """
        ways = {name: self.without.pathways[name] for name in self.named("pathways")}
        changed = {name: way.model_copy(update={"rule": mapped(way.rule, self._judged)}) for name, way in ways.items()}
        return with_pathways(self.without, {**self.without.pathways, **changed}) if changed else self.without

    def _judged(self, leaf: Rule) -> Rule:
        """A rule without rules below it, review in the place of what it states."""
        review = {"outcome": "review", "because": f"stood on {listed(self.cards)} alone, withdrawn: a clinician judges"}
        if leaf.requires and not _needed(self.policy, leaf, self.named("criteria")):
            return requiring(leaf, leaf.entries(), (Step.model_validate(review),))
        return leaf if leaf.outcome == "mismatch" else Rule.model_validate({"while": leaf.while_, **review})


def withdraw(policy: Policy, card: str, *more: str) -> Withdrawal:
    """What is left without support when a source, or several together, support no longer; raises ProblemsFound.

    Left is what names one of them and has no other card that is current or contested.
    """
    cards = tuple(dict.fromkeys((card, *more)))
    if problems := [*_unknown(policy, cards)]:
        raise ProblemsFound(problems)
    left = tuple(one for one in support(policy) if {*cards} & {*one.cards} and not {*one.standing} - {*cards})
    criteria = [one.name for one in left if one.section == "criteria"]
    because = f"stood on {listed(cards)} alone, which is withdrawn"
    taken: dict[str, list[str]] = {}
    kept: list[str] = []
    for name, way in policy.pathways.items():
        stay = _needed(policy, way.rule, criteria)
        kept += _kept(name, way.rule, criteria, stay)
        for one in required_somewhere(policy, way.rule):
            if one in criteria and one not in stay:
                taken.setdefault(one, []).append(name)
    edits = (Edit.model_validate({"remove": one, "from": names, "because": because}) for one, names in taken.items())
    return Withdrawal(policy, cards, left, tuple(edits), tuple(kept))


def _needed(policy: Policy, rule: Rule, criteria: Collection[str]) -> tuple[str, ...]:
    """The criteria that cannot go: with them a part of the rule would require nothing, or nothing at all times."""
    found: dict[str, None] = {}
    for part in rule.walk():
        pairs = [*policy.requirements(part)]
        gone = [pair for pair in pairs if pair[1].criterion in criteria]
        rest = [pair for pair in pairs if pair not in gone]
        if gone and (not rest or (any(map(_always, gone)) and not any(map(_always, rest)))):
            found |= dict.fromkeys(inner.criterion for _, inner in gone)
    return tuple(found)


def _always(pair: tuple[Requirement, Requirement]) -> bool:
    """Whether a requirement is in force at every setting and for every code."""
    return not any(one.while_ or one.codes for one in pair)


def _kept(name: str, rule: Rule, criteria: Collection[str], needed: tuple[str, ...]) -> Iterator[str]:
    """What stays in a pathway although it is left without support."""
    if needed:
        yield f"pathway {name} has a rule that would require nothing without {listed(needed)}: not dropped"
    steps = [one for one in rule.whens() if one in criteria]
    if steps:
        yield f"pathway {name}: what follows when all is met depends on {listed(steps)}: not dropped"
    asked = dict.fromkeys(switch.criterion for switch in rule.switches() if switch.criterion in criteria)
    if asked:
        yield f"pathway {name} chooses its branch by what {listed(asked)} asks for: not dropped"


# What is due for review ---------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A card that somebody should look at again: by which rules it is due, and why in words, one reason a rule.

    `rules` are 'not current', 'not verified in full', 'without a year' and 'more than 5 years old'; `named_by` is how
    many levers, criteria and pathways stand on it.
    """

    card: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    named_by: int


def due_for_review(policy: Policy, day: str, years: int) -> tuple[Due, ...]:
    """The cards that are not current, not verified in full, or more than `years` old on a day (ISO); the others not.

    First those that are not current, then the oldest, then those on which most stands. A source is as old as the end
    of the last year that its card names; a card without a year is due, since its age cannot be told, and comes after
    those with one. Raises ProblemsFound for a text that is no day and for a negative number of years.
    """
    if not is_day(day):
        raise refuse("day", "day", f"{shown(day)} is no day; write one such as 2026-11-30")
    if years < 0:
        raise refuse("years", "years", f"{years} is below 0")
    named = Counter(key for one in support(policy) for key in one.cards)
    found = []
    for key, card in policy.evidence.items():
        if why := dict(_reasons(card, int(day[:4]), years)):
            found.append(Due(key, (*why,), (*why.values(),), named[key]))

    def first(due: Due) -> tuple[bool, int, int]:
        card = policy.evidence[due.card]
        return card.status == "current", last_year(card.year) or 10_000, -due.named_by

    return tuple(sorted(found, key=first))


def _clause(note: str) -> str:
    """A note without its full stop, since more may follow."""
    return note.rstrip(".")


def _reasons(card: Evidence, today: int, years: int) -> Iterator[tuple[str, str]]:
    """Each rule by which a card is due, with the reason."""
    if card.status != "current":
        yield "not current", f"is {card.status}{f': {_clause(card.status_note)}' if card.status_note else ''}"
    if not card.verified_in_full:
        yield "not verified in full", f"was not verified in full: {_clause(card.verified)}"
    last = last_year(card.year)
    if last is None:
        yield "without a year", f"states no year ({card.year})"
    elif today - last > years:
        yield f"more than {years} years old", f"is of {card.year}, more than {years} years ago"


def last_year(text: str) -> int | None:
    """The last year in '2025', '2021-22' or '2024 to 2026'; None where there is none."""
    found = re.findall(r"\b((?:19|20)\d\d)(?:[-/](\d\d)\b(?!-))?", text)
    return max((int(year[:2] + (short or year[2:])) for year, short in found), default=None)
