"""More cases than fit into memory: drawn, counted and forgotten a slice at a time."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from policy.cases.reader import Cases
from policy.model import Policy, Settings
from policy.problems import refuse
from simulations import population as populations
from simulations.counting.data_cube import Batch, DataCube
from simulations.counting.grouping import Groups
from simulations.counting.profiles import Profiles
from simulations.population import LAST_CASE, Population
from simulations.population.random_streams import whole

SLICE = 200_000  # cases in memory at a time
TRUTHS = ("truth_benefit", "truth_facet_pain")  # latent: no rule reads them, but counts can be split by them


def drawn(
    policy: Policy, population: Population, start: int, size: int, seed: int, truths: Sequence[str] = ()
) -> Cases:
    """`size` cases of a population from case `start` on; `truths` come along as groups."""
    frame = populations.generate(population, size, seed, start)
    cases = Cases.from_frame(frame, policy, population.id)
    for name in truths:
        cases.groups[name] = pd.Categorical(frame[name].astype(pd.StringDtype("pyarrow")).str.lower().astype(object))
    return cases


def batches(
    base: Settings, population: Population, size: int, seed: int, truths: Sequence[str] = (), most: int = SLICE
) -> Iterator[Batch]:
    """Cases 0 to `size` - 1 of a population in order, at most `most` at a time."""
    for start in range(0, size, most):
        yield Batch(drawn(base.policy, population, start, min(most, size - start), seed, truths))


def stream(
    base: Settings, population: str | Path = "seed_low_prevalence", size: int = 10_000, seed: int = 1, *,
    levers: Sequence[str] | None = (), groups: Sequence[str] = (), most: int = SLICE, progress: bool | None = None,
) -> DataCube | Profiles:  # fmt: skip
    """Count `size` cases of a population as levels of `levers` (None: as profiles, for all levers), keeping none.

    Memory is that of `most` cases and the counts, whatever the size. `progress`: a bar (None: on a terminal). Raises
    ProblemsFound for what `generate`, `DataCube.of` and `Groups` refuse, and when interrupted (Ctrl-C): then nothing is
    left behind.
    """
    page = populations.load(population)
    size = whole("size", size, 1, LAST_CASE)
    truths = [name for name in groups if name in TRUTHS]
    by, done = Groups(base.policy, tuple(groups)), 0
    hidden = not (sys.stderr.isatty() if progress is None else progress)
    with tqdm(total=size, unit=" cases", unit_scale=True, disable=hidden, leave=False) as bar:

        def told() -> Iterator[Batch]:
            nonlocal done
            for batch in batches(base, page, size, seed, truths, most):
                yield batch
                done += len(batch.cases)
                bar.update(len(batch.cases))

        try:
            return Profiles.of(base, told(), None, by) if levers is None else DataCube.of(base, told(), levers, by)
        except KeyboardInterrupt:
            raise refuse(
                "interrupted", "stream", f"stopped after {done:,} of {size:,} cases; nothing was kept"
            ) from None
