"""Three-valued truth of many cases at once, 64 to a word of the machine (Kleene 1952).

A truth is two planes of bits, one bit a case: where it is met, and where it is possible (met or not documented). Then
all of some parts is the AND of both planes, any is the OR, and none is NOT with the planes exchanged. As numbers, for
tables and for one case at a time, NOT_MET = 0, NOT_DOCUMENTED = 1, MET = 2.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.bits.planes import EVERYWHERE, NOWHERE, Plane, both, either, inverse, mask_of, plane_of

Codes = NDArray[np.int8]

NOT_MET, NOT_DOCUMENTED, MET = np.int8(0), np.int8(1), np.int8(2)
WORDS = ("not met", "not documented", "met")


class Truth(NamedTuple):
    """Where something is met, and where it is met or not documented."""

    met: Plane
    possible: Plane

    @property
    def open(self) -> Plane:
        """Where it is not documented."""
        return both(self.possible, inverse(self.met))

    def asked(self, where: Plane) -> "Truth":
        """The same where it is asked for; elsewhere it is met."""
        other = inverse(where)
        return Truth(either((self.met, other)), either((self.possible, other)))


SETTLED = (Truth(NOWHERE, NOWHERE), Truth(NOWHERE, EVERYWHERE), Truth(EVERYWHERE, EVERYWHERE))  # by the three numbers


def truth_of(codes: Any) -> Truth:
    """The truth of numbers: int8 (n,), or a single one."""
    codes = np.asarray(codes)
    return Truth(plane_of(codes == MET), plane_of(codes >= NOT_DOCUMENTED)) if codes.ndim else SETTLED[int(codes)]


def codes_of_truth(truth: Truth, n: int) -> Codes:
    """The numbers of a truth of `n` cases, int8 (n,)."""
    return mask_of(truth.met, n).view(np.int8) + mask_of(truth.possible, n).view(np.int8)


def all_of(parts: Iterable[Truth]) -> Truth:
    """Met where every part is; of no parts, everywhere. What follows a part that is met nowhere is not read."""
    met, possible = EVERYWHERE, EVERYWHERE
    for part in parts:
        met, possible = both(met, part.met), both(possible, part.possible)
        if possible is NOWHERE:
            break
    return Truth(met, possible)


def any_of(parts: Iterable[Truth]) -> Truth:
    """Met where some part is; of no parts, nowhere. What follows a part that is met everywhere is not read."""
    met, possible = NOWHERE, NOWHERE
    for part in parts:
        met, possible = either((met, part.met)), either((possible, part.possible))
        if met is EVERYWHERE:
            break
    return Truth(met, possible)


def none_of(parts: Iterable[Truth]) -> Truth:
    """Met where no part is possible."""
    found = any_of(parts)
    return Truth(inverse(found.possible), inverse(found.met))


def at_least(k: int, parts: Sequence[Truth], points: Sequence[int] = ()) -> Truth:
    """Met where the parts that are met have at least `k` points together (without `points`: one each)."""
    points = points or (1,) * len(parts)
    return Truth(*(_reached(k, [part[place] for part in parts], points) for place in (0, 1)))


def _reached(k: int, planes: Sequence[Plane], points: Sequence[int]) -> Plane:
    """Where the planes that have a bit have at least `k` points together."""
    if k > sum(points):
        return NOWHERE
    counts = [EVERYWHERE] + [NOWHERE] * max(k, 0)  # at n: where the planes so far have n points or more
    for plane, more in zip(planes, points, strict=True):
        for n in range(len(counts) - 1, 0, -1):
            counts[n] = either((counts[n], both(counts[max(n - more, 0)], plane)))
    return counts[-1]
