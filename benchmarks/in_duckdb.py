"""DuckDB: SQL as one would write it by hand, with BOOLEAN columns and NULL for what is missing."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.walk import Walk
from policy.model import OUTCOMES, Settings


class Sql:
    """Truths, conditions and codes as text; AND, OR and NOT follow Kleene's logic in SQL."""

    def __init__(self, columns: Columns):
        self.columns = columns
        self.criteria: dict[str, str] = {}

    def reached(self, name: str, least: int) -> str:
        return f"{name} >= {least}"

    def among(self, name: str, codes: Sequence[int]) -> str:
        if self.columns.flag(name):
            return name if codes[0] else f"NOT {name}"
        return f"{name} = {codes[0]}" if len(codes) == 1 else f"{name} IN ({', '.join(map(str, codes))})"

    def stated(self, name: str, codes: Sequence[int]) -> str:
        said = self.filed(name) if self.columns.flag(name) and len(codes) == 2 else self.among(name, codes)
        return f"CASE WHEN {said} THEN TRUE END"

    def filed(self, name: str) -> str:
        return f"{name} IS NOT NULL"

    def coded(self, name: str, codes: Sequence[int]) -> str:
        return self.among(name, codes)  # CASE takes NULL for false

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> str:
        return f"{' + '.join(f'COALESCE({n}, {m})' for n, m in zip(names, missing, strict=True))} >= {least}"

    def all_of(self, parts: Sequence[str]) -> str:
        return f"({' AND '.join(parts)})"

    def any_of(self, parts: Sequence[str]) -> str:
        return f"({' OR '.join(parts)})"

    def negated(self, part: str) -> str:
        return f"NOT ({part})"

    def between(self, low: str, high: str) -> str:
        return f"CASE WHEN {low} THEN TRUE WHEN NOT ({high}) THEN FALSE END"

    def true(self, part: str) -> str:
        return part

    def false(self, part: str) -> str:
        return f"NOT ({part})"

    def possible(self, part: str) -> str:
        return f"COALESCE({part}, TRUE)"

    def tally(self, parts: Sequence[str], least: int) -> str:
        return f"{' + '.join(f'CASE WHEN {part} THEN 1 ELSE 0 END' for part in parts)} >= {least}"

    def equal(self, codes: Sequence[Any]) -> str:
        return " AND ".join(f"({codes[0]}) = ({code})" for code in codes[1:])

    def chosen(self, pairs: Sequence[tuple[str, Any]], otherwise: Any) -> str:
        return f"CASE {' '.join(f'WHEN {when} THEN {code}' for when, code in pairs)} ELSE {otherwise} END"

    def named(self, name: str, part: str) -> str:
        return part  # read by a few rows each: faster in its place than computed for all rows first


class DuckDB:
    """One table in memory; `counts` is one GROUP BY."""

    name = "DuckDB, SQL by hand"

    def __init__(self, columns: Columns):
        self.columns = columns
        held = {name: pa.array(values, mask=values < 0) for name, values in columns.facts.items()}
        held = {name: array.cast(pa.bool_()) if columns.flag(name) else array for name, array in held.items()}
        given = pa.table(held | {k: pa.array(v) for k, v in (columns.codes | {"label": columns.labels}).items()})
        self.connection = duckdb.connect()
        self.connection.register("given", given)
        self.connection.execute("SET threads = 1")  # while the table is made, so that its rows stay in order
        self.connection.execute("CREATE TABLE cases AS SELECT * FROM given")
        self.connection.execute("RESET threads")
        self.connection.unregister("given")

    def outcome(self, settings: Settings) -> str:
        """The outcome code as an expression."""
        return f"CAST({Walk(settings, Sql(self.columns)).outcome()} AS TINYINT)"

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row, in the engine's own order."""
        query = f"SELECT {self.outcome(settings)} AS outcome FROM cases"
        return np.asarray(self.connection.execute(query).fetchnumpy()["outcome"])

    def in_order(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        found = self.connection.execute(f"SELECT rowid, {self.outcome(settings)} AS outcome FROM cases").fetchnumpy()
        return np.asarray(found["outcome"])[np.argsort(found["rowid"])]

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        query = f"SELECT label, {self.outcome(settings)} AS outcome, COUNT(*) AS n FROM cases GROUP BY ALL"
        found = self.connection.execute(query).fetchnumpy()
        numbers = np.zeros((self.columns.groups, len(OUTCOMES)), dtype=np.int64)
        numbers[found["label"], found["outcome"]] = found["n"]
        return numbers
