"""Columns of a table as text: each distinct cell once, as its engine would write it, without white space around it."""

import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from policy.bits.rows import Ints, blend
from policy.case_files.grammar import SPACE, bare

MOST_NUMBERS = 1 << 12  # between the least and the greatest of a column whose numbers are not looked up
_FLOATS = (float, np.floating)


def dictionary(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Position of each row's value in a list of values, and these as text, '' where nothing is.

    There may be some that no row has, and some twice: see `in_use`.
    """
    kind = column.type
    if pa.types.is_null(kind) or not len(column):
        return np.zeros(len(column), dtype=np.int32), [""]
    if pa.types.is_dictionary(kind):
        array = pa.chunked_array(column).unify_dictionaries().combine_chunks()
        index = array.indices.cast(pa.int32()).fill_null(len(array.dictionary)).to_numpy()
        return index, [*texts(array.dictionary), ""]
    if pa.types.is_boolean(kind) or pa.types.is_signed_integer(kind) or pa.types.is_date32(kind):
        some = [chunk for chunk in column.chunks if len(chunk)]  # Arrow may not join one of no rows
        if found := _numbered(pa.chunked_array(some).combine_chunks()):
            return found
    array = pa.chunked_array(column).dictionary_encode(null_encoding="encode").combine_chunks()
    return array.indices.to_numpy(), texts(array.dictionary)


def _numbered(array: pa.Array) -> tuple[Ints, list[str]] | None:
    """As `dictionary`, of truths, and of numbers or days that lie close together: each is its place among these."""
    kind, there = array.type, np.asarray(array.is_valid())
    array = array.view(pa.int32()) if pa.types.is_date32(kind) else array
    values = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
    numbers = values.to_numpy(zero_copy_only=False)
    low, high = int(numbers.min()), int(numbers.max())  # also of what stands where nothing is there
    if high - low > MOST_NUMBERS:
        return None
    every = pa.array((np.arange(high - low + 1) + low).astype(numbers.dtype)).cast(kind)
    index = blend(there, np.subtract(numbers, low, dtype=np.int64), len(every))
    return index, [*texts(every), ""]


def in_use(index: Ints, words: list[str]) -> tuple[Ints, list[str]]:
    """Of a `dictionary` each text once, and only those that some row has."""
    place: dict[str, int] = {}
    used = np.zeros(len(words), dtype=bool)
    used[index] = True
    where = [place.setdefault(word, len(place)) if there else -1 for word, there in zip(words, used, strict=True)]
    return np.array(where, dtype=np.int32).take(index, mode="clip"), [*place]


def texts(values: pa.Array | pa.ChunkedArray) -> list[str]:
    """Each value as text."""
    values = values.cast(pa.string()) if pa.types.is_date32(values.type) else values
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return ["" if value is None else bare(value) for value in values.to_pylist()]
    if pa.types.is_integer(values.type):
        return ["" if value is None else str(value) for value in values.to_pylist()]
    if pa.types.is_floating(values.type):
        return [
            text_of(value) for value in values.to_numpy(zero_copy_only=False)
        ]  # numpy keeps 79.99 of 32 bits as 79.99
    return [text_of(_value(scalar)) for scalar in values]


def trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as text, '' where nothing is there."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = pa.chunked_array([pa.array(texts(column), pa.string())])
    return pc.utf8_trim(pa.chunked_array([column.combine_chunks()]).fill_null(""), SPACE)  # one chunk is quicker


def _value(scalar: pa.Scalar) -> object:
    """As Python has it; a date that Python does not know as text: its row will be rejected."""
    if pa.types.is_timestamp(scalar.type) and scalar.type.unit == "ns" and scalar.is_valid and scalar.value % 1000:
        return scalar.cast(pa.string()).as_py()  # Python would cut it to microseconds
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return scalar.cast(pa.string()).as_py()


def text_of(value: object) -> str:
    """A cell as text; NaN and NaT are nothing, 42.0 is 42, midnight is a date, an instant is read in UTC."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, _FLOATS):
        return np.format_float_positional(value, trim="-")
    if isinstance(value, Decimal):
        return format(value, "f")  # not 0E-18
    if isinstance(value, datetime.datetime):
        utc = value.astimezone(datetime.UTC) if value.tzinfo else value
        whole = utc.time() == datetime.time() and not getattr(utc, "nanosecond", 0)
        return utc.date().isoformat() if whole else utc.isoformat()
    return bare(str(value))
