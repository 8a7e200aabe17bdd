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


def shown(seconds: float) -> str:
    """A time with three digits and its unit."""
    unit, size = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
    number = seconds / size
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def ratio(number: float) -> str:
    """A ratio with two digits."""
    return f"{number:,.0f}x" if number >= 10 else f"{number:.2g}x"
