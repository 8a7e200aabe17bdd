"""Three-valued truth as small integers, so that the same algebra runs in numpy, in SQL and by hand (Kleene 1952).

NOT_MET = 0, NOT_DOCUMENTED = 1, MET = 2; a truth array is int8 of any shape, the operators work element by element.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.int8]

NOT_MET, NOT_DOCUMENTED, MET = np.int8(0), np.int8(1), np.int8(2)
WORDS = ("not met", "not documented", "met")


def all_of(parts: Iterable[Truth]) -> Truth:
    """Least of the parts: one NOT_MET decides; of no parts, MET. What follows a single NOT_MET value is not read."""
    return _extreme(np.minimum, parts, MET, NOT_MET)


def any_of(parts: Iterable[Truth]) -> Truth:
    """Greatest of the parts: one MET decides; of no parts, NOT_MET. What follows a single MET value is not read."""
    return _extreme(np.maximum, parts, NOT_MET, MET)


def _extreme(operator: np.ufunc, parts: Iterable[Truth], neutral: np.int8, decisive: np.int8) -> Truth:
    start = found = np.asarray(neutral)
    for part in map(np.asarray, parts):
        if part.ndim == 0 and part == decisive:
            return part
        if part.ndim or part != neutral:  # no column is compared with what changes nothing
            found = part if found is start else np.asarray(operator(found, part))
    return found


def none_of(parts: Iterable[Truth]) -> Truth:
    """MET when every part is NOT_MET: two less the greatest."""
    return (MET - any_of(parts)).astype(np.int8)


def at_least(k: int, parts: Sequence[Truth]) -> Truth:
    """At least `k` of the parts: the k-th greatest; k <= 0 is MET, k above their number NOT_MET."""
    if not 0 < k <= len(parts):
        return np.full(np.broadcast_shapes(*map(np.shape, parts)), MET if k <= 0 else NOT_MET)
    greatest: list[Truth] = []
    for part in parts:
        for place, other in enumerate(greatest):
            greatest[place], part = np.maximum(other, part), np.minimum(other, part)
        greatest.append(part)
    return greatest[k - 1]
