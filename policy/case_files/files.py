"""Files of cases as tables, some rows at a time: CSV (comma, semicolon, tab or pipe; also .gz) as text, and Parquet.

A row is named by its line in the file, which is not its number once a cell holds a line break.
"""

import bisect
import codecs
import contextlib
import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from policy.bits.rows import Ints
from policy.problems import refuse

BATCH = 1 << 16  # rows at a time: more take more memory, fewer more time
_BLOCK = 1 << 20  # bytes of a CSV file at a time; a header or a row must fit
_FIRST = 1 << 10  # rows of a Parquet file by which it is known how its columns are read best
_LEAN = {"pre_buffer": False, "buffer_size": 1 << 16}  # else Arrow keeps all that it has read, up to the whole file
_TEXT = (pa.string(), pa.large_string())
_SEPARATORS = ",;\t|"
_MAGIC = {
    b"PK\x03\x04": "is a spreadsheet (.xlsx) or another zip archive, which is not read yet; save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet (.xls), which is not read; save it as CSV UTF-8",
    b"%PDF": "is a PDF; a case table is a CSV or Parquet file",
    b"BZh": "is compressed with bzip2, which is not read; unpack it, or compress it with gzip",
    b"\xfd7zXZ": "is compressed with xz, which is not read; unpack it, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd, which is not read; unpack it, or compress it with gzip",
}


class Rows(NamedTuple):
    """Some rows of a table, the number of each after the header (from 1), and the share of the table read so far."""

    table: pa.Table
    records: Ints
    share: float = 1.0


@dataclass
class File:
    """A table that can be read more than once.

    `wrong`, after the last row: records of the wrong length, which are not among the rows, and what is said of each.
    """

    name: str
    wrong: dict[int, str] = field(default_factory=dict)

    def batches(self) -> Iterator[Rows]:
        """All rows, at least one table of them, perhaps of none; ProblemsFound when the file cannot be read."""
        raise NotImplementedError

    def lines(self, records: Ints) -> Ints:
        """Where these records stand, once all have been read."""
        return records


def file_of(path: Path, needed: str = "case_id, dx and cpt") -> File:
    """The file or folder as a table; ProblemsFound when it is none. `needed`: the columns that a header must name."""
    try:
        if path.is_dir() and (parts := sorted(path.rglob("*.parquet"))):
            return Parquet(path.name, parts=parts)
        if path.exists() and not path.is_file():  # a pipe could be read only once
            raise refuse("read", path.name or str(path), "cannot be read (no ordinary file)")
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise refuse("read", path.name, f"cannot be read ({error.strerror})") from None
    if path.suffix.lower() == ".parquet":
        return Parquet(path.name, parts=[path])
    if head[:4] == b"PAR1":
        raise refuse("read", path.name, "is a Parquet file; give it a name that ends in .parquet")
    for magic, message in _MAGIC.items():
        if head.startswith(magic):
            raise refuse("read", path.name, message)
    return Csv(path.name, path=path, packed=head.startswith(b"\x1f\x8b"), needed=needed)


@dataclass
class Held(File):
    """A table in memory."""

    table: pa.Table = None

    def batches(self) -> Iterator[Rows]:
        """All of it at once."""
        yield Rows(self.table, np.arange(len(self.table)) + 1)


@dataclass
class Parquet(File):
    """One Parquet file or several, whose columns may come in another order, or be missing in some."""

    parts: list[Path] = field(default_factory=list)

    def batches(self) -> Iterator[Rows]:
        """Rows with the columns of all parts; what a part does not have is missing."""
        try:
            yield from self._batches()
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            kind = "folder of Parquet files" if len(self.parts) > 1 else "Parquet file"
            raise refuse("parquet", self.name, f"is not a readable {kind} ({_first_line(error)})") from None

    def _batches(self) -> Iterator[Rows]:
        with contextlib.ExitStack() as stack:

            def opened(**options: Any) -> list[pyarrow.parquet.ParquetFile]:
                return [stack.enter_context(pyarrow.parquet.ParquetFile(p, **_LEAN, **options)) for p in self.parts]

            files = opened(read_dictionary=_repeating(opened()))
            schema = pa.unify_schemas([file.schema_arrow for file in files], promote_options="permissive")
            total, start = sum(file.metadata.num_rows for file in files), 0
            for table in _gathered(schema.empty_table(), _sound(files)):
                end = start + len(table)
                yield Rows(table, np.arange(start, end) + 1, end / total if total else 1.0)
                start = end


def _sound(files: Sequence[pyarrow.parquet.ParquetFile]) -> Iterator[pa.RecordBatch]:
    for file in files:
        for batch in file.iter_batches(BATCH // 2, use_threads=False):  # fewer where a group of rows ends
            batch.validate(full=True)
            yield batch


def _gathered(empty: pa.Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of BATCH rows or some more and one of the rest, with the columns of the `empty` one."""
    held, rows = [empty], 0
    for batch in batches:
        held.append(pa.Table.from_batches([batch]))
        rows += len(batch)
        if rows >= BATCH:
            held = [_joined(held)]
            yield held.pop()  # and nothing of it stays here
            held, rows = [empty], 0
    yield _joined(held)


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """One table with the columns of the first; where columns differ, no two of a table have one name."""
    alike = all(table.schema == tables[0].schema for table in tables)
    return pa.concat_tables(tables, promote_options="none" if alike else "permissive")


def _repeating(files: Sequence[pyarrow.parquet.ParquetFile]) -> list[str]:
    """Columns of text that repeat few words, by the first rows that there are: they are read as numbers of words.

    What a file itself says of its columns is not asked: where it is broken, Arrow ends the process.
    """
    for file in files:
        for batch in file.iter_batches(_FIRST):
            columns = zip(batch.schema, batch.columns, strict=True)
            texts = [(field.name, column) for field, column in columns if field.type in _TEXT]
            return [name for name, column in texts if 4 * pc.count_distinct(column).as_py() < len(column)]
    return []


def _first_line(error: Exception) -> str:
    """What a library says, without paths and without what it quotes of the file."""
    return re.sub(r"/\S*/|: '.*|\"[^\"]*\"", "", (str(error) or type(error).__name__).splitlines()[0])[:120]


def _header(head: bytes, name: str, needed: str) -> tuple[list[str], str, bool]:
    """The names in the first line of a CSV file, what separates them, and whether anything follows."""
    line, *rest = re.split(r"[\r\n]", head.decode("utf-8-sig", "replace"), maxsplit=1)
    if not line.strip():
        raise refuse("empty", f"{name}:1", f"the first line is empty; a header with {needed} is needed")
    separator = max(_SEPARATORS, key=line.count)
    if not line.count(separator):
        looks = "; it looks like a web page" if line.lstrip().startswith("<") else ""
        message = f"the header has no comma, semicolon, tab or pipe between names{looks}; {needed} are needed"
        raise refuse("separator", f"{name}:1", message)
    try:
        names = next(csv.reader([line], delimiter=separator), [])
    except csv.Error as error:
        raise refuse("csv", f"{name}:1", f"the header cannot be read ({error})") from None
    return names, separator, bool(rest)


class _Text(io.RawIOBase):
    """The bytes of a file, refused where they are not UTF-8."""

    def __init__(self, name: str, stream: BinaryIO):
        self._name, self._stream, self._last, self._newlines, self._returns = name, stream, b"", 0, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def lines(self) -> int:
        """How many have been read, the last one too if nothing ends it."""
        return self._newlines + self._returns + (self._last not in (b"", b"\n", b"\r"))

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """As of any stream."""
        try:
            part = self._stream.read(size)
        except (OSError, EOFError, gzip.zlib.error) as error:  # type: ignore[attr-defined]
            if isinstance(error, OSError) and error.strerror:  # of the disk, not of what was packed
                raise refuse("read", self._name, f"cannot be read ({error.strerror})") from None
            raise refuse("gzip", self._name, f"is not a readable .gz file ({_first_line(error)})") from None
        try:
            if not part.isascii() or self._decoder.getstate()[0] or not part:  # of most files this is quicker to see
                self._decoder.decode(part, final=not part)
        except UnicodeDecodeError as error:
            line = self._newlines + 1 + error.object[: error.start].count(b"\n")
            raise refuse("encoding", f"{self._name}:{line}", "is not UTF-8 text; save it as CSV UTF-8") from None
        if part:
            self._newlines += part.count(b"\n")
            if self._last == b"\r" or b"\r" in part:  # \r\n ends one line, not two, also on the border of two parts
                pairs = part.count(b"\r\n") + (self._last == b"\r" and part.startswith(b"\n"))
                self._returns += part.count(b"\r") - pairs
            self._last = part[-1:]
        return part

    def readinto(self, buffer: Any) -> int:
        """As of any stream."""
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


@dataclass
class Csv(File):
    """A text file of separated values, packed by gzip or not, with every column as text."""

    path: Path = Path()
    packed: bool = False
    needed: str = ""
    _separator: str = ","
    _skipped: list[int] = field(default_factory=list)  # records of the wrong length, blank lines too
    _next: int = 1  # the record after those that were handed out
    _lines: int = 0

    def batches(self) -> Iterator[Rows]:
        """The rows with something in them; a row of the wrong length is noted and left out."""
        self.wrong, self._skipped, self._next = {}, [], 1
        size = self.path.stat().st_size
        with self._opened() as (_, text):
            names, self._separator, more = _header(text.read(_BLOCK), self.name, self.needed)
        empty = pa.schema([(name, pa.string()) for name in names]).empty_table()
        if not more:
            yield self._rows(empty, 1.0)
            return
        with self._opened() as (file, text):

            def read(table: pa.Table) -> Rows:
                return self._rows(table, file.tell() / size)

            yield from map(read, _gathered(empty, self._parsed(text, names)))  # which keeps none of the tables
            self._lines = text.lines

    def lines(self, records: Ints) -> Ints:
        """The line of the file on which each record begins."""
        total = self._next - 1 + len(self._skipped) - bisect.bisect_left(self._skipped, self._next)
        if self._lines == total + 1:
            return records + 1
        starts = []
        with self._opened() as (_, text), contextlib.suppress(csv.Error), contextlib.ExitStack() as stack:
            stack.callback(csv.field_size_limit, csv.field_size_limit(_BLOCK))  # one limit for the whole process
            reader = csv.reader(
                io.TextIOWrapper(io.BufferedReader(text), "utf-8-sig", newline=""), delimiter=self._separator
            )
            before = 0
            for _ in reader:
                starts.append(before + 1)
                before = reader.line_num
        # If the two readers understand quotation marks differently, the count is the best that is known.
        return np.asarray(starts)[records] if len(starts) == total + 1 else records + 1

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[BinaryIO, _Text]]:
        """The file as it lies on the disk, and its text."""
        with self.path.open("rb") as file:
            yield file, _Text(self.name, cast("BinaryIO", gzip.GzipFile(fileobj=file)) if self.packed else file)

    def _parsed(self, text: _Text, names: list[str]) -> Iterator[pa.RecordBatch]:
        def wrong_length(row: Any) -> str:
            self._skipped.append(row.number - 1)
            if row.text.strip(f"{_SEPARATORS} \r\n"):
                said = f"the row has {row.actual_columns} fields, the header {row.expected_columns}"
                self.wrong[row.number - 1] = said
            return "skip"

        quotes = refuse("csv", f"{self.name}:1", "the header cannot be read; check its quotation marks")
        try:
            reader = pyarrow.csv.open_csv(
                text,
                read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self._separator, invalid_row_handler=wrong_length, ignore_empty_lines=False,
                    newlines_in_values=True,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=True, check_utf8=False,
                ),
            )  # fmt: skip
            if reader.schema.names != names:
                raise quotes
            yield from reader
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                raise quotes from None
            raise refuse("csv", self.name, f"is not a readable CSV file ({_first_line(error)})") from None

    def _rows(self, table: pa.Table, share: float) -> Rows:
        """The rows that are not blank, with the number that each has among all records."""
        skipped = self._skipped[bisect.bisect_left(self._skipped, self._next) :]  # of the rows that follow too
        every = np.arange(self._next, self._next + len(table) + len(skipped))
        records = every[~np.isin(every, skipped)][: len(table)] if skipped else every
        if len(records):
            self._next = int(records[-1]) + 1
        if all(column.null_count for column in table.columns):  # a line of commas only is no row
            filled = np.zeros(len(table), dtype=bool)
            for column in table.columns:
                filled |= np.asarray(pc.is_valid(column))
            table, records = table.filter(pa.array(filled)), records[filled]
        return Rows(table, records, share)
