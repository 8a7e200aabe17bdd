"""The same policy on an engine: DuckDB over files larger than memory, Spark where there is a cluster.

The engine reads `cases` with the SELECTs of policy/sql and warehouse/group_by.py. What comes back is a stream of
determinations with reasons, or the few weighted rows of a collapse, whose every tweak runs in Python, exactly.
"""

import contextlib
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from policy.case_files.columns import columns_of
from policy.case_files.reader import Cases
from policy.model import Policy, Settings
from policy.problems import refuse, shown
from policy.sql import determinations_sql, printed
from policy.storage.scratch import scratch
from policy.trees.policies import CLOSING
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.warehouse.group_by import CODED, FAULTY, WEIGHT, collapse_sql, live_levers

# They make DuckDB 2.0 write named expressions out in full wherever they are used: the same rows, many times the work.
REPEATING = "in_clause,partial_aggregate_pushdown"
_RULES = "org.apache.spark.sql.catalyst.optimizer."
INLINING = f"{_RULES}CollapseProject,{_RULES}ConvertToLocalRelation"  # and these, Spark
KNOWN = dict.fromkeys(("TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT"), "integer")
KNOWN |= {"DATE": "date", "DOUBLE": "number", "BOOLEAN": "boolean"}
MOMENTS = dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp")  # in Spark: instants
BATCH = 100_000  # rows of determinations handed over at a time


class Engine(Protocol):
    """Something that holds a table `cases` with the columns of a case table and answers a SELECT."""

    policy: Policy
    types: dict[str, str]  # columns whose type is known, see policy/sql/case_table.py

    def batches(self, text: str) -> Iterator[pa.RecordBatch]:
        """The rows of one SELECT in the compiler's own dialect."""


class DuckDB:
    """DuckDB, in this process, over Parquet files that need not fit into memory.

    `source`: a Parquet file, a folder of them, or a pandas frame. Columns are checked as those of a case file are (the
    same refusals, ProblemsFound); a column that is missing is not documented for every row. `memory`: what DuckDB may
    hold before it spills into a temporary folder; `progress` shows a bar on a terminal. Ctrl-C stops a query.
    """

    def __init__(
        self, source: Path | str | pd.DataFrame, policy: Policy, memory: str = "500MB", progress: bool = False
    ) -> None:
        import duckdb

        self.policy = policy
        stack = contextlib.ExitStack()
        spill = stack.enter_context(scratch())
        weakref.finalize(self, stack.close)
        options: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(spill),
            "preserve_insertion_order": "false",
            "disabled_optimizers": REPEATING,
        }
        self.connection = duckdb.connect(config=options)
        self.connection.execute(f"SET enable_progress_bar = {str(progress).lower()}")
        if isinstance(source, pd.DataFrame):
            name, relation = "cases", self.connection.from_arrow(pa.Table.from_pandas(source, preserve_index=False))
        else:
            name, relation = Path(source).name, self._files(Path(source))
        self.types = _as_cases(self.connection, relation, policy, name)

    def _files(self, path: Path) -> Any:
        import duckdb

        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not files:
            raise refuse("read", path.name, "holds no .parquet file")
        try:
            return self.connection.read_parquet([str(file) for file in files], union_by_name=True)
        except duckdb.Error:
            raise refuse("parquet", path.name, "is not a readable Parquet file or folder") from None

    def batches(self, text: str) -> Iterator[pa.RecordBatch]:
        """The rows of one SELECT."""
        import duckdb

        try:
            yield from self.connection.sql(text).to_arrow_reader(BATCH)
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise refuse("engine", "DuckDB", f"could not read the cases: {shown(first)}") from None


def _as_cases(connection: Any, relation: Any, policy: Policy, name: str) -> dict[str, str]:
    """Make `cases` of a relation; the columns of it whose type is known."""
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    found = columns_of(pa.schema([(c, pa.string()) for c in types]), policy, name)
    relation.create_view("source")
    columns, known = [], dict[str, str]()
    for column, kind in policy.fields_.items():
        if not kind.told:
            continue
        original = found.get(column)
        quoted = "NULL" if original is None else '"' + original.replace('"', '""') + '"'
        if original is not None and types[original] == "FLOAT":  # 79.99 of four bytes is 79.99, as at the door
            quoted = f"CAST(CAST({quoted} AS VARCHAR) AS DOUBLE)"
        if kind.type == "boolean" and (original is None or types[original] == "BOOLEAN"):
            known[column] = "boolean"
            quoted = f"CAST({quoted} AS BOOLEAN)"
        elif original is not None and (
            told := (KNOWN | MOMENTS | {"VARCHAR": "text", "FLOAT": "number"}).get(types[original])
        ):
            known[column] = told
        columns.append(f"{quoted} AS {column}")
    extra = [f'"{original}" AS {column}' for column, original in found.items() if column not in policy.fields_]
    connection.execute(f"CREATE VIEW cases AS SELECT {', '.join([*columns, *extra])} FROM source")
    return known


class Spark:
    """A Spark session (local or of a cluster) over a Spark frame with the columns of a case table."""

    def __init__(self, frame: Any, policy: Policy) -> None:
        self.policy, self.session = policy, frame.sparkSession
        kinds = {name: KNOWN.get(kind.upper()) for name, kind in frame.dtypes}
        self.types = {name: kind for name, kind in kinds.items() if kind}
        frame.createOrReplaceTempView("cases")

    def batches(self, text: str) -> Iterator[pa.RecordBatch]:
        """The rows of one SELECT."""
        excluded, conf = "spark.sql.optimizer.excludedRules", self.session.conf
        before = conf.get(excluded, None)
        conf.set(excluded, ",".join(filter(None, (before, INLINING))))
        try:
            found = self.session.sql(printed(text, "spark")).toArrow()
        finally:
            conf.set(excluded, before) if before else conf.unset(excluded)
        yield from found.to_batches(BATCH)


@dataclass(frozen=True)
class Collapsed:
    """Cases that an engine put together, one row for all that no reachable setting tells apart.

    They stand for all cases while no lever outside `moving` leaves `base`; `rows`: how many there are.
    """

    base: Settings
    moving: frozenset[str]
    rows: int
    counts: Counts

    def __repr__(self) -> str:
        return f"{self.rows:,} rows for {self.counts.cases:,} cases, exact while {len(self.moving)} levers move"

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, int64 (groups, 6); raises ProblemsFound when a frozen lever moved."""
        moved = [name for name, value in settings.items() if value != self.base[name]]
        frozen = [name for name in moved if name not in (*self.moving, CLOSING)]
        if frozen:
            raise refuse("frozen", "levels", f"lever {', '.join(frozen)} was frozen when the cases were collapsed")
        return self.counts.at(settings)


def determinations(engine: Engine, settings: Settings) -> Iterator[pd.DataFrame]:
    """The columns of `Determinations.frame()` as text, up to 100,000 rows at a time, in the engine's own order."""
    for batch in engine.batches(determinations_sql(settings, engine.types)):
        yield batch.to_pandas()


def collapse(
    engine: Engine, settings: Settings, moving: Collection[str] | None = None, groups: Sequence[str] = (), *,
    keep_good: bool = False,
) -> Collapsed:  # fmt: skip
    """Collapse the table of an engine with one SELECT.

    `moving`: the levers that may move afterwards (None: all of them; fewer give fewer profiles), the others stay as in
    `settings`. `groups`: columns of the table to count by. Raises ProblemsFound for a lever or column that does not
    exist, and, unless `keep_good`, when the table has rows that the case reader would refuse.
    """
    live = live_levers(engine.policy, moving)
    query = collapse_sql(settings, live, groups, engine.types)
    frame = pa.Table.from_batches(list(engine.batches(query.text))).to_pandas()
    return counted(frame, settings, live, groups, keep_good=keep_good)


def counted(
    frame: pd.DataFrame, settings: Settings, moving: Collection[str] | None = None, groups: Sequence[str] = (), *,
    keep_good: bool = False,
) -> Collapsed:  # fmt: skip
    """Counts from the rows of a collapse that ran elsewhere (`workbook sql --what levels`), arguments as above.

    Raises ProblemsFound when the rows are not those of such a SELECT.
    """
    policy, live = settings.policy, live_levers(settings.policy, moving)
    frame = frame.rename(columns=str.lower)  # some warehouses shout
    missing = [name for name in ("pathway", "dx", "cpt", WEIGHT, *groups) if name not in {*frame, *CODED}]
    if missing:
        raise refuse("column", "levels", f"the column {', '.join(missing)} is missing: not the rows of a collapse")
    faulty = frame["pathway"] == FAULTY
    rejected = int(frame.loc[faulty, WEIGHT].sum())
    if rejected and not keep_good:
        message = f"{rejected:,} rows have values that are not allowed (`workbook determine` says which)"
        raise refuse("row", "cases", message)
    frame = frame[~faulty].reset_index(drop=True)
    weights = frame[WEIGHT].to_numpy(np.int64)
    batch = Batch(as_cases(frame, policy, groups), weights)
    return Collapsed(settings, live, len(frame), Counts.of([batch], Groups(policy, tuple(groups))))


def as_cases(frame: pd.DataFrame, policy: Policy, groups: Sequence[str]) -> Cases:
    """The rows of a collapse as encoded cases; a group that is text is among their groups."""
    held: dict[str, Any] = {}
    for name, kind in policy.fields_.items():
        if kind.type not in ("text", "diagnosis", "procedure") and not kind.ignored:
            values = frame[name] if name in frame else np.full(len(frame), -1)
            held[name] = np.asarray(values).astype(kind.dtype)
    texts = [name for name in groups if name in frame and name not in (*held, "dx", "cpt")]
    split: dict[str, Any] = {}
    for name in texts:
        words = frame[name].astype(object)
        split[name] = pd.Categorical(words.where(words != "", None))
    ids = np.array([f"profile {i}" for i in range(len(frame))], dtype=object)
    return Cases(policy, ids, pd.Categorical(frame["dx"]), pd.Categorical(frame["cpt"]), held, split)
