"""What a draft does to the same cases, after every edit: only the pathways that an edit can have changed are read anew.

>>> drafted = DraftImpact(draft.published.settings(), cases_of(draft.published, size=100_000))
>>> answer = drafted.of(draft.policy)
>>> answer.impact.finding(), answer.by_pathway(), answer.moved_cases()

What decides a case of a pathway, and what is asked for, is compared as text (`Meaning`): where it is the same on both
sides, so is the reading. Where the requests part otherwise, or facts are made otherwise of the columns, all is anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple

import numpy as np
import pandas as pd

from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.determinations.layout import Planes
from policy.determinations.results import Determinations
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.reading import Reading
from policy.model import OUTCOMES, Policy, Settings
from policy.trees.policies import criteria_read, pathway_levers
from simulations.studies.caseload import Caseload
from simulations.studies.impact import EXAMPLE_COLUMNS, Impact, counted, in_words, no_examples
from simulations.studies.versions import read_alike, read_by_both

MOVED_SHOWN = 300  # moved cases that are shown
_KEPT = 4  # readings of one pathway: as many as a person goes back and forth between
_OF_FIELDS = {"label", "ask", "statements", "origin", "min", "max"}  # what makes no fact, and changes no truth
_MET = OUTCOMES.index("met")


@dataclass(frozen=True)
class DraftAnswer:
    """What a draft does: `impact` has the version that it began from as baseline, and no examples (`moved_cases`).

    `notes`: what a reader must know of the cases. `guarded`: they may be people; then no case and no pathway is told,
    and of `impact` only shares of rounded counts may be shown (`reports.impact_findings.live`).
    """

    impact: Impact
    notes: tuple[str, ...]
    guarded: bool
    _pairs: tuple[tuple[Determinations, Determinations], ...] = field(repr=False)

    def moved_cases(self, most: int = MOVED_SHOWN) -> pd.DataFrame:
        """The first cases with another outcome: pathway of the draft, baseline, scenario, case_id, dx, cpt, reasons.

        Columns as of `Impact.examples`, in the order of the cases; at most `most` rows.
        """
        found: list[pd.DataFrame] = []
        for before, after in () if self.guarded else self._pairs:
            left = most - sum(map(len, found))
            rows = np.flatnonzero(before.outcome != after.outcome)[:left]
            if len(rows):
                ways = np.array([*after.policy.pathways, ""], dtype=object)[after.pathway[rows]]
                found.append(in_words(before, after, rows).assign(pathway=ways))
        names = ["pathway", *EXAMPLE_COLUMNS]
        return (
            pd.concat(found, ignore_index=True)[names] if found else pd.DataFrame({n: [] for n in names}, dtype="str")
        )

    def by_pathway(self) -> pd.DataFrame:
        """Whom it moves: pathway of the draft ('' outside the policy), cases, moved, lost and gained (approvals).

        One row for each pathway with cases that move, in the order of the document.
        """
        names = [*self.impact.scenario.policy.pathways, ""]
        shape = (len(names), len(OUTCOMES), len(OUTCOMES))
        flow = np.zeros(shape, dtype=np.int64)
        for before, after in () if self.guarded else self._pairs:
            where = (after.pathway % len(names), before.outcome, after.outcome)
            flow += np.bincount(np.ravel_multi_index(where, shape), minlength=flow.size).reshape(shape)
        cases, stay = flow.sum(axis=(1, 2)), np.trace(flow, axis1=1, axis2=2)
        both = flow[:, _MET, _MET]
        columns = {"cases": cases, "moved": cases - stay, "lost": flow[:, _MET].sum(axis=1) - both,
                   "gained": flow[:, :, _MET].sum(axis=1) - both}  # fmt: skip
        frame = pd.DataFrame({"pathway": names, **columns})
        return frame[frame["moved"] > 0].reset_index(drop=True)


class DraftImpact:
    """The cases laid out once under what is published; `of` then answers for one draft after the other.

    `cases` must be those of the published policy. Memory is about that of the cases, a quarter of a kilobyte each.
    """

    def __init__(self, published: Settings, cases: Caseload):
        self.published, self.cases = published, cases
        self._meaning = Meaning.of(published)
        self._slices = [_Slice.of(part, published, self._meaning) for part in cases.slices()]
        self._facts: tuple[str, list[Cases]] = self._meaning.facts, [one.before.cases for one in self._slices]

    def of(self, draft: Policy | Settings) -> DraftAnswer:
        """The same cases under the draft, or under settings of it; equal to determining all of them.

        Raises ProblemsFound where the cases cannot be read as the draft reads its columns.
        """
        settings = draft.settings() if isinstance(draft, Policy) else draft
        meaning = Meaning.of(settings)
        read = self._read(settings.policy, meaning)
        pairs = tuple(
            (one.before, one.under(settings, meaning, cases)) for one, cases in zip(self._slices, read, strict=True)
        )
        impacts = [counted(before, after, no_examples()) for before, after in pairs]
        notes = tuple(_notes(self.published.policy, settings.policy))
        return DraftAnswer(reduce(Impact.__add__, impacts), notes, self.cases.guarded, pairs)

    def _read(self, policy: Policy, meaning: "Meaning") -> list[Cases]:
        """The cases with the facts that the draft makes of the columns."""
        known, cases = self._facts
        if meaning.facts == self._meaning.facts:
            cases = [one.before.cases for one in self._slices]
        elif meaning.facts != known:
            self._facts = meaning.facts, (cases := self._read_anew(policy))
        return [replace(part, policy=policy) for part in cases]

    def _read_anew(self, policy: Policy) -> list[Cases]:
        old = self.published.policy
        new = {name: kind for name, kind in policy.fields_.items() if name not in old.fields_ and not kind.ignored}
        if read_alike(old, policy) and all(kind.told and not kind.implied_by for kind in new.values()):
            codes = {name: -1 if kind.absent is None else kind.code(kind.absent) for name, kind in new.items()}
            parts = [one.before.cases for one in self._slices]
            if not codes:
                return parts
            return [
                replace(part, facts=part.facts | {n: np.full(len(part), c, new[n].dtype) for n, c in codes.items()})
                for part in parts
            ]
        both = read_by_both(old, policy) if read_alike(old, policy) else policy
        fields = {**old.fields_, **both.fields_}
        reader = policy.model_copy(update={"fields_": fields, "relations": (), "examples": ()})
        return [*replace(self.cases, policy=reader).read_anew()]


class Meaning(NamedTuple):
    """All that can matter to what a policy makes of cases, as text.

    `facts`: how columns become facts; `routes`: which request goes which way; `ground`: what every pathway reads;
    `tests`: of each criterion; `pathways`: all that one pathway reads, with the values of its levers.
    """

    facts: str
    routes: str
    ground: str
    tests: Mapping[str, str]
    pathways: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> "Meaning":
        """Of a policy under some settings."""
        policy = settings.policy
        facts = policy.model_dump_json(include={"fields_"}, exclude={"fields_": {"__all__": _OF_FIELDS}})
        routes = policy.model_dump_json(
            include={"diagnoses": True, "procedures": True, "pathways": {"__all__": {"selects"}}}
        )
        ground = facts + policy.model_dump_json(include={"units", "code_notices"})
        tests = {name: criterion.test.model_dump_json() for name, criterion in policy.criteria.items()}
        units = {name: lever.unit for name, lever in policy.levers.items()}
        for name, criterion in policy.criteria.items():
            tests[name] += str([units[lever] for lever in criterion.test.levers()])
        return cls(facts, routes, ground, tests, {name: _pathway(settings, name, tests) for name in policy.pathways})


def _pathway(settings: Settings, name: str, tests: Mapping[str, str]) -> str:
    policy = settings.policy
    rule = policy.pathways[name].rule
    inside = [inner for entry in rule.entries() for inner in policy.inside(entry.criterion)]
    levers = pathway_levers(policy, list(policy.pathways).index(name))
    return "\n".join(
        [
            rule.model_dump_json(),
            *(inner.model_dump_json() for inner in inside),
            *(f"{one}: {tests[one]}" for one in sorted(criteria_read(policy, rule)) if one in tests),
            str([(lever, settings[lever]) for lever in levers]),
        ]
    )


@dataclass
class _Layout:
    """Cases laid out by pathway, and what was made of each pathway: its meaning and the ground -> the reading."""

    routes: str
    planes: Planes
    meaning: Meaning  # of the policy whose planes the rows keep
    known: dict[str, dict[str, Reading]] = field(default_factory=dict)

    def under(self, settings: Settings, meaning: Meaning, cases: Cases) -> Determinations:
        """The cases under settings by which the requests part as they are laid out."""
        found = Determinations(settings.policy, settings, cases, self.planes.where)
        names = [*settings.policy.pathways, ""]
        for position, places, rows in self.planes.by_pathway:
            name = names[position]
            readings, key = self.known.setdefault(name, {}), meaning.ground + meaning.pathways.get(name, "")
            if key not in readings:
                if len(readings) >= _KEPT:
                    del readings[[*readings][1]]  # the first is that of what is published
                readings[key] = evaluate(Evaluation(settings, self._rows(rows, meaning)), position)
            found.readings.append((places, readings[key]))
        return found

    def _rows(self, rows: Rows, meaning: Meaning) -> Rows:
        """The rows with the planes that are the same for both policies."""
        mine = self.meaning
        if (meaning.ground, meaning.tests) == (mine.ground, mine.tests):
            return rows
        alike = {name for name, test in meaning.tests.items() if test == mine.tests.get(name)}
        return rows.keeping(alike if meaning.ground == mine.ground else None)


@dataclass
class _Slice:
    """Some of the cases: what is published makes `before` of them; the layout of that, and of the last other one."""

    before: Determinations
    layout: _Layout
    other: _Layout | None = None

    @classmethod
    def of(cls, cases: Cases, published: Settings, meaning: Meaning) -> "_Slice":
        layout = _Layout(meaning.routes, Planes(cases), meaning)
        return cls(layout.under(published, meaning, cases), layout)

    def under(self, settings: Settings, meaning: Meaning, cases: Cases) -> Determinations:
        """The cases, as a draft reads them, under its settings."""
        for layout in (self.layout, self.other):
            if layout and layout.routes == meaning.routes and layout.planes.cases.facts is cases.facts:
                return layout.under(settings, meaning, cases)
        self.other = _Layout(meaning.routes, Planes(cases), meaning)
        return self.other.under(settings, meaning, cases)


def _notes(old: Policy, new: Policy) -> list[str]:
    """What is to be known of the cases where the draft has other columns."""
    added = {n: k for n, k in new.fields_.items() if n not in old.fields_ and k.told and not k.ignored}
    notes = [
        f"The cases have no column {name}: it counts as {'not documented' if kind.absent is None else kind.absent} "
        "in all of them."
        for name, kind in added.items()
    ]
    both = [(old.fields_[name], kind) for name, kind in new.fields_.items() if name in old.fields_]
    if old.relations != new.relations or any(a.min < b.min or a.max > b.max for a, b in both):
        notes.append(f"The cases are those that {old.name} accepts: what the draft would reject is counted too.")
    return notes
