"""Three-valued truth as small integers, so that the same algebra runs in numpy, in SQL and by hand (Kleene 1952).

NOT_MET = 0, NOT_DOCUMENTED = 1, MET = 2; a truth array is int8 of any shape, the operators work element by element.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.int8]

NOT_MET, NOT_DOCUMENTED, MET = np.int8(0), np.int8(1), np.int8(2)
WORDS = ("not met", "not documented", "met")


def all_of(parts: Sequence[Truth]) -> Truth:
    """Least of the parts: one NOT_MET decides; of no parts, MET."""
    return reduce(np.minimum, parts, np.asarray(MET))


def any_of(parts: Sequence[Truth]) -> Truth:
    """Greatest of the parts: one MET decides; of no parts, NOT_MET."""
    return reduce(np.maximum, parts, np.asarray(NOT_MET))


def none_of(parts: Sequence[Truth]) -> Truth:
    """MET when every part is NOT_MET: two less the greatest."""
    return (MET - any_of(parts)).astype(np.int8)


def at_least(k: int, parts: Sequence[Truth]) -> Truth:
    """At least `k` of the parts: the k-th greatest; k <= 0 is MET, k above their number NOT_MET."""
    if k <= 0:
        return np.full_like(parts[0], MET)
    if k > len(parts):
        return np.full_like(parts[0], NOT_MET)
    ordered: Truth = np.sort(np.stack(np.broadcast_arrays(*parts)), axis=0)
    kth: Truth = ordered[len(parts) - k]
    return kth
