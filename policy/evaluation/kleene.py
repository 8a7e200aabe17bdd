"""Three-valued truth of many cases at once, 64 to a word of the machine (Kleene 1952).

A truth is two planes of bits, one bit a case: where it is met, and where it is possible (met or not documented). Then
all of some parts is the AND of both planes, any is the OR, and none is NOT with the planes exchanged. As numbers, for
tables and for one case at a time, NOT_MET = 0, NOT_DOCUMENTED = 1, MET = 2.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Plane = NDArray[np.uint64]  # a bit a case, from the lowest of the first word on; without a dimension: one for all
Codes = NDArray[np.int8]

NOT_MET, NOT_DOCUMENTED, MET = np.int8(0), np.int8(1), np.int8(2)
WORDS = ("not met", "not documented", "met")

NOWHERE: Plane = np.array(0, dtype=np.uint64)
EVERYWHERE: Plane = np.array(2**64 - 1, dtype=np.uint64)
WORD = 64  # cases


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


def plane_of(where: Any) -> Plane:
    """The plane of a mask, bool (n,); the bits behind the last case are 0, and without any bit it is NOWHERE."""
    bits = np.packbits(where, bitorder="little")
    words = np.zeros(-(-len(where) // WORD) * 8, dtype=np.uint8)
    words[: len(bits)] = bits
    return words.view("<u8") if bits.any() else NOWHERE


def mask_of(plane: Plane, n: int) -> NDArray[np.bool_]:
    """The mask of a plane of `n` cases, bool (n,)."""
    if plane.ndim == 0:
        return np.full(n, bool(plane))
    return np.unpackbits(plane.view(np.uint8), count=n, bitorder="little").view(np.bool_)


def truth_of(codes: Any) -> Truth:
    """The truth of numbers: int8 (n,), or a single one."""
    codes = np.asarray(codes)
    return Truth(plane_of(codes == MET), plane_of(codes >= NOT_DOCUMENTED)) if codes.ndim else SETTLED[int(codes)]


def codes_of_truth(truth: Truth, n: int) -> Codes:
    """The numbers of a truth of `n` cases, int8 (n,)."""
    return mask_of(truth.met, n).view(np.int8) + mask_of(truth.possible, n).view(np.int8)


def bits_at(plane: Plane, places: NDArray[np.intp]) -> NDArray[np.uint64]:
    """The bits of a plane at some places, as 0 and 1."""
    if plane.ndim == 0:
        return np.full(len(places), plane & np.uint64(1))
    word, bit = np.divmod(places, WORD)
    return plane[word] >> bit.astype(np.uint64) & np.uint64(1)


class Stretches:
    """Rows one after the other in stretches, to be counted: `ends` are where each begins, and where the last ends."""

    def __init__(self, ends: NDArray[np.intp]):
        self.ends, self.sizes = ends, np.diff(ends)
        self._word, bit = np.divmod(ends, WORD)
        self._below = (np.uint64(1) << bit.astype(np.uint64)) - np.uint64(1)  # bits of the last word that lie before

    def counts(self, plane: Plane) -> NDArray[np.int64]:
        """How many rows of each stretch have the bit: int64 (stretches,)."""
        if plane.ndim == 0:
            return self.sizes * int(plane is EVERYWHERE)
        bits = np.bitwise_count(plane)
        if len(self.sizes) == 1 and not self.ends[0]:
            whole = bits[: self._word[1]].sum(dtype=np.int64) + self._inside(plane)[1]
            return np.array([whole], dtype=np.int64)
        running = np.zeros(len(bits) + 1, dtype=np.int64)
        np.cumsum(bits, out=running[1:])
        found = running[self._word] + self._inside(plane)
        return found[1:] - found[:-1]

    def _inside(self, plane: Plane) -> NDArray[np.int64]:
        return np.bitwise_count(plane.take(self._word, mode="clip") & self._below).astype(np.int64)


def count(plane: Plane, n: int) -> int:
    """How many of `n` rows have the bit."""
    return int(Stretches(np.array([0, n])).counts(plane)[0])


def kinds(planes: Iterable[Plane], n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that have the same bits in all planes: the first row of each kind, and the kind of each row, intp (n,)."""
    distinct = {plane.tobytes(): plane for plane in planes if plane.ndim}
    kind = np.zeros(n, dtype=np.int64)
    held = [mask_of(plane, n) for plane in distinct.values()]
    for start in range(0, len(held), 32):  # as many bits as leave room for the kinds so far
        for mask in held[start : start + 32]:
            kind = kind * 2 + mask
        kind = pd.factorize(kind)[0]
    first = np.empty(int(kind.max(initial=-1)) + 1, dtype=np.intp)
    first[kind[::-1]] = np.arange(n - 1, -1, -1)
    return first, kind


def both(one: Plane, other: Plane) -> Plane:
    """Where two planes have a bit."""
    if one is NOWHERE or other is EVERYWHERE or one is other:
        return one
    return other if other is NOWHERE or one is EVERYWHERE else one & other


def either(planes: Iterable[Plane]) -> Plane:
    """Where some plane has a bit; of none, nowhere."""
    found = NOWHERE
    for plane in planes:
        if found is NOWHERE or plane is EVERYWHERE:
            found = plane
        elif plane is not NOWHERE and found is not EVERYWHERE:
            found = found | plane
    return found


def apart(one: Plane, other: Plane) -> Plane:
    """Where only one of two planes has a bit."""
    return NOWHERE if one is other else either((both(one, inverse(other)), both(other, inverse(one))))


def everywhere(planes: Iterable[Plane]) -> Plane:
    """Where all planes have a bit; of none, everywhere."""
    return reduce(both, planes, EVERYWHERE)


def inverse(plane: Plane) -> Plane:
    """Where a plane has no bit."""
    return EVERYWHERE if plane is NOWHERE else NOWHERE if plane is EVERYWHERE else ~plane


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
