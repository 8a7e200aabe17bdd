"""What a policy does to those whom the procedure would help, and to those it would not: known where truth is simulated.

Each case of a population carries whether its procedure would help and, for spine pain, whether a facet joint is the
source. No rule reads either. Counts are split by both, at every value of a lever.
Whether the truth can favour a lever at all is another question: truth_dependence.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from policy.evaluation.determination import determine
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import nearest, refuse, shown
from simulations.counting.counts import each
from simulations.counting.grouping import Groups
from simulations.counting.streaming import TRUTHS, batches, stream
from simulations.population import load
from simulations.statistics.intervals import Parted, kitagawa, stratified_difference, wilson
from simulations.statistics.number_format import points
from simulations.studies.impact import under
from simulations.studies.paired_rates import MET, NOT_MET, PEND, REVIEW, Counts
from simulations.studies.sensitivity import POPULATIONS
from simulations.studies.truth_dependence import Telling, change_told, telling

SIMULATED = (
    "Truth is simulated: each made-up case carries whether its procedure would help, by the assumptions of its "
    "population. No real patient's benefit is known, no rule of the policy reads it, and nothing here says what "
    "happens to anyone. Within the bands of block relief (below 50, 50 to 79, 80 % and more) the exact figure is "
    "assumed to tell nothing further about the truth."
)
BENEFIT, FACET = TRUTHS
FACET_FAMILIES = ("facet_injection", "facet_ablation")
_BY = (BENEFIT, FACET, "diagnosis", "procedure", "intent", "diagnostic_blocks_done")
_BLOCKS = {"0": "first block", "1": "second block", "2": "after two blocks", "": "block of unknown number"}


class Kind(NamedTuple):
    """Requests that are alike: diagnosis group, procedure family, stage of the pathway as documented."""

    diagnosis: str
    procedure: str
    stage: str


def split_by(policy: Policy) -> tuple[str, ...]:
    """The columns that counts are split by: both truths and what makes a kind, as far as the policy has it."""
    return tuple(name for name in _BY if name in (*TRUTHS, "diagnosis", "procedure") or name in policy.fields_)


def _kind(label: Mapping[str, str]) -> Kind:
    """Of a group: a facet injection is the first or second block by the blocks done, unless it is said to treat."""
    family, stage = label["procedure"], "no facet procedure"
    if family == "facet_ablation":
        stage = "ablation"
    elif family == "facet_injection":
        treats = label.get("intent") == "therapeutic"
        stage = "therapeutic block" if treats else _BLOCKS[label.get("diagnostic_blocks_done", "")]
    return Kind(label["diagnosis"], family, stage)


def by_kind(groups: Groups, counts: Counts) -> tuple[tuple[Kind, ...], Counts]:
    """Counts of groups (groups, ...) by kind and truth: int64 (kinds, 2, 3, ...).

    The procedure would help no, yes; pain from a facet joint does not arise, no, yes.
    """
    kinds: dict[Kind, int] = {}
    labels = [dict(zip(groups.names, words, strict=True)) for words in groups.numbers]
    places = [kinds.setdefault(_kind(label), len(kinds)) for label in labels]
    found = np.zeros((len(kinds), 2, 3, *counts.shape[1:]), np.int64)
    for place, label, row in zip(places, labels, counts, strict=True):
        found[place, int(label[BENEFIT] == "true"), ("", "false", "true").index(label[FACET])] += row
    return tuple(kinds), found


@dataclass(frozen=True)
class Truth:
    """Counts of cases by kind, simulated truth and outcome: `counts` int64 (kinds, 2, 3, 6), see `by_kind`."""

    kinds: tuple[Kind, ...]
    counts: Counts

    @property
    def benefit(self) -> Counts:
        """Int64 (2, 6): the procedure would not help, would help."""
        found: Counts = self.counts.sum(axis=(0, 2))
        return found

    @property
    def facet(self) -> Counts:
        """Int64 (2, 6): requests for a facet procedure, the pain comes from no facet joint, from one."""
        some = [kind.procedure in FACET_FAMILIES for kind in self.kinds]
        found: Counts = self.counts[some].sum(axis=(0, 1))[1:]
        return found

    @property
    def cases(self) -> int:
        """All cases, whatever their outcome."""
        return int(self.counts.sum())

    def of(self, wanted: Callable[[Kind], bool]) -> "Truth":
        """The cases of some kinds."""
        some = [i for i, kind in enumerate(self.kinds) if wanted(kind)]
        return Truth(tuple(self.kinds[i] for i in some), self.counts[some])

    def approved(self) -> dict[Kind, tuple[int, int]]:
        """Kind -> how many of those met would be helped, and how many are met."""
        met = self.counts[..., MET].sum(axis=2)
        return {kind: (int(row[1]), int(row.sum())) for kind, row in zip(self.kinds, met, strict=True)}

    def row(self) -> dict[str, Any]:
        """Counts of all six outcomes and what they come to; shares in % with 95 % intervals, None where nobody counts.

        appropriate: met, and would help; unhelpful: met, and would not; refused_would_help: not met, though the model
        says that it would help; waiting: pend or review, though it would help. ppv: would help, of those met; npv:
        would not, of those not met. The facet values likewise: a facet joint is the source, among requests for facet
        procedures.
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
        facet = self.facet
        shares = {
            "approved_of_helped": (yes[MET], yes.sum()),
            "refused_of_helped": (yes[NOT_MET], yes.sum()),
            "ppv": (yes[MET], no[MET] + yes[MET]),
            "npv": (no[NOT_MET], no[NOT_MET] + yes[NOT_MET]),
            "facet_ppv": (facet[1, MET], facet[:, MET].sum()),
            "facet_npv": (facet[0, NOT_MET], facet[:, NOT_MET].sum()),
        }
        for name, (hits, among) in shares.items():
            rate = wilson(int(hits), int(among)) if among else None
            for part, value in zip(("pct", "low", "high"), rate or (None,) * 3, strict=True):
                found[f"{name}_{part}"] = None if value is None else round(100 * value, 4)
            found[f"{name}_of"] = int(among)
        return found

    def stages(self) -> dict[str, "Truth"]:
        """Stage of the pathway -> the requests of that stage, in the order of the pathway."""
        order = [*_BLOCKS.values(), "therapeutic block", "ablation", "no facet procedure"]
        present = [stage for stage in order if any(kind.stage == stage for kind in self.kinds)]
        return {stage: self.of(lambda kind, stage=stage: kind.stage == stage) for stage in present}  # type: ignore[misc]


def by_setting(
    base: Settings, lever: str, populations: Sequence[str] = POPULATIONS, size: int = 10_000, seed: int = 1
) -> pd.DataFrame:
    """One row per population and value of a lever, the others as in `base`: population, value, then `Truth.row`.

    can_tell: whether the simulated truth can tell whether the lever helps (truth_dependence.py). ppv_within_points and
    ppv_mix_points: Kitagawa's parts of the difference of ppv from that at the lever's value in `base`. Cases are
    drawn once per population. Raises ProblemsFound for an unknown lever.
    """
    policy = base.policy
    if lever not in policy.levers:
        raise refuse("lever", shown(lever), f"is no lever of {policy.name}{nearest(lever, policy.levers)}")
    values = policy.levers[lever].values()
    rows = []
    for name in populations:
        groups, counts = stream(list(each(base, {lever: values})), name, size, seed, groups=split_by(policy))
        found = [Truth(*by_kind(groups, one)) for one in counts]
        here = found[values.index(base[lever])].approved()
        can = telling(policy, load(name), [lever]).can(lever)
        for value, one in zip(values, found, strict=True):
            row = {"population": name, "value": "off" if value is None else value, "can_tell": can, **one.row()}
            rows.append(row | _held(here, one.approved()))
    return pd.DataFrame(rows)


def _held(before: Mapping[Kind, tuple[int, int]], after: Mapping[Kind, tuple[int, int]]) -> dict[str, float | None]:
    """Kitagawa's parts of a difference of ppv, in points; None where nobody is met on one side."""
    found = None
    if all(sum(cases for _, cases in side.values()) for side in (before, after)):
        found = kitagawa(((0, 0), before.get(k, (0, 0)), after.get(k, (0, 0))) for k in {**before, **after})
    parts = {"ppv_within_points": found and found.within, "ppv_mix_points": found and found.mix}
    return {name: None if value is None else round(100 * value, 4) for name, value in parts.items()}


# Two settings, the same cases ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    """The cases of one population under two settings, split by truth.

    `flow`: int64 (kinds, 2, 3, 6, 6), as `by_kind` has it, by the outcome under the baseline and under the scenario.
    `telling`: what the simulated truth can tell about each lever that moves.
    """

    population: str
    policy: Policy
    kinds: tuple[Kind, ...]
    flow: Counts
    telling: Telling

    def truth(self, scenario: bool) -> Truth:
        """The counts under the baseline or the scenario."""
        return Truth(self.kinds, self.flow.sum(axis=-2 if scenario else -1))

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
        ).sort_values(["stage"], kind="stable", key=_stage_order, ignore_index=True)

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


def _stage_order(stages: pd.Series) -> pd.Series:
    order = [*_BLOCKS.values(), "therapeutic block", "ablation", "no facet procedure"]
    return stages.map(order.index)


def compared(
    baseline: Settings, scenario: Settings, populations: Sequence[str] = POPULATIONS, size: int = 10_000, seed: int = 1
) -> list[Compared]:
    """Both settings over the same `size` cases of each population, a slice at a time. Raises ProblemsFound."""
    policy = baseline.policy
    words = len(OUTCOMES)
    found = []
    for name in populations:
        groups, flow = Groups(policy, split_by(policy)), np.zeros((0, words * words), dtype=np.int64)
        population = load(name)
        for batch in batches(baseline, population, size, seed, TRUTHS):
            cases = batch.cases
            where = groups.of(cases)
            before, after = (
                determine(s.policy, under(cases, s.policy), s, asking=False).outcome for s in (baseline, scenario)
            )
            cells = (where * words + before) * words + after
            counted = np.bincount(cells, minlength=len(groups) * words * words).reshape(len(groups), -1)
            counted[: len(flow)] += flow
            flow = counted.astype(np.int64)
        kinds, split = by_kind(groups, flow.reshape(-1, words, words))
        found.append(Compared(name, policy, kinds, split, change_told(baseline, scenario, population)))
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
