"""How counting grows with cases, groups and levers: what laying out takes, what is held, how fast it answers."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.cases import BLOCKS, drawn
from benchmarks.ours import Recounted
from benchmarks.sweeps import random_settings
from policy import load
from policy.evaluation.reading import Reading
from simulations.counting.grouping import Groups

LEVERS = (1, 2, 4, 8, 16, 34)
GROUPS = (1, 144, 864)
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ANSWERS = 7


@dataclass(frozen=True)
class Growth:
    """One combination: seconds to lay the cases out and to answer one setting, megabytes held after the answers."""

    cases: int
    groups: int
    levers: int
    build: float
    memory: float
    answer: float

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def growth(largest: int) -> list[Growth]:
    """For 10,000 cases and more up to `largest`, in 1 to 864 groups of equal size, with 1 to all levers moved at once.

    An answer is the counts of all groups, none of which is kept from before; the planes of the defaults are at hand.
    """
    policy, found = load("nerve_blocks"), []
    base, names = policy.settings(), list(policy.levers)
    for size in (size for size in SIZES if size <= largest):
        for groups in GROUPS:
            cases = drawn(policy, size, groups)
            begun = time.perf_counter()
            laid_out = Recounted(cases, Groups(policy, (BLOCKS,) if groups > 1 else ()), base)
            built = time.perf_counter() - begun
            for number in LEVERS:
                several = random_settings(policy, names[:number], ANSWERS, seed=number)
                answer = median(laid_out.moved([one]) for one in several)
                found.append(Growth(size, groups, number, built, held(laid_out), answer))
    return found


def held(laid_out: Recounted) -> float:
    """Megabytes of the facts, as they lie by pathway, and of the planes."""
    kept = [thing for rows in laid_out.rows for thing in (rows.facts, rows._columns, rows._made)]
    whole = [array if array.base is None else array.base for array in _arrays(kept)]
    return sum({id(array): array.nbytes for array in whole}.values()) / 1e6


def _arrays(thing: object) -> Iterator[Any]:
    """The arrays of numpy in what holds them."""
    if isinstance(thing, np.ndarray):
        yield thing
    parts = vars(thing) if isinstance(thing, Reading) else thing
    if isinstance(parts, Mapping):
        parts = tuple(parts.values())
    for part in parts if isinstance(parts, (tuple, list)) else ():
        yield from _arrays(part)
