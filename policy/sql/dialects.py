"""The SELECT printed for a dialect, and what each dialect needs so that a cell reads alike in all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from policy.problems import listed, nearest, refuse, shown
from policy.sql.text import uncommented

if TYPE_CHECKING:
    from sqlglot import exp

DIALECTS = ("bigquery", "databricks", "duckdb", "postgres", "snowflake", "spark", "tsql")

# The type of a column as text. A text column must be told from others: 'nan' there is a word, in floats it is nothing.
_TYPE_OF = {
    "postgres": "CAST(PG_TYPEOF({0}) AS TEXT)",
    "snowflake": "SYSTEM$TYPEOF({0})",
    "bigquery": "CASE WHEN STARTS_WITH(FORMAT('%T', {0}), 'CAST(') THEN 'FLOAT64' ELSE FORMAT('%T', {0}) END",
    "tsql": "CAST(SQL_VARIANT_PROPERTY({0}, 'BaseType') AS VARCHAR(MAX))",
}
# A date or time as ISO text, whatever the server's date style and time zone; an instant as it reads in UTC.
_JSON = "TO_JSONB({0}) #>> '{{}}'"
_SPARK_UTC = (
    "GET_JSON_OBJECT(TO_JSON(NAMED_STRUCT('at', {0}),"
    " MAP('timeZone', 'UTC', 'timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS')), '$.at')"
)
_MOMENT = {
    "postgres": "CASE WHEN CAST(PG_TYPEOF({0}) AS TEXT) = 'timestamp with time zone'"
    f" THEN TO_JSONB(CAST({_JSON} AS TIMESTAMPTZ) AT TIME ZONE 'UTC') #>> '{{{{}}}}' ELSE {_JSON} END",
    "spark": f"CASE WHEN TYPEOF({{0}}) = 'timestamp' THEN {_SPARK_UTC} ELSE CAST({{0}} AS STRING) END",
    "snowflake": "CASE WHEN SYSTEM$TYPEOF({0}) LIKE 'TIMESTAMP%TZ%' THEN TO_VARCHAR(CONVERT_TIMEZONE('UTC',"
    " TRY_TO_TIMESTAMP_TZ(CAST({0} AS VARCHAR))), 'YYYY-MM-DD HH24:MI:SS.FF9') ELSE CAST({0} AS VARCHAR) END",
    "bigquery": "CAST({0} AS STRING)",
    "tsql": "CONVERT(VARCHAR(80), {0}, 126)",
}
# Spark writes 0 of a DECIMAL(38, 18) as 0E-18 and 12345678 of a DOUBLE as 1.2345678E7.
_SPARK_NUMBER = (
    "CASE WHEN TYPEOF({0}) LIKE 'decimal%' AND CAST({0} AS STRING) LIKE '0E-%' THEN '0'"
    " WHEN TYPEOF({0}) IN ('double', 'float') AND CAST({0} AS STRING) LIKE '%E_'"
    " THEN CAST(TRY_CAST(CAST({0} AS STRING) AS DECIMAL(38, 10)) AS STRING) ELSE CAST({0} AS STRING) END"
)
_AS_SPARK = {"databricks": "spark"}


def printed(text: str, dialect: str = "duckdb", notices: Sequence[str] = ()) -> str:
    """The SELECT laid out in a dialect, `notices` as a comment above it; ProblemsFound for an unknown dialect."""
    import sqlglot
    from sqlglot import exp

    if dialect not in DIALECTS:
        raise refuse(
            "dialect", "--dialect", f"{shown(dialect)} is unknown; {listed(DIALECTS)}{nearest(dialect, DIALECTS)}"
        )
    tree = sqlglot.parse_one(text, read="duckdb")
    if dialect == "postgres":  # it would write each name out in full, again and again, before it starts
        for step in tree.find_all(exp.CTE):
            step.set("materialized", True)
    if dialect != "duckdb":
        tree = tree.transform(_in(dialect), copy=False)
    laid_out = tree.sql(dialect=dialect, pretty=True, max_text_width=110, copy=False)
    said = uncommented("\n".join(notices))
    return f"/*\n{said}\n*/\n{laid_out}\n" if notices else f"{laid_out}\n"


def _in(dialect: str) -> Callable[[exp.Expr], exp.Expr]:
    """What becomes of a cell of the table in a dialect."""
    import sqlglot
    from sqlglot import exp

    known = _AS_SPARK.get(dialect, dialect)

    def said(pattern: str, column: exp.Expr) -> exp.Expr:
        return sqlglot.parse_one(pattern.format(column.sql()), read=dialect)

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Case) and (column := _instant(node)) is not None and known in _MOMENT:
            return said(_MOMENT[known], column)
        if isinstance(node, exp.Typeof) and known in _TYPE_OF:
            return said(_TYPE_OF[known], node.this)
        if known == "spark" and _as_text(node):
            return said(_SPARK_NUMBER, node.this)
        if (
            known == "spark" and isinstance(node, exp.Chr) and int(str(node.expressions[0])) > 255
        ):  # it takes it MOD 256
            code = chr(int(str(node.expressions[0]))).encode().hex().upper()
            return sqlglot.parse_one(f"DECODE(UNHEX('{code}'), 'UTF-8')", read="spark")
        if known == "tsql" and isinstance(node, exp.Translate) and str(node.args["to"]) == "''":
            return node.this  # type: ignore[no-any-return]  # its TRANSLATE deletes nothing
        return node

    return change


def _instant(node: exp.Case) -> exp.Expr | None:
    """The column of a CASE that reads an instant in UTC (cells.py)."""
    from sqlglot import exp

    first = node.args["ifs"][0].this
    if isinstance(first, exp.EQ) and isinstance(first.this, exp.Typeof):
        return first.this.this  # type: ignore[no-any-return]
    return None


def _as_text(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Cast) and node.is_type("text", "varchar") and isinstance(node.this, exp.Column)
