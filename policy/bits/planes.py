"""Planes: sets of rows, a bit for each, 64 to a word of the machine."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint64]  # a bit a case, from the lowest of the first word on; without a dimension: one for all

NOWHERE: Plane = np.array(0, dtype=np.uint64)
EVERYWHERE: Plane = np.array(2**64 - 1, dtype=np.uint64)
WORD = 64  # cases


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


def bits_at(plane: Plane, places: NDArray[np.intp]) -> NDArray[np.uint64]:
    """The bits of a plane at some places, as 0 and 1."""
    if plane.ndim == 0:
        return np.full(len(places), plane & np.uint64(1))
    word, bit = np.divmod(places, WORD)
    return plane[word] >> bit.astype(np.uint64) & np.uint64(1)


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
