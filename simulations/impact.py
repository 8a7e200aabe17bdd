"""What a change of the policy does to many cases: the same cases determined twice, counted once.

Everything is one array of counts (diagnosis group x procedure family x outcome before x outcome after), so no table can
disagree with another. The intervals speak of the luck of the draw only, not of how well made-up cases resemble real
ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases import Cases
from policy.document import change_in_words
from policy.evaluation import Determinations, determine, diagnosis_group
from policy.model import OUTCOMES, Policy, Rule, Settings
from policy.problems import refuse
from simulations.caseload import Caseload
from simulations.intervals import Interval, paired_change, wilson
from simulations.suppression import SMALL, Counts, rounded, rounded_size

OUTSIDE = "outside_policy"  # the group or family of a code that the policy does not cover
EXAMPLES = 3  # shown for each way in which cases move
_WORDS = len(OUTCOMES)
_EXAMPLE_COLUMNS = ["baseline", "scenario", "case_id", "dx", "cpt", "reasons_baseline", "reasons_scenario"]


@dataclass(frozen=True)
class Impact:
    """Counts of the same cases under two settings of one policy.

    `counts`: int64 (groups + 1, families + 1, 6, 6), the last group and family for codes outside the policy, then the
    outcome under the baseline and under the scenario. `touched`: cases of which any criterion reads differently.
    `examples`: a few moved cases of every kind. `people`: every number that is asked for comes from rounded counts.
    """

    baseline: Settings
    scenario: Settings
    counts: NDArray[np.int64]
    touched: int
    examples: pd.DataFrame
    people: bool = False

    def for_people(self) -> "Impact":
        """The same for cases that may be people: counts are rounded, none of the cases is shown."""
        return replace(self, people=True, examples=self.examples[:0])

    @property
    def policy(self) -> Policy:
        """The policy of both settings."""
        return self.baseline.policy

    @property
    def cases(self) -> int:
        """How many cases were determined."""
        cases = int(self.counts.sum())
        return rounded_size(cases) if self.people else cases

    @property
    def moved(self) -> int:
        """How many cases have another outcome."""
        return self._shown(int(self.counts.sum()) - int(np.trace(self._flow)))

    def _shown(self, counts: Counts) -> Counts:
        return rounded(counts) if self.people else counts

    @property
    def _flow(self) -> NDArray[np.int64]:
        total: NDArray[np.int64] = self.counts.sum(axis=(0, 1))
        return total

    @property
    def same(self) -> bool:
        """Whether both settings are the same rules."""
        return self.scenario == self.baseline and self.scenario.policy.fingerprint == self.policy.fingerprint

    def changes(self) -> list[str]:
        """One sentence for each lever that differs, and for each pathway that requires more or less."""
        return change_in_words(self.scenario, self.baseline) + edits_in_words(self.policy, self.scenario.policy)

    def rates(self) -> tuple[Interval, Interval, Interval]:
        """Share of `met` among all cases: baseline, scenario, and the change between them (paired)."""
        return rates(self._flow, self.same, self.people)

    def approvals(self) -> tuple[int, int, int, int]:
        """Cases that are met before and after, that lose their approval, that gain one, and all others."""
        return approvals(self._flow, self.people)

    def outcomes(self) -> pd.DataFrame:
        """One row per outcome word: outcome; baseline, scenario, change (counts); the same as _pct, _pct, _points."""
        before, after = margins(self._flow, self.people)
        frame = pd.DataFrame({"outcome": OUTCOMES, "baseline": before, "scenario": after, "change": after - before})
        for name in ("baseline", "scenario"):
            frame[f"{name}_pct"] = (100 * frame[name] / self.cases).round(4)
        return frame.assign(change_points=(100 * frame["change"] / self.cases).round(4))

    def flow(self) -> pd.DataFrame:
        """Counts, outcome under the baseline (rows) by outcome under the scenario (columns); they sum to the cases."""
        return pd.DataFrame(self._shown(self._flow), index=pd.Index(OUTCOMES, name="baseline"), columns=list(OUTCOMES))

    def groups(self) -> pd.DataFrame:
        """One row per diagnosis group x procedure family that occurs; counts of all outcomes, then the approval rate.

        diagnosis, procedure, cases, baseline_<word>, scenario_<word> (counts), <baseline|scenario>_<pct|low|high> (per
        cent with Wilson's interval) and change_<points|low|high> (percentage points with the interval for pairs).
        """
        diagnoses, procedures = (*self.policy.diagnoses, OUTSIDE), (*self.policy.procedures, OUTSIDE)
        rows: list[dict[str, object]] = []
        cases = self._shown(self.counts.sum(axis=(2, 3)))
        for i, j in np.argwhere(cases):
            flow = self.counts[i, j]
            row: dict[str, object] = {"diagnosis": diagnoses[i], "procedure": procedures[j], "cases": int(cases[i, j])}
            for name, counts in zip(("baseline", "scenario"), margins(flow, self.people), strict=True):
                row |= {f"{name}_{word}": int(n) for word, n in zip(OUTCOMES, counts, strict=True)}
            found = rates(flow, self.same, self.people)
            for name, rate in zip(("baseline", "scenario", "change"), found, strict=True):
                words = ("points" if name == "change" else "pct", "low", "high")
                row |= {f"{name}_{word}": round(100 * value, 4) for word, value in zip(words, rate, strict=True)}
            rows.append(row)
        columns = ["diagnosis", "procedure", "cases", *(f"{k}_{w}" for k in ("baseline", "scenario") for w in OUTCOMES)]
        return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)

    def finding(self) -> str:
        """The result in one sentence, made from the numbers."""
        before, after, change = self.rates()
        if not self.moved and self.people and not self.same:
            return f"At most {SMALL} cases change their outcome"
        if not self.moved:
            return f"Nothing changes: {self.why_nothing()}"
        if before.value == after.value:
            moved = f"{self.moved:,} of {self.cases:,} cases change their outcome"
            return f"Approvals stay at {percent(before.value)} of all cases, but {moved}"
        verb = "rise" if change.value > 0 else "fall"
        return f"Approvals {verb} from {percent(before.value)} to {percent(after.value)} of all cases"

    def why_nothing(self) -> str:
        """Why no case has another outcome; an empty string when some have."""
        if self.moved:
            return ""
        if self.same:
            return "the scenario moves no lever"
        moved = [name for name in self.policy.levers if self.scenario[name] != self.baseline[name]]
        which = f"{', '.join(moved)} {'is' if len(moved) == 1 else 'are'} moved"
        if edits_in_words(self.policy, self.scenario.policy):
            which = " and ".join([*([which] if moved else []), "criteria are changed"])
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


def rates(flow: NDArray[np.int64], same: bool = False, people: bool = False) -> tuple[Interval, Interval, Interval]:
    """Share of `met` before, after, and the change (paired), of one flow (6, 6) with at least one case.

    `same`: both are the same rules, which cannot differ whoever is drawn. `people`: from rounded counts.
    """
    both, lost, gained, neither = approvals(flow, people)
    cases = both + lost + gained + neither
    change = paired_change(both, lost, gained, neither)
    return wilson(both + lost, cases), wilson(both + gained, cases), Interval(0.0, 0.0, 0.0) if same else change


def approvals(flow: NDArray[np.int64], people: bool = False) -> tuple[int, int, int, int]:
    """Cases of a flow (6, 6): met before and after, no longer met, newly met, neither; of `people` rounded counts."""
    cases, before, after, both = int(flow.sum()), int(flow[0].sum()), int(flow[:, 0].sum()), int(flow[0, 0])
    lost, gained = before - both, after - both
    if people:
        cases, before, lost = rounded_size(cases), rounded(before), rounded(lost)
        gained = min(rounded(gained), cases - before)
    return before - lost, lost, gained, cases - before - gained


def margins(flow: NDArray[np.int64], people: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts (6,) of the outcomes before and after; of `people` rounded, met as in `approvals`."""
    before, after = flow.sum(axis=1), flow.sum(axis=0)
    if people:
        both, _, gained, _ = approvals(flow, people)
        before, after = rounded(before), rounded(after)
        after[0] = both + gained
    return before, after


def percent(share: float, decimals: int = 1) -> str:
    """'19.8%'; a share that is neither 0 nor 1 is never shown as if it were."""
    text, least = f"{100 * share:.{decimals}f}", 10.0**-decimals
    if share and not float(text):
        return f"<{least:.{decimals}f}%"
    return f">{100 - least:.{decimals}f}%" if share < 1 and float(text) == 100 else f"{text}%"


def points(change: float, decimals: int = 1) -> str:
    """'+1.2' or '−5.4' percentage points."""
    text = f"{100 * change:+.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def compare(baseline: Determinations, scenario: Determinations) -> Impact:
    """The impact between two determinations of the same cases; raises ProblemsFound when they are not the same.

    The policies may differ in what their pathways require (policy.scenario.edited), in nothing else.
    """
    policy, cases = baseline.policy, baseline.cases
    alike = scenario.policy == policy or _but_for_criteria(scenario.policy) == _but_for_criteria(policy)
    if not alike or (scenario.cases is not cases and list(scenario.cases.ids) != list(cases.ids)):
        raise refuse("cases", "compare", "both determinations must be of the same cases under the same policy")
    shape = (len(policy.diagnoses) + 1, len(policy.procedures) + 1, _WORDS, _WORDS)
    where = (*cells(policy, cases), baseline.outcome, scenario.outcome)
    counts = np.bincount(np.ravel_multi_index(where, shape), minlength=int(np.prod(shape))).reshape(shape)
    touched, few = _touched(baseline, scenario), _examples(baseline, scenario)
    impact = Impact(baseline.settings, scenario.settings, counts, touched, few)
    table = impact.outcomes().set_index("outcome")
    for name, counted in (("baseline", baseline.counts()), ("scenario", scenario.counts())):
        if table[name].to_dict() != counted or impact.cases != len(cases):
            raise AssertionError(f"cases were lost: the {name} has {counted}, its table {table[name].to_dict()}")
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


def determined(cases: Cases, settings: Settings) -> Determinations:
    """The cases under settings that may be those of an edited policy: the fields of both are the same."""
    return determine(settings.policy, under(cases, settings.policy), settings)


def under(cases: Cases, policy: Policy) -> Cases:
    """The same cases for a policy that differs only in what its pathways require."""
    return cases if cases.policy == policy else replace(cases, policy=policy)


def edits_in_words(before: Policy, after: Policy) -> list[str]:
    """'Epidural injection for spine pain: also requires trigger_points' for the pathways that an edit changes."""
    if after is before:
        return []
    changed: dict[str, list[str]] = {}  # what is said -> the pathways of which it is said
    for name, pathway in before.pathways.items():
        mine, theirs = pathway.rule, after.pathways[name].rule
        if theirs.outcome is not None:
            said = [f"always {theirs.outcome}: {theirs.because}"] if theirs != mine else []
        else:
            old, new = _required(before, mine), _required(after, theirs)
            changes = [("also requires", sorted(new - old)), ("no longer requires", sorted(old - new))]
            said = [f"{words} {', '.join(dict.fromkeys(c for c, *_ in found))}" for words, found in changes if found]
            referred = _reviews(theirs) - _reviews(mine)
            said += [f"review in the place of met: {because}" for because in sorted(referred)]
        if said:
            changed.setdefault("; ".join(said), []).append(pathway.title)
    return [f"{', '.join(titles)}: {said}" for said, titles in changed.items()]


def _reviews(rule: Rule) -> set[str]:
    """The reasons for which a rule sends requests to a clinician."""
    found = {str(below.because) for below in rule.walk() if below.outcome == "review"}
    return found | {str(step.because) for below in rule.walk() for step in below.then if step.outcome == "review"}


def _required(policy: Policy, rule: Rule) -> set[tuple[str, int, str]]:
    """The criteria that a rule requires, gates written out, each with its place in the rule and its condition."""
    return {
        (inner.criterion, place, str(sorted((entry.while_ | inner.while_).items())))
        for place, below in enumerate(rule.walk())
        for entry in below.require or ()
        for inner in (policy.gates[entry.criterion].require if entry.criterion in policy.gates else (entry,))
    }


def _but_for_criteria(policy: Policy) -> Policy:
    return policy.model_copy(update={"pathways": dict.fromkeys(policy.pathways), "examples": ()})


def _position(names: list[str], name: str | None) -> int:
    return len(names) if name is None else names.index(name)


def _family(policy: Policy, code: str) -> str | None:
    return next((name for name, family in policy.procedures.items() if code in family.codes), None)


def _touched(baseline: Determinations, scenario: Determinations) -> int:
    """Cases of which a criterion reads differently, or which are decided differently."""
    differs = (baseline.outcome != scenario.outcome) | (baseline.ask != scenario.ask)
    differs |= baseline.closed != scenario.closed
    unread = np.full(len(baseline.outcome), 3, dtype=np.int8)
    for name in baseline.truths.keys() | scenario.truths.keys():
        differs |= baseline.truths.get(name, unread) != scenario.truths.get(name, unread)
    return int(differs.sum())


def _examples(baseline: Determinations, scenario: Determinations) -> pd.DataFrame:
    """The first few cases of every way to move, with the reasons before and after."""
    way = baseline.outcome.astype(np.int16) * _WORDS + scenario.outcome
    moved = np.flatnonzero(baseline.outcome != scenario.outcome)
    rows = np.sort(pd.Series(moved).groupby(way[moved]).head(EXAMPLES).to_numpy(dtype=np.intp))
    if not len(rows):
        return pd.DataFrame({name: pd.Series(dtype="str") for name in _EXAMPLE_COLUMNS})
    few = baseline.cases.take(rows)
    before, after = (determined(few, d.settings).frame() for d in (baseline, scenario))
    columns = [before["outcome"], after["outcome"], few.ids, few.dx, few.cpt, before["reasons"], after["reasons"]]
    texts = {name: np.asarray(column, dtype=object) for name, column in zip(_EXAMPLE_COLUMNS, columns, strict=True)}
    return _ordered(pd.DataFrame(texts, dtype="str"))


def _ordered(examples: pd.DataFrame) -> pd.DataFrame:
    """In the order of the outcome words, cases in their own order."""
    place = {word: i for i, word in enumerate(OUTCOMES)}
    key = examples["baseline"].map(place) * _WORDS + examples["scenario"].map(place)
    return examples.iloc[np.argsort(key.to_numpy(dtype=np.int64), kind="stable")].reset_index(drop=True)
