"""Measure, then write the table and the plot: `python -m benchmarks --size 1000000 --size 10000000`."""

import json
from pathlib import Path
from statistics import median

import click

from benchmarks.cases import KEPT
from benchmarks.growth import growth
from benchmarks.machine import machine
from benchmarks.page import written
from benchmarks.sweeps import random_settings
from benchmarks.tasks import TASKS, Ground
from policy.storage.files import save

AGREED = 20  # settings at which everybody's outcomes and counts are compared first, at 10,000 cases


def measured(size: int, rounds: int) -> dict[str, object]:
    """Everybody's times at one size, after everybody's outcomes are the same."""
    begun = machine()
    small = Ground(min(size, 10_000), rounds)
    every = list(small.policy.levers)
    for settings in random_settings(small.policy, every, AGREED, seed=7):
        small.agreed(settings)
    small.before.close()
    click.echo(f"{small.size:,} cases: the same outcomes at {AGREED} settings of all levers")
    ground = Ground(size, rounds)
    for settings in [ground.base, *random_settings(ground.policy, every, 1, seed=8)]:
        ground.agreed(settings)
    click.echo(f"{size:,} cases: the same outcomes at the defaults and with all levers moved")
    found = [*ground.encoding]
    for task in TASKS:
        timings = task(ground)
        found += timings
        for one in timings:
            click.echo(f"{one.task:16} {one.contender:62} {median(one.rounds) * 1e3:14,.3f} ms {one.of}")
    ground.before.close()
    return {
        "size": size, "rounds": rounds, "groups": len(ground.groups), "begun": begun, "ended": machine(),
        "before": ground.before.versions, "settings": sum(map(len, ground.levers.values())), "levers": len(every),
        "facts": len(ground.columns.facts),
        "timings": [one.record() for one in found],
    }  # fmt: skip


@click.command(help=__doc__)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(10_000), help="Cases; 1000000 when not given.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each contender, of which the median counts.")
@click.option("--out", default="docs", show_default=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--growth/--no-growth", "grows", default=True, help="Measure how counting grows, to the largest size.")
@click.option("--only-page", is_flag=True, help="Measure nothing: write the page of what was measured before.")
def main(sizes: tuple[int, ...], rounds: int, out: Path, grows: bool, only_page: bool) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for size in () if only_page else sizes or (1_000_000,):
        keep(f"run_{size}", measured(size, rounds))
    if grows and not only_page:
        rows = [one.record() for one in growth(max(sizes or (1_000_000,)))]
        keep("growth", {"machine": machine(), "rows": rows})
    for path in written(KEPT, out):
        click.echo(f"wrote {path}")


def keep(name: str, found: dict[str, object]) -> None:
    """Keep what was measured for the page."""
    save(KEPT / f"{name}.json", json.dumps(found).encode())


if __name__ == "__main__":
    main()
