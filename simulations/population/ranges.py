"""Populations drawn from the ranges of a page.

By a Latin hypercube or a Sobol sequence. All shares of one name in a table move together (the factor of `severe` is the
same in all its rows), so errors do not cancel by being many.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import ceil, log2
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from policy.problems import refuse
from simulations.population.loading import altered, reshared
from simulations.population.page import Page, Range, Row, Table
from simulations.population.probability_tables import Population
from simulations.population.random_streams import whole

Method = Literal["latin_hypercube", "sobol"]
MOST_DRAWS = 4096
_MILLIONTH = Decimal("0.000001")

Factors = Mapping[tuple[str, ...], float]  # place of an uncertain number -> where in its range, 0 to 1


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
        from scipy.stats import qmc  # here, because a report without such points must not wait a second for it

        points = qmc.Sobol(len(places), rng=luck).random_base2(ceil(log2(draws)))[:draws]
    elif method == "latin_hypercube":
        points = latin_hypercube(luck, draws, len(places))
    else:
        raise refuse("method", "method", f"{method} is neither latin_hypercube nor sobol")
    for point in points:
        factors = dict(zip(places, point.tolist(), strict=True))
        yield reshared(population, _moved_page(population.page, factors)) if shares_only else moved(population, factors)


def latin_hypercube(luck: np.random.Generator, draws: int, places: int) -> NDArray[np.float64]:
    """Points in the unit cube, float (draws, places): of each place one in every `draws`-th of it (McKay et al. 1979).

    The numbers are those of `scipy.stats.qmc.LatinHypercube`, whose import takes a second.
    """
    luck = luck.spawn(1)[0]
    within = luck.uniform(size=(draws, places))
    ranks = np.tile(np.arange(1, draws + 1), (places, 1))
    for row in ranks:
        luck.shuffle(row)
    return (ranks.T - within) / draws


def moved(population: Population, factors: Factors) -> Population:
    """The population with every uncertain number at a place of its range: 0 its lower end, 1 its upper end."""
    return altered(_moved_page(population.page, factors), population.policy)


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
