"""Interleaved runs: everybody once a round, so that a busy minute of the machine is everybody's minute."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


class Told(float):
    """Seconds that a run says of itself, in place of the time until it came back."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender at one task in each round; `of`: the part that was run, if not all."""

    task: str
    contender: str
    rounds: list[float]
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
                said = runs[name](number)
                seconds = time.perf_counter() - begun
                found[name].append(float(said) if isinstance(said, Told) else seconds)
            gc.collect()
    finally:
        gc.enable()
    timings = []
    for name, several in found.items():
        factor, of = times.get(name, (1, ""))
        timings.append(Timing(task, name, [seconds * factor for seconds in several], of))
    return timings


def middle(times: Mapping[str, Any]) -> float:
    """The median of the rounds of a timing."""
    return median(times["rounds"])


def against(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How many times as long one took as the other: the median of the ratios, round by round."""
    return median(a / b for a, b in zip(one["rounds"], other["rounds"], strict=True))


def shown(seconds: float) -> str:
    """A time with three digits and its unit."""
    unit, size = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
    number = seconds / size
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def ratio(number: float) -> str:
    """A ratio with two digits."""
    return f"{number:,.0f}x" if number >= 10 else f"{number:.2g}x"
