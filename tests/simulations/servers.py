"""Other engines for the agreement checks: a PostgreSQL of its own in a temporary folder, a local Spark."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import policy
from policy.sql import determinations_sql, printed
from simulations.warehouse.group_by import collapse_sql

OWNER = "postgres"  # PostgreSQL refuses to run as root
TYPES = {"whole": "double precision", "percent": "double precision", "date": "timestamp", "boolean": "boolean"}


def _binary(name: str) -> str:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))]
    return next((path for path in found if path), "")


@dataclass
class PostgreSQL:
    """A server that listens on a socket in `folder` only."""

    folder: Path

    def run(self, text: str, rows: str | None = None) -> str:
        """What psql prints for a text; `rows`: what a COPY FROM STDIN in it reads."""
        command = [
            _binary("psql"), "-X", "-q", "-h", str(self.folder), "-U", "check", "-d", "postgres",
            "-v", "ON_ERROR_STOP=1", "-f", "-",
        ]  # fmt: skip
        whole = text + ";\n" + (rows + "\\.\n" if rows is not None else "")
        done = subprocess.run(command, input=whole, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        return done.stdout

    def fill(self, frame: pd.DataFrame, document: policy.Policy) -> None:
        """Make the table `cases`."""
        kinds = {name: kind.type for name, kind in document.fields_.items()}
        columns = [f"{name} {TYPES.get(kinds.get(str(name), ''), 'text')}" for name in frame]
        self.run(f"CREATE TABLE cases ({', '.join(columns)})")
        self.run("COPY cases FROM STDIN WITH (FORMAT csv)", frame.to_csv(index=False, header=False))

    def frame(self, text: str) -> pd.DataFrame:
        """The rows of one SELECT as text."""
        said = self.run(f"COPY ({text}) TO STDOUT WITH (FORMAT csv, HEADER)")
        return pd.read_csv(io.StringIO(said), dtype=str, keep_default_na=False)

    def determinations(self, settings: policy.Settings) -> pd.DataFrame:
        """The columns of `Determinations.frame()`."""
        return self.frame(printed(determinations_sql(settings), "postgres"))

    def collapse_of(self, settings: policy.Settings, moving: Sequence[str]) -> pd.DataFrame:
        """The rows of a collapse."""
        found = self.frame(printed(collapse_sql(settings, moving).text, "postgres"))
        return found.apply(lambda c: c if c.name in ("pathway", "dx", "cpt") else c.astype("int64"))


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that PostgreSQL's own user can enter; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp" if os.path.isdir("/tmp") else None) as name:
        yield Path(name)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[PostgreSQL]:
    """A server of its own, stopped in the end; skips when there is none to start."""
    if not all(map(_binary, ("initdb", "pg_ctl", "psql"))):
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    prefix: list[str] = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        prefix = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
        shutil.chown(folder, OWNER, OWNER)
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=120)

    call(_binary("initdb"), "-D", str(data), "-U", "check", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    call(_binary("pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "-s", "start")
    try:
        yield PostgreSQL(folder)
    finally:
        call(_binary("pg_ctl"), "-D", str(data), "-m", "immediate", "-s", "stop")


@contextlib.contextmanager
def spark() -> Iterator[Any]:
    """A local Spark session of two threads; skips without pyspark or Java."""
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java on this machine, which Spark needs")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed (extra: spark)")
    quiet = {
        "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.driver.extraJavaOptions": "-XX:-DontCompileHugeMethods",  # what Spark makes of a long SELECT is huge
    }  # fmt: skip
    builder = sql.SparkSession.builder.master("local[2]").appName("agreement")
    for name, value in quiet.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
