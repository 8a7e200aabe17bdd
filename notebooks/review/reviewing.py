"""A case under review: why it comes out as it does, before and after levers moved, and which case comes next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from notebooks.desk import opened, written
from notebooks.keeping import base
from notebooks.reach import mentions, pathways_of
from notebooks.review.picking import Picks, Places
from notebooks.review.typed_case import CaseForm
from notebooks.tweaks import Tweaks
from policy import Cases, Draft, Policy, Settings
from policy.authoring.letter import letter_of
from policy.authoring.questions import Way, documents, to_meet
from policy.bits.rows import Rows
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.explanation.details import Detail, details
from policy.explanation.explanation import Explanation, criterion_changes, explain, lever_changes
from policy.model import Value
from policy.problems import ProblemsFound, refuse
from simulations import Caseload, cases_of

__all__ = ["CaseReview", "Changes", "Finding", "handed_cases", "handed_levers", "same_cases"]


@dataclass(frozen=True, eq=False)
class Finding:
    """What a policy makes of one case (`case`: one row); `changes`, which takes longest, is found when asked for.

    `people`: it may be a person's.
    """

    settings: Settings
    case: Cases
    people: bool = False

    @cached_property
    def told(self) -> Explanation:
        """Outcome, reasons, and what is asked for."""
        return explain(self.settings.policy, self.case, 0, self.settings, changing=False)

    @cached_property
    def details(self) -> dict[str, tuple[Detail, ...]]:
        """Criterion -> its facts with value, threshold and distance."""
        policy, one = self.settings.policy, Evaluation(self.settings, Rows.of(self.case))
        return {name: tuple(details(one, policy.criteria[name].test)) for name in self.truths}

    @cached_property
    def letter(self) -> str:
        """The answer to the request, for a clinician to edit."""
        return letter_of(self.settings.policy, self.case, 0, self.settings, self.told, self.people)

    @cached_property
    def changes(self) -> "Changes":
        """What would change the outcome."""
        short = [name for name, truth in self.truths.items() if truth < 2]
        asked: tuple[Way, ...] = ()
        meet: tuple[Way, ...] = ()
        why = ""
        try:
            asked = documents(self.case, 0, self.settings)
            meet = to_meet(self.case, 0, self.settings) if self.outcome not in ("met", "out_of_scope") else ()
        except ProblemsFound as found:  # a rule that no search through facts reaches
            why = found.problems[0].message
        return Changes(
            asked,
            meet,
            tuple(criterion_changes(self.settings, self.case, short)),
            tuple(lever_changes(self.settings, self.case)),
            why,
        )

    @property
    def outcome(self) -> str:
        """The outcome word."""
        return self.told.outcome

    @cached_property
    def pathway(self) -> str:
        """Its name; empty for a code outside the policy."""
        return pathway_for(self.settings.policy, self.case)

    @property
    def truths(self) -> dict[str, int]:
        """Criterion -> 0, 1 or 2, of those that were read."""
        return {reason.criterion: reason.truth for reason in self.told.reasons}


@dataclass(frozen=True)
class Changes:
    """Smallest sets of `documents` that could settle a case and of facts that would make it met (`to_meet`).

    `criteria`: those that, were they met, would give another outcome; `levers`: the nearest values that would; `why`:
    why no documents and facts could be looked for (empty: they were).
    """

    documents: tuple[Way, ...]
    to_meet: tuple[Way, ...]
    criteria: tuple[tuple[tuple[str, ...], str], ...]
    levers: tuple[tuple[str, Value, str], ...]
    why: str = ""


def pathway_for(policy: Policy, case: Cases) -> str:
    """The pathway of the one case; empty where the policy does not cover a code."""
    group = diagnosis_group(policy, str(case.dx[0]))
    return (pathway_of(policy, group, str(case.cpt[0])) or "") if group else ""


def same_cases(load: Caseload, policy: Policy) -> Caseload:
    """The same cases for another version or draft; raises ProblemsFound where that knows no such columns."""
    if load.policy == policy:
        return load
    if not load.drawn:
        return cases_of(policy, load.path, exact=load.exact, options=load.options)
    if strange := [name for name in load.population.columns if name not in policy.fields_]:
        raise refuse("population", load.name, f"these cases have columns that it does not know: {', '.join(strange)}")
    return replace(load, policy=policy)


def handed_cases(policy: Policy, left: Mapping[str, str]) -> Caseload | None:
    """The drawn cases that another notebook names; None: it names none. ProblemsFound where they are others by now."""
    if "population" not in left:
        return None
    size, seed = (int(left[key]) if left.get(key, "").isdecimal() else 1 for key in ("size", "seed"))
    name = left["population"]
    file = base() / name
    load = cases_of(policy, file if file.suffix in (".yaml", ".yml") else name, size=size, seed=seed)
    if load.fingerprint != left.get("fingerprint"):
        raise refuse("population", load.short_label, "is not the population that the case was drawn from any more")
    return load


def handed_levers(left: Mapping[str, str]) -> dict[str, str]:
    """The levers that another notebook hands over; none where it hands over something else."""
    try:
        found = json.loads(left.get("levers", "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


class CaseReview:
    """One case of `load` at a time, or one that was typed, under a document of the policy with levers that move.

    `open` takes another version or draft; `pick`, `find`, `step`, `next_alike` and `type_in` say which case. Raises
    ProblemsFound for what is not there, and then nothing has changed.
    """

    def __init__(self, policy: Policy, load: Caseload):
        self.first, self.load = policy, load
        self.key, self.written = "", 0
        self.draft: Draft | None = None
        self.list, self.place = np.arange(load.size)[:1], 0
        self.of_a_kind = False  # whether the list is that of cases alike
        self.typed: Cases | None = None
        self.entries: dict[str, str] = {}
        self._people = False
        self._over(policy, load)
        self.pick()

    def _over(self, policy: Policy, load: Caseload) -> None:
        tweaks, cases = Tweaks(policy.settings(), load), load.part(0)
        self.policy, self.tweaks, self.form = policy, tweaks, CaseForm(policy)
        self.picks = Picks(cases, policy.settings())
        self._mentions = mentions(policy)
        self._found: dict[tuple[int | Value, ...], Finding] = {}

    @property
    def drawn_as(self) -> tuple[str, int | None, int]:
        """What tells these cases from others: fingerprint, seed and size."""
        return self.load.fingerprint, self.load.seed, self.load.size

    # Which document ---------------------------------------------------------------------------------------------------

    def open(self, key: str) -> None:
        """Another version, or a draft as it stands now, over the same cases; the same case where it is one of them."""
        document = opened(self.first, key)
        policy = document.policy if isinstance(document, Draft) else document
        load, typed, place = same_cases(self.load, policy), self.typed, self.place
        self._over(policy, load)
        self.written = written(key)
        self.key, self.draft = key, document if isinstance(document, Draft) else None
        self.pick()
        if typed is not None:
            self.type_in(self.entries)
        elif place < len(self.picks.cases):
            self.place = place
            self.list, self.of_a_kind = self.picks.alike(place), True

    # Which case -------------------------------------------------------------------------------------------------------

    def pick(self, outcome: str = "", pathway: str = "", reason: str = "") -> int:
        """The first case of this outcome, pathway and reason (as the document stands); how many there are."""
        return self._take(self.picks.places(outcome, pathway, reason))

    def find(self, text: str) -> int:
        """The first case whose id has this text in it; how many there are."""
        return self._take(self.picks.search(text))

    def next_alike(self) -> int:
        """The next case with the same pathway, outcome and reasons, round to the first; how many there are."""
        if self.typed is not None:
            return 0
        self.list, self.of_a_kind = self.picks.alike(self.place), True
        self.step(1)
        return len(self.list)

    def _take(self, places: Places) -> int:
        if len(places):
            self.list, self.place, self.typed, self.of_a_kind = places, int(places[0]), None, False
        return len(places)

    def step(self, by: int) -> None:
        """To the next case of the list (1) or the one before (-1), round at its ends."""
        self.place, self.typed = int(self.list[(self.at + by) % len(self.list)]), None

    @property
    def at(self) -> int:
        """Position of the case in the list."""
        return int(np.searchsorted(self.list, self.place))

    def type_in(self, entries: Mapping[str, str], people: bool = False) -> dict[str, str]:
        """A case of these entries (fact -> text; empty: not documented); by fact what is wrong, or worth a look.

        Where something is wrong the case before stays. `people`: it began from a row that may be a person's.
        """
        case, said = self.form.read(entries)
        if case is not None:
            self.typed, self.entries, self._people = case, dict(entries), people
            self._found.clear()
        return said

    @property
    def case(self) -> Cases:
        """The one case, of one row."""
        return self.picks.cases.take(np.array([self.place])) if self.typed is None else self.typed

    @property
    def case_id(self) -> str:
        """Its id."""
        return str(self.case.ids[0])

    @property
    def of_people(self) -> bool:
        """Whether it may be a person's: a row of a table that is not synthetic, or begun from one."""
        return self.load.people if self.typed is None else self._people

    # What it comes to -------------------------------------------------------------------------------------------------

    def now(self) -> Finding:
        """The case under the levers as they stand."""
        return self._finding(self.tweaks.settings)

    def before(self) -> Finding:
        """The case under the document as it stands."""
        return self._finding(self.tweaks.baseline)

    def _finding(self, settings: Settings) -> Finding:
        key = (-1 if self.typed is not None else self.place, *settings.values())
        if key not in self._found:
            if len(self._found) > 64:
                self._found.clear()
            self._found[key] = Finding(settings, self.case, self.of_people or self.typed is not None)
        return self._found[key]

    def changed(self) -> list[str]:
        """The criteria that read otherwise than before the levers moved, or that are read only on one side."""
        before, now = self.before().truths, self.now().truths
        return [name for name in self.policy.criteria if before.get(name) != now.get(name)]

    def levers(self) -> tuple[str, ...]:
        """The levers that the pathway of this case reads, in document order."""
        pathway = pathway_for(self.policy, self.case)
        return tuple(n for n in self.policy.levers if pathway in pathways_of(self.policy, n, self._mentions))

    def levers_of(self, criterion: str) -> tuple[str, ...]:
        """The levers that a criterion compares with."""
        named = {m.lever for m in self._mentions if m.criterion == criterion}
        return tuple(name for name in self.policy.levers if name in named)
