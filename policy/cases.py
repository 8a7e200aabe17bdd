"""The door: a case table in, integer facts out. Nothing is clipped, guessed or silently dropped.

Every fact is an integer on a grid (days, counts, hundredths of a per cent, half months, position in a list of choices)
and -1 where nothing is documented. No fact is a float, so 80 means 80 and a missing value can never compare as false.
"""

import csv
import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from policy.model import CaseField, Policy
from policy.problems import SHOWN, Problem, ProblemsFound, listed, nearest, refuse, shown, visible

Ints = NDArray[np.signedinteger[Any]]

TRUE, FALSE = {"true", "yes", "y", "1", "t"}, {"false", "no", "n", "0", "f"}
MAX_BYTES = 4 << 30  # a CSV table takes about five times its size in memory
_EPOCH = datetime.date(1900, 1, 1)
_FLOATS = (float, np.floating)
_BLOCK = 1 << 20  # bytes of a CSV file at a time; a header or a row must fit
_IDENTIFIER = re.compile(
    r"(^|_)(\w*name|dob|\w*birth\w*|ssn|mrn|\w*phone|fax|e_?mail|\w*address|street|zip\w*|(member|subscriber|patient)_?id"
    r"|social_security\w*|medical_record\w*|notes?)(_|$)"
)
_PERSON = r"(^|[^\d-])(\d{3}-\d{2}-\d{4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})($|[^\d-])|\S@\S"  # for RE2 too
_WORDS = ("text", "diagnosis", "procedure")  # kinds of column that are kept as text
_REJECTED = ["row", "column", "value", "problem"]
_NO_PERSON = "looks like a social security number, phone number or e-mail address"
_UNFIT = "has control characters or more than 80 characters"
_ICD = re.compile(r"([A-Z]\d[0-9A-Z])\.?([0-9A-Z]{1,4})?", re.ASCII)


@dataclass
class Cases:
    """`n` encoded request lines.

    `ids`: text (n,); `dx`, `cpt`: codes in their standard form, Categorical (n,).
    `facts`: name -> integer array (n,), -1 = not documented. `groups`: text columns for subgroups, name -> Categorical.
    `remarks`: what the reader of a result must know; `rejected`: rows left out (line, column, value, problem), and
    `left_out`: id -> line of theirs. `synthetic`: a column of simulated truth says that nobody stands behind the rows.
    """

    policy: Policy
    ids: NDArray[np.object_]
    dx: pd.Categorical
    cpt: pd.Categorical
    facts: dict[str, Ints]
    groups: dict[str, pd.Categorical]
    remarks: list[str] = field(default_factory=list)
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_REJECTED))
    left_out: dict[str, int] = field(default_factory=dict)
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"{len(self):,} cases for {self.policy.name}, {self.rejected['row'].nunique():,} rows rejected"

    def take(self, rows: NDArray[np.intp]) -> "Cases":
        """The cases at these positions."""
        facts = {name: values[rows] for name, values in self.facts.items()}
        groups = {name: values[rows] for name, values in self.groups.items()}
        return Cases(
            self.policy, self.ids[rows], self.dx[rows], self.cpt[rows], facts, groups, self.remarks, self.rejected
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, policy: Policy, name: str = "cases", **options: Any) -> "Cases":
        """Cases from a pandas frame of text, integers, booleans or dates; `options` as for `read_cases`."""
        arrays = []
        for position in range(frame.shape[1]):
            series = frame.iloc[:, position]
            if series.dtype == object or series.dtype.kind == "c":
                series = series.map(_written).astype("str")
            arrays.append(pa.array(series, from_pandas=True))
        table = pa.Table.from_arrays(arrays, names=[str(column) for column in frame.columns])
        return _admit(table, policy, name, np.arange(len(frame)) + 1, [], **options)


def _written(value: object) -> str | None:
    absent = value is None or value is pd.NA or value is pd.NaT or (isinstance(value, _FLOATS) and value != value)
    return None if absent else str(value)


def read_cases(path: Path, policy: Policy, **options: Any) -> Cases:
    """Cases from a CSV or Parquet file.

    `rename`: {column in the file: column of the contract}; `ignore`: columns to leave out; `keep_good`: bad rows
    go to `rejected` instead of raising. Raises ProblemsFound with file, row, column, value, what is allowed.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # a pipe could be read only once
            raise refuse("read", path.name or str(path), "cannot be read (no ordinary file)")
        if (size := path.stat().st_size) > MAX_BYTES:
            message = f"is {size:,} bytes; at most {MAX_BYTES:,} are read at once: split it, or use workbook sql"
            raise refuse("size", path.name, message)
        with path.open("rb") as stream:
            head = stream.readline(_BLOCK)
    except OSError as error:
        raise refuse("read", path.name, f"cannot be read ({error.strerror})") from None
    if path.suffix.lower() == ".parquet":
        try:
            table = pyarrow.parquet.read_table(path)
            table.validate(full=True)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise refuse("parquet", path.name, f"is not a readable Parquet file ({_first_line(error)})") from None
        return _admit(table, policy, path.name, np.arange(len(table)) + 1, [], **options)
    table, lines, problems = _read_csv(path, head)
    return _admit(table, policy, path.name, lines, problems, **options)


def _first_line(error: Exception) -> str:
    return re.sub(r"/\S*/", "", str(error).splitlines()[0])[:120]


def _header(head: bytes, name: str) -> list[str]:
    """The names in the first line of a CSV file."""
    line, *rest = re.split(r"[\r\n]", head.decode("utf-8-sig", "replace"), maxsplit=1)
    try:
        names = next(csv.reader([line]), [])
    except csv.Error as error:
        raise refuse("csv", f"{name}:1", f"the header cannot be read ({error})") from None
    if not line.strip():
        raise refuse("empty", f"{name}:1", "the first line is empty; a header with case_id, dx and cpt is needed")
    if not rest:
        raise refuse("no-rows", f"{name}:1", "has a header but no rows")
    if len(names) == 1:
        other = next((f" (it has '{c}')" for c in ";|" if c in line), " (it has tabs)" if "\t" in line else "")
        message = f"the header has no comma{other}; write a comma-separated file. The line is {_quoted(line)}"
        raise refuse("separator", f"{name}:1", message)
    return names


def _quoted(text: str) -> str:
    return "(not shown)" if re.search(_PERSON, text) else shown(text)


def _read_csv(path: Path, head: bytes) -> tuple[pa.Table, Ints, list[Problem]]:
    """Every column as text; rows of the wrong length become problems with their line."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                message = "is not UTF-8 text; save it as CSV UTF-8"
                raise refuse("encoding", f"{path.name}:{number}", message) from None
    names = _header(head, path.name)
    skipped: list[int] = []
    problems: list[Problem] = []

    def wrong_length(row: Any) -> str:
        skipped.append(row.number)
        if row.text.strip(", \r\n"):
            message = f"the row has {row.actual_columns} fields, the header {row.expected_columns}"
            problems.append(Problem("row-length", f"{path.name}:{row.number}", message, row=row.number))
        return "skip"

    quotes = refuse("csv", f"{path.name}:1", "the header cannot be read; check its quotation marks")
    try:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                invalid_row_handler=wrong_length, ignore_empty_lines=False, newlines_in_values=True
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise quotes from None
        raise refuse("csv", path.name, f"is not a readable CSV file ({_first_line(error)})") from None
    if table.column_names != names:
        raise quotes
    lines = np.delete(np.arange(2, len(table) + len(skipped) + 2), np.asarray(skipped, dtype=int) - 2)
    filled = np.zeros(len(table), dtype=bool)  # a line of nothing, or of commas only, is no row
    for column in table.columns:
        filled |= np.asarray(pc.is_valid(column))
    return table.filter(pa.array(filled)), lines[filled], problems


def _columns(
    table: pa.Table, policy: Policy, name: str, rename: Mapping[str, str], ignore: Sequence[str]
) -> dict[str, str]:
    """Column of the contract -> column of the table; raises for unknown, doubled, blank and identifying columns."""
    place, problems, found = f"{name}:1", [], {}
    known = [f for f, x in policy.fields_.items() if x.type != "months"]
    types = dict(zip(table.column_names, table.schema.types, strict=True))
    for missing in [c for c in (*rename, *ignore) if c not in table.column_names]:
        problems.append(
            Problem("column", place, f"no column is called {shown(missing)}{nearest(missing, table.column_names)}")
        )
    for both in [c for c in rename if c in ignore]:
        problems.append(Problem("column", place, f"column {shown(both)} is mapped and also ignored; say one"))
    names = {rename.get(c, c.strip().lower()) for c in table.column_names}
    if names and not problems and not names & {*known}:
        message = "names no column of a case table; a header with case_id, dx and cpt is needed. The line is "
        raise refuse("header", place, message + _quoted(",".join(table.column_names)))
    for original in table.column_names:
        column = rename.get(original, original.strip().lower())
        if original in ignore:
            continue
        if not column:
            problems.append(Problem("column", place, "a column has no name in the header"))
        elif _identifying(original, known) or _identifying(column, known):
            message = f"column {shown(original)} looks like an identifier of a person; remove it from the file"
            problems.append(Problem("identifier", place, message, column=original))
        elif column not in known and not re.fullmatch(r"group_[a-z0-9_]{1,40}", column):
            message = f"unknown column {shown(original)}: map it, or ignore it explicitly{nearest(column, known)}"
            problems.append(Problem("column", place, message, column=original))
        elif not _plain(types[original]):
            message = f"column {shown(original)} holds {types[original]}; each cell needs one plain value"
            problems.append(Problem("type", place, message, column=original))
        elif column in found:
            problems.append(Problem("column", place, f"column {shown(column)} stands twice", column=original))
        else:
            found[column] = original
    for column in known:
        if policy.fields_[column].required and column not in found:
            problems.append(Problem("column", place, f"the required column '{column}' is missing", column=column))
    if problems:
        raise ProblemsFound(problems)
    return found


def _plain(kind: pa.DataType) -> bool:
    """Whether a cell is one number, text, truth or date, and not a list, a record or bytes."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType) or "binary" in str(kind))


def _identifying(header: str, known: Sequence[str]) -> bool:
    name = header.strip().lower()
    return name not in known and bool(_IDENTIFIER.search(re.sub(r"[^a-z0-9]+", "_", name)))


def _admit(
    table: pa.Table, policy: Policy, name: str, lines: Ints, problems: list[Problem], *,
    rename: Mapping[str, str] | None = None, ignore: Sequence[str] = (), keep_good: bool = False,
) -> Cases:  # fmt: skip
    columns = _columns(table, policy, name, rename or {}, ignore)
    if len(table) == 0 and not problems:
        raise refuse("no-rows", f"{name}:2", "has a header but no rows")
    n = len(table)
    faults: list[tuple[NDArray[np.intp], str, Sequence[str], Sequence[str]]] = []  # rows, column, values, messages
    renamed = [f"{shown(original)} as {column}" for column, original in columns.items() if column != original]
    remarks = [f"columns read under another name: {', '.join(renamed)}"] if renamed else []
    remarks += [f"columns left out as asked: {', '.join(map(shown, ignore))}"] if ignore else []

    def fault(rows: NDArray[np.intp], column: str, values: Sequence[str], messages: Sequence[str]) -> None:
        if len(rows):
            values = ["(not shown)" if re.search(_PERSON, value) else visible(value) for value in values]
            faults.append((rows, column, values, messages))

    facts: dict[str, Ints] = {}
    groups: dict[str, pd.Categorical] = {}
    codes: dict[str, pd.Categorical] = {}
    ids = np.full(n, None, dtype=object)
    for column, original in columns.items():
        kind = policy.fields_.get(column)
        if kind is not None and kind.ignored:
            remarks.append(f"column {column} is simulated truth: ignored")
            continue
        if column == "case_id":
            ids, rows, messages = _identities(table[original])
            fault(rows, column, ids[rows].tolist(), messages)
            continue
        index, words = _dictionary(table[original])
        read, wrong = _parsed(words, _parser(kind))
        if wrong:
            rows = np.flatnonzero(np.isin(index, list(wrong)))
            fault(rows, column, [words[i] for i in index[rows]], [wrong[i] for i in index[rows]])
        if kind is not None and kind.type not in _WORDS:
            facts[column] = np.array([*read, -1]).astype(kind.dtype)[index]
            continue
        labels = pd.Index(sorted({word for word in read if word not in (-1, "")}), dtype=object)
        found = np.append(labels.get_indexer(pd.Index(read, dtype=object)), -1).astype(np.int32)
        categorical = pd.Categorical.from_codes(found[index], categories=labels)
        if kind is None or not kind.required:
            groups[column] = categorical
            continue
        codes[column] = categorical
        missing = np.flatnonzero(index < 0)
        fault(missing, column, [""] * len(missing), ["is blank, and a code is required"] * len(missing))
        if changes := [i for i, word in enumerate(words) if i not in wrong and read[i] != word]:
            sample = ", ".join(f"{words[i]} as {read[i]}" for i in changes[:3])
            rewritten = int(np.isin(index, changes).sum())
            remarks.append(f"column {column}: {rewritten:,} codes were read in their standard form ({sample})")
    absent = {c: k for c, k in policy.fields_.items() if c not in columns and k.type != "months" and not k.ignored}
    facts |= {c: np.full(n, -1, dtype=k.dtype) for c, k in absent.items() if k.type not in _WORDS}
    if absent:
        remarks.append(f"columns not in the file, not documented for every row: {', '.join(absent)}")
    _relations(policy, facts, fault, remarks)
    for column, kind in policy.fields_.items():
        if kind.absent is not None:
            np.copyto(facts[column], kind.code(kind.absent), where=facts[column] < 0)
    rejected = _rejected(faults, lines, problems)
    if len(rejected) and not keep_good:
        raise ProblemsFound(_row_problems(name, rejected))
    made = any(column.startswith("truth_") for column in columns)
    cases = Cases(policy, ids, codes["dx"], codes["cpt"], facts, groups, remarks, rejected, synthetic=made)
    if not faults:
        return cases
    keep = np.ones(n, dtype=bool)
    for rows, *_ in faults:
        keep[rows] = False
    left_out = dict(zip(ids[~keep].tolist(), lines[~keep].tolist(), strict=True))
    return replace(cases.take(np.flatnonzero(keep)), left_out=left_out, synthetic=made)


def _parsed(words: list[str], parse: Callable[[str], Any]) -> tuple[list[Any], dict[int, str]]:
    """What each word means, -1 where it is wrong, and what is wrong by position."""
    read, wrong = [], {}
    for position, word in enumerate(words):
        try:
            read.append(parse(word))
        except ValueError as error:
            read.append(-1)
            wrong[position] = str(error)
    return read, wrong


def _rejected(faults: list[Any], lines: Ints, problems: list[Problem]) -> pd.DataFrame:
    found: list[tuple[Any, ...]] = [(p.row, "", "", p.message) for p in problems]
    for rows, column, values, messages in faults:
        found += zip(lines[rows].tolist(), [column] * len(rows), values, messages, strict=True)
    found.sort(key=lambda fault: fault[:2])
    return pd.DataFrame(found, columns=_REJECTED)


def _row_problems(name: str, rejected: pd.DataFrame) -> list[Problem]:
    found = []
    first = rejected.head(SHOWN - (len(rejected) > SHOWN))
    for row, column, value, message in first.itertuples(index=False):
        what = f"column {column}: {shown(value)} {message}" if column else message
        found.append(Problem("row", f"{name}:{row}", what, row=int(row), column=column, value=value))
    if len(rejected) > len(first):
        rest = f"and {len(rejected) - len(first):,} more problems; {rejected['row'].nunique():,} rows have problems"
        found.append(Problem("row", name, rest))
    return found


def _dictionary(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Position of each row's value in the list of distinct values (-1 = nothing there), and those values as text."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        return np.full(len(column), -1, dtype=np.int32), []
    array = pa.chunked_array(column).combine_chunks().dictionary_encode()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    index = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    words = _texts(array.dictionary)
    empty = np.array([word == "" for word in words] + [True])
    if empty[:-1].any():
        index = np.where(empty[index], -1, index).astype(np.int32)
    return index, words


def _texts(values: pa.Array | pa.ChunkedArray) -> list[str]:
    if pa.types.is_floating(values.type):
        return [_text(value) for value in values.to_numpy()]  # numpy keeps 79.99 of 32 bits as 79.99
    return [_text(_value(scalar)) for scalar in values]


def _value(scalar: pa.Scalar) -> object:
    try:
        return scalar.as_py()
    except OverflowError:  # a date that Python does not know; its row will be refused
        return scalar.cast(pa.string()).as_py()


def _text(value: object) -> str:
    """A cell as text; NaN and NaT are nothing, 42.0 is 42, midnight is a date."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _FLOATS):
        return np.format_float_positional(value, trim="-")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    return str(value).strip()


def _identities(column: pa.ChunkedArray) -> tuple[NDArray[np.object_], NDArray[np.intp], list[str]]:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = pa.chunked_array([pa.array(_texts(column), pa.string())])
    text = pc.utf8_trim_whitespace(column.fill_null(""))
    ids = text.to_numpy(zero_copy_only=False).astype(object)
    blank = np.asarray(pc.equal(text, ""))
    unfit = np.asarray(pc.or_(pc.match_substring_regex(text, r"\pC"), pc.greater(pc.utf8_length(text), 80)))
    person = np.asarray(pc.match_substring_regex(text, _PERSON))
    twice = pd.Series(ids).duplicated(keep=False).to_numpy() & ~blank
    which = (
        ("is blank, and a unique id is required", blank), (_UNFIT, unfit), (_NO_PERSON, person),
        ("stands more than once", twice),
    )  # fmt: skip
    rows = np.flatnonzero(blank | unfit | person | twice)
    return ids, rows, [next(message for message, mask in which if mask[row]) for row in rows]


def _parser(kind: CaseField | None) -> Callable[[str], Any]:
    """A function from one cell's text (never empty) to its code; ValueError says what is allowed."""
    if kind is None or kind.type == "text":
        return _plain_text
    if kind.type == "choice":
        return lambda text: _choice(text, kind.choices)
    if kind.type in ("whole", "percent"):
        return lambda text: _number(text, kind)
    return {"diagnosis": _diagnosis, "procedure": _procedure, "date": _date, "boolean": _boolean}[kind.type]


def _plain_text(text: str) -> str:
    if len(text) > 80 or not text.isprintable():
        raise ValueError(_UNFIT)
    if re.search(_PERSON, text):
        raise ValueError(_NO_PERSON)
    return text


def _diagnosis(text: str) -> str:
    match = _ICD.fullmatch(text.upper())
    if not match:
        raise ValueError("is not one ICD-10-CM code such as M54.2")
    return match[1] + (f".{match[2]}" if match[2] else "")


def _procedure(text: str) -> str:
    match = re.fullmatch(r"(\d{5})(\.0+)?", text, re.ASCII)  # 64405.0: some program took the code for a number
    if not match:
        raise ValueError("is not one CPT code of five digits")
    return match[1]


def _date(text: str) -> int:
    day = re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", text)
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII):
            raise ValueError
        days = (datetime.date.fromisoformat(day) - _EPOCH).days
    except ValueError:
        raise ValueError("is not a date; write it as YYYY-MM-DD") from None
    if not 0 <= days <= 73049:
        raise ValueError("is outside 1900-01-01 to 2100-01-01")
    return days


def _boolean(text: str) -> int:
    word = re.sub(r"^([01])\.0+$", r"\1", text.lower())
    if word not in TRUE | FALSE:
        raise ValueError("is neither true/yes/y/1/t nor false/no/n/0/f; empty means not documented")
    return int(word in TRUE)


def _choice(text: str, choices: Sequence[str]) -> int:
    word = text.lower()
    if word not in choices:
        raise ValueError(f"is not one of {listed(choices)}{nearest(word, choices)}")
    return choices.index(word)


def _number(text: str, kind: CaseField) -> int:
    unit = " %" if kind.type == "percent" else f" {(kind.unit or '').replace('_', ' ')}"
    allowed = f"allowed {kind.min} to {kind.max}{unit}"
    if not re.fullmatch(r"-?(0|[1-9]\d{0,8})(\.\d{1,18})?", text, re.ASCII):
        raise ValueError(f"is not a plain number; {allowed}")
    value = Decimal(text)
    if not kind.min <= value <= kind.max:
        raise ValueError(f"is outside the range; {allowed}")
    if kind.type == "percent":
        if 0 < value < 1:
            raise ValueError(f"looks like a fraction; write per cent, {allowed}")
        return int((value * 100).to_integral_value(ROUND_FLOOR))  # never rounded up: 79.999 stays below 80
    if value != int(value):
        raise ValueError(f"is not a whole number; {allowed}")
    return int(value)


def _relations(policy: Policy, facts: dict[str, Ints], fault: Callable[..., None], remarks: list[str]) -> None:
    """What columns say together: onset before request, a number and what implies it; pain duration by months."""
    for name, kind in policy.fields_.items():
        if kind.type != "months":
            continue
        onset, request, days = (facts[c].astype(np.int64) for c in (kind.onset, kind.request, kind.days) if c)
        late = np.flatnonzero((onset > request) & (request >= 0))
        fault(late, str(kind.onset), [day_of(v) for v in onset[late]], ["is after the date of the request"] * len(late))
        dated = (onset >= 0) & (request >= onset)
        facts[name] = np.where(dated, half_months(onset, request), half_months_of_days(days)).astype(np.int16)
        far = int((dated & (days >= 0) & (abs(request - onset - days) > 31)).sum())
        if far:
            remarks.append(f"{far:,} rows: dates and {kind.days} differ by more than 31 days; the dates count")
    for name in [name for name, kind in policy.fields_.items() if kind.type == "percent"]:
        told = facts[name][facts[name] >= 0] / 100
        if len(told) and told.max() == 1:
            span = f"min {told.min():g}, median {np.median(told):g}, max 1"
            remarks.append(f"column {name}: no value is above 1 ({span}): is it 0-1 or 0-100? Read as per cent, 0-100")
    for name, kind in [(name, kind) for name, kind in policy.fields_.items() if kind.implied_by]:
        number, least = facts[name], np.zeros(1, dtype=np.int64)
        for column, n in kind.implied_by.items():
            on_file = facts[column]
            rows = np.flatnonzero((on_file >= 0) & (number >= 0) & (number < n))
            messages = [f"contradicts {name} = {number[row]}" for row in rows]
            fault(rows, column, [_as_written(policy.fields_[column], int(on_file[row])) for row in rows], messages)
            least = np.maximum(least, n * (on_file >= 0))
        known = np.where(least == kind.span[1], least, -1 - least)  # as much as there can be is the number itself
        facts[name] = np.where(number < 0, known, number).astype(kind.dtype)


def _as_written(kind: CaseField, value: int) -> str:
    """A fact as a case table would hold it."""
    if kind.type in ("boolean", "choice"):
        return ("false", "true")[value] if kind.type == "boolean" else kind.choices[value]
    if kind.type == "date":
        return day_of(value)
    return str(Decimal(value) / 100) if kind.type == "percent" else str(value)


def day_of(days: int) -> str:
    """ISO date of a day counted from 1900-01-01."""
    return (_EPOCH + datetime.timedelta(int(days))).isoformat()


def half_months_of_days(days: Ints) -> Ints:
    """Days to half months: n months are floor(30.4375 n) days (91 days are exactly 3 months, 92 are more); -1 stays."""
    months = (days * 16 + 15) // 487  # the greatest n with floor(487 n / 16) <= days
    months = np.where(months * 487 // 16 > days, months - 1, months)
    result: Ints = np.where(days < 0, -1, 2 * months + (days > months * 487 // 16))
    return result


def half_months(start: Ints, end: Ints) -> Ints:
    """Calendar months between two days (from 1900-01-01) in half steps; a month's end clamps (31 Jan + 1 = 28 Feb)."""
    first, last = (np.datetime64("1900-01-01", "D") + np.maximum(v, 0).astype("timedelta64[D]") for v in (start, end))
    from_month, to_month = first.astype("datetime64[M]"), last.astype("datetime64[M]")
    day, today = (first - from_month).astype(np.int64), (last - to_month).astype(np.int64)
    length = ((to_month + 1).astype("datetime64[D]") - to_month.astype("datetime64[D]")).astype(np.int64)
    clamped = np.minimum(day, length - 1)
    months = (to_month - from_month).astype(np.int64) - (today < clamped)
    result: Ints = 2 * months + (today != clamped)
    return result
