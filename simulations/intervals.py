"""Intervals and tests for shares and their differences, in closed form, each checked against a published example."""

from math import comb, erfc, exp, hypot, inf, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

Z = 1.959963984540054  # two-sided 95 %; `z` of an interval is another where it is one of many (sidak)


class Interval(NamedTuple):
    """A share or a difference of shares with its 95 % interval, as fractions."""

    value: float
    low: float
    high: float


def sidak(intervals: int) -> float:
    """The z with which so many two-sided intervals (1 or more) hold all at once in 95 % of the draws.

    Sidak (1967, J Am Stat Assoc 62:626): exact for independent normal estimates, never less than 95 % for others.
    """
    return NormalDist().inv_cdf((1 + 0.95 ** (1 / intervals)) / 2)


def wilson(hits: float, cases: float, z: float = Z) -> Interval:
    """Share of hits with Wilson's score interval; cases must be above 0, and need not be whole numbers."""
    share, weight = hits / cases, z * z / cases
    middle = (share + weight / 2) / (1 + weight)
    half = sqrt(weight * share * (1 - share) + weight * weight / 4) / (1 + weight)
    return Interval(share, max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < cases else 1.0)


def paired_change(both: float, lost: float, gained: float, neither: float, z: float = Z) -> Interval:
    """Change of a share when the same cases are judged twice, with Newcombe's interval for pairs (his method 10).

    Chosen over Tango's score interval, which covers as well, because it is closed: no iteration whose last digit could
    differ. It squares and adds the Wilson limits of both shares, corrected by how strongly the judgements go together.
    """
    cases = both + lost + gained + neither
    before, after = wilson(both + lost, cases, z), wilson(both + gained, cases, z)
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


def paired_ratio(both: float, lost: float, gained: float, neither: float, z: float = Z) -> Interval | None:
    """Share after over share before of the same cases, with the hybrid Wilson interval of Bonett and Price (2006,
    Biometrics 62:571); None without hits before.

    Recommended for pairs by Fagerland, Lydersen and Laake (2014, Stat Med 33:2850). Cases without any hit say nothing.
    """
    before, after, any_hit = both + lost, both + gained, both + lost + gained
    if not before:
        return None
    apart = sqrt((lost + gained + 2) / ((after + 1) * (before + 1)))
    alone = sum(sqrt((1 - (hits + 1) / (any_hit + 2)) / (hits + 1)) for hits in (after, before))
    one, other = (wilson(hits, any_hit, z * apart / alone) for hits in (after, before))
    return Interval(after / before, one.low / other.high, one.high / other.low if other.low else inf)


def independent_difference(hits: float, cases: float, other_hits: float, other_cases: float, z: float = Z) -> Interval:
    """Share of one group less that of another with other cases, with Newcombe's interval (1998, method 10 for
    unpaired shares).

    It squares and adds the Wilson limits of both shares. Each group needs at least 1 case.
    """
    found = difference(wilson(hits, cases, z), wilson(other_hits, other_cases, z))
    return Interval(found.value, max(-1.0, found.low), min(1.0, found.high))


def difference(one: Interval, other: Interval) -> Interval:
    """One independent estimate less another, from their own intervals: MOVER (Zou and Donner 2008, Stat Med 27:1693).

    Of two shares with Wilson limits that is Newcombe's interval.
    """
    value = one.value - other.value
    low = value - hypot(one.value - one.low, other.high - other.value)
    return Interval(value, low, value + hypot(one.high - one.value, other.value - other.low))


def ratio(one: Interval, other: Interval) -> Interval | None:
    """One share over another, from their own intervals: MOVER-R (Donner and Zou 2012); None where the other is 0.

    It leaves out 1 exactly where `difference` leaves out 0: both ask whether the squared distance of the shares is more
    than that of their limits. `phi`: how they go together, 0 for other cases. The upper end may be infinite.
    """
    if not other.value:
        return None
    (p, low, high), (q, least, most) = one, other

    def root(mine: float, theirs: float) -> tuple[float, float, float]:
        own, rest = mine * (2 * p - mine), theirs * (2 * q - theirs)
        return p * q + sqrt(max(0.0, p * q * p * q - own * rest)), own, rest

    lower, own, _ = root(low, most)
    upper, _, rest = root(high, least)
    return Interval(p / q, own / lower if lower > 0 else 0.0, upper / rest if rest > 0 else inf)


def ratio_of_ratios(one: Interval | None, other: Interval | None) -> Interval | None:
    """One independent ratio over another, from their own intervals: `difference` of the logarithms.

    As Altman and Bland (2003, BMJ 326:219) compare two relative risks; None where a ratio is 0 or does not exist.
    """
    if one is None or other is None or not one.value or not other.value:
        return None

    def apart(high: float, low: float) -> float:
        return inf if not low or high == inf else log(high / low)

    value = one.value / other.value
    low = value * exp(-hypot(apart(one.value, one.low), apart(other.high, other.value)))
    wide = hypot(apart(one.high, one.value), apart(other.value, other.low))
    return Interval(value, low, value * exp(wide) if wide < 700 else inf)


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
