"""What a policy does to those whom the procedure would help, and to those it would not: known where truth is simulated.

Each case of a population may carry whether its procedure would help and whether it has the condition that a test looks
for. No rule reads either. Counts are split by both, at every value of a lever.
Whether the truth can favour a lever at all is another question: truth_dependence.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from policy.determinations.determination import determine
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import nearest, refuse, shown
from simulations.counting.counts import each
from simulations.counting.grouping import Groups
from simulations.counting.streaming import batches, stream
from simulations.population import Population, compared_for, load
from simulations.population.columns import BENEFIT
from simulations.population.page import Page
from simulations.statistics.intervals import Parted, kitagawa, stratified_difference, wilson
from simulations.statistics.number_format import in_percent, points
from simulations.studies.impact import under
from simulations.studies.paired_rates import MET, NOT_MET, PEND, REVIEW, Counts
from simulations.studies.truth_dependence import Telling, change_told, telling

SIMULATED = (
    "Truth is simulated: each made-up case carries whether its procedure would help, by the assumptions of its "
    "population. No real patient's benefit is known, no rule of the policy reads it, and nothing here says what "
    "happens to anyone."
)
NOT_SIMULATED = "The population does not simulate whether a procedure would help, so nothing is told about it."
ANY_STAGE = "any"  # where a page tells no stages of the pathway apart


class Kind(NamedTuple):
    """Requests that are alike: diagnosis group, procedure family, stage of the pathway as documented."""

    diagnosis: str
    procedure: str
    stage: str


def split_by(population: Population) -> tuple[str, ...]:
    """The columns that counts are split by: both truths, as far as there are two, and what makes a kind."""
    condition = [trial.truth] if (trial := population.page.virtual_trial) else []
    told = (name for stage in population.page.stages for name in stage.when)
    return tuple(dict.fromkeys([BENEFIT, *condition, "diagnosis", "procedure", *told]))


def _kind(label: Mapping[str, str], page: Page) -> Kind:
    """Of a group: its stage is the first that fits what is on file."""
    fitting = (stage.name for stage in page.stages if all(label[n] in words for n, words in stage.when.items()))
    return Kind(label["diagnosis"], label["procedure"], next(fitting, ANY_STAGE))


def by_kind(groups: Groups, counts: Counts, page: Page) -> tuple[tuple[Kind, ...], Counts]:
    """Counts of groups (groups, ...) by kind and truth: int64 (kinds, 2, 3, ...).

    The procedure would help no, yes; the condition that a test looks for does not arise, no, yes.
    """
    kinds: dict[Kind, int] = {}
    labels = [dict(zip(groups.names, words, strict=True)) for words in groups.numbers]
    places = [kinds.setdefault(_kind(label, page), len(kinds)) for label in labels]
    found = np.zeros((len(kinds), 2, 3, *counts.shape[1:]), np.int64)
    for place, label, row in zip(places, labels, counts, strict=True):
        condition = label[page.virtual_trial.truth] if page.virtual_trial else ""
        found[place, int(label[BENEFIT] == "true"), ("", "false", "true").index(condition)] += row
    return tuple(kinds), found


@dataclass(frozen=True)
class Truth:
    """Counts of cases by kind, simulated truth and outcome: `counts` int64 (kinds, 2, 3, 6), see `by_kind`."""

    page: Page
    kinds: tuple[Kind, ...]
    counts: Counts

    @property
    def benefit(self) -> Counts:
        """Int64 (2, 6): the procedure would not help, would help."""
        found: Counts = self.counts.sum(axis=(0, 2))
        return found

    @property
    def condition(self) -> Counts:
        """Int64 (2, 6): requests for a procedure of the virtual trial, without and with the condition."""
        trial = self.page.virtual_trial
        some = [trial is not None and kind.procedure in trial.procedures for kind in self.kinds]
        found: Counts = self.counts[some].sum(axis=(0, 1))[1:]
        return found

    @property
    def cases(self) -> int:
        """All cases, whatever their outcome."""
        return int(self.counts.sum())

    def of(self, wanted: Callable[[Kind], bool]) -> "Truth":
        """The cases of some kinds."""
        some = [i for i, kind in enumerate(self.kinds) if wanted(kind)]
        return Truth(self.page, tuple(self.kinds[i] for i in some), self.counts[some])

    def approved(self) -> dict[Kind, tuple[int, int]]:
        """Kind -> how many of those met would be helped, and how many are met."""
        met = self.counts[..., MET].sum(axis=2)
        return {kind: (int(row[1]), int(row.sum())) for kind, row in zip(self.kinds, met, strict=True)}

    def row(self) -> dict[str, Any]:
        """Counts of all six outcomes and what they come to; shares in % with 95 % intervals, None where nobody counts.

        appropriate: met, and would help; unhelpful: met, and would not; refused_would_help: not met, though the model
        says that it would help; waiting: pend or review, though it would help. ppv: would help, of those met; npv:
        would not, of those not met. The values of the condition likewise, among requests for procedures of the trial.
        """
        no, yes = self.benefit
        found: dict[str, Any] = {"cases": self.cases}
        found |= dict(zip(OUTCOMES, self.benefit.sum(axis=0).tolist(), strict=True))
        found |= {
            "would_help": int(yes.sum()),
            "appropriate": int(yes[MET]),
            "unhelpful": int(no[MET]),
            "refused_would_help": int(yes[NOT_MET]),
            "waiting": int(yes[PEND] + yes[REVIEW]),
        }
        condition = self.condition
        shares = {
            "approved_of_helped": (yes[MET], yes.sum()),
            "refused_of_helped": (yes[NOT_MET], yes.sum()),
            "ppv": (yes[MET], no[MET] + yes[MET]),
            "npv": (no[NOT_MET], no[NOT_MET] + yes[NOT_MET]),
            "condition_ppv": (condition[1, MET], condition[:, MET].sum()),
            "condition_npv": (condition[0, NOT_MET], condition[:, NOT_MET].sum()),
        }
        for name, (hits, among) in shares.items():
            rate = wilson(int(hits), int(among)) if among else None
            for part, value in zip(("pct", "low", "high"), rate or (None,) * 3, strict=True):
                found[f"{name}_{part}"] = None if value is None else in_percent(value)
            found[f"{name}_of"] = int(among)
        return found

    def stages(self) -> dict[str, "Truth"]:
        """Stage of the pathway -> the requests of that stage, in the order of the pathway."""
        order = _stages(self.page)
        present = [stage for stage in order if any(kind.stage == stage for kind in self.kinds)]
        return {stage: self.of(lambda kind, stage=stage: kind.stage == stage) for stage in present}  # type: ignore[misc]


def _stages(page: Page) -> list[str]:
    return [*dict.fromkeys(stage.name for stage in page.stages), ANY_STAGE]


def told_by(policy: Policy, populations: Sequence[str | Population] | None = None) -> list[Population]:
    """Those of some populations (by default those of the policy) that simulate whether a procedure would help."""
    named = compared_for(policy) if populations is None else populations
    every = [one if isinstance(one, Population) else load(one, policy) for one in named]
    return [population for population in every if population.helps]


def by_setting(
    base: Settings, lever: str, populations: Sequence[str | Population] | None = None, size: int = 10_000, seed: int = 1
) -> pd.DataFrame:
    """One row per population and value of a lever, the others as in `base`: population, value, then `Truth.row`.

    can_tell: whether the simulated truth can tell whether the lever helps (truth_dependence.py). ppv_within_points and
    ppv_mix_points: Kitagawa's parts of the difference of ppv from that at the lever's value in `base`. Cases are
    drawn once per population that simulates truth. Raises ProblemsFound for an unknown lever.
    """
    policy = base.policy
    if lever not in policy.levers:
        raise refuse("lever", shown(lever), f"is no lever of {policy.name}{nearest(lever, policy.levers)}")
    values = policy.levers[lever].values()
    rows = []
    for population in told_by(policy, populations):
        groups, counts = stream(list(each(base, {lever: values})), population, size, seed, groups=split_by(population))
        found = [Truth(population.page, *by_kind(groups, one, population.page)) for one in counts]
        here = found[values.index(base[lever])].approved()
        can = telling(policy, population, [lever]).can(lever)
        for value, one in zip(values, found, strict=True):
            row = {
                "population": population.id,
                "value": "off" if value is None else value,
                "can_tell": can,
                **one.row(),
            }
            rows.append(row | _held(here, one.approved()))
    return pd.DataFrame(rows)


def _held(before: Mapping[Kind, tuple[int, int]], after: Mapping[Kind, tuple[int, int]]) -> dict[str, float | None]:
    """Kitagawa's parts of a difference of ppv, in points; None where nobody is met on one side."""
    found = None
    if all(sum(cases for _, cases in side.values()) for side in (before, after)):
        found = kitagawa(((0, 0), before.get(k, (0, 0)), after.get(k, (0, 0))) for k in {**before, **after})
    parts = {"ppv_within_points": found and found.within, "ppv_mix_points": found and found.mix}
    return {name: None if value is None else in_percent(value) for name, value in parts.items()}


# Two settings, the same cases ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """The cases of one population under two settings, split by truth.

    `flow`: int64 (kinds, 2, 3, 6, 6), as `by_kind` has it, by the outcome under the baseline and under the scenario.
    `telling`: what the simulated truth can tell about each lever that moves.
    """

    population: str
    page: Page
    policy: Policy
    kinds: tuple[Kind, ...]
    flow: Counts
    telling: Telling

    def truth(self, scenario: bool) -> Truth:
        """The counts under the baseline or the scenario."""
        return Truth(self.page, self.kinds, self.flow.sum(axis=-2 if scenario else -1))

    def frame(self) -> pd.DataFrame:
        """Two rows: population, setting (baseline, scenario), can_tell as in `by_setting`, then `Truth.row`."""
        first = {"population": self.population, "can_tell": not self.telling.blind}
        settings = {"baseline": False, "scenario": True}
        return pd.DataFrame([{**first, "setting": n, **self.truth(s).row()} for n, s in settings.items()])

    def stages(self) -> pd.DataFrame:
        """The same by stage of the pathway: population, can_tell, stage, setting, then `Truth.row`."""
        first = {"population": self.population, "can_tell": not self.telling.blind}
        return pd.DataFrame(
            [
                {**first, "stage": stage, "setting": name, **one.row()}
                for name, scenario in (("baseline", False), ("scenario", True))
                for stage, one in self.truth(scenario).stages().items()
            ]
        ).sort_values(
            ["stage"], kind="stable", key=lambda names: names.map(_stages(self.page).index), ignore_index=True
        )

    def origins(self) -> dict[str, int]:
        """Of those refused under the scenario though the model says it would help: outcome under the baseline."""
        refused = self.flow[:, 1, :, :, NOT_MET].sum(axis=(0, 1))
        return {word: int(n) for word, n in zip(OUTCOMES, refused, strict=True) if n}

    def approvals(self) -> dict[Kind, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
        """Kind -> (would help, all) of those who keep approval, lose it, gain it."""
        by = self.flow.sum(axis=2)
        met, other = by[..., MET, MET], [i for i in range(len(OUTCOMES)) if i != MET]
        lost, gained = by[..., MET, other].sum(axis=-1), by[..., other, MET].sum(axis=-1)
        return {
            kind: tuple((int(way[i, 1]), int(way[i].sum())) for way in (met, lost, gained))  # type: ignore[misc]
            for i, kind in enumerate(self.kinds)
        }

    def parted(self) -> Parted | None:
        """Kitagawa's parts of the change of the share that would be helped, of those met; None where nobody is met."""
        rows = list(self.approvals().values())
        if not all(sum(kept[1] + way[side][1] for kept, *way in rows) for side in (0, 1)):
            return None
        return kitagawa(rows)

    def movers(self) -> pd.DataFrame:
        """One row per diagnosis, procedure, outcome before and after of the cases that move: cases, would_help."""
        columns = ["population", "diagnosis", "procedure", "baseline", "scenario", "cases", "would_help"]
        rows: dict[tuple[str, ...], list[int]] = {}
        by = self.flow.sum(axis=2)
        for i, before, after in np.argwhere(by.sum(axis=1)):
            if before != after:
                key = (*self.kinds[i][:2], OUTCOMES[before], OUTCOMES[after])
                no, yes = by[i, :, before, after].tolist()
                total = rows.setdefault(key, [0, 0])
                rows[key] = [total[0] + no + yes, total[1] + yes]
        found = pd.DataFrame([(self.population, *key, *counts) for key, counts in rows.items()], columns=columns)
        names = ["cases", "diagnosis", "procedure", "baseline", "scenario"]
        return found.sort_values(names, ascending=[False, *[True] * 4], kind="stable", ignore_index=True)


def compared(
    baseline: Settings, scenario: Settings, populations: Sequence[str | Population] | None = None,
    size: int = 10_000, seed: int = 1,
) -> list[Compared]:  # fmt: skip
    """Both settings over the same `size` cases of each population that simulates benefit, a slice at a time.

    Without populations those of the policy. Raises ProblemsFound.
    """
    policy = baseline.policy
    words = len(OUTCOMES)
    found = []
    for population in told_by(policy, populations):
        groups, flow = Groups(policy, split_by(population)), np.zeros((0, words * words), dtype=np.int64)
        for batch in batches(baseline, population, size, seed, population.truths):
            cases = batch.cases
            where = groups.of(cases)
            before, after = (
                determine(s.policy, under(cases, s.policy), s, asking=False).outcome for s in (baseline, scenario)
            )
            cells = (where * words + before) * words + after
            counted = np.bincount(cells, minlength=len(groups) * words * words).reshape(len(groups), -1)
            counted[: len(flow)] += flow
            flow = counted.astype(np.int64)
        kinds, split = by_kind(groups, flow.reshape(-1, words, words), population.page)
        told = change_told(baseline, scenario, population)
        found.append(Compared(population.id, population.page, policy, kinds, split, told))
    return found


# What the truth says -------------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """What the simulated truth says about a change: `word` is one of VERDICTS, `text` a sentence without full stop."""

    word: str
    text: str


VERDICTS = ("cannot tell", "favours", "speaks against", "shows no difference", "points both ways", "nothing moves")


def verdict(one: Compared) -> Verdict:
    """Whether those who lose approval would be helped less often, kind by kind, than those who keep it.

    And whether those who gain it would be helped more often. Beyond luck means that the 95 % interval of the difference
    leaves out 0; where the page gives benefit no tie to any fact that the moving levers read, there is nothing to ask.
    """
    rows = one.approvals().values()
    lost, gained = (sum(row[side][1] for row in rows) for side in (1, 2))
    if not one.telling.asks or not (lost or gained):
        return Verdict("nothing moves", "No approval is lost or gained")
    if one.telling.blind:
        return Verdict("cannot tell", one.telling.sentence())
    signs, parts = set(), []
    for side, count, who in ((1, lost, "lose approval"), (2, gained, "gain approval")):
        apart = stratified_difference((row[side], row[0]) for row in rows) if count else None
        if apart is not None:
            sure = 0 if apart.low <= 0 <= apart.high else 1 if apart.value > 0 else -1
            signs |= {-sure if side == 1 else sure}
            way = "as often as, but for luck," if not sure else "more often than" if sure > 0 else "less often than"
            span = f"{points(apart.value)} points, 95% {points(apart.low)} to {points(apart.high)}"
            parts.append(f"the {count:,} who {who} would be helped {way} those who keep it, kind by kind ({span})")
    signs -= {0}
    word = "points both ways" if len(signs) == 2 else "favours" if signs == {1} else "speaks against"
    word = word if signs else "shows no difference"
    ends = {"favours": "favours the change", "speaks against": "speaks against the change"}
    ends |= {"shows no difference": "shows no difference beyond luck"}
    blind = f". {one.telling.sentence()}" if one.telling.sentence() else ""
    said = "; ".join(parts) or "no kind of request has both who keep approval and who move"
    return Verdict(word, f"The simulated truth {ends.get(word, word)}: {said}{blind}")
