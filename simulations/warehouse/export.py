"""The SELECT that an analyst takes to a warehouse, with all that must be known to run it said above it."""

import re
from collections.abc import Collection, Sequence

from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, nearest, shown
from policy.sql import REJECTED, columns_read, determinations_sql, printed
from simulations.warehouse.engines import REPEATING
from simulations.warehouse.group_by import collapse_sql, live_levers

CODES = (
    "How to read it: a fact is a whole number (per cent in hundredths, months in halves), -1 is not documented,",
    f"{REJECTED} not allowed; a truth is 0 not met, 1 not documented, 2 met, 3 not read; a set of columns to ask for",
    "is bits.",
)


def select_for(
    settings: Settings, what: str, dialect: str, without: Collection[str] = (), move: Collection[str] = (),
    notices: Sequence[str] = (),
) -> str:  # fmt: skip
    """`determinations`, or `levels` of the levers `move` (none: all), with a comment above.

    Raises ProblemsFound for unknown dialects and levers, and for columns that cannot be missing.
    """
    policy = settings.policy
    check(policy, without)
    if what == "levels":
        moving = live_levers(policy, move or None)
        text = collapse_sql(settings, moving, without=without).text
        text = _held(text) if dialect == "duckdb" else text
        notices = [*notices, f"Levers that may move: {'all' if not move else ', '.join(sorted(moving))}."]
    else:
        text = determinations_sql(settings, without=without)
    read = [name for name in columns_read(policy) if name not in without]
    simulated = ", ".join(name for name, kind in policy.fields_.items() if kind.ignored)
    duckdb = [f"DuckDB is quickest after SET disabled_optimizers = '{REPEATING}'."] if dialect == "duckdb" else []
    said = [
        *notices,
        f"Reads the table cases: {', '.join(read)}.",
        *([f"Not in the table, not documented for every row: {', '.join(dict.fromkeys(without))}."] if without else []),
        f"Simulated truth ({simulated}) is ignored.",
        *CODES,
        *duckdb,
    ]
    return printed(text, dialect, said)


def _held(text: str) -> str:
    """The same with the last bins kept as they are: DuckDB 2.0 takes minutes to plan an aggregate pushed below them."""
    last = re.findall(r"\bbins_\d+(?= AS \()", text)[-1]
    return re.sub(rf"\b{last} AS \(", f"{last} AS MATERIALIZED (", text)


def check(policy: Policy, without: Collection[str]) -> None:
    """Only columns of the schema that need not be there can be missing."""
    known = [name for name, kind in policy.fields_.items() if kind.told]
    problems = []
    for name in without:
        if name not in known:
            message = f"no column of a case table is called {shown(name)}{nearest(name, known)}"
            problems.append(Problem("column", "--without", message))
        elif policy.fields_[name].required:
            problems.append(Problem("column", "--without", f"the column '{name}' is required"))
    if problems:
        raise ProblemsFound(problems)
