"""A case table determined a batch after the other, in the memory of a few batches."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import union_categoricals
from tqdm import tqdm

import policy as core
from policy.case_files.reader import Part
from policy.determinations.results import Determinations, Words
from simulations.storage.tables import TableWriter

Item = TypeVar("Item")
_BAR = "{percentage:3.0f} %|{bar}| {desc}[{elapsed}, {remaining} left]"


class Determined(NamedTuple):
    """How many cases have each outcome, their diagnosis codes, and which policies judged them, with their days."""

    outcomes: Counter[str]
    dx: set[str]
    judged: set[tuple[str, str | None]]


def determine_into(stream: BinaryIO, reader: "core.CaseReader", path: Path) -> Determined:
    """The determination of every case, written in the form that the suffix of `path` says.

    Each by the version and under the settings that the reader has for its day, both named in its row.

    On a terminal a bar shows the rows, the share of the table and the time that is left. Raises ProblemsFound as the
    reader does; what was written is then no table.
    """
    with suppress(NotImplementedError):  # which gives memory back sooner than the default: 290 MB instead of 365
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    with (
        TableWriter(stream, path) as writer,
        tqdm(total=1.0, bar_format=_BAR, disable=None, leave=False) as bar,
    ):
        for batches in reader.passes_in_time():
            writer.restart()
            bar.reset()
            found, known = Determined(Counter(), set(), set()), defaultdict[int, Words](dict)
            for parts in ahead(batches):
                for part in parts:
                    found.dx.update(part.cases.dx.unique())
                    found.judged.add((part.settings.policy.name, part.settings.policy.day))
                for counts in _written(writer, parts, known):
                    found.outcomes.update(counts)
                del part, parts
                bar.set_description_str(f"{found.outcomes.total():,} rows ", refresh=False)
                bar.update(reader.share - bar.n)
    return found


def _written(writer: TableWriter, parts: list[Part], known: dict[int, Words]) -> list[dict[str, int]]:
    """The rows of a batch in their order, whatever versions judge them; counts of the outcomes by version.

    `known`: what was said before, by the id of settings, which the reader keeps.
    """
    results = [core.determine(part.settings.policy, part.cases, part.settings) for part in parts]
    frames = [_stamped(result, known[id(result.settings)]) for result in results]
    if len(frames) == 1:
        writer.write(frames[0])
    else:
        order = np.argsort(np.concatenate([part.records for part in parts]), kind="stable")
        columns = {name: [frame[name].array for frame in frames] for name in frames[0]}
        ids = np.concatenate(columns.pop("case_id"))
        words = {name: union_categoricals(found).take(order) for name, found in columns.items()}
        writer.write(pd.DataFrame({"case_id": ids[order], **words}))
    return [result.counts() for result in results]


def _stamped(result: Determinations, known: Words) -> pd.DataFrame:
    """The rows with the version and the fingerprint of what judged them."""
    policy, frame = result.policy, result.frame(known)
    stamps = {"policy": policy.name, "fingerprint": policy.fingerprint}
    alike = np.zeros(len(frame), dtype=np.int8)
    return frame.assign(**{n: pd.Categorical.from_codes(alike, pd.Index([word])) for n, word in stamps.items()})


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
