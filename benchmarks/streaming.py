"""More cases than memory: drawn, counted and swept, nothing kept. `python -m benchmarks.streaming --size 100000000`."""

import json
import resource
import sys
import time
from typing import Any

import click
from simulations.counting.data_cube import DataCube

import policy
from benchmarks.cases import KEPT, POPULATION
from benchmarks.sweeps import LEVERS, random_values
from simulations.counting.streaming import stream

UNIT = 1 if sys.platform == "darwin" else 1024  # what the system counts peak memory in


def measured(size: int, progress: bool = False) -> dict[str, Any]:
    """Seconds, peak memory (MB) of this process, and what the sweep found in the end."""
    base = policy.load("nerve_blocks").settings()
    begun, spent = time.perf_counter(), time.process_time()
    found = stream(base, POPULATION, size, levers=LEVERS, groups=("diagnosis", "truth_benefit"), progress=progress)
    assert isinstance(found, DataCube)
    seconds, spent = time.perf_counter() - begun, time.process_time() - spent
    begun = time.perf_counter()
    swept = found.sweep(random_values(base.policy, LEVERS, 1000, seed=1))
    assert (swept.sum(axis=1) == size).all()
    return {
        "size": size, "seconds": seconds, "cpu": spent, "sweep": time.perf_counter() - begun,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 1e6, "counts": found.counts(base),
    }  # fmt: skip


@click.command(help=__doc__)
@click.option("--size", default=100_000_000, show_default=True)
def main(size: int) -> None:
    found = measured(size, progress=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"streamed_{size}.json").write_text(json.dumps(found), "utf-8")
    click.echo(
        f"{size:,} cases in {found['seconds']:,.0f} s ({found['cpu']:,.0f} s of CPU), {found['memory']:,.0f} MB peak;"
        f" 1,000 settings after that in {found['sweep'] * 1e3:.2f} ms"
    )


if __name__ == "__main__":
    main()
