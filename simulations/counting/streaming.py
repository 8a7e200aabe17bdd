"""More cases than fit into memory: drawn, counted and forgotten a slice at a time."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from policy.case_files.cells import dictionary
from policy.case_files.reader import Cases
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import refuse
from simulations import population as populations
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.population import LAST_CASE, Population, sampling
from simulations.population.random_streams import whole

SLICE = 200_000  # cases in memory at a time


def drawn(
    policy: Policy, population: Population, start: int, size: int, seed: int, truths: Sequence[str] = ()
) -> Cases:
    """`size` cases of a population from case `start` on; `truths` come along as groups."""
    table = sampling.arrow_table(population, size, seed, start)
    cases = Cases.from_table(table, policy, population.id)
    for name in truths:
        index, words = dictionary(table[name])
        cases.groups[name] = pd.Categorical(np.array([word.lower() or None for word in words], dtype=object)[index])
    return cases


def batches(
    base: Settings, population: Population, size: int, seed: int, truths: Sequence[str] = (), most: int = SLICE
) -> Iterator[Batch]:
    """Cases 0 to `size` - 1 of a population in order, at most `most` at a time."""
    for start in range(0, size, most):
        yield Batch(drawn(base.policy, population, start, min(most, size - start), seed, truths))


def stream(
    settings: Sequence[Settings], population: str | Path | Population | None = None, size: int = 10_000, seed: int = 1,
    *, groups: Sequence[str] = (), most: int = SLICE, progress: bool | None = None,
) -> tuple[Groups, NDArray[np.int64]]:  # fmt: skip
    """Groups, and counts of `size` cases of a population under some settings of a policy: int64 (settings, groups, 6).

    Without a population they are of the policy's own. Memory is that of `most` cases and the counts, whatever the size.
    `progress`: a bar (None: on a terminal). Raises ProblemsFound for what `generate` and `Groups` refuse, and when
    interrupted (Ctrl-C): then nothing is left behind.
    """
    policy = settings[0].policy
    page = (
        population
        if isinstance(population, Population)
        else populations.load(population or populations.default_for(policy), policy)
    )
    size = whole("size", size, 1, LAST_CASE)
    truths = [name for name in groups if name in page.truths]
    by, done = Groups(policy, tuple(groups)), 0
    found = np.zeros((len(settings), 0, len(OUTCOMES)), dtype=np.int64)
    hidden = not (sys.stderr.isatty() if progress is None else progress)
    with tqdm(total=size, unit=" cases", unit_scale=True, disable=hidden, leave=False) as bar:
        try:
            for batch in batches(settings[0], page, size, seed, truths, most):
                counts = Counts.of([batch], by)
                more = np.stack([counts.at(one) for one in settings])
                found = np.pad(found, ((0, 0), (0, len(by) - found.shape[1]), (0, 0))) + more
                done += len(batch.cases)
                bar.update(len(batch.cases))
        except KeyboardInterrupt:
            raise refuse(
                "interrupted", "stream", f"stopped after {done:,} of {size:,} cases; nothing was kept"
            ) from None
    return by, found
