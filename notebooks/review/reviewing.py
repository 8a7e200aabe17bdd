"""A case under review: why it comes out as it does, before and after levers moved, and which case comes next."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from notebooks.desk import opened
from notebooks.reach import mentions, pathways_of
from notebooks.review.picking import Picks, Places
from notebooks.review.typed_case import CaseForm
from notebooks.tweaks import Tweaks
from policy import Cases, Draft, Policy, Settings
from policy.authoring.letter import Answer as Told
from policy.authoring.letter import answer
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.evaluation.rows import Rows
from policy.explanation.details import Detail, details
from policy.explanation.explanation import criterion_changes, lever_changes
from policy.model import Value
from policy.problems import refuse
from simulations import Caseload, cases_of

__all__ = ["CaseReview", "Finding", "same_cases"]


@dataclass(frozen=True)
class Finding:
    """What a policy makes of one case: `told` as the letter tells it, each criterion's facts, and what would change it.

    `details`: criterion -> its facts with value, threshold and distance; `met`: criteria that, were they met, would
    give another outcome; `levers`: the nearest values of each lever that would.
    """

    settings: Settings
    case: Cases
    told: Told
    details: Mapping[str, tuple[Detail, ...]]
    met: tuple[tuple[tuple[str, ...], str], ...]
    levers: tuple[tuple[str, Value, str], ...]

    @classmethod
    def of(cls, case: Cases, settings: Settings) -> "Finding":
        """`case`: one row."""
        policy, told = settings.policy, answer(settings.policy, case, 0, settings)
        read = {reason.criterion: reason.truth for reason in told.explanation.reasons}
        one = Evaluation(settings, Rows.of(case))
        found = {name: tuple(details(one, policy.criteria[name].test)) for name in read}
        met = tuple(criterion_changes(settings, case, [name for name, truth in read.items() if truth < 2]))
        return cls(settings, case, told, found, met, tuple(lever_changes(settings, case)))

    @property
    def outcome(self) -> str:
        """The outcome word."""
        return self.told.explanation.outcome

    @cached_property
    def pathway(self) -> str:
        """Its name; empty for a code outside the policy."""
        return pathway_for(self.settings.policy, self.case)

    @property
    def truths(self) -> dict[str, int]:
        """Criterion -> 0, 1 or 2, of those that were read."""
        return {reason.criterion: reason.truth for reason in self.told.explanation.reasons}


def pathway_for(policy: Policy, case: Cases) -> str:
    """The pathway of the one case; empty where the policy does not cover a code."""
    group = diagnosis_group(policy, str(case.dx[0]))
    return (pathway_of(policy, group, str(case.cpt[0])) or "") if group else ""


def same_cases(load: Caseload, policy: Policy) -> Caseload:
    """The same cases for another version or draft; raises ProblemsFound where that knows no such columns."""
    if load.policy == policy:
        return load
    if not load.drawn:
        return cases_of(policy, load.path, exact=load.exact)
    if strange := [name for name in load.population.columns if name not in policy.fields_]:
        raise refuse("population", load.name, f"these cases have columns that it does not know: {', '.join(strange)}")
    return replace(load, policy=policy)


class CaseReview:
    """One case of `load` at a time, or one that was typed, under a document of the policy with levers that move.

    `open` takes another version or draft; `pick`, `find`, `step`, `next_alike` and `type_in` say which case. Raises
    ProblemsFound for what is not there, and then nothing has changed.
    """

    def __init__(self, policy: Policy, load: Caseload):
        self.first, self.load = policy, load
        self.key = ""
        self.draft: Draft | None = None
        self.list, self.place = np.arange(load.size)[:1], 0
        self.typed: Cases | None = None
        self._entries: dict[str, str] = {}
        self._people = False
        self._over(policy, load)
        self.pick()

    def _over(self, policy: Policy, load: Caseload) -> None:
        tweaks, cases = Tweaks(policy.settings(), load), load.part(0)
        self.policy, self.tweaks, self.form = policy, tweaks, CaseForm(policy)
        self.picks = Picks(cases, policy.settings())
        self._mentions = mentions(policy)
        self._found: dict[tuple[int, Settings], Finding] = {}

    # Which document ---------------------------------------------------------------------------------------------------

    def open(self, key: str) -> None:
        """Another version, or a draft as it stands now, over the same cases; the same case where it is one of them."""
        document = opened(self.first, key)
        policy = document.policy if isinstance(document, Draft) else document
        load, typed, place = same_cases(self.load, policy), self.typed, self.place
        self._over(policy, load)
        self.key, self.draft = key, document if isinstance(document, Draft) else None
        self.pick()
        if typed is not None:
            self.type_in(self._entries)
        elif place < len(self.picks.cases):
            self.place = place
            self.list = self.picks.alike(place)

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
        self.list = self.picks.alike(self.place)
        self.step(1)
        return len(self.list)

    def _take(self, places: Places) -> int:
        if len(places):
            self.list, self.place, self.typed = places, int(places[0]), None
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
            self.typed, self._entries, self._people = case, dict(entries), people
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
        key = (-1 if self.typed is not None else self.place, settings)
        if key not in self._found:
            if len(self._found) > 64:
                self._found.clear()
            self._found[key] = Finding.of(self.case, settings)
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
