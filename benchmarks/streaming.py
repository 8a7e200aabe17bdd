"""More cases than memory: drawn and counted at several settings. `python -m benchmarks.streaming --size 100000000`."""

import json
import time
from typing import Any

import click

import policy
from benchmarks.cases import KEPT, POPULATION
from benchmarks.machine import machine, peak
from benchmarks.sweeps import random_settings
from simulations.counting.streaming import stream

SETTINGS = 10  # the defaults, and nine with every lever moved at random


def measured(size: int, progress: bool = False) -> dict[str, Any]:
    """Seconds, peak memory (MB) of this process, and the counts at the defaults."""
    base = policy.load("nerve_blocks").settings()
    begun, spent = time.perf_counter(), time.process_time()
    settings = [base, *random_settings(base.policy, list(base), SETTINGS - 1, seed=1)]
    by, found = stream(settings, POPULATION, size, groups=("diagnosis", "truth_benefit"), progress=progress)
    seconds, spent = time.perf_counter() - begun, time.process_time() - spent
    assert (found.sum(axis=(1, 2)) == size).all()
    return {
        "size": size, "seconds": seconds, "cpu": spent, "settings": len(settings), "groups": len(by),
        "memory": peak(),
        "counts": dict(zip(policy.OUTCOMES, found[0].sum(axis=0).tolist(), strict=True)), "machine": machine(),
    }  # fmt: skip


@click.command(help=__doc__)
@click.option("--size", default=100_000_000, show_default=True)
def main(size: int) -> None:
    found = measured(size, progress=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"streamed_{size}.json").write_text(json.dumps(found), "utf-8")
    click.echo(
        f"{size:,} cases in {found['seconds']:,.0f} s ({found['cpu']:,.0f} s of CPU), {found['memory']:,.0f} MB peak;"
        f" {found['settings']} settings in {found['groups']} groups"
    )


if __name__ == "__main__":
    main()
