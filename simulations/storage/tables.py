"""Tables as bytes: CSV or Parquet, the same bytes for the same table, with text that a spreadsheet cannot run."""

import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from policy.problems import refuse, shown

FORMULA = r"(?![+-]?\d+(\.\d+)?$)'*[=+\-@\t\r]"  # -2 is a number and stays one; '= gets one more, so none is lost

_BEGINNING = (
    r"^'*[=+\-@\t\r]"  # of every such text and of numbers; Arrow, which looks for it quicker, has no look-ahead
)


def check_target(path: Path, suffixes: tuple[str, ...] = (".csv", ".parquet")) -> Path:
    """The path of a table to be written; refused before any work when its folder or suffix does not serve."""
    if path.suffix.lower() not in suffixes:
        what = f"cannot be written as {shown(path.suffix)}" if path.suffix else "has no ending"
        raise refuse("write", str(path), f"{what}; use {' or '.join(suffixes)}")
    if not path.absolute().parent.is_dir():
        raise refuse("write", str(path), "its folder does not exist; make it first")
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise refuse("write", str(path), f"cannot be written ({error.strerror})") from None
    if not os.access(path.absolute().parent, os.W_OK):
        raise refuse("write", str(path), "its folder may not be written to")
    if path.is_dir():
        raise refuse("write", str(path), "is a folder; name a file")
    return path


def neutralised(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Text that a spreadsheet would read as a formula gets a leading apostrophe; without it the text is back."""
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([neutralised(chunk) for chunk in column.chunks], column.type)
    if pa.types.is_dictionary(column.type):
        words = neutralised(column.dictionary)
        return pa.DictionaryArray.from_arrays(column.indices, words, ordered=column.type.ordered)
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not text or not pc.any(pc.match_substring_regex(column, _BEGINNING)).as_py():
        return column
    cells = [f"'{cell}" if cell and re.match(FORMULA, cell) else cell for cell in column.to_pylist()]
    return pa.array(cells, column.type)


def table_bytes(frame: pd.DataFrame, path: Path) -> bytes:
    """The frame as CSV or Parquet, by the suffix of `path`; missing values are empty cells."""
    buffer = io.BytesIO()
    with TableWriter(buffer, path) as writer:
        writer.write(frame)
    return buffer.getvalue()


class TableWriter:
    """A table written a part after the other, as CSV or Parquet by the suffix of `path`.

    The parts have the same columns with the same types; what a spreadsheet would run is neutralised in CSV.
    """

    def __init__(self, stream: BinaryIO, path: Path):
        self._stream, self._parquet = stream, path.suffix.lower() == ".parquet"
        self._writer: Any = None
        self._schema = pa.schema([])

    def write(self, rows: pd.DataFrame | pa.Table) -> None:
        """The rows of one more part, at least one part in all."""
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)
        if not self._parquet:
            table = pa.table([neutralised(column) for column in table.columns], table.schema)
        if self._writer is None:
            fields = [field.with_type(_kept(field.type, self._parquet)) for field in table.schema]
            self._schema = pa.schema(fields, table.schema.metadata)
            options = pyarrow.csv.WriteOptions(quoting_style="needed")
            self._writer = (
                pyarrow.parquet.ParquetWriter(self._stream, self._schema)
                if self._parquet
                else pyarrow.csv.CSVWriter(self._stream, self._schema, write_options=options)
            )
        for part in [table] if self._parquet else table.to_batches(1 << 14):  # words are written out a few at a time
            self._writer.write(part.cast(self._schema))

    def restart(self) -> None:
        """Forget what was written."""
        self.close()
        self._writer = None
        self._stream.seek(0)
        self._stream.truncate()

    def close(self) -> None:
        """The end of the table; the stream stays open."""
        if self._writer:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _kept(kind: pa.DataType, parquet: bool) -> pa.DataType:
    """Words that repeat stay so in Parquet, with room for the words of later parts, and are written out in CSV."""
    if not pa.types.is_dictionary(kind):
        return kind
    return pa.dictionary(pa.int32(), kind.value_type, kind.ordered) if parquet else kind.value_type
