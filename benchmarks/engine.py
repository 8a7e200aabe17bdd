"""The collapse through DuckDB over a Parquet folder larger than memory: peak memory, and CPU against a plain scan.

    python -m benchmarks.engine FOLDER [ROWS]    (100,000,000; Parquet files that are in the folder already are used)

A plain scan reads each column that the SELECT reads, once, and takes its greatest value. Each query runs in a process
of its own, whose highest memory is what the system says; the folder is left for the caller to delete.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

import policy
from benchmarks.cases import KEPT
from benchmarks.machine import peak
from policy.sql import columns_read
from simulations import population
from simulations.warehouse.engines import DuckDB, collapse
from simulations.warehouse.group_by import collapse_sql

PART = 1_000_000
ROUNDS = 3  # in turn; the run with the median CPU counts
LEVERS = ("conservative_weeks", "relief_pct", "pain_duration_months", "diagnostic_blocks_required")


def write(folder: Path, rows: int) -> None:
    """The synthetic cases as a warehouse has them: dates as TIMESTAMP, not as text."""
    folder.mkdir(parents=True, exist_ok=True)
    page = population.load("seed_low_prevalence")
    for start in range(0, rows, PART):
        table = pa.Table.from_pandas(
            population.generate(page, min(PART, rows - start), 1, start), preserve_index=False
        ).replace_schema_metadata(None)
        for name in ("request_date", "onset_date"):
            days = pc.strptime(table[name].cast(pa.string()), "%Y-%m-%d", "s").cast(pa.timestamp("us"))
            table = table.set_column(table.column_names.index(name), name, days)
        pyarrow.parquet.write_table(table, folder / f"{start // PART:04}.parquet")


def measured(folder: Path, what: str) -> dict[str, float]:
    """One query in this process: its CPU seconds, wall seconds, rows, cases, and the process's peak memory in MB."""
    document = policy.load("nerve_blocks")
    settings, engine = document.settings(), DuckDB(folder, document)
    engine.connection.execute("SET threads = 2")
    columns = [name for name in columns_read(document) if name != "case_id"]
    scan = f"SELECT {', '.join(f'MAX({name})' for name in columns)}, COUNT(*) FROM cases"
    began, cpu = time.perf_counter(), time.process_time()
    if what == "scan":
        rows, cases = 1, engine.connection.sql(scan).fetchall()[0][-1]
    elif what == "collapse":
        found = collapse(engine, settings, LEVERS)
        rows, cases = found.rows, found.counts.cases
        found.at(settings)
    else:
        text = collapse_sql(settings, LEVERS, (), engine.types).text
        rows, cases = engine.connection.sql(f"SELECT COUNT(*), SUM(weight) FROM ({text})").fetchall()[0]
    return {
        "cpu": time.process_time() - cpu, "wall": time.perf_counter() - began, "rows": rows, "cases": int(cases),
        "peak_mb": peak(),
    }  # fmt: skip


def main(folder: Path, rows: int = 100_000_000) -> None:
    """Write what is not there, measure, print, keep for the page."""
    if not list(folder.glob("*.parquet")):
        write(folder, rows)
    rounds: dict[str, list[dict[str, Any]]] = {what: [] for what in ("scan", "query", "collapse")}
    for what in [*rounds] * ROUNDS:
        call = [sys.executable, "-m", "benchmarks.engine", str(folder), "--only", what]
        rounds[what].append(json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
        print(what, ", ".join(f"{key} {value:,.1f}" for key, value in rounds[what][-1].items()), flush=True)
    found = {what: sorted(several, key=lambda one: float(one["cpu"]))[ROUNDS // 2] for what, several in rounds.items()}
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"engine_{found['scan']['cases']}.json").write_text(json.dumps(found), "utf-8")
    print(f"the GROUP BY takes {found['query']['cpu'] / found['scan']['cpu']:.1f} plain scans of CPU")


if __name__ == "__main__":
    if "--only" in sys.argv:
        print(json.dumps(measured(Path(sys.argv[1]), sys.argv[-1])))
    else:
        main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
