"""Intervals and tests for shares and their differences, in closed form, each checked against a published example."""

from collections.abc import Iterable
from math import exp, hypot, inf, log, sqrt
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
    """Share after over share before of the same cases, with the hybrid Wilson interval of Bonett and Price (2006, Stat
    Med 25:3039); None without hits before.

    Recommended for pairs by Fagerland, Lydersen and Laake (2014, Stat Med 33:2850). Cases without any hit say nothing.
    """
    before, after, any_hit = both + lost, both + gained, both + lost + gained
    if not before:
        return None
    apart = sqrt((lost + gained + 2) / ((after + 1) * (before + 1)))
    alone = sum(sqrt((1 - (hits + 1) / (any_hit + 2)) / (hits + 1)) for hits in (after, before))
    one, other = (wilson(hits, any_hit, z * apart / alone) for hits in (after, before))
    return Interval(after / before, one.low / other.high, one.high / other.low if other.low else inf)


def difference(one: Interval, other: Interval) -> Interval:
    """One independent estimate less another, from their own intervals: MOVER (Zou and Donner 2008, Stat Med 27:1693).

    Of two shares with Wilson limits that is Newcombe's interval (1998, Stat Med 17:873, method 10).
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


def exact_limits(hits: int, cases: int, tail: float = 0.05) -> Interval:
    """Share of hits with Clopper and Pearson's (1934) exact limits, each one-sided at 1 - `tail`; cases at least 1.

    "At least `low`" and "at most `high`" are two statements of 95 % each; together an interval of 90 %. For
    what can only go one way, such as approvals lost to a lever that can only take away. With no hit the upper limit is
    1 - 0.05 ** (1 / cases), about 3 in `cases` (Hanley and Lippman-Hand 1983).
    """
    from scipy.special import betaincinv  # here, because the command line must not wait for it

    low = float(betaincinv(hits, cases - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, cases - hits, 1 - tail)) if hits < cases else 1.0
    return Interval(hits / cases, low, high)


class Parted(NamedTuple):
    """A change of a pooled share, as fractions: what happens within kinds, what their mix does; the two add up.

    `luck` is the standard error of `within` were every case of a kind as likely as the next; `ways` the signs of the
    change within each kind that both sides have.
    """

    change: float
    within: float
    mix: float
    luck: float
    ways: frozenset[int]


def kitagawa(kinds: Iterable[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]) -> Parted:
    """Kitagawa's (1955) parts of the change of a share, when cases come and go: (hits, cases) kept, lost and gained.

    Each kind's change of its share has the mean of its weights before and after; each change of weight the mean of the
    shares. A kind that one side lacks has the other side's share there, so it is all mix. Needs a case on both sides.
    """
    rows = list(kinds)
    sides = [
        [(k[0] + other[0], k[1] + other[1]) for k, other in ((r[0], r[1 + side]) for r in rows)] for side in (0, 1)
    ]
    totals = [sum(cases for _, cases in side) for side in sides]
    pooled = [sum(hits for hits, _ in side) / total for side, total in zip(sides, totals, strict=True)]
    within = variance = 0.0
    ways = set()
    for (kept, lost, gained), before, after in zip(rows, *sides, strict=True):
        if not (before[1] and after[1]):
            continue
        shift = after[0] / after[1] - before[0] / before[1]
        weight = (before[1] / totals[0] + after[1] / totals[1]) / 2
        share = (kept[0] + lost[0] + gained[0]) / (kept[1] + lost[1] + gained[1])
        own = kept[1] * (1 / after[1] - 1 / before[1]) ** 2 + lost[1] / before[1] ** 2 + gained[1] / after[1] ** 2
        within, variance = within + weight * shift, variance + weight**2 * share * (1 - share) * own
        ways.add((after[0] * before[1] > before[0] * after[1]) - (after[0] * before[1] < before[0] * after[1]))
    change = pooled[1] - pooled[0]
    return Parted(change, within, change - within, sqrt(variance), frozenset(ways))


def stratified_difference(kinds: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Interval | None:
    """Share of one group less that of another with other cases, kind by kind: (hits, cases) of both in each kind.

    Weighted as Mantel and Haenszel (1959) do, with Greenland and Robins's (1985) interval; None without a kind that
    both groups have.
    """
    total = value = variance = 0.0
    for (one, cases), (other, others) in kinds:
        if cases and others:
            weight = cases * others / (cases + others)
            first, second = one / cases, other / others
            total, value = total + weight, value + weight * (first - second)
            variance += weight**2 * (first * (1 - first) / cases + second * (1 - second) / others)
    if not total:
        return None
    middle, half = value / total, Z * sqrt(variance) / total
    return Interval(middle, max(-1.0, middle - half), min(1.0, middle + half))
