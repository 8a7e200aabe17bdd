"""Random cells of every type of column: what people, spreadsheets and warehouses write, and what is one slip beside it.

A table is built once, as Arrow; the reader gets it as it stands, an engine with the same values in its own types.
"""

from __future__ import annotations

import datetime
import math
import random
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

import policy

POLICY = policy.load("nerve_blocks")
SETTINGS = POLICY.settings()
FIELDS = {name: kind for name, kind in POLICY.fields_.items() if kind.type != "months" and not kind.ignored}
KINDS = ("text", "char", "decimal", "double", "date", "timestamp", "instant", "boolean", "integer")
FIT = {  # the kinds that a warehouse would choose
    "date": ("text", "char", "date", "timestamp", "instant"), "boolean": ("text", "boolean", "decimal", "double"),
    "whole": ("text", "char", "decimal", "double", "integer"), "percent": ("text", "char", "decimal", "double"),
    "procedure": ("text", "char", "double", "integer", "decimal"),
}  # fmt: skip
ARROW = {
    "text": pa.string(), "char": pa.string(), "decimal": pa.decimal128(38, 18), "double": pa.float64(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"), "instant": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(), "integer": pa.int64(),
}  # fmt: skip
GOOD = {
    "dx": "M54.2", "cpt": "20553", "pain_duration_days": "200", "conservative_care_days": "84",
    "conservative_care_failed": "true", "tried_physical_therapy": "yes", "tried_nsaid": "Y", "tried_exercise": "1",
    "function_limited": "t", "imaging_other_cause": "false", "radiculopathy": "no", "trigger_points_on_exam": "True",
    "intent": "therapeutic", "sessions_last_12m": "0", "age": "45", "sex": "female", "line_of_business": "medicaid",
}  # fmt: skip
SLIPS = [
    *" \t\r\n\u00a0\u2003\u000b\u200b01259.,+-_eEtTzZnNaAk/:%'ſKİ６١", "00", ".0", ".00", " 00:00:00", "T00:00:00Z",
]  # fmt: skip
WORDS = {
    "date": [
        "2025-05-01", "2026-01-10", "2024-02-29", "2023-02-29", "2025-02-30", "2025-13-01", "1900-01-01", "9999-12-31",
        "1970-01-01", "1901-01-01", "1900-12-31", "2099-12-31", "2100-01-01", "2025-5-1", "03/01/2025", "13/02/2025",
        "20250501", "2025-05-01 00:00:00", "2025-05-01T00:00:00Z", "2026-05-31 or later", "today", "1-May-2025",
        "infinity", "2025-W01-1", "0001-01-01", "2025-05-01 BC", "epoch", "allballs",
    ],
    "boolean": ["true", "FALSE", "Yes", "n", "1", "0", "t", "F", "on", "off", "1.0", "0.00", "1.5", "2", "-1", "-0"],
    "number": [
        "0", "1", "2", "42", "042", "+42", "42.", ".5", "4.2e1", "1_000", "6 weeks", "two", "unk", "nan", "NaN", "inf",
        "1.0", "80", "79.99", "79.999", "0.8", "80.000", "100", "100.01", "-1", "-0", "-0.0", "1,000", "0x1F", "1e400",
        "99999999999", "84.00000000000000000000000000001", "200", "45", "0b1", "1d", "1f", "84.0f", "0E-18",
    ],
    "diagnosis": ["M54.2", "m542", "M53.81", "M54..2", "M5", "G43.7", "g43819", "M54.", "M54.2;M79.7", "E11.9", "nan"],
    "procedure": ["20553", "20552", "20553.0", "20553.00", "0213T", "g0260", "J1100", "2055", "20553.5", "2.0553e4"],
    "text": ["a", "B c", "NULL", "unknown", "x" * 80, "x" * 81, "a\u202eb", "=1+1"],
}  # fmt: skip
NUMBERS = [
    0,
    1,
    2,
    3,
    42,
    84,
    200,
    45,
    31,
    80,
    79.99,
    66.66,
    79.999,
    66.66666666666667,
    0.5,
    100,
    100.01,
    -1,
    20553,
    20552,
]
FLOATS = [*NUMBERS, math.nan, math.inf, -0.0, 0.1 + 0.2, 1e7, 12345678.0, 1e300, math.nextafter(80, 0), 5e-324, 64405.0]
DAYS = [text for text in WORDS["date"][:13] if text not in ("2023-02-29", "2025-02-30", "2025-13-01")]
TIMES = [
    datetime.timedelta(0), datetime.timedelta(hours=1), datetime.timedelta(hours=-2), datetime.timedelta(hours=5),
    datetime.timedelta(microseconds=1), datetime.timedelta(hours=12, seconds=30),
]  # fmt: skip
DOUBTFUL = [datetime.datetime(2026, 10, 25, hour) for hour in (0, 1, 2)]  # an hour that London has twice


def text_cell(name: str, kind: str, luck: random.Random) -> str | None:
    """A spelling of a cell: a good one, one of the words, or either with a slip or two."""
    words = WORDS.get("number" if kind in ("whole", "percent") else kind, list(FIELDS[name].choices))
    text = luck.choice([*[GOOD.get(name, "")] * 2, luck.choice(words)])
    for _ in range(luck.choice([0, 0, 1, 1, 2])):
        at = luck.randrange(len(text) + 1)
        cut = luck.choice([0, 0, 0, 1])
        text = text[:at] + luck.choice(["", *luck.choices(SLIPS, k=3)]) + text[at + cut :]
    if luck.random() < 0.2:
        text = luck.choice([text.upper(), text.lower(), text.title()])
    return None if luck.random() < 0.05 else text


def typed_cell(name: str, column: str, luck: random.Random) -> Any:
    """A value of a column that is no text."""
    if luck.random() < 0.08:
        return None
    if column == "boolean":
        return luck.random() < 0.5
    if column == "integer":
        return luck.choice([int(n) for n in NUMBERS])
    if column == "double":
        return float(luck.choice([*FLOATS, luck.randrange(10_000) / 100]))
    if column == "decimal":
        number = Decimal(str(luck.choice([*NUMBERS, luck.randrange(10_000) / 100])))
        return number.quantize(Decimal(1).scaleb(-18))
    day = datetime.date.fromisoformat(luck.choice([*DAYS, *DAYS[:3]]))
    if column == "date":
        return day
    moment = datetime.datetime.combine(day, datetime.time())
    if 1900 < day.year < 9999 and luck.random() < 0.5:
        moment = luck.choice([moment + luck.choice(TIMES), *DOUBTFUL])
    return moment.replace(tzinfo=datetime.UTC) if column == "instant" else moment


def kinds_of_columns(number: int, luck: random.Random) -> dict[str, str]:
    """The type of each column of a table: mostly one that fits, in every third table any."""
    return {
        name: luck.choice(KINDS if number % 3 == 2 else FIT.get(kind.type, ("text", "char")))
        for name, kind in FIELDS.items()
    } | {"case_id": "text"}


def usual(name: str, column: str, luck: random.Random) -> Any:
    """A sound value, where the type of the column has one."""
    good = GOOD.get(name)
    if column in ("text", "char") or good is None:
        return good
    if column == "boolean":
        return good.lower() in ("true", "yes", "y", "1", "t") if FIELDS[name].type == "boolean" else None
    if good.isdigit() and column in ("integer", "double", "decimal"):
        return {"integer": int, "double": float, "decimal": Decimal}[column](good)
    if FIELDS[name].type == "boolean" and column in ("integer", "double", "decimal"):
        return {"integer": int, "double": float, "decimal": Decimal}[column](
            good.lower() in ("true", "yes", "y", "1", "t")
        )
    return None


def a_table(rows: int, number: int) -> tuple[pa.Table, dict[str, str]]:
    """A table with the kind of each column; from nearly sound rows to rows of nothing but slips."""
    luck = random.Random(number)
    kinds = kinds_of_columns(number, luck)
    shares = [luck.choice([0.02, 0.05, 0.3, 1]) for _ in range(rows)]
    columns = {}
    for name, column in kinds.items():
        if name == "case_id":
            ids = [f"r{row}" for row in range(rows)]
            values: list[Any] = [
                luck.choice([i] * 30 + [f" {i}\t", "r1", "", None, f"{i}\u200b", "x" * 81]) for i in ids
            ]
        else:
            text, kind = column in ("text", "char"), FIELDS[name].type
            values = [
                usual(name, column, luck) if luck.random() > share
                else text_cell(name, kind, luck) if text else typed_cell(name, column, luck)
                for share in shares
            ]  # fmt: skip
        if column == "char":
            values = [value and value[:40] for value in values]
        columns[name] = pa.array(values, ARROW[column])
    return pa.table(columns), kinds


def by_the_reader(table: pa.Table) -> pd.DataFrame:
    """By number of the row from 0: `outcome` and `wrong`, the columns at fault; what looks like a person is none."""
    cases = policy.Cases.from_table(table, POLICY, keep_good=True, case_id_is_key=True)
    outcome = dict.fromkeys(range(len(table)), "pend")
    wrong: dict[int, set[str]] = {}
    for row, column in cases.rejected[["row", "column"]].itertuples(index=False):
        wrong.setdefault(int(row) - 1, set()).add(column)
    good = [row for row in range(len(table)) if row not in wrong]
    said = policy.determine(POLICY, cases, SETTINGS).frame()["outcome"]
    outcome |= dict(zip(good, said, strict=True))
    return pd.DataFrame({"outcome": outcome, "wrong": {r: ";".join(sorted(wrong.get(r, ()))) for r in outcome}})


def differences(direct: pd.DataFrame, answers: pd.DataFrame) -> list[str]:
    """Where an engine's rows, in the order of the table, say something else; at first what would be worst."""
    rejected = answers["reasons"].str.startswith("rejected")
    asked = [";".join(sorted(text.split(";"))) if no else "" for text, no in zip(answers["ask"], rejected, strict=True)]
    found = []
    for row, (here, there) in enumerate(zip(direct.itertuples(), answers.itertuples(), strict=True)):
        if here.wrong != asked[row] or here.outcome != there.outcome:
            worst = "rejected here, met there" if here.wrong and there.outcome == "met" else "differs"
            found.append(f"{worst}: row {row}: {here.outcome} {here.wrong!r} against {there.outcome} {asked[row]!r}")
    return sorted(found, reverse=True)
