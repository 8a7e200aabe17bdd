"""Files of cases as tables: CSV (comma, semicolon, tab or pipe; also .gz) as text, Parquet with its types.

A row is named by its line in the file, which is not its number once a cell holds a line break.
"""

import csv
import gzip
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from policy.case_files.cells import Ints
from policy.problems import Problem, refuse

MAX_BYTES = 4 << 30  # a CSV table takes about five times its size in memory
_BLOCK = 1 << 20  # bytes of a CSV file at a time; a header or a row must fit
_SEPARATORS = ",;\t|"
_MAGIC = {
    b"PK\x03\x04": "is a spreadsheet (.xlsx) or another zip archive, which is not read yet; save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet (.xls), which is not read; save it as CSV UTF-8",
    b"%PDF": "is a PDF; a case table is a CSV or Parquet file",
    b"BZh": "is compressed with bzip2, which is not read; unpack it, or compress it with gzip",
    b"\xfd7zXZ": "is compressed with xz, which is not read; unpack it, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd, which is not read; unpack it, or compress it with gzip",
}


@dataclass
class Rows:
    """A table and the line of each of its rows; `problems`: rows of the wrong length, which are not among them."""

    table: pa.Table
    lines: Ints
    problems: list[Problem] = field(default_factory=list)


def read_file(path: Path) -> Rows:
    """The rows of a file; ProblemsFound when it cannot be read."""
    try:
        if path.is_dir() and (parts := sorted(path.rglob("*.parquet"))):
            return _parquet(path, parts)
        if path.exists() and not path.is_file():  # a pipe could be read only once
            raise refuse("read", path.name or str(path), "cannot be read (no ordinary file)")
        _small_enough(path.name, path.stat().st_size)
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise refuse("read", path.name, f"cannot be read ({error.strerror})") from None
    if path.suffix.lower() == ".parquet":
        return _parquet(path, [path])
    if head[:4] == b"PAR1":
        raise refuse("read", path.name, "is a Parquet file; give it a name that ends in .parquet")
    for magic, message in _MAGIC.items():
        if head.startswith(magic):
            raise refuse("read", path.name, message)
    if head.startswith(b"\x1f\x8b"):
        return _csv(path.name, io.BytesIO(_unpacked(path)))
    with path.open("rb") as stream:
        return _csv(path.name, stream)


def _small_enough(name: str, size: int) -> None:
    if size > MAX_BYTES:
        message = f"is {size:,} bytes; at most {MAX_BYTES:,} are read at once: split it, or use workbook sql"
        raise refuse("size", name, message)


def _unpacked(path: Path) -> bytes:
    """What a .gz file holds, counted while it is unpacked: a small file may hold a very large one."""
    parts, size = [], 0
    try:
        with gzip.open(path, "rb") as stream:
            while part := stream.read(_BLOCK):
                size += len(part)
                _small_enough(path.name, size)
                parts.append(part)
    except (OSError, EOFError, gzip.zlib.error) as error:  # type: ignore[attr-defined]
        raise refuse("gzip", path.name, f"is not a readable .gz file ({_first_line(error)})") from None
    return b"".join(parts)


def _parquet(path: Path, parts: list[Path]) -> Rows:
    _small_enough(path.name, sum(part.stat().st_size for part in parts))
    try:
        tables = [pyarrow.parquet.read_table(part) for part in parts]
        for table in tables:
            table.validate(full=True)
        table = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "Parquet file" if parts == [path] else "folder of Parquet files"
        raise refuse("parquet", path.name, f"is not a readable {kind} ({_first_line(error)})") from None
    return Rows(table, np.arange(len(table)) + 1)


def _first_line(error: Exception) -> str:
    """What a library says, without paths and without what it quotes of the file."""
    return re.sub(r"/\S*/|: '.*|\"[^\"]*\"", "", (str(error) or type(error).__name__).splitlines()[0])[:120]


def _header(head: bytes, name: str) -> tuple[list[str], str]:
    """The names in the first line of a CSV file, and what separates them."""
    line, *rest = re.split(r"[\r\n]", head.decode("utf-8-sig", "replace"), maxsplit=1)
    if not line.strip():
        raise refuse("empty", f"{name}:1", "the first line is empty; a header with case_id, dx and cpt is needed")
    separator = max(_SEPARATORS, key=line.count)
    if not line.count(separator):
        looks = "; it looks like a web page" if line.lstrip().startswith("<") else ""
        message = (
            f"the header has no comma, semicolon, tab or pipe between names{looks}; case_id, dx and cpt are needed"
        )
        raise refuse("separator", f"{name}:1", message)
    try:
        names = next(csv.reader([line], delimiter=separator), [])
    except csv.Error as error:
        raise refuse("csv", f"{name}:1", f"the header cannot be read ({error})") from None
    if not rest:
        raise refuse("no-rows", f"{name}:1", "has a header but no rows")
    return names, separator


def _csv(name: str, stream: BinaryIO) -> Rows:
    """Every column as text; rows of the wrong length become problems with their line."""
    breaks = _checked(name, stream)
    stream.seek(0)
    names, separator = _header(stream.readline(_BLOCK), name)
    skipped: list[int] = []
    wrong: dict[int, str] = {}

    def wrong_length(row: Any) -> str:
        skipped.append(row.number)
        if row.text.strip(f"{_SEPARATORS} \r\n"):
            wrong[row.number] = f"the row has {row.actual_columns} fields, the header {row.expected_columns}"
        return "skip"

    quotes = refuse("csv", f"{name}:1", "the header cannot be read; check its quotation marks")
    stream.seek(0)
    try:
        table = pyarrow.csv.read_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator, invalid_row_handler=wrong_length, ignore_empty_lines=False,
                newlines_in_values=True,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise quotes from None
        raise refuse("csv", name, f"is not a readable CSV file ({_first_line(error)})") from None
    if table.column_names != names:
        raise quotes
    records = len(table) + len(skipped)
    at = _lines(stream, separator, records, breaks)
    problems = [Problem("row-length", f"{name}:{at[n - 2]}", said, row=int(at[n - 2])) for n, said in wrong.items()]
    lines = np.delete(at, np.asarray(skipped, dtype=int) - 2)
    filled = np.zeros(len(table), dtype=bool)  # a line of nothing, or of commas only, is no row
    for column in table.columns:
        filled |= np.asarray(pc.is_valid(column))
    return Rows(table.filter(pa.array(filled)), lines[filled], problems)


def _checked(name: str, stream: BinaryIO) -> int:
    """How many lines there are; refused when one is not UTF-8."""
    breaks, line = 0, b""
    for number, line in enumerate(stream, 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            raise refuse("encoding", f"{name}:{number}", "is not UTF-8 text; save it as CSV UTF-8") from None
        breaks += 1 + line.count(b"\r") - line.endswith((b"\r\n", b"\r"))
    return breaks


def _lines(stream: BinaryIO, separator: str, records: int, breaks: int) -> Ints:
    """The line of the file on which each record after the header begins."""
    if breaks == records + 1:
        return np.arange(2, records + 2)
    stream.seek(0)
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    csv.field_size_limit(_BLOCK)
    reader = csv.reader(text, delimiter=separator)
    starts = []
    try:
        before = 0
        for _ in reader:
            starts.append(before + 1)
            before = reader.line_num
    except csv.Error:
        starts = []
    text.detach()
    if len(starts) != records + 1:  # quotation marks that the two readers understand differently
        return np.arange(2, records + 2)
    return np.asarray(starts[1:])
