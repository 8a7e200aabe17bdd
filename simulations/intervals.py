"""Intervals and tests for shares and their differences, in closed form, each checked against a published example."""

from math import comb, erfc, sqrt
from typing import NamedTuple

Z = 1.959963984540054  # two-sided 95 %


class Interval(NamedTuple):
    """A share or a difference of shares with its 95 % interval, as fractions."""

    value: float
    low: float
    high: float


def wilson(hits: int, cases: int) -> Interval:
    """Share of hits with Wilson's score interval; cases must be at least 1."""
    share, weight = hits / cases, Z * Z / cases
    middle = (share + weight / 2) / (1 + weight)
    half = sqrt(weight * share * (1 - share) + weight * weight / 4) / (1 + weight)
    return Interval(share, max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < cases else 1.0)


def paired_change(both: int, lost: int, gained: int, neither: int) -> Interval:
    """Change of a share when the same cases are judged twice, with Newcombe's interval for pairs (his method 10).

    Chosen over Tango's score interval, which covers as well, because it is closed: no iteration whose last digit could
    differ. It squares and adds the Wilson limits of both shares, corrected by how strongly the judgements go together.
    """
    cases = both + lost + gained + neither
    before, after = wilson(both + lost, cases), wilson(both + gained, cases)
    together = both * neither - lost * gained
    corrected = max(together - cases / 2, 0) if together > 0 else together
    spread = sqrt(both + lost) * sqrt(gained + neither) * sqrt(both + gained) * sqrt(lost + neither)
    phi = corrected / spread if spread else 0.0

    def width(one: float, other: float) -> float:
        return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    change = (gained - lost) / cases
    low = change - width(after.value - after.low, before.high - before.value)
    high = change + width(after.high - after.value, before.value - before.low)
    return Interval(change, max(-1.0, low), min(1.0, high))


def independent_difference(hits: int, cases: int, other_hits: int, other_cases: int) -> Interval:
    """Share of one group less that of another with other cases, with Newcombe's interval (1998, method 10 for
    unpaired shares).

    It squares and adds the Wilson limits of both shares. Each group needs at least 1 case.
    """
    one, other = wilson(hits, cases), wilson(other_hits, other_cases)
    difference = one.value - other.value
    low = difference - sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    high = difference + sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Interval(difference, max(-1.0, low), min(1.0, high))


def mcnemar(lost: int, gained: int) -> float:
    """McNemar's exact test: how likely so uneven a split of the cases that moved is when either way is as likely.

    Two-sided, from the binomial distribution with 1/2; 1.0 when nothing moved. Above 1,000 moved cases the test with
    continuity correction serves, whose error is then below a thousandth.
    """
    moved, fewer = lost + gained, min(lost, gained)
    if lost == gained:
        return 1.0
    if moved > 1000:
        return erfc((abs(lost - gained) - 1) / sqrt(2 * moved))
    return min(1.0, 2 * sum(comb(moved, k) for k in range(fewer + 1)) / 2**moved)
