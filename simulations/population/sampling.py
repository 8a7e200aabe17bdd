"""Cases drawn from a population: any slice of them, alone or in chunks, the same in every process.

Each decision has a stream of its own, and whether a fact is written down is a second decision with another, so a page
that gains a decision leaves every other column as it was. A fact that does not arise or is not documented is <NA>.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from policy.bits.rows import blend
from policy.problems import listed, refuse
from policy.storage.files import fill, said
from simulations.population.columns import REQUESTED
from simulations.population.page import Period
from simulations.population.probability_tables import BITS, EMPTY, Codes, Decision, Population
from simulations.population.random_streams import Streams, Words, whole
from simulations.storage.folders import content_of, folder
from simulations.storage.tables import TableWriter, table_bytes

LAST_CASE = 10**10 - 1  # a case_id has ten digits
MOST_CASES = 5_000_000  # at a time; at about 450 bytes each
CHUNK = 250_000  # cases in a file of a large population: about 100 MB while it is made
_BLOCK = 1 << 16  # cases drawn together, so that the work stays in the cache
_TEXT = pd.StringDtype("pyarrow")

Progress = Callable[[int], None]


def generate(population: Population, size: int, seed: int, start: int = 0, complete: bool = False) -> pd.DataFrame:
    """Cases `start` to `start + size - 1` (counted from 0) with every column of the case table, in its order.

    Counts are Int64, yes-or-no facts boolean, all else text (dates ISO); <NA> is not documented. Case i depends on the
    population, the seed and i alone. `complete` writes down every fact that arises: the same cases, fully documented.
    Raises ProblemsFound for a size outside 1 to 5,000,000 (`chunks` makes more), a seed outside 0 to 2**64 - 1 or a
    start outside 0 to what ten digits can number.
    """
    size = whole("size", size, 1, MOST_CASES)
    start = whole("start", start, 0, LAST_CASE - size)
    columns = _columns([population], Streams(seed), start, size, complete)
    return pd.DataFrame({name: _in_pandas(columns[name]) for name in population.columns}, copy=False)


def arrow_table(population: Population, size: int, seed: int, start: int = 0) -> pa.Table:
    """The same cases as an Arrow table that the case reader reads fast: words and dates by their place in a list."""
    size = whole("size", size, 1, MOST_CASES)
    start = whole("start", start, 0, LAST_CASE - size)
    columns = _columns([population], Streams(seed), start, size, False)
    return pa.table({name: columns[name] for name in population.columns})


def arrow_table_of_each(populations: Sequence[Population], size: int, seed: int) -> pa.Table:
    """`size` cases of each of some populations that differ in shares only, as `arrow_table` one after the other.

    They share their streams: case i of each is drawn with the same luck. The case_ids number the rows. Raises
    ProblemsFound as `generate` does.
    """
    size = whole("size", size, 1, MOST_CASES // len(populations))
    streams = Streams(seed)
    streams.draw = cache(streams.draw)  # type: ignore[method-assign]
    columns = _columns(populations, streams, 0, size)
    return pa.table({name: columns[name] for name in populations[0].columns})


def _columns(
    populations: Sequence[Population], streams: Streams, start: int, size: int, complete: bool = False
) -> dict[str, pa.Array]:
    """Every column of the cases from `start` on, of one population after the other.

    Words and dates by their place in a list of all that there are.
    """
    population = populations[0]
    columns = [decision for decision in population.decisions if not decision.latent]
    rows = len(populations) * size
    made = {d.name: np.empty(rows, dtype=_narrow(d)) for d in columns}
    days = np.empty(rows, dtype=np.int32)
    for number, one in enumerate(populations):
        for first in range(0, size, _BLOCK):
            count = min(_BLOCK, size - first)
            here = slice(number * size + first, number * size + first + count)
            for name, codes in _block(one, streams, start + first, count, complete).items():
                made[name][here] = codes
            days[here] = _request_days(_period(one), streams.draw(REQUESTED, start + first, count))
    found = {"case_id": _case_ids(start, rows)}
    for name, before in population.dates.items():  # a date that hangs on a number is written down together with it
        known = np.full(rows, before is None) if not before else made[before] >= 0
        found[name] = _dates(days - made[before] if before else days, known)
    own = [decision for decision in columns if decision.name not in population.dates]
    return found | {decision.name: _column(decision, made.pop(decision.name)) for decision in own}


def chunks(population: Population, size: int, seed: int) -> Iterator[pa.Table]:
    """The table of `generate`, of 1 to 10**10 cases, as Arrow tables of `CHUNK` cases; pandas reads its types back."""
    size = whole("size", size, 1, LAST_CASE)
    schema = pa.Schema.from_pandas(generate(population, 1, seed), preserve_index=False)
    for start in range(0, size, CHUNK):
        yield arrow_table(population, min(CHUNK, size - start), seed, start).cast(schema)


def write_table(
    population: Population, size: int, seed: int, stream: BinaryIO, path: Path, progress: Progress | None = None
) -> None:
    """The table of `generate` as one file, in the form that the suffix of `path` says; `progress` as `write_chunks`."""
    with TableWriter(stream, path) as writer:
        for chunk in chunks(population, size, seed):
            writer.write(chunk)
            if progress:
                progress(len(chunk))


def write_chunks(population: Population, size: int, seed: int, path: Path, progress: Progress | None = None) -> None:
    """`size` cases (1 to 10**10) as Parquet files of `CHUNK` rows in the folder `path`, whole or not at all.

    The files together are the table of `generate`; memory is that of one chunk, whatever the size. `progress` is told
    how many cases are in each file. Raises ProblemsFound as `generate` does, and when the folder cannot be written.
    """
    with folder(path, only_a_population) as work:
        for number, chunk in enumerate(chunks(population, size, seed)):
            with said(path):
                fill(work, {_chunk_name(number): table_bytes(chunk, Path(_chunk_name(number)))})
            if progress:
                progress(len(chunk))


def only_a_population(path: Path) -> None:
    """Refuse a folder with anything in it but the files that `write_chunks` writes."""
    found = content_of(path)
    for number in range(len(found)):
        name = _chunk_name(number)
        mine = name in found and found[name].is_file(follow_symlinks=False)
        if not mine or not _is_chunk(path / name, number * CHUNK):
            strange = [n for n in found if n != name or n in found][:4]
            message = f"holds something else than a population ({listed(strange)}); name a new or an empty folder"
            raise refuse("folder", str(path), f"{message}; nothing was changed")


def _is_chunk(path: Path, start: int) -> bool:
    """Whether a file begins with the case of this number (from 0), called as only a made-up case is."""
    try:
        with pq.ParquetFile(path) as file:
            if file.schema_arrow.names[:1] != ["case_id"]:
                return False
            first = next(file.iter_batches(batch_size=1, columns=["case_id"]), None)
            return first is not None and first.column(0).to_pylist() == _case_ids(start, 1).to_pylist()
    except (OSError, pa.ArrowException):
        return False


def _chunk_name(number: int) -> str:
    return f"cases_{number:06}.parquet"


def facts_of(
    population: Population,
    size: int,
    seed: int,
    start: int = 0,
    names: Iterable[str] | None = None,
    assign: Mapping[str, str] | None = None,
) -> dict[str, Codes]:
    """The facts themselves, latent ones too, whether documented or not: name -> int32 (size,), -1 where none arises.

    Codes as in `Decision.code`. `names` limits the work to these and what they depend on. `assign` (variable -> value
    as on the page) gives every case that value, as a trial allocates patients; all other luck stays what it is.
    """
    wanted = [decision.name for decision in population.decisions] if names is None else list(names)
    chosen = needed(population, wanted, assign or {})
    whole("size", size, 1, MOST_CASES)
    facts = _drawn(population, Streams(seed), whole("start", start, 0, LAST_CASE - size), size, chosen, assign or {})
    return {name: facts[name] for name in wanted}


def needed(population: Population, wanted: Iterable[str], assign: Mapping[str, str]) -> tuple[Decision, ...]:
    """The decisions that `wanted` hang on, themselves included, in order; what is assigned hangs on nothing."""
    names: set[str] = set()
    ahead = list(wanted)
    while ahead:
        name = ahead.pop()
        if name not in names:
            names.add(name)
            ahead += () if name in assign else population[name].parents
    return tuple(decision for decision in population.decisions if decision.name in names)


def _drawn(
    population: Population,
    streams: Streams,
    start: int,
    count: int,
    decisions: Iterable[Decision],
    assign: Mapping[str, str],
) -> dict[str, Codes]:
    facts: dict[str, Codes] = {}
    for decision in decisions:
        if decision.name in assign:
            facts[decision.name] = np.full(count, decision.code(assign[decision.name]), dtype=np.int32)
            continue
        value = decision.choice.pick(streams.draw(decision.name, start, count), facts)
        facts[decision.name] = value if decision.at_most is None else np.minimum(value, facts[decision.at_most])
    return facts


def _block(population: Population, streams: Streams, start: int, count: int, complete: bool) -> dict[str, Codes]:
    """The columns of `count` cases as codes, -1 where a fact is empty or not documented."""
    facts = _drawn(population, streams, start, count, population.decisions, {})
    seen: dict[str, NDArray[np.bool_]] = {}
    for decision in [decision for decision in population.decisions if not decision.latent]:
        seen[decision.name] = facts[decision.name] >= 0
        if complete:
            continue
        if decision.documented is not None:
            words = streams.draw(f"{decision.name}/documented", start, count)
            seen[decision.name] &= decision.documented.pick(words, facts) == 1
        if decision.only_with is not None:
            seen[decision.name] &= seen[decision.only_with]
    return {name: blend(documented, facts[name], np.int32(EMPTY)) for name, documented in seen.items()}


def _narrow(decision: Decision) -> type[np.signedinteger[Any]]:
    return np.int32 if decision.kind == "count" else np.int8 if len(decision.values) < 127 else np.int32


def _period(population: Population) -> Period:
    assert population.page.period is not None
    return population.page.period


def _request_days(period: Period, words: Words) -> Codes:
    """Days since 1970-01-01."""
    first = (period.first - datetime.date(1970, 1, 1)).days
    length = np.uint64((period.last - period.first).days + 1)
    return (first + (((words >> BITS) * length) >> BITS).astype(np.int32)).astype(np.int32)


def _case_ids(start: int, size: int) -> pa.Array:
    numbers = pa.array(np.arange(start + 1, start + size + 1)).cast(pa.string())
    return pc.binary_join_element_wise("S", pc.utf8_lpad(numbers, 10, "0"), "")


def _dates(days: Codes, known: NDArray[np.bool_]) -> pa.Array:
    lowest, highest = (int(days[known].min()), int(days[known].max())) if known.any() else (0, 0)
    calendar = np.datetime_as_string(np.arange(lowest, highest + 1).astype("datetime64[D]"))
    return pa.DictionaryArray.from_arrays(_known(days - np.int32(lowest), known), pa.array(calendar, pa.string()))


def _known(values: NDArray[np.integer[Any]] | NDArray[np.bool_], known: NDArray[np.bool_]) -> pa.Array:
    """The values where they are known, null elsewhere, without a copy of whole numbers."""
    held = np.packbits(values, bitorder="little") if values.dtype == np.bool_ else np.ascontiguousarray(values)
    bits = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, pa.py_buffer(held)])


def _column(decision: Decision, codes: NDArray[np.signedinteger[Any]]) -> pa.Array:
    known = codes >= 0
    if decision.places:
        numbers, index = np.unique(codes, return_inverse=True)
        texts = [f"{Decimal(int(number)) / 10**decision.places:f}" for number in numbers]
        return pa.DictionaryArray.from_arrays(_known(index, known), pa.array(texts, pa.string()))
    if decision.kind == "count":
        return _known(codes.astype(np.int64), known)
    if decision.kind == "flag":
        return _known(codes == 1, known)
    return pa.DictionaryArray.from_arrays(_known(codes, known), pa.array(decision.values, pa.string()))


def _in_pandas(column: pa.Array) -> Any:
    types: dict[pa.DataType, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    text = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    dtype: Any = types.get(column.type, _TEXT)
    return dtype.__from_arrow__(text)
