"""The policy as a person reads it: a manual made from the document, nothing in it written twice."""

import os
from collections.abc import Iterable

from notebooks.comparison.words import without_identifiers
from notebooks.desk import documents
from notebooks.levers import allowed, groups, legend, shown
from notebooks.page import (
    Shown,
    bullets,
    codes,
    dated,
    esc,
    evidence_mark,
    evidence_marks,
    mark,
    origin_mark,
    outcome_mark,
    page,
    table,
)
from notebooks.reach import mentions, pathways_of
from notebooks.rules import Writer, ends
from policy.entries.sources import Evidence
from policy.model import OUTCOMES, CodeNotice, Policy, Settings
from policy.problems import Problem, ProblemsFound, nearest
from policy.problems import shown as quoted
from policy.reading.loading import change_in_words
from policy.reading.workspace import SERVED
from simulations.reports.lever_groups import diagnoses_of
from simulations.reports.notices import NOT_MET
from simulations.reports.table_cells import MEANS

__all__ = ["Manual"]


class Manual:
    """The pages of a policy under `settings` (default: as the policy stands), each to be shown or printed."""

    def __init__(self, policy: Policy, settings: Settings | None = None):
        self.policy = policy
        self.settings = settings or policy.settings()

    def __repr__(self) -> str:
        return f"{self.policy.titled} ({self.policy.status})"

    def contents(self) -> Shown:
        """Title, standing, and every pathway with the outcomes it can have."""
        policy = self.policy
        moved = change_in_words(self.settings, policy.settings(), names=False)
        said = bullets(esc(s) for s in moved) if moved else "<p>Every lever stands at its default.</p>"
        rows = []
        for diagnoses, names in self._by_diagnosis().items():
            who = esc(diagnoses_of(policy, diagnoses))
            for name in names:
                words = sorted(set(ends(self.settings, policy.pathways[name].rule)), key=OUTCOMES.index)
                rows.append((esc(policy.pathways[name].title), who, ", ".join(map(outcome_mark, words))))
        counted = (
            f"<p>{len(policy.pathways)} pathways of {len(policy.criteria)} criteria, with {len(policy.levers)} levers; "
            f"{len(policy.statements)} statements of {esc(policy.source_name)}, "
            f"{len(policy.evidence)} pieces of evidence, "
            f"{len(policy.open_questions)} open questions.</p>"
        )
        outcomes = table(("Outcome", "Means"), [(outcome_mark(w), esc(MEANS[w])) for w in OUTCOMES])
        return page(
            f"<h3>{esc(policy.titled)}</h3><p>{mark(policy.status)} <small class='faint'>in commands "
            f"<code>{esc(policy.name)}</code>, fingerprint {esc(policy.fingerprint[:12])}</small></p>",
            self._drafts(),
            f'<p class="note">{esc(policy.notice)} {esc(NOT_MET)}</p>{said}',
            counted,
            f"<p><small>{legend(policy)}</small></p>",
            table(("Pathway", "Diagnosis", "Can come out as"), rows, "Every pathway, in the order of this manual"),
            outcomes,
        )

    def _drafts(self) -> str:
        """In Lab, what is kept of this policy and not read here, with the way to it."""
        kept = [one.label for one in documents(self.policy) if one.draft] if SERVED in os.environ else []
        link = '<a href="5_author_a_draft.ipynb">Author a draft</a>'
        return f'<p class="note">Not read here: {esc("; ".join(kept))}. To see it: {link}.</p>' if kept else ""

    def notices(self) -> Shown:
        """What every reader must know first: wrong code labels with their levers, and disputed evidence."""
        contested = [c for c in self.policy.evidence.values() if c.status != "current"]
        return page(
            f"<h3>{_many(len(self.policy.code_notices))} mean what {esc(self.policy.source_name)} calls them</h3>"
            if self.policy.code_notices
            else "<p>No code is known to mean anything else than the policy calls it.</p>",
            *map(self._code_notice, self.policy.code_notices),
            "<h3>Evidence that is disputed, replaced or withdrawn</h3>"
            if contested
            else "<p>No evidence is known to be disputed, replaced or withdrawn.</p>",
            bullets(
                f"<b>{esc(c.title)}</b> {evidence_mark(c, titled=True)} – {esc(c.status_note or c.note)}"
                for c in contested
            ),
        )

    def texts(self) -> Shown:
        """How to read this policy: what it assumes, what it cannot check, and whose word it is."""
        return page(
            *(
                f"<h3>{esc(t.title)}{origin_mark(t.origin)}</h3><p>{self._words(t.says)}{_behind(t.statements)}</p>"
                for t in self.policy.texts.values()
            )
        )

    def _words(self, text: str) -> str:
        """A text of the policy, what it names by an identifier by its words."""
        return esc(without_identifiers(text, (self.settings,)))

    def _code_notice(self, notice: CodeNotice) -> str:
        lever, value = self.policy.levers[notice.lever], self.settings[notice.lever]
        choices = bullets(
            f"{'<b>' if w == value else ''}{esc(lever.word(w))}{' (now)</b>' if w == value else ''}: {esc(t)}"
            for w, t in (lever.choices or {}).items()
        )
        return (
            f'<div class="note"><p><b>{esc(notice.code)}</b> is called “{esc(notice.source_label)}” by '
            f"{esc(self.policy.source_name)}. It means: {esc(notice.official_meaning)}</p>"
            f"<p>{esc(notice.consequence)}</p>"
            f"<p>Likely intended: {esc('; '.join(notice.likely_intended))}. Stands on {codes(notice.statements)}.</p>"
            f"<p>Lever “{esc(lever.label)}”:</p>{choices}</div>"
        )

    def pathways(self, *diagnoses: str) -> Shown:
        """Every pathway of these diagnosis groups (all, when none is named): rule, evidence, statements."""
        self._known(diagnoses)
        wanted, writer, parts = set(diagnoses) or set(self.policy.diagnoses), Writer(self.settings), list[str]()
        for several, names in self._by_diagnosis().items():
            if wanted & set(several):
                parts += [] if diagnoses else [f"<h2>{esc(diagnoses_of(self.policy, several))}</h2>"]
                parts += map(writer.pathway, names)
        return page(*parts)

    def _known(self, diagnoses: Iterable[str]) -> None:
        known = self.policy.diagnoses
        problems = [
            Problem(
                "diagnosis", "pathways", f"{quoted(d)} is no diagnosis group of {self.policy.name}{nearest(d, known)}"
            )
            for d in diagnoses
            if d not in known
        ]
        if problems:
            raise ProblemsFound(problems)

    def _by_diagnosis(self) -> dict[tuple[str, ...], list[str]]:
        found: dict[tuple[str, ...], list[str]] = {}
        for name, pathway in self.policy.pathways.items():
            found.setdefault(pathway.selects.diagnosis, []).append(name)
        return found

    def levers(self) -> Shown:
        """Every lever with its present value, default, legal values, source, and the pathways that read it."""
        found, tables = mentions(self.policy), []
        for title, names in groups(self.policy, found).items():
            rows = []
            for name in names:
                lever, value = self.policy.levers[name], self.settings[name]
                default = self.policy.defaults[name]
                now = f"<b>{esc(shown(lever, value))}</b>"
                now += f" {mark(f'moved, default {shown(lever, default)}', 'moved')}" if value != default else ""
                origin = f"<br>{mark(lever.origin, 'origin')}" if lever.origin else ""
                legal = self._choices(name) if lever.choices else esc(allowed(lever))
                behind = f" {codes(lever.statements)}." if lever.statements else ""
                marks = evidence_marks(self.policy, lever.evidence)
                reads = len(pathways_of(self.policy, name, found))
                source = (
                    f"{esc(lever.citation)}{behind} {marks} <small>Read by {reads} pathway{'s' * (reads != 1)}.</small>"
                )
                label = f"{esc(lever.label)}<br> <code>{esc(name)}</code>{origin}"
                rows.append((label, now, legal, f"<small>{source}</small>"))
            tables.append(table(("Lever, and its name in commands", "Now", "Can be", "Source"), rows, esc(title)))
        return page(*tables)

    def _choices(self, name: str) -> str:
        lever = self.policy.levers[name]
        return bullets(f"{esc(lever.word(w))}: {esc(t)}" for w, t in (lever.choices or {}).items())

    def evidence(self) -> Shown:
        """Every piece of evidence: source, population, stance, strength, standing, and how far it was read."""
        return page(*(_card(key, card) for key, card in self.policy.evidence.items()))

    def statements(self) -> Shown:
        """Every statement of the source, in our words."""
        rows = [
            (esc(name), esc(s.says), esc(s.stance.replace("_", " ")), esc(s.applies_to))
            for name, s in self.policy.statements.items()
        ]
        return page(table(("Statement", "Says", "Stance", "About"), rows))

    def open_questions(self) -> Shown:
        """What the source leaves open and no lever can settle."""
        return page(
            *(
                f"<h3>{esc(q.question)}{origin_mark(q.origin)}</h3>"
                f"<p>{self._words(q.why_open)}{_behind(q.statements)}</p>{bullets(map(esc, q.options))}"
                for q in self.policy.open_questions.values()
            )
        )

    def references(self) -> Shown:
        """Where figures and texts were read."""
        rows = [(esc(name), esc(text)) for name, text in self.policy.references.items()]
        return page(table(("Reference", "Read at"), rows))


def _many(codes: int) -> str:
    return "Two codes do not" if codes == 2 else "Codes that do not"


def _behind(statements: Iterable[str]) -> str:
    named = codes(statements)
    return f" <small class='faint'>({named})</small>" if named else ""


def _card(key: str, card: Evidence) -> str:
    terms = (
        ("Stance", card.stance),
        ("About", card.population),
        ("Strength", card.strength),
        ("Standing", f"{card.status.capitalize()}. {card.status_note or ''}"),
        ("Note", card.note),
        ("Source", dated(card)),
        ("How far read", card.verified),
        ("Reference", card.reference),
        ("Statements", ", ".join(card.statements) or f"none ({card.origin})"),
    )
    inside = "".join(f"<dt>{esc(term)}</dt><dd>{esc(text)}</dd>" for term, text in terms)
    return f'<h3 id="evidence-{key}">{esc(card.title)}</h3><p>{evidence_mark(card, titled=True)}</p><dl>{inside}</dl>'
