"""How far a result hangs on assumptions: what populations drawn from the ranges of a page make of a change.

All populations share the streams of their cases, and what luck is left is taken off: what remains is the assumptions'
part.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import policy as core
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES, Settings
from policy.problems import listed
from simulations.population.loading import compared_for, load_document
from simulations.population.probability_tables import Population
from simulations.population.random_streams import whole
from simulations.population.ranges import MOST_DRAWS, Method, drawn_populations
from simulations.population.sampling import arrow_table_of_each, generate
from simulations.scenario.loading import proposed
from simulations.statistics.number_format import fixed
from simulations.studies.impact import determined
from simulations.studies.versions import read_by_both

_Z = 1.959963984540054


def one_set(populations: Collection[object]) -> list[str]:
    """What several populations beside each other are; nothing of one."""
    if len(populations) < 2:
        return []
    many = {2: "two", 3: "three", 4: "four", 5: "five"}.get(len(populations), f"{len(populations)}")
    what = f"The {many} populations are one set of requests under {many} assumptions, not {many} samples"
    return [f"{what}: that they agree confirms nothing."]


def under_each(populations: Iterable[str]) -> str:
    """'under “The first” and “The second”'."""
    return f"under {listed([f'“{name}”' for name in populations])}"


# What a change does, with the two errors apart -----------------------------------------------------------------------

DRAWS = 128  # populations of a report
LEAST_DRAWS = 100  # with fewer an end is one draw or two, and its error not known
CASES = 2_000  # of each
_PARTS = 32  # of the cases, an even number: leaving one out tells what the cases bring in
_TAILS = (0.025, 0.975)
_TOGETHER = 32  # populations determined at a time

Measure = Callable[[NDArray[np.int64]], NDArray[np.float64]]  # flows (..., 6, 6) -> a number for each (...)


class Ends(NamedTuple):
    """A 95 % range, and the standard error of either end that so many draws, of so many cases, leave."""

    low: float
    high: float
    low_error: float
    high_error: float


@dataclass(frozen=True)
class Drawn:
    """Flows of as many cases under a page as it stands (first) and under populations drawn from its ranges.

    `flows`: int64 (draws + 1, parts, 6, 6), the cases dealt out in turn; outcome under the baseline, then under the
    scenario.
    All populations share their streams, so a case changes only where a share that decides it moved.
    """

    flows: NDArray[np.int64]

    @property
    def draws(self) -> int:
        """How many populations were drawn."""
        return len(self.flows) - 1

    def shift(self, measure: Measure) -> Ends:
        """By how much the ranges move a number from what the page as it stands gives: the 95 % range, in its unit.

        The luck that the cases still bring in is estimated from their halves, and the distances from the mean are
        shrunk until the variance that it explains is gone. The ends are median-unbiased quantiles (Hyndman and
        Fan 1996, type 8). Their standard errors are those of the draws (Maritz and Jarrett 1978) and of the cases,
        which all draws share (jackknife that leaves one part of them out, Efron and Stein 1981), squared and added.
        """
        every = self.flows.sum(axis=1)
        luck = self._luck(measure)
        found = ends(_moved(measure(every)), luck)
        parts = np.flatnonzero(self.flows.any(axis=(0, 2, 3)))
        if len(parts) < 2:
            return found
        without = [ends(_moved(measure(every - self.flows[:, part])), luck)[:2] for part in parts]
        of_cases = (len(parts) - 1) * np.var(without, axis=0)
        errors = np.sqrt(np.square((found.low_error, found.high_error)) + of_cases)
        return Ends(found.low, found.high, *map(float, errors))

    def _luck(self, measure: Measure) -> float:
        """The variance that the cases bring into the move of one draw, from what their two halves say apart."""
        draws, parts = self.flows.shape[:2]
        halves = measure(self.flows.reshape(draws, parts // 2, 2, *self.flows.shape[2:]).sum(axis=1))
        apart = (halves[1:, 0] - halves[0, 0]) - (halves[1:, 1] - halves[0, 1])
        return float((apart * apart).mean()) / 4


def _moved(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each draw (from the second on) differs from the page as it stands (first)."""
    return np.asarray(values[1:] - values[0], dtype=np.float64)


def quantile_errors(values: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Standard errors of quantiles of some values, weighted by where the order statistic may lie.

    Maritz and Jarrett (1978); the numbers are those of `scipy.stats.mstats.mjci`, whose import takes a second.
    """
    from scipy.special import betainc  # here, because no page of a notebook must wait for it

    ordered, n = np.sort(values) - np.mean(values), len(values)  # around 0: else equal values leave rounding errors
    errors = []
    for share in shares:
        place = int(share * n + 0.5)
        weights = np.diff(betainc(place - 1, n - place, np.arange(n + 1) / n))
        errors.append(sqrt(max(0.0, float(weights @ ordered**2) - float(weights @ ordered) ** 2)))
    return errors


def ends(values: NDArray[np.float64], luck: float = 0.0) -> Ends:
    """The 95 % range of some values without the variance that luck explains; ProblemsFound for fewer than 100."""
    whole("draws", len(values), LEAST_DRAWS, MOST_DRAWS)
    centre, total = float(values.mean()), float(values.var(ddof=1))
    kept = sqrt(max(0.0, 1 - luck / total)) if total else 0.0
    shrunk = centre + kept * (values - centre)
    low, high = np.quantile(shrunk, _TAILS, method="median_unbiased")
    return Ends(float(low), float(high), *quantile_errors(shrunk - centre, _TAILS))


def drawn_flows(
    baseline: Settings, scenarios: Mapping[str, Settings], population: Population, draws: int = DRAWS,
    cases: int = CASES, seed: int = 1, method: Method = "latin_hypercube",
) -> dict[str, Drawn]:  # fmt: skip
    """What each scenario does over populations drawn from the ranges of the page: a `Drawn` each.

    Scenarios may belong to an edited policy or to another version.

    Raises ProblemsFound for `draws` outside 100 to 4,096 or `cases` outside 2
    to 1,000,000.
    """
    whole("draws", draws, LEAST_DRAWS, MOST_DRAWS)
    whole("cases per draw", cases, 2, 1_000_000)
    flows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in scenarios}
    read = reduce(read_by_both, (settings.policy for settings in scenarios.values()), baseline.policy)
    every = (population, *drawn_populations(population, draws, seed, method, shares_only=True))
    for first in range(0, len(every), _TOGETHER):
        some = every[first : first + _TOGETHER]
        here = Cases.from_table(arrow_table_of_each(some, cases, seed), read)
        draw, case = np.divmod(np.arange(len(here)), cases)
        before = determined(here, baseline, asking=False).outcome
        for name, settings in scenarios.items():
            after = determined(here, settings, asking=False).outcome
            shape = (len(some), _PARTS, len(OUTCOMES), len(OUTCOMES))
            where = np.ravel_multi_index((draw, case % _PARTS, before, after), shape)
            flows[name].append(np.bincount(where, minlength=int(np.prod(shape))).reshape(shape))
    return {name: Drawn(np.concatenate(parts)) for name, parts in flows.items()}


def change_of(outcome: str) -> Measure:
    """Change of the share of an outcome among all cases, in percentage points."""
    at = OUTCOMES.index(outcome)

    def measure(flows: NDArray[np.int64]) -> NDArray[np.float64]:
        moved = flows[..., :, at].sum(axis=-1) - flows[..., at, :].sum(axis=-1)
        return np.asarray(100 * moved / flows.sum(axis=(-2, -1)), dtype=np.float64)

    return measure


def share_of(outcome: str) -> Measure:
    """Share of an outcome under the scenario among all cases, in per cent."""
    at = OUTCOMES.index(outcome)
    return lambda flows: np.asarray(100 * flows[..., :, at].sum(axis=-1) / flows.sum(axis=(-2, -1)), dtype=np.float64)


@dataclass(frozen=True)
class Spread:
    """The change of the approval rate by a change of the policy, in percentage points, with both kinds of uncertainty.

    `change` and `sampling` (95 % interval, the luck of drawing these cases) are of the population as it stands;
    `assumption` is the 95 % range over populations drawn from its ranges, around the same change.
    """

    population: str
    scenario: str
    approval: float
    change: float
    sampling: tuple[float, float]
    assumption: Ends | None
    cases: int
    draws: int

    def row(self) -> dict[str, object]:
        """One row of a table, rounded to hundredths of a point."""
        numbers = {
            "approval_pct": self.approval,
            "change_points": self.change,
            "sampling_low": self.sampling[0],
            "sampling_high": self.sampling[1],
            **{f"assumption_{n}": v for n, v in zip(Ends._fields, self.assumption or (None,) * 4, strict=True)},
        }
        told = {name: None if value is None else float(fixed(value, 2)) for name, value in numbers.items()}
        return {
            "population": self.population,
            "scenario": self.scenario,
            **told,
            "cases": self.cases,
            "draws": self.draws,
        }


def side_by_side(
    changes: Mapping[str, Settings | Mapping[str, object]],
    populations: Sequence[str | Population] | None = None,
    size: int = 10_000,
    seed: int = 1,
    draws: int = DRAWS,
    cases_per_draw: int = CASES,
    method: Method = "latin_hypercube",
) -> list[Spread]:
    """The same changes of the policy on each population (default: its own): one Spread per population and change.

    `changes`: a name -> settings, or provisions (lever -> value) of the shipped policy; a name that is a shipped
    scenario may have no provisions of its own. 0 draws: without the range of assumptions. Raises ProblemsFound.
    """
    policy = next((s.policy for s in changes.values() if isinstance(s, Settings)), None) or core.load()
    named = {
        name: given if isinstance(given, Settings) else proposed(policy, None if given else name, given)
        for name, given in changes.items()
    }
    spreads = []
    for one in compared_for(policy) if populations is None else populations:
        population = one if isinstance(one, Population) else load_document(one, policy)
        rate, here = _changes(population, named, whole("size", size, 2, 5_000_000), seed)
        below = drawn_flows(policy.settings(), named, population, draws, cases_per_draw, seed, method) if draws else {}
        for name, (change, error) in here.items():
            sampling = (change - _Z * error, change + _Z * error)
            assumed = None
            if draws:
                low, high, *errors = below[name].shift(change_of("met"))
                assumed = Ends(change + low, change + high, *errors)
            spreads.append(Spread(population.id, name, rate, change, sampling, assumed, size, draws))
    return spreads


def _changes(
    population: Population, named: Mapping[str, Settings], size: int, seed: int
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Approval rate as shipped (%), and for each change its points with the standard error of pairs."""
    policy = next(iter(named.values())).policy
    cases = Cases.from_frame(generate(population, size, seed), policy)
    before = _approved(cases, policy.settings())
    found = {}
    for name, settings in named.items():
        moves = 100 * (_approved(cases, settings) - before)
        found[name] = (float(moves.mean()), float(moves.std(ddof=1)) / sqrt(size))
    return 100 * float(before.mean()), found


def _approved(cases: Cases, settings: Settings) -> NDArray[np.float64]:
    return (determine(settings.policy, cases, settings, asking=False).outcome == 0).astype(np.float64)


def table(spreads: Iterable[Spread]) -> pd.DataFrame:
    """One row per Spread; see `Spread.row`."""
    return pd.DataFrame([spread.row() for spread in spreads])
