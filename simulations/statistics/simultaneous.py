"""How one group compares with another, as they are and asking for the same; and which lever moves a gap.

All intervals of a report are one family: each is made with the z of `intervals.sidak`, so that all of them hold at once
in 95 % of the draws, and one that leaves 0 out is no pick of the luckiest among many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.model import OUTCOMES
from simulations.statistics.intervals import (
    Interval,
    difference,
    paired_change,
    paired_ratio,
    ratio,
    ratio_of_ratios,
    wilson,
)

LEAST = 30  # cases divided by; of fewer no share is compared (NCHS standards for proportions, Parker et al. 2017)
STEADY = 4  # cases of both groups together that steady the variance of a stratum (as Agresti and Coull 1998 add 4)
COMPARED = ("baseline", "scenario", "change")
_MET = OUTCOMES.index("met")

_Floats = NDArray[np.float64]


def pairs_of(flow: NDArray[np.int64], outcome: int) -> NDArray[np.int64]:
    """Counts (..., k, k), outcome before by outcome after, as (..., 4): `outcome` in both, lost, gained, in neither."""
    both, before, after = (
        flow[..., outcome, outcome], flow[..., outcome, :].sum(axis=-1), flow[..., outcome].sum(axis=-1),
    )  # fmt: skip
    neither = flow.sum(axis=(-2, -1)) - before - after + both
    return np.stack([both, before - both, after - both, neither], axis=-1)


class Side(NamedTuple):
    """One group judged twice: shares of both, lost, gained, neither, and how many cases that is worth.

    `sizes`: for the share before, after, and their change; the number of cases, unless the shares are standardised.
    """

    shares: _Floats
    sizes: tuple[float, float, float]

    @classmethod
    def of(cls, pairs: NDArray[np.int64]) -> "Side":
        """From counts (4,) of at least one case."""
        cases = float(pairs.sum())
        return cls(pairs / cases, (cases, cases, cases))

    def rate(self, setting: int, z: float) -> Interval:
        """Share before (0) or after (1)."""
        hits = float(self.shares[0] + self.shares[1 + setting])
        return wilson(min(hits, 1.0) * self.sizes[setting], self.sizes[setting], z)

    def _counts(self) -> tuple[float, float, float, float]:
        both, lost, gained, neither = (self.shares * self.sizes[2]).tolist()
        return both, lost, gained, neither

    def change(self, z: float) -> Interval:
        """Change of the share, paired."""
        return paired_change(*self._counts(), z=z)

    def times(self, z: float) -> Interval | None:
        """Share after over share before, paired."""
        return paired_ratio(*self._counts(), z=z)


@dataclass(frozen=True)
class Compared:
    """A group and its reference; `asked_alike`: of the group's cases the share that the reference asks for, too."""

    one: Side
    other: Side
    asked_alike: float = 1.0

    def rows(self, z: float, same: bool) -> Iterator[tuple[str, Interval, Interval | None]]:
        """Setting, difference and ratio (of the change: of the two ratios); `same`: both settings are one."""
        for place, setting in enumerate(COMPARED[:2]):
            rates = (self.one.rate(place, z), self.other.rate(place, z))
            yield setting, difference(*rates), ratio(*rates)
        if same:
            yield COMPARED[2], Interval(0.0, 0.0, 0.0), Interval(1.0, 1.0, 1.0)
        else:
            changes = difference(self.one.change(z), self.other.change(z))
            yield COMPARED[2], changes, ratio_of_ratios(self.one.times(z), self.other.times(z))


def standardised(one: NDArray[np.int64], other: NDArray[np.int64]) -> Compared | None:
    """Both groups at the mix of the first, by direct standardisation; counts (strata, 4). None below LEAST cases.

    The other's shares are weighted by the first one's cases of each stratum (so that the difference is the part of
    Kitagawa's decomposition, 1955, that the mix does not explain). Strata of one group alone are left out. What the
    shares are worth is the number of cases that would give their variance (Kott and Carr 1997, for Wilson's interval),
    the mix being given; so that a stratum of few cases does not look certain, its shares are steadied in the variance.
    """
    mine, theirs = one.sum(axis=1), other.sum(axis=1)
    shared = (mine > 0) & (theirs > 0)
    cases = int(mine[shared].sum())
    if cases < LEAST:
        return None
    weights = mine[shared] / cases
    pooled = (one + other)[shared] / (mine + theirs)[shared][:, np.newaxis]
    sides = []
    for counts in (one[shared], other[shared]):
        among = counts.sum(axis=1, keepdims=True)
        steady = (counts + STEADY * pooled) / (among + STEADY)
        whole = _variances(weights @ steady)
        spread = (weights**2 / among[:, 0]) @ _variances(steady)
        worth = np.divide(whole, spread, out=np.full(3, float(cases)), where=spread > 0)
        sides.append(Side(weights @ (counts / among), tuple(worth.tolist())))
    return Compared(sides[0], sides[1], cases / int(mine.sum()))


def _variances(shares: _Floats) -> _Floats:
    """Of one case by its shares (..., 4): of the share before, after, and of the change, (..., 3)."""
    before, after = shares[..., 0] + shares[..., 1], shares[..., 0] + shares[..., 2]
    lost, gained = shares[..., 1], shares[..., 2]
    return np.stack([before * (1 - before), after * (1 - after), lost + gained - (gained - lost) ** 2], axis=-1)


# The lever behind a gap -----------------------------------------------------------------------------------------------
