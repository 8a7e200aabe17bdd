"""Other readings and payers' published terms held against the policy as it stands (P0), in one table.

Each alternative decides only the requests that its source speaks of (`applies_to`); all others stay as the policy has
them, so its change is a change of all requests by what was read, and by nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.results import Determinations
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting
from policy.reading.loading import change_in_words
from policy.reading.scenario import Scenario
from simulations.scenario.loading import alternatives_of, find_scenario, proposed
from simulations.statistics.disclosure_control import LEAST_ABOUT, TOO_FEW, TOO_FEW_ABOUT, about
from simulations.statistics.number_format import in_percent
from simulations.statistics.release import WAYS
from simulations.storage.checkpoint import Checkpoint, key_of
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import Study
from simulations.studies.edits import edits_in_words
from simulations.studies.impact import cells, determined
from simulations.studies.medicare import (
    Yardstick,
    held_against,
    labels,
    presets,
    settings_of,
    spoken_of,
    yardsticks,
)
from simulations.studies.paired_rates import Counts, apart, one_way, paired_rates
from simulations.studies.sweep import roughly_counted

STRICT = "P1"  # the number of the policy's own strict reading
ASKED, OWN = "asked", "own"


@dataclass(frozen=True)
class Alternative:
    """One way to decide: `number` P0 and on (`asked` for the scenario of the study), the scenario file behind it."""

    number: str
    name: str
    label: str
    settings: Settings
    plan: Scenario | None = None
    base: Policy | None = None  # which `settings` are over an edited version of

    @property
    def short(self) -> str:
        """Its number, or its label where it has none."""
        return self.label if self.number in (ASKED, OWN) else self.number

    @property
    def called(self) -> str:
        """'P1 Strict reading', or the label alone where it has no number."""
        return self.label if self.short == self.label else f"{self.number} {self.label}"

    @property
    def unchanged(self) -> bool:
        """Whether these are the rules of the policy itself: no lever is moved and no pathway edited."""
        return not self.settings.provisions() and not self.edits()

    @property
    def way(self) -> int:
        """Whether it can only take approvals away (-1), only give some (1), or either (0)."""
        policy = self.settings.policy if self.base is None else self.base
        return one_way(policy.settings(), self.settings)

    def edits(self) -> list[str]:
        """What it changes in pathways, in words."""
        return edits_in_words(self.settings.policy if self.base is None else self.base, self.settings)

    @property
    def spoken_of(self) -> NDArray[np.bool_]:
        """Diagnosis groups x procedure families that it decides."""
        return spoken_of(self.settings.policy, self.plan)


@dataclass(frozen=True)
class Result:
    """What an alternative makes of the cases of one population.

    `flow`: int64 (groups + 1, families + 1, 6, 6), outcome as the policy stands and under the alternative; `medicare`:
    int64 (presets, groups + 1, families + 1, 3), Medicare Advantage requests judged stricter, the same, looser.
    """

    alternative: Alternative
    cases: Caseload
    flow: Counts
    medicare: Counts

    def row(self) -> dict[str, Any]:
        """One row of the table: counts of every outcome, approval and change with intervals, who is concerned."""
        flow = self.flow.sum(axis=(0, 1))
        spoken = self.flow[self.alternative.spoken_of].sum(axis=0)
        one = self.alternative
        row: dict[str, Any] = {"preset": one.number, "scenario": one.name, "population": self.cases.name}
        ways = self.medicare.sum(axis=(0, 1, 2))
        _, lost, gained, _ = apart(flow)
        counts = {"moved": flow.sum() - np.trace(flow), "gained": gained, "lost": lost, "spoken_of": spoken.sum()}
        counts |= {"spoken_of_met_before": spoken[0].sum(), "spoken_of_met": spoken[:, 0].sum()}
        counts |= {"medicare_compared": ways.sum()}
        counts |= {f"medicare_{way}": n for way, n in zip(WAYS, ways, strict=True)}
        return row | self._approvals(flow) | {name: self.shown(int(n)) for name, n in counts.items()}

    def _approvals(self, flow: Counts) -> dict[str, Any]:
        """Cases, outcomes, approval and change; of people from rounded counts, without intervals."""
        if self.cases.guarded:
            row = roughly_counted(flow, self.alternative.unchanged)
            return {name: value for name, value in row.items() if name != "moved"}
        _, after, change = paired_rates(flow, self.alternative.unchanged, way=self.alternative.way)
        row = {"cases": int(flow.sum()), **dict(zip(OUTCOMES, flow.sum(axis=0).tolist(), strict=True))}
        for name, rate in (("approval", after), ("change", change)):
            words = ("points" if name == "change" else "pct", "low", "high")
            row |= {f"{name}_{word}": in_percent(value) for word, value in zip(words, rate, strict=True)}
        return row

    @property
    def silent(self) -> str:
        """Why nothing is told; empty where something is."""
        if self.cases.too_few:
            return TOO_FEW
        return TOO_FEW_ABOUT if self.cases.guarded and self.cases.size < LEAST_ABOUT else ""

    def shown(self, counts: Any) -> Any:
        """Counts as they may be shown: of people rounded, none of too few."""
        if not self.cases.guarded:
            return counts
        return about(counts, self.cases.size) if not self.silent else counts * 0

    def moves(self) -> Iterator[dict[str, Any]]:
        """Where requests move: one row per diagnosis, procedure, outcome before and outcome after."""
        policy = self.alternative.settings.policy
        counts = self.shown(self.flow)
        for group, family, before, after in np.argwhere(counts):
            if before != after:
                yield {
                    "preset": self.alternative.number, "scenario": self.alternative.name, "population": self.cases.name,
                    **labels(policy, group, family), "from_outcome": OUTCOMES[before], "to_outcome": OUTCOMES[after],
                    "requests": int(counts[group, family, before, after]),
                }  # fmt: skip


def published(study: Study, names: Sequence[str | Path] = ()) -> list[Alternative]:
    """P0, then the scenarios named, by default those of the policy, then that of the study where it is none of them.

    Raises ProblemsFound with the problems of all.
    """
    policy = study.policy
    problems: list[Problem] = []
    found = [Alternative("P0", "baseline", "The policy as it stands", study.baseline)]
    for name in names or alternatives_of(policy):
        with collecting(problems):
            plan = find_scenario(name, policy)
            found.append(Alternative(plan.number or OWN, plan.id, plan.label, proposed(policy, name), plan, policy))
    if problems:
        raise ProblemsFound(problems)
    if study.scenario != study.baseline and study.name not in [one.name for one in found]:
        asked = Alternative(ASKED, study.name, "The scenario that is asked about", study.scenario, base=policy)
        found.append(asked)
    return found


def caseloads(study: Study) -> list[Caseload]:
    """The populations that stand beside each other, with the size and seed of the study (`Study.beside`)."""
    return [one.cases for one in study.beside()]


def evaluate(study: Study, alternatives: Sequence[Alternative], loads: Sequence[Caseload]) -> list[Result]:
    """Every alternative on every population, slice by slice; what the checkpoint holds is not done again."""
    plans = presets(study.policy)
    against = [[settings_of(study.policy, plan).policy.fingerprint, plan.provisions, plan.applies_to] for plan in plans]
    keys = {
        (load.fingerprint, number): [_key(study, one, load, number, against) for one in alternatives]
        for load in loads
        for number in range(load.parts())
    }
    kept = Checkpoint(len({key for several in keys.values() for key in several}))  # two may be the same question
    results = []
    for load in loads:
        totals = [_nothing(one, plans) for one in alternatives]
        for number in range(load.parts()):
            these = keys[load.fingerprint, number]
            if not all(map(kept.get, these)):
                part = load.part(number)
                measures = yardsticks(part, study.policy, plans)
                _determine(study.baseline, alternatives, part, measures, these, kept)
            totals = [_sum(total, kept.get(key)) for total, key in zip(totals, these, strict=True)]
        results += [Result(one, load, *total) for one, total in zip(alternatives, totals, strict=True)]
    return results


def _determine(
    baseline: Settings,
    alternatives: Sequence[Alternative],
    part: Cases,
    measures: Sequence[Yardstick],
    keys: Sequence[str],
    kept: Checkpoint,
) -> None:
    """Put what each alternative makes of one slice into the checkpoint, unless it is there."""
    before = determined(part, baseline, asking=False)
    for one, key in zip(alternatives, keys, strict=True):
        if kept.get(key) is None:
            flow, medicare = _counts(one, before, determined(part, one.settings, asking=False), measures)
            kept.put(key, {"flow": _sparse(flow), "medicare": _sparse(medicare)})


def _counts(
    one: Alternative, before: Determinations, after: Determinations, measures: Sequence[Yardstick]
) -> tuple[Counts, Counts]:
    """Flow and guard of a slice, the requests that the alternative does not speak of as they are in the policy."""
    policy = before.policy
    where = cells(policy, before.cases)
    outcome = np.where(one.spoken_of[where], after.outcome, before.outcome)
    shape = (len(policy.diagnoses) + 1, len(policy.procedures) + 1, len(OUTCOMES), len(OUTCOMES))
    counted = np.bincount(np.ravel_multi_index((*where, before.outcome, outcome), shape), minlength=int(np.prod(shape)))
    return counted.reshape(shape), held_against(measures, outcome, before.cases, policy)


def _nothing(one: Alternative, plans: Sequence[Scenario]) -> tuple[Counts, Counts]:
    shape = one.spoken_of.shape
    pairs, lines = (len(OUTCOMES), len(OUTCOMES)), len(plans)
    return np.zeros((*shape, *pairs), dtype=np.int64), np.zeros((lines, *shape, len(WAYS)), dtype=np.int64)


def _sum(total: tuple[Counts, Counts], kept: dict[str, list[list[int]]]) -> tuple[Counts, Counts]:
    for counts, rows in zip(total, kept.values(), strict=True):
        for *place, count in rows:
            counts[tuple(place)] += count
    return total


def _sparse(counts: Counts) -> list[list[int]]:
    """Place and count of everything that is not 0."""
    return [[*place, int(counts[tuple(place)])] for place in np.argwhere(counts).tolist()]


def _key(study: Study, one: Alternative, load: Caseload, number: int, against: Sequence[object]) -> str:
    return key_of(
        policies=[study.policy.fingerprint, one.settings.policy.fingerprint],
        provisions=one.settings.provisions(),
        applies_to=one.plan.applies_to if one.plan else None,
        presets=against,
        cases=load.source(),
        number=number,
        parts=load.parts(),
    )


# Tables --------------------------------------------------------------------------------------------------------------


def results_table(results: Sequence[Result]) -> pd.DataFrame:
    """One row per population and alternative; see `Result.row`."""
    return pd.DataFrame([result.row() for result in results])


def moves(results: Sequence[Result]) -> pd.DataFrame:
    """One row per population, alternative, diagnosis, procedure and way to move; see `Result.moves`."""
    columns = ["preset", "scenario", "population", "diagnosis", "procedure", "from_outcome", "to_outcome", "requests"]
    return pd.DataFrame([row for result in results for row in result.moves()], columns=columns)


def medicare(results: Sequence[Result]) -> pd.DataFrame:
    """Medicare Advantage requests of every population, alternative, preset, diagnosis and procedure."""
    rows = []
    plans = presets(results[0].alternative.settings.policy)
    for result in results:
        one, policy = result.alternative, result.alternative.settings.policy
        requests = result.shown(result.medicare.sum(axis=3))
        for place, group, family in np.argwhere(requests):
            ways = result.shown(result.medicare[place, group, family])
            rows.append(
                {"preset": one.number, "scenario": one.name, "population": result.cases.name}
                | {"held_against": plans[place].id, **labels(policy, group, family)}
                | {"requests": int(requests[place, group, family])}
                | {way: int(n) for way, n in zip(WAYS, ways, strict=True)}
            )
    columns = ["preset", "scenario", "population", "held_against", "diagnosis", "procedure", "requests", *WAYS]
    return pd.DataFrame(rows, columns=columns)


def sources(alternatives: Sequence[Alternative]) -> pd.DataFrame:
    """One row per alternative: label, levers that it moves in words, what it speaks of, source, what has no lever."""
    rows = []
    for one in alternatives:
        plan = one.plan
        baseline = one.settings.policy.settings()
        rows.append({
            "preset": one.number, "scenario": one.name, "label": one.label,
            "levers": "; ".join([*change_in_words(one.settings, baseline), *one.edits()]),
            "applies_to": "; ".join(f"{p}: {', '.join(ds)}" for p, ds in (plan.applies_to if plan else {}).items()),
            "citation": (plan.citation if plan else None) or "", "read": (plan.read if plan else None) or "",
            "status": (plan.status if plan else None) or "",
            "not_modelled": "; ".join(plan.not_modelled if plan else ()),
        })  # fmt: skip
    return pd.DataFrame(rows)
