"""The example policies that ship: what SQL makes of cases at the decision is what `determine` makes of them."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import policy
from policy.authoring.facts import values
from policy.authoring.vignettes import example_vignettes, read_vignettes
from policy.case_files.reader import Cases
from tests.simulations.test_language import engines, later

NAMES = sorted(name for name in policy.shipped() if not name.startswith("nerve_blocks@"))
Row = dict[str, str]


def moved(document: policy.Policy, luck: random.Random) -> policy.Settings:
    """Some levers at any legal value."""
    share = luck.choice([0.0, 0.2, 0.6])
    levers = {name: lever for name, lever in document.levers.items() if luck.random() < share}
    return document.settings({name: luck.choice(lever.values()) for name, lever in levers.items()})


def near(document: policy.Policy, settings: policy.Settings, luck: random.Random, size: int) -> list[Row]:
    """Cases of the vignettes with a few facts at, just below or above a line, missing, or told by dates."""
    folder = Path(str(policy.shipped()[document.name])).parent / "vignettes"
    cases = [vignette.case for vignette in (*read_vignettes([folder]), *example_vignettes(document))]
    columns = [n for n, kind in document.fields_.items() if kind.told and not kind.required and not kind.ignored]
    plain = {n: ["", *values(n, [settings])] for n in columns if document.fields_[n].type not in ("text", "date")}
    for name, kind in document.fields_.items():
        if not kind.told:
            plain[str(kind.days)] = [*plain[str(kind.days)], *values(name, [settings])]
    found = []
    for _ in range(size):
        row = dict(luck.choice(cases))
        for name in luck.sample([*plain], luck.choice([0, 1, 2, 3, len(plain) // 3])):
            row[name] = luck.choice(plain[name])
        found.append(with_dates(document, settings, row, luck) if luck.random() < 0.3 else row)
    return found


def with_dates(document: policy.Policy, settings: policy.Settings, row: Row, luck: random.Random) -> Row:
    """The same with the dates of a duration, at a line of it or a day beside it."""
    lasting = [(name, kind) for name, kind in document.fields_.items() if not kind.told]
    if not lasting:
        return row
    name, kind = luck.choice(lasting)
    ends = datetime.date(2026, 1, 1) + datetime.timedelta(luck.randrange(365))
    if kind.ends[1] in row:
        ends = datetime.date.fromisoformat(row[kind.ends[1]])
    days = int(luck.choice(values(name, [settings])[1:]))
    first = (
        ends - datetime.timedelta(days + luck.choice([-1, 0, 1])) if luck.random() < 0.5 else later(ends, -days // 30)
    )
    return {**row, kind.ends[0]: str(min(first, ends)), kind.ends[1]: str(ends)}


def admitted(document: policy.Policy, rows: list[Row]) -> pd.DataFrame:
    """The rows that the reader of tables takes, numbered."""
    columns = [n for n, kind in document.fields_.items() if kind.told and not kind.ignored and n != "case_id"]
    table = pd.DataFrame(rows, columns=columns, dtype=object).fillna("").astype(str)
    table.insert(0, "case_id", [f"c{i}" for i in range(len(table))])
    kept = {str(name) for name in Cases.from_frame(table, document, keep_good=True).ids}
    return table[table["case_id"].isin(kept)].reset_index(drop=True)


def check(name: str, size: int, rounds: int, slow: bool) -> None:
    document, luck = policy.load(name), random.Random(name)
    told = ["outcome", "pathway", "not_met", "not_documented", "ask", "reasons"]
    settings = [document.settings(), *(moved(document, luck) for _ in range(rounds - 1))]
    rows = [row for one in settings for row in near(document, one, luck, size // rounds)]
    table = admitted(document, rows)
    assert len(table) > 0.6 * size
    outcomes = set()
    found: dict[int, pd.DataFrame] = {}
    for engine, asked in engines(table, document, slow):
        for place, one in enumerate(settings):
            frame = asked(one).fillna("")
            frame = frame.assign(nr=frame["case_id"].str[1:].astype(int)).sort_values("nr")[told].astype(str)
            wanted = found.setdefault(place, frame)
            outcomes |= set(wanted["outcome"])
            differs = np.flatnonzero((frame.to_numpy() != wanted.to_numpy()).any(axis=1))
            assert not len(differs), (engine, one.provisions(), table.iloc[differs[0]], frame.iloc[differs[0]])
    assert {"met", "not_met", "pend"} <= outcomes


@pytest.mark.parametrize("name", NAMES)
def test_sql_of_an_example_policy_is_its_determination(name: str) -> None:
    check(name, 400, 4, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_twenty_thousand_cases_in_three_engines(name: str) -> None:
    check(name, 20_000, 5, slow=True)
