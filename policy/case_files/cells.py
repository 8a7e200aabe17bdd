"""Columns of a table as text: each distinct cell once, as its engine would write it, without white space around it."""

import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from policy.bits.rows import Ints
from policy.case_files.grammar import SPACE, bare

_FLOATS = (float, np.floating)


def dictionary(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Position of each row's value in the list of distinct values, and those values as text, '' where nothing is."""
    if pa.types.is_null(column.type):
        return np.zeros(len(column), dtype=np.int32), [""]
    if pa.types.is_dictionary(column.type):
        return _given(pa.chunked_array(column).unify_dictionaries().combine_chunks())
    array = pa.chunked_array(column).dictionary_encode(null_encoding="encode").combine_chunks()
    return array.indices.to_numpy(), texts(array.dictionary)


def _given(array: pa.DictionaryArray) -> tuple[Ints, list[str]]:
    """As `dictionary`, of one that a file brings: it may list a value twice, and values that no row has."""
    values = array.dictionary
    if pc.count_distinct(values, mode="all").as_py() < len(values):
        return dictionary(pa.chunked_array([array.cast(array.type.value_type)]))
    index = array.indices.cast(pa.int32()).fill_null(len(values)).to_numpy()
    used = np.zeros(len(values) + 1, dtype=bool)
    used[index] = True
    words = [*texts(values.filter(pa.array(used[:-1]))), ""]
    return index if used[:-1].all() else (np.cumsum(used, dtype=np.int32) - 1)[index], words


def texts(values: pa.Array | pa.ChunkedArray) -> list[str]:
    """Each value as text."""
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
