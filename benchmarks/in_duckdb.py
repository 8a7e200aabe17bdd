"""DuckDB: SQL as one would write it by hand, with BOOLEAN columns and NULL for what is missing; and compiled SQL."""

import contextlib
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.walk import DIAGNOSIS, PATHWAY, Walk, least_of, named
from policy.evaluation.reading import CODE
from policy.model import OUTCOMES, Settings
from policy.sql import OPEN, Compiler, Table
from policy.sql.text import chosen, grouped, literal, one_of
from policy.storage.scratch import scratch
from simulations.warehouse.engines import REPEATING


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
        self.criteria[name] = part
        return f"{name}_met"


class DuckDB:
    """One table in memory; `counts` is one GROUP BY."""

    name = "DuckDB, SQL by hand"
    place = "rowid"  # column with the number of the row

    def __init__(self, columns: Columns):
        self.columns = columns
        known = columns.codes | {"label": columns.labels}
        given = pa.table({name: pa.array(values) for name, values in known.items()} | self.held())
        self.connection = duckdb.connect()
        self.connection.register("given", given)
        self.connection.execute("SET threads = 1")  # while the table is made, so that its rows stay in order
        self.connection.execute("CREATE TABLE cases AS SELECT * FROM given")
        self.connection.execute("RESET threads")
        self.connection.unregister("given")

    def held(self) -> dict[str, pa.Array]:
        """The facts in the encoding that suits the SQL."""
        held = {name: pa.array(values, mask=values < 0) for name, values in self.columns.facts.items()}
        return {name: array.cast(pa.bool_()) if self.columns.flag(name) else array for name, array in held.items()}

    def outcomes(self, settings: Settings) -> str:
        """A query with the label and the outcome code of every row: criteria first, each once."""
        say = Sql(self.columns)
        outcome = Walk(settings, say).outcomes()
        criteria = "".join(f", {text} AS {name}_met" for name, text in say.criteria.items())
        inner = f"SELECT *, {self.place} AS place{criteria} FROM cases"
        return f"SELECT *, CAST({outcome} AS TINYINT) AS outcome FROM ({inner})"

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row, in the engine's own order."""
        return self.prepared(settings)()

    def prepared(self, settings: Settings) -> Callable[[], NDArray[np.int8]]:
        """The same, when the text of the query is there already."""
        query = f"SELECT outcome FROM ({self.outcomes(settings)})"
        return lambda: np.asarray(self.connection.execute(query).fetchnumpy()["outcome"])

    def in_order(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        found = self.connection.execute(f"SELECT place, outcome FROM ({self.outcomes(settings)})").fetchnumpy()
        return np.asarray(found["outcome"])[np.argsort(found["place"])]

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        query = f"SELECT label, outcome, COUNT(*) AS n FROM ({self.outcomes(settings)}) GROUP BY ALL"
        found = self.connection.execute(query).fetchnumpy()
        numbers = np.zeros((self.columns.groups, len(OUTCOMES)), dtype=np.int64)
        numbers[found["label"], found["outcome"]] = found["n"]
        return numbers


class OnParquet(DuckDB):
    """The same SQL, each time over a Parquet file of its own: no table is held."""

    name = "DuckDB, SQL by hand, on its own Parquet"
    place = "file_row_number"

    def __init__(self, columns: Columns):
        super().__init__(columns)
        stack = contextlib.ExitStack()
        weakref.finalize(self, stack.close)
        folder = stack.enter_context(scratch())
        file = folder / "cases.parquet"
        self.connection.execute(f"COPY cases TO '{file}' (FORMAT parquet)")
        self.connection.execute("DROP TABLE cases")
        self.connection.execute(f"CREATE VIEW cases AS FROM read_parquet('{file}', file_row_number = true)")


class Compiled(DuckDB):
    """The SQL that policy/sql makes of the policy, from the facts as whole numbers on, -1 for what is missing."""

    name = "DuckDB, SQL compiled from the policy"

    def __init__(self, columns: Columns):
        super().__init__(columns)
        self.connection.execute(f"SET disabled_optimizers = '{REPEATING}'")  # as in simulations/warehouse/engines.py

    def held(self) -> dict[str, pa.Array]:
        """The facts as the door of the compiled SQL has them."""
        facts = dict(self.columns.facts)
        for name in [name for name in facts if self.columns.policy.fields_[name].bounds]:
            facts[name] = np.where(facts[name] < 0, -1 - self.columns.codes[least_of(name)], facts[name])
        return {name: pa.array(values) for name, values in facts.items()}

    def outcomes(self, settings: Settings) -> str:
        """A query with the label and the outcome code of every row."""
        policy, table = settings.policy, Table(settings.policy)
        let = table.query.let
        table.known = {name: let(f"f_{name}", f"cases.{name}") for name in self.columns.facts}
        codes = [(f"cases.{DIAGNOSIS} = {i}", literal(c.replace(".", ""))) for i, c in enumerate(named(policy), 1)]
        let("dx", chosen(codes, "''"))
        which, compiler = let("which", f"cases.{PATHWAY}"), Compiler(settings, table)
        pending = [n.code.replace(".", "") for n in policy.code_notices if settings.holds({n.lever: n.pend_while})]
        readings = {i: compiler.rule(p.rule).outcome for i, p in enumerate(policy.pathways.values())}
        pairs: list[tuple[str | bool, object]] = [(f"{which} = -1", int(CODE["out_of_scope"]))]
        pairs += [(one_of("dx", pending), int(CODE["pend"])), *grouped(which, readings)]
        outcome = let("outcome", chosen(pairs, int(CODE["out_of_scope"])), "pathways")
        closed = chosen([(f"{outcome} = {OPEN}", int(CODE[str(settings["undocumented_action"])]))], outcome)
        place = let("place", "cases.rowid")
        return table.query.select(["label", place, f"CAST({closed} AS TINYINT) AS outcome"], ["label"])
