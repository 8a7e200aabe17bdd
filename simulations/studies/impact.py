"""What a change of the policy does to many cases: the same cases determined twice, counted once.

Everything is one array of counts (diagnosis group x procedure family x outcome before x outcome after), so no table can
disagree with another. The intervals speak of the luck of the draw only, not of how well made-up cases resemble real
ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.results import Determinations
from policy.evaluation.pathways import diagnosis_group
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import listed, refuse
from simulations.statistics.disclosure_control import SMALL, TOO_FEW, Name
from simulations.statistics.number_format import in_percent, percent
from simulations.statistics.release import Withheld, of_impact
from simulations.studies.caseload import Caseload
from simulations.studies.paired_rates import one_way, paired_rates
from simulations.studies.versions import changes_in_words, moved, one_document, read_alike

SMALLER = "few_cases"  # diagnoses x procedures of at most 10 people, told together
OUTSIDE = "outside_policy"  # the group or family of a code that the policy does not cover
EXAMPLES = 3  # shown for each way in which cases move
_WORDS = len(OUTCOMES)
EXAMPLE_COLUMNS = ["baseline", "scenario", "case_id", "dx", "cpt", "reasons_baseline", "reasons_scenario"]


class Rate(NamedTuple):
    """A share or a change of shares with its 95 % interval, as fractions; None where withheld."""

    value: float | None
    low: float | None
    high: float | None


class Part(NamedTuple):
    """The cases of a diagnosis x procedure; of people those of few cases are one part, of which both are SMALLER."""

    diagnosis: str
    procedure: str
    flow: NDArray[np.int64]
    hidden: Withheld


def _percentages(shares: "pd.Series[float]") -> "pd.Series[float]":
    return shares.map(in_percent, na_action="ignore").astype(shares.dtype)


@dataclass(frozen=True)
class Impact:
    """Counts of the same cases under two settings of one policy, or of two versions of it.

    `counts`: int64 (groups + 1, families + 1, 6, 6), the last group and family for codes outside the policy, then the
    outcome under the baseline and under the scenario. `touched`: cases of which any criterion reads differently.
    `examples`: a few moved cases of every kind. `hidden`: what is withheld of people, in all that is asked for.
    """

    baseline: Settings
    scenario: Settings
    counts: NDArray[np.int64]
    touched: int
    examples: pd.DataFrame
    hidden: Withheld = field(default_factory=Withheld.nothing)
    released: tuple[Part, ...] | None = None

    def for_people(self, medicare: Mapping[Name, Any] | None = None) -> tuple["Impact", set[Name]]:
        """The same for cases that may be people, and what is withheld of the Medicare guard (`Guard.told`).

        None of the cases is shown.
        """
        sizes = self.counts.sum(axis=(2, 3))
        if sizes.sum() <= SMALL:
            gone: set[Name] = {("medicare", name, "cases") for name in ("all", *(medicare or {}))}
            return replace(self, hidden=Withheld.everything(), released=(), examples=self.examples[:0]), gone
        flows = {(int(i), int(j)): self.counts[i, j] for i, j in np.argwhere(sizes)}
        tiny = [place for place in flows if sizes[place] <= SMALL]
        together = [tiny] if len(tiny) > 1 else [[place] for place in tiny]
        places = [[place] for place in flows if place not in tiny] + together
        everyone, masks, few = of_impact(flows, places, medicare or {})
        diagnoses, procedures = self._labels()
        parts = []
        for part, mask in zip(places, masks, strict=True):
            i, j = part[0]
            names = (SMALLER, SMALLER) if len(part) > 1 else (diagnoses[i], procedures[j])
            parts.append(Part(*names, np.asarray(sum(flows[place] for place in part)), mask))
        return replace(self, hidden=everyone, released=tuple(parts), examples=self.examples[:0]), few

    @property
    def people(self) -> bool:
        """Whether small counts are withheld."""
        return self.released is not None

    def _labels(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (*self.policy.diagnoses, OUTSIDE), (*self.policy.procedures, OUTSIDE)

    def parts(self) -> tuple[Part, ...]:
        """Every diagnosis x procedure that occurs."""
        if self.released is not None:
            return self.released
        diagnoses, procedures = self._labels()
        found = np.argwhere(self.counts.sum(axis=(2, 3)))
        return tuple(Part(diagnoses[i], procedures[j], self.counts[i, j], self.hidden) for i, j in found)

    @property
    def policy(self) -> Policy:
        """The policy of both settings."""
        return self.baseline.policy

    @property
    def cases(self) -> int | None:
        """How many cases were determined; None of fewer than 11 people."""
        return None if self.hidden.cases else int(self.counts.sum())

    @property
    def moved(self) -> int | None:
        """How many cases have another outcome; None where withheld."""
        return None if self.hidden.moved else int(self.counts.sum()) - int(np.trace(self._flow))

    def flow_counts(self) -> tuple[list[int], list[int]]:
        """Counts of all outcomes before and after, exactly."""
        return self._flow.sum(axis=1).tolist(), self._flow.sum(axis=0).tolist()

    @property
    def _flow(self) -> NDArray[np.int64]:
        total: NDArray[np.int64] = self.counts.sum(axis=(0, 1))
        return total

    @property
    def same(self) -> bool:
        """Whether both settings are the same rules."""
        return self.scenario == self.baseline and self.scenario.policy.fingerprint == self.policy.fingerprint

    @cached_property
    def way(self) -> int:
        """Whether the change can only take approvals away (-1), only give some (1), or either (0)."""
        return one_way(self.baseline, self.scenario)

    def changes(self, names: bool = True) -> list[str]:
        """One sentence for each lever that differs and each pathway that does; of two versions for all that differs.

        `names`: with the names of levers, as `--set` takes them.
        """
        return changes_in_words(self.baseline, self.scenario, names)

    def rates(self, outcome: str = "met") -> tuple[Rate, Rate, Rate]:
        """Share of an outcome among all cases: baseline, scenario, and the change between them (paired)."""
        return self._rates(self._flow, self.hidden, outcome)

    def _rates(self, flow: NDArray[np.int64], hidden: Withheld, outcome: str = "met") -> tuple[Rate, Rate, Rate]:
        before, after, change = paired_rates(flow, self.same, outcome, self.way)
        gone = [bool(mask[OUTCOMES.index(outcome)]) for mask in (hidden.baseline, hidden.scenario)]
        told = [Rate(None, None, None) if g else Rate(*one) for g, one in zip(gone, (before, after), strict=True)]
        value = None if any(gone) else change.value
        silent = any(gone) or hidden.change or (self.people and outcome != "met")
        return told[0], told[1], Rate(value, None, None) if silent else Rate(*change)

    def came_from(self, outcome: str) -> dict[str, int | None]:
        """How many cases have this outcome only under the scenario, by their outcome before; None where withheld."""
        at = OUTCOMES.index(outcome)
        told = self.flow()[outcome].tolist()
        return {
            word: None if pd.isna(n) else int(n)
            for i, (word, n) in enumerate(zip(OUTCOMES, told, strict=True))
            if i != at
        }

    def approvals(self) -> tuple[int | None, int | None]:
        """Cases that lose their approval, and that gain one; None where withheld."""
        flow, hidden = self._flow, self.hidden
        lost = None if hidden.flow[0, 0] or hidden.baseline[0] else int(flow[0, 1:].sum())
        gained = None if hidden.flow[0, 0] or hidden.scenario[0] else int(flow[1:, 0].sum())
        return lost, gained

    def outcomes(self) -> pd.DataFrame:
        """One row per outcome word: outcome; baseline, scenario, change (counts); the same as _pct, _pct, _points."""
        before = _told(self._flow.sum(axis=1), self.hidden.baseline)
        after = _told(self._flow.sum(axis=0), self.hidden.scenario)
        frame = pd.DataFrame({"outcome": OUTCOMES, "baseline": before, "scenario": after, "change": after - before})
        cases = self.cases or 1  # of too few nothing is told
        for name in ("baseline", "scenario"):
            frame[f"{name}_pct"] = _percentages(frame[name] / cases)
        return frame.assign(change_points=_percentages(frame["change"] / cases))

    def flow(self) -> pd.DataFrame:
        """Counts, outcome under the baseline (rows) by outcome under the scenario (columns)."""
        told = pd.DataFrame(self._flow, index=pd.Index(OUTCOMES, name="baseline"), columns=list(OUTCOMES))
        return told.astype("Int64").mask(self.hidden.flow) if self.hidden.flow.any() else told

    def groups(self) -> pd.DataFrame:
        """One row per diagnosis group x procedure family that occurs; counts of all outcomes, then the approval rate.

        diagnosis, procedure, cases, baseline_<word>, scenario_<word> (counts), <baseline|scenario>_<pct|low|high> (per
        cent with Wilson's interval) and change_<points|low|high> (percentage points with the interval for pairs).
        """
        rows: list[dict[str, object]] = []
        for part in self.parts():
            row: dict[str, object] = {"diagnosis": part.diagnosis, "procedure": part.procedure}
            row["cases"] = None if part.hidden.cases else int(part.flow.sum())
            masks = (part.hidden.baseline, part.hidden.scenario)
            for axis, (name, mask) in enumerate(zip(("baseline", "scenario"), masks, strict=True)):
                counts = part.flow.sum(axis=1 - axis).tolist()
                row |= {f"{name}_{w}": None if gone else n for w, n, gone in zip(OUTCOMES, counts, mask, strict=True)}
            found = self._rates(part.flow, part.hidden)
            for name, rate in zip(("baseline", "scenario", "change"), found, strict=True):
                words = ("points" if name == "change" else "pct", "low", "high")
                row |= {f"{name}_{w}": None if v is None else in_percent(v) for w, v in zip(words, rate, strict=True)}
            rows.append(row)
        columns = ["diagnosis", "procedure", "cases", *(f"{k}_{w}" for k in ("baseline", "scenario") for w in OUTCOMES)]
        frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
        return frame.astype(dict.fromkeys(columns[2:], "Int64")) if self.people else frame

    def finding(self) -> str:
        """The result in one sentence, made from the numbers; it drops what is withheld, and says so."""
        if self.cases is None:
            return TOO_FEW.capitalize()
        before, after, change = (rate.value for rate in self.rates())
        if self.moved == 0:
            return f"Nothing changes: {self.why_nothing()}"
        few = f"fewer than {SMALL + 1} cases change" if self.hidden.few_move else "a difference is not told"
        if before is None or after is None:
            return f"Approvals: {percent(before)} of all cases before, {percent(after)} after; {few}"
        if percent(before) == percent(after):
            moved = few if self.moved is None else f"{self.moved:,} of {self.cases:,} cases change their outcome"
            return f"Approvals stay at {percent(before)} of all cases, but {moved}{self._refusals()}"
        verb = "rise" if (change or 0) > 0 else "fall"
        return f"Approvals {verb} from {percent(before)} to {percent(after)} of all cases{self._refusals()}"

    def _refusals(self) -> str:
        """', recommended refusals rise from 31.1% to 45.0%'; nothing where that is withheld."""
        before, after = (rate.value for rate in self.rates("not_met")[:2])
        if before is None or after is None:
            return ""
        if percent(before) == percent(after):
            return f", recommended refusals stay at {percent(before)}"
        verb = "rise" if after > before else "fall"
        return f", recommended refusals {verb} from {percent(before)} to {percent(after)}"

    def why_nothing(self) -> str:
        """Why no case has another outcome; an empty string when some have."""
        if self.moved:
            return ""
        if self.same:
            return "the scenario moves no lever"
        names = [f"“{one.lever.label}”" for one in moved(self.baseline, self.scenario).values()]
        which = f"{listed(names)} {'is' if len(names) == 1 else 'are'} moved"
        if not one_document(self.baseline, self.scenario):
            which = "the version is another"
        elif len(self.changes()) > len(names):
            which = " and ".join([*([which] if names else []), "criteria are changed"])
        if self.people:  # how many read differently is not told
            return f"{which}, but no case has another outcome"
        if not self.touched:
            return f"{which}, but no criterion of any of these {self.cases:,} cases reads differently for it"
        kept = "case reads" if self.touched == 1 else "cases read"
        return f"{which} and {self.touched:,} {kept} differently, but something else decides each of them"

    def __add__(self, other: "Impact") -> "Impact":
        """Both together: other cases under the same two settings."""
        if (self.baseline, self.scenario) != (other.baseline, other.scenario) or self.same != other.same:
            raise refuse("settings", "impact", "only impacts of the same two settings can be added")
        examples = pd.concat([self.examples, other.examples], ignore_index=True)
        few = _ordered(examples.groupby(["baseline", "scenario"], sort=False).head(EXAMPLES))
        return replace(self, counts=self.counts + other.counts, touched=self.touched + other.touched, examples=few)


def _told(counts: NDArray[np.int64], hidden: NDArray[np.bool_]) -> pd.Series:
    """Counts as a column, empty where withheld."""
    return pd.Series(counts) if not hidden.any() else pd.Series(pd.array(counts, dtype="Int64")).mask(hidden)


def compare(baseline: Determinations, scenario: Determinations) -> Impact:
    """The impact between two determinations of the same cases; raises ProblemsFound when they are not the same.

    The policies may be versions of one, or differ in what their pathways require (policy.reading.scenario.edited).
    """
    one, other = baseline.cases.ids, scenario.cases.ids
    alike = one_document(baseline.settings, scenario.settings) or read_alike(baseline.policy, scenario.policy)
    if not alike or (one is not other and list(one) != list(other)):
        raise refuse("cases", "compare", "both determinations must be of the same cases under the same policy")
    return counted(baseline, scenario, _examples(baseline, scenario))


def counted(baseline: Determinations, scenario: Determinations, examples: pd.DataFrame) -> Impact:
    """The impact between two determinations of the same cases in one order, with these examples."""
    policy, cases = baseline.policy, baseline.cases
    shape = (len(policy.diagnoses) + 1, len(policy.procedures) + 1, _WORDS, _WORDS)
    where = (*cells(policy, cases), baseline.outcome, scenario.outcome)
    counts = np.bincount(np.ravel_multi_index(where, shape), minlength=int(np.prod(shape))).reshape(shape)
    impact = Impact(baseline.settings, scenario.settings, counts, baseline.touched(scenario), examples)
    for name, told, one in zip(("baseline", "scenario"), impact.flow_counts(), (baseline, scenario), strict=True):
        if told != list(one.counts().values()):
            raise AssertionError(f"cases were lost: the {name} has {one.counts()}, its table {told}")
    return impact


def cells(policy: Policy, cases: Cases) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions (n,) of each case's diagnosis group and procedure family; the last place is for codes outside."""
    diagnoses, procedures = list(policy.diagnoses), list(policy.procedures)
    groups = np.array([_position(diagnoses, diagnosis_group(policy, code)) for code in cases.dx.categories], np.intp)
    families = np.array([_position(procedures, _family(policy, code)) for code in cases.cpt.categories], np.intp)
    return groups[cases.dx.codes], families[cases.cpt.codes]


def measure(
    baseline: Settings,
    scenario: Settings,
    cases: Caseload,
    progress: Callable[[int], None] | None = None,
    also: Callable[[Determinations, Determinations], None] | None = None,
) -> Impact:
    """Determine all the cases under both settings; `progress` is told how many are done. Memory stays the same.

    `also` is given every slice as it was determined, so that other counts need no second pass.
    """
    parts = []
    done = 0
    for part in cases.slices():
        before, after = determined(part, baseline), determined(part, scenario)
        parts.append(compare(before, after))
        parts = [reduce(Impact.__add__, parts)]
        done += len(part)
        if also:
            also(before, after)
        if progress:
            progress(done)
    return parts[0]


def determined(cases: Cases, settings: Settings, asking: bool = True) -> Determinations:
    """The cases under settings that may be those of an edited policy: the fields of both are the same."""
    return determine(settings.policy, under(cases, settings.policy), settings, asking=asking)


def under(cases: Cases, policy: Policy) -> Cases:
    """The same cases for a policy that reads them in the same way (see versions.read_by_both)."""
    return cases if cases.policy == policy else replace(cases, policy=policy)


def _position(names: list[str], name: str | None) -> int:
    return len(names) if name is None else names.index(name)


def _family(policy: Policy, code: str) -> str | None:
    return next((name for name, family in policy.procedures.items() if code in family.codes), None)


def _examples(baseline: Determinations, scenario: Determinations) -> pd.DataFrame:
    """The first few cases of every way to move, with the reasons before and after."""
    way = baseline.outcome.astype(np.int16) * _WORDS + scenario.outcome
    moved = np.flatnonzero(baseline.outcome != scenario.outcome)
    rows = np.sort(pd.Series(moved).groupby(way[moved]).head(EXAMPLES).to_numpy(dtype=np.intp))
    return _ordered(in_words(baseline, scenario, rows)) if len(rows) else no_examples()


def no_examples() -> pd.DataFrame:
    """None of the cases."""
    return pd.DataFrame(columns=EXAMPLE_COLUMNS, dtype="str")


def in_words(baseline: Determinations, scenario: Determinations, rows: NDArray[np.intp]) -> pd.DataFrame:
    """The cases at some positions, with the reasons before and after; columns as of `Impact.examples`."""
    few = [one.cases.take(rows) for one in (baseline, scenario)]
    before, after = (
        determined(cases, one.settings).frame() for cases, one in zip(few, (baseline, scenario), strict=True)
    )
    mine = few[0]
    columns = [before["outcome"], after["outcome"], mine.ids, mine.dx, mine.cpt, before["reasons"], after["reasons"]]
    texts = {name: np.asarray(column, dtype=object) for name, column in zip(EXAMPLE_COLUMNS, columns, strict=True)}
    return pd.DataFrame(texts, dtype="str")


def _ordered(examples: pd.DataFrame) -> pd.DataFrame:
    """In the order of the outcome words, cases in their own order."""
    place = {word: i for i, word in enumerate(OUTCOMES)}
    key = examples["baseline"].map(place) * _WORDS + examples["scenario"].map(place)
    return examples.iloc[np.argsort(key.to_numpy(dtype=np.int64), kind="stable")].reset_index(drop=True)
