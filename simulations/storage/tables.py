"""Tables as bytes: CSV or Parquet, the same bytes for the same table, with text that a spreadsheet cannot run."""

import io
import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from policy.problems import refuse, shown

FORMULA = r"(?![+-]?\d+(\.\d+)?$)'*[=+\-@\t\r]"  # -2 is a number and stays one; '= gets one more, so none is lost


def check_target(path: Path, suffixes: tuple[str, ...] = (".csv", ".parquet")) -> Path:
    """The path of a table to be written; refused before any work when its folder or suffix does not serve."""
    if path.suffix.lower() not in suffixes:
        raise refuse("write", str(path), f"cannot be written as {shown(path.suffix)}; use {' or '.join(suffixes)}")
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


def neutralised(frame: pd.DataFrame) -> pd.DataFrame:
    """Text cells that a spreadsheet would read as a formula get a leading apostrophe; without it the text is back."""
    safe = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            if any(re.match(FORMULA, str(c)) for c in column.cat.categories):
                column = column.cat.rename_categories(lambda c: f"'{c}" if re.match(FORMULA, str(c)) else c)
        elif column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            risky = column.astype("string").str.match(FORMULA).fillna(False).astype(bool)
            if risky.any():
                column = column.where(~risky, "'" + column.astype(str))
        safe[name] = column
    return pd.DataFrame(safe, index=frame.index)


def table_bytes(frame: pd.DataFrame, path: Path) -> bytes:
    """The frame as CSV or Parquet, by the suffix of `path`; missing values are empty cells."""
    buffer = io.BytesIO()
    if path.suffix.lower() == ".parquet":
        pyarrow.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer)
        return buffer.getvalue()
    table = pa.Table.from_pandas(neutralised(frame), preserve_index=False)
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    pyarrow.csv.write_csv(pa.table(dict(zip(table.column_names, plain, strict=True))), buffer, options)
    return buffer.getvalue()
