"""How far a result hangs on assumptions: populations drawn from the ranges of a page, and what they make of a change.

A range is drawn by a Latin hypercube or a Sobol sequence. All shares of one name in a table move together (the factor
of `severe` is the same in all its rows), so errors do not cancel by being many. All populations share the streams of
their cases, and what luck is left is taken off: what remains is the assumptions' part.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, log2, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc
from scipy.stats.mstats import mjci

import policy as core
from policy.cases.reader import Cases
from policy.evaluation.determination import determine
from policy.model import OUTCOMES, Settings
from policy.problems import refuse
from simulations.population.loading import altered, load_document, reshared
from simulations.population.page import Page, Range, Row, Table
from simulations.population.probability_tables import Population
from simulations.population.random_streams import whole
from simulations.population.sampling import generate, generate_each
from simulations.scenario.loading import proposed
from simulations.studies.impact import under

Method = Literal["latin_hypercube", "sobol"]
POPULATIONS = ("seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block")
ONE_SET = (
    "The three populations are one set of requests under three assumptions about facet pain and the relief of blocks, "
    "not three samples: that they agree confirms nothing."
)
MOST_DRAWS = 4096
_MILLIONTH = Decimal("0.000001")
_Z = 1.959963984540054

Factors = Mapping[tuple[str, ...], float]  # place of an uncertain number -> where in its range, 0 to 1


# Drawing from the ranges ---------------------------------------------------------------------------------------------


def uncertain(population: Population) -> tuple[tuple[str, ...], ...]:
    """The places of all numbers with a range: section, table, ('documented',) row of a range of its own, share.

    That of an effect ends with 'effects' and its number.
    """
    return tuple(dict.fromkeys(place for path, table in _tables(population.page) for place in _places(path, table)))


def drawn_populations(
    population: Population, draws: int, seed: int = 1, method: Method = "latin_hypercube", shares_only: bool = False
) -> Iterator[Population]:
    """`draws` populations (1 to 4,096) whose shares lie in the ranges of the page; the same seed gives the same ones.

    `shares_only`: effects stay as they are, and so do the truths that hang on them; several times as quick. Sobol draws
    are rounded up to a power of two inside, and the first ones taken. Raises ProblemsFound.
    """
    whole("draws", draws, 1, MOST_DRAWS)
    places = uncertain(population)
    luck = np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))
    if method == "sobol":
        points = qmc.Sobol(len(places), rng=luck).random_base2(ceil(log2(draws)))[:draws]
    elif method == "latin_hypercube":
        points = qmc.LatinHypercube(len(places), rng=luck).random(draws)
    else:
        raise refuse("method", "method", f"{method} is neither latin_hypercube nor sobol")
    for point in points:
        factors = dict(zip(places, point.tolist(), strict=True))
        yield reshared(population, _moved_page(population.page, factors)) if shares_only else moved(population, factors)


def moved(population: Population, factors: Factors) -> Population:
    """The population with every uncertain number at a place of its range: 0 its lower end, 1 its upper end."""
    return altered(_moved_page(population.page, factors))


def _moved_page(page: Page, factors: Factors) -> Page:
    for path, table in _tables(page):
        page = _replaced(page, path, _moved_table(path, table, factors))
    return page


def _tables(page: Page) -> Iterator[tuple[tuple[str, ...], Table]]:
    """Every table with its path: habits, variables, and tables of documentation."""
    for name, habit in page.habits.items():
        yield ("habits", name), habit
    for name, variable in page.variables.items():
        yield ("variables", name), variable
        if isinstance(variable.documented, Table):
            yield ("variables", name, "documented"), variable.documented


def _places(path: tuple[str, ...], table: Table) -> Iterator[tuple[str, ...]]:
    for index, row in enumerate(table.rows):
        if _range(table, row) is not None and (row.shares is not None or row.percent is not None):
            yield from (_place(path, row, index, name) for name in row.shares or ("percent",))
    yield from ((*path, "effects", str(index)) for index, effect in enumerate(table.effects) if effect.range)


def _place(path: tuple[str, ...], row: Row, index: int, name: str) -> tuple[str, ...]:
    """Rows that share the range of their table share its draw."""
    return (*path, *([str(index)] if row.range else []), name)


def _range(table: Table, row: Row) -> Range | None:
    found = row.range or table.range
    if found is not None and found.percent is not None and row.percent is None:
        return None
    return found


def _moved_table(path: tuple[str, ...], table: Table, factors: Factors) -> Table:
    rows = tuple(_moved_row(path, table, index, factors) for index in range(len(table.rows)))
    effects = tuple(
        effect.model_copy(update={"odds_percent": _odds(effect.range, factors[*path, "effects", str(index)])})
        if effect.range
        else effect
        for index, effect in enumerate(table.effects)
    )
    return table.model_copy(update={"rows": rows, "effects": effects})


def _odds(limits: Range, factor: float) -> Decimal:
    return Decimal(100 * _scale(limits, factor)).quantize(_MILLIONTH)


def _moved_row(path: tuple[str, ...], table: Table, index: int, factors: Factors) -> Row:
    row = table.rows[index]
    limits = _range(table, row)
    if limits is None or (row.shares is None and row.percent is None):
        return row
    if row.shares is None:
        return row.model_copy(update={"percent": _percent(row, limits, factors[_place(path, row, index, "percent")])})
    scaled = {
        name: float(share) * _scale(limits, factors[_place(path, row, index, name)])
        for name, share in row.shares.items()
    }
    return row.model_copy(update={"shares": _to_hundred(scaled)})


def _percent(row: Row, limits: Range, factor: float) -> Decimal:
    """The one percentage, moved; what is neither 0 nor 100 never becomes it, so that no row is left without cases."""
    assert row.percent is not None
    if row.percent in (0, 100):
        return row.percent
    share = float(row.percent) / 100
    if limits.percent:
        share = _between(limits.percent, factor) / 100
    elif limits.odds_percent:
        yes = share * _scale(limits, factor)
        share = yes / (yes + 1 - share)
    else:
        share *= _scale(limits, factor)
    return min(max(Decimal(100 * share).quantize(_MILLIONTH), _MILLIONTH), 100 - _MILLIONTH)


def _scale(limits: Range, factor: float) -> float:
    """What a share, or its odds, is multiplied by; odds move on the scale of their logarithm."""
    if limits.odds_percent:
        low, high = float(limits.odds_percent[0]), float(limits.odds_percent[1])
        return float(low / 100 * (high / low) ** factor)
    assert limits.scale_percent is not None
    return _between(limits.scale_percent, factor) / 100


def _between(ends: tuple[Decimal, Decimal], factor: float) -> float:
    return float(ends[0]) + factor * float(ends[1] - ends[0])


def _to_hundred(scaled: Mapping[str, float]) -> dict[str, Decimal]:
    """Shares in millionths of a per cent that add up to 100, the largest one taking what rounding leaves."""
    total = sum(scaled.values())
    shares = {
        name: max(Decimal(100 * value / total).quantize(_MILLIONTH), _MILLIONTH if value else Decimal(0))
        for name, value in scaled.items()
    }
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] += 100 - sum(shares.values())
    return shares


def _replaced(page: Page, path: tuple[str, ...], table: Table) -> Page:
    """The page with one table put in the place of another."""
    section, name, *inner = path
    entries: dict[str, Any] = dict(getattr(page, section))
    entries[name] = entries[name].model_copy(update={"documented": table}) if inner else table
    return page.model_copy(update={section: entries})


# What a change does, with the two errors apart -----------------------------------------------------------------------

DRAWS = 128  # populations of a report
LEAST_DRAWS = 100  # with fewer an end is one draw or two, and its error not known
CASES = 2_000  # of each
_HALVES = 2
_TAILS = (0.025, 0.975)
_TOGETHER = 32  # populations determined at a time

Measure = Callable[[NDArray[np.int64]], NDArray[np.float64]]  # flows (..., 6, 6) -> a number for each (...)


class Ends(NamedTuple):
    """A 95 % range, and the standard error of either end that the number of draws leaves."""

    low: float
    high: float
    low_error: float
    high_error: float


@dataclass(frozen=True)
class Drawn:
    """Flows of as many cases under a page as it stands (first) and under populations drawn from its ranges.

    `flows`: int64 (draws + 1, 2, 6, 6), every other case apart; outcome under the baseline, then under the scenario.
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
        Fan 1996, type 8) with standard errors by Maritz and Jarrett (1978).
        """
        whole_, halves = measure(self.flows.sum(axis=1)), measure(self.flows)
        moved = np.asarray(whole_[1:] - whole_[0], dtype=np.float64)
        apart = (halves[1:, 0] - halves[0, 0]) - (halves[1:, 1] - halves[0, 1])
        return ends(moved, float((apart * apart).mean()) / _HALVES**2)


def ends(values: NDArray[np.float64], luck: float = 0.0) -> Ends:
    """The 95 % range of some values without the variance that luck explains; ProblemsFound for fewer than 100."""
    whole("draws", len(values), LEAST_DRAWS, MOST_DRAWS)
    centre, total = float(values.mean()), float(values.var(ddof=1))
    kept = sqrt(max(0.0, 1 - luck / total)) if total else 0.0
    shrunk = centre + kept * (values - centre)
    low, high = np.quantile(shrunk, _TAILS, method="median_unbiased")
    return Ends(float(low), float(high), *(float(error) for error in mjci(shrunk - centre, _TAILS)))


def drawn_flows(
    baseline: Settings, scenarios: Mapping[str, Settings], population: Population, draws: int = DRAWS,
    cases: int = CASES, seed: int = 1, method: Method = "latin_hypercube",
) -> dict[str, Drawn]:  # fmt: skip
    """What each scenario does over populations drawn from the ranges of the page: a `Drawn` each.

    Scenarios may belong to an edited policy. Raises ProblemsFound for `draws` outside 100 to 4,096 or `cases` outside 2
    to 1,000,000.
    """
    whole("draws", draws, LEAST_DRAWS, MOST_DRAWS)
    whole("cases per draw", cases, 2, 1_000_000)
    flows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in scenarios}
    every = (population, *drawn_populations(population, draws, seed, method, shares_only=True))
    for first in range(0, len(every), _TOGETHER):
        some = every[first : first + _TOGETHER]
        here = Cases.from_frame(generate_each(some, cases, seed), baseline.policy)
        draw, case = np.divmod(np.arange(len(here)), cases)
        before = determine(baseline.policy, here, baseline, asking=False).outcome
        for name, settings in scenarios.items():
            after = determine(settings.policy, under(here, settings.policy), settings, asking=False).outcome
            shape = (len(some), _HALVES, len(OUTCOMES), len(OUTCOMES))
            where = np.ravel_multi_index((draw, case % _HALVES, before, after), shape)
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
        told = {name: None if value is None else round(value, 2) for name, value in numbers.items()}
        return {
            "population": self.population,
            "scenario": self.scenario,
            **told,
            "cases": self.cases,
            "draws": self.draws,
        }


def side_by_side(
    changes: Mapping[str, Settings | Mapping[str, object]],
    populations: Sequence[str | Population] = POPULATIONS,
    size: int = 10_000,
    seed: int = 1,
    draws: int = DRAWS,
    cases_per_draw: int = CASES,
    method: Method = "latin_hypercube",
) -> list[Spread]:
    """The same changes of the policy on each population: one Spread per population and change.

    `changes`: a name -> settings, or provisions (lever -> value) of the shipped policy; a name that is a shipped
    scenario may have no provisions of its own. 0 draws: without the range of assumptions. Raises ProblemsFound.
    """
    policy = next((s.policy for s in changes.values() if isinstance(s, Settings)), None) or core.load("nerve_blocks")
    named = {
        name: given if isinstance(given, Settings) else proposed(policy, None if given else name, given)
        for name, given in changes.items()
    }
    spreads = []
    for one in populations:
        population = one if isinstance(one, Population) else load_document(one)
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
