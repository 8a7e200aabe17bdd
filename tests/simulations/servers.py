"""Other engines for the agreement checks: a PostgreSQL of its own in a temporary folder, a local Spark."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

OWNER = "postgres"  # PostgreSQL refuses to run as root


def _binary(name: str) -> str:
    found = [shutil.which(name), *map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True))]
    return next((path for path in found if path), "")


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Any]:
    """A connection to a server that listens on a socket in `folder` only; skips when there is none to start."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    initdb, server = _binary("initdb"), _binary("pg_ctl")
    if not initdb or not server:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    prefix = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"] if as_root else []
    if as_root:
        shutil.chown(folder, OWNER, OWNER)
        for parent in folder.parents:
            if not os.access(parent, os.X_OK) or parent.stat().st_mode & 0o001 == 0:
                pytest.skip("PostgreSQL's user cannot reach the temporary folder")
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=120)

    call(initdb, "-D", str(data), "-U", "check", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    call(server, "-D", str(data), "-w", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "start", "-s")
    try:
        with psycopg.connect(host=str(folder), user="check", dbname="postgres", autocommit=True) as connection:
            yield connection
    finally:
        call(server, "-D", str(data), "-m", "immediate", "stop", "-s")


def fill(connection: Any, frame: pd.DataFrame, types: dict[str, str]) -> None:
    """Make the table `cases`."""
    connection.execute("DROP TABLE IF EXISTS cases")
    columns = [f"{column} {types.get(column, 'text')}" for column in frame]
    connection.execute(f"CREATE TABLE cases ({', '.join(columns)})")
    with connection.cursor().copy(f"COPY cases ({', '.join(frame)}) FROM STDIN") as copy:
        for row in frame.astype(object).itertuples(index=False):
            copy.write_row([None if value is None or value is pd.NA or value != value else value for value in row])


@contextlib.contextmanager
def spark() -> Iterator[Any]:
    """A local Spark session of two threads; skips without pyspark or Java."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed (extra: spark)")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java on this machine, which Spark needs")
    quiet = {
        "spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2", "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }  # fmt: skip
    builder = sql.SparkSession.builder.master("local[2]").appName("agreement")
    for name, value in quiet.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
