"""How many rows of a plane have the bit, and which rows have the same bits in all planes."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.planes import EVERYWHERE, WORD, Plane, mask_of


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
