"""A case table determined a batch after the other, in the memory of a few batches."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import pyarrow as pa
from tqdm import tqdm

import policy as core
from policy.model import Settings
from simulations.storage.tables import TableWriter

Item = TypeVar("Item")
_BAR = "{percentage:3.0f} %|{bar}| {desc}[{elapsed}, {remaining} left]"


class Determined(NamedTuple):
    """How many cases have each outcome, and their diagnosis codes."""

    outcomes: Counter[str]
    dx: set[str]


def determine_into(stream: BinaryIO, reader: "core.CaseReader", settings: Settings, path: Path) -> Determined:
    """The determination of every case, written in the form that the suffix of `path` says.

    On a terminal a bar shows the rows, the share of the table and the time that is left. Raises ProblemsFound as the
    reader does; what was written is then no table.
    """
    with suppress(NotImplementedError):  # which gives memory back sooner than the default: 290 MB instead of 365
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    with (
        TableWriter(stream, path) as writer,
        tqdm(total=1.0, bar_format=_BAR, disable=None, leave=False) as bar,
    ):
        for batches in reader.passes():
            writer.restart()
            bar.reset()
            found = Determined(Counter(), set())
            for cases in ahead(batches):
                found.dx.update(cases.dx.unique())
                found.outcomes.update(_written(writer, cases, settings))
                del cases
                bar.set_description_str(f"{found.outcomes.total():,} rows ", refresh=False)
                bar.update(reader.share - bar.n)
    return found


def _written(writer: TableWriter, cases: "core.Cases", settings: Settings) -> dict[str, int]:
    result = core.determine(settings.policy, cases, settings)
    writer.write(result.frame())
    return result.counts()


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, each made by another thread while the one before it is used."""
    coming = iter(items)

    def one() -> list[Item]:
        return [*islice(coming, 1)]

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(one)
        while found := made.result():
            made = pool.submit(one)
            yield found.pop()
