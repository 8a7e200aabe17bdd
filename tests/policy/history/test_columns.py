"""Fields with `history:` where no history is given: columns as any other, in Python and in SQL."""

from __future__ import annotations

import random

import duckdb
import pandas as pd

import policy
from policy.sql import determinations_sql
from simulations.warehouse.engines import REPEATING
from tests.policy.history import by_days


def test_a_warehouse_that_has_the_columns_decides_as_determine_does() -> None:
    document, luck = policy.load(by_days.POLICY), random.Random(5)
    draws = {"sessions_last_12m": 6, "days_since_session": 60, "drugs_tried": 3, "claims_90d": 60, "therapy_run": 366}
    rows = [
        {name: luck.choice(("", str(luck.randint(0, most)))) for name, most in draws.items()} | {"case_id": str(i)}
        for i in range(300)
    ]
    frame = pd.DataFrame(rows).assign(dx="M54.2", cpt="64490", request_date="2026-03-31", units_last_month="")
    found = policy.determine(document, policy.Cases.from_frame(frame, document), document.settings()).frame()
    with duckdb.connect(config={"disabled_optimizers": REPEATING}) as connection:
        connection.register("cases", frame)
        answered = connection.execute(determinations_sql(document.settings())).df()
    answered = answered.sort_values("case_id", key=lambda ids: ids.astype(int), ignore_index=True)
    for column in ("outcome", "not_met", "not_documented", "ask", "reasons"):
        assert answered[column].fillna("").tolist() == found[column].astype(str).tolist(), column
    assert set(answered["outcome"]) == {"met", "not_met", "pend"}


def test_a_column_that_is_not_given_is_not_documented() -> None:
    document = policy.load(by_days.POLICY)
    frame = pd.DataFrame({"case_id": ["1"], "dx": "M54.2", "cpt": "64490"})
    cases = policy.Cases.from_frame(frame, document)
    assert {cases.facts[name][0] for name in by_days.FIELDS} == {-1}
    assert policy.determine(document, cases, document.settings()).frame()["outcome"][0] == "pend"
