"""Interleaved runs: everybody once a round, so that a busy minute of the machine is everybody's minute."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender at one task: median and least of the rounds; `of`: the part that was run, if not all."""

    task: str
    contender: str
    seconds: float
    least: float
    of: str = ""

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def interleaved(
    task: str, runs: Mapping[str, Callable[[int], object]], rounds: int, times: Mapping[str, tuple[float, str]]
) -> list[Timing]:
    """Run each contender once a round, given the number of the round, in an order that turns.

    `times`: contender -> how many of its runs the task would take, and what was run instead (extrapolated).
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)
    gc.disable()
    try:
        for number in range(rounds):
            for name in order[number % len(order) :] + order[: number % len(order)]:
                begun = time.perf_counter()
                runs[name](number)
                found[name].append(time.perf_counter() - begun)
            gc.collect()
    finally:
        gc.enable()
    timings = []
    for name, seconds in found.items():
        factor, of = times.get(name, (1, ""))
        timings.append(Timing(task, name, median(seconds) * factor, min(seconds) * factor, of))
    return timings
