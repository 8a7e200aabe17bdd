"""How fast cases are made, and in how much memory: `python -m simulations.population.speed --size 1000000`.

Three ways, each in a process of its own so that its peak memory is its own: a frame in memory (up to 5,000,000 cases),
chunks on disk, and `numpy`: the same tables drawn with one generator and no names, dates or frame, which is the least
that anybody must do for the same columns.
"""

import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np

from simulations import population
from simulations.population.probability_tables import Codes, Population

WAYS = ("numpy", "frame", "chunks")
_BYTES = 1 if sys.platform == "darwin" else 1024  # what the system counts peak memory in


def measured(way: str, name: str, size: int) -> tuple[float, float]:
    """Seconds and peak memory (MiB, the process with its libraries) for `size` cases made one way."""
    spec = population.load(name)
    begun = time.perf_counter()
    if way == "frame":
        population.generate(spec, size, 1)
    elif way == "chunks":
        with tempfile.TemporaryDirectory() as place:
            population.write_chunks(spec, size, 1, Path(place) / "cases")
    else:
        plain(spec, size)
    seconds = time.perf_counter() - begun
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES / 2**20


def plain(spec: Population, size: int) -> dict[str, Codes]:
    """The columns as codes, int32 (size,), drawn with one generator for all, whole columns at a time."""
    luck = np.random.default_rng(1)
    facts: dict[str, Codes] = {}
    columns: dict[str, Codes] = {}
    for decision in spec.decisions:
        words = luck.integers(0, 2**64, size, dtype=np.uint64)
        value = decision.choice.pick(words, facts)
        facts[decision.name] = value if decision.at_most is None else np.minimum(value, facts[decision.at_most])
        if decision.latent:
            continue
        seen = facts[decision.name] >= 0
        if decision.documented is not None:
            seen &= decision.documented.pick(luck.integers(0, 2**64, size, dtype=np.uint64), facts) == 1
        columns[decision.name] = np.where(seen, facts[decision.name], np.int32(-1))
    return columns


@click.command(help=__doc__)
@click.option("--size", default=1_000_000, show_default=True)
@click.option("--name", default="seed_low_prevalence", show_default=True)
@click.option("--way", "ways", multiple=True, type=click.Choice(WAYS), help="All of them when none is named.")
def measure_speed(size: int, name: str, ways: tuple[str, ...]) -> None:
    for way in ways or WAYS:
        if way == "frame" and size > population.MOST_CASES:
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seconds, peak = alone.submit(measured, way, name, size).result()
        click.echo(f"{way:7} {size:>12,} cases {seconds:8.2f} s {size / seconds:>12,.0f} cases/s {peak:8,.0f} MiB peak")


if __name__ == "__main__":
    measure_speed()
