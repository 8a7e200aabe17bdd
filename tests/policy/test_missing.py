"""Silence is never worth more than a document: what is missing stands for every value that it could still have.

Each answer is held against the answers for all those values, written out, in Python and in SQL.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import pandas as pd
import pytest

import policy
from policy.bits.rows import Rows
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET
from policy.model import Policy, Settings
from policy.sql import Compiler, Table, determinations_sql
from simulations.warehouse.engines import REPEATING
from tests.policy.test_lint import small
from tests.sampling import some

MOST, NUMBER, TELLS = 5, "failed_anticonvulsants", {"tn_mri_done": 1, "rural": 3, "low_income_subsidy": 5}
TESTS: dict[str, tuple[dict[str, Any], Callable[[int], bool]]] = {
    **{f"at_least_{n}": ({"at_least": {NUMBER: str(n)}}, lambda v, n=n: v >= n) for n in range(MOST + 2)},
    **{f"more_than_{n}": ({"more_than": {NUMBER: str(n)}}, lambda v, n=n: v > n) for n in range(MOST + 1)},
    **{f"less_than_{n}": ({"less_than": {NUMBER: str(n)}}, lambda v, n=n: v < n) for n in range(MOST + 2)},
    **{f"at_most_{n}": ({"at_most": {NUMBER: str(n)}}, lambda v, n=n: v <= n) for n in range(MOST + 1)},
    "none_of": ({"none_of": [{"more_than": {NUMBER: "0"}}]}, lambda v: v <= 0),
    "is_0": ({"is": {NUMBER: ["0"]}}, lambda v: v == 0),
    "is_3": ({"is": {NUMBER: ["3"]}}, lambda v: v == 3),
    "is_few": ({"is": {NUMBER: ["0", "1", "2"]}}, lambda v: v < 3),
    "is_many": ({"is": {NUMBER: ["3", "4", "5"]}}, lambda v: v > 2),
    "is_some": ({"is": {NUMBER: ["1", "2", "3", "4", "5"]}}, lambda v: v > 0),
}
# What one row says: the number, or nothing but what is on file besides.
ROWS = [
    *({NUMBER: str(v)} for v in range(MOST + 1)),
    *(dict.fromkeys(told, "true") for n in range(4) for told in itertools.combinations(TELLS, n)),
    {"tn_mri_done": "false"},  # on file, whatever it says
    {NUMBER: "4", "tn_mri_done": "true", "rural": "false"},
]


def possible(row: dict[str, str]) -> Iterable[int]:
    """Every value that the number can have, by what is on file."""
    if NUMBER in row:
        return [int(row[NUMBER])]
    return range(max([0, *(TELLS[name] for name in row if name in TELLS)]), MOST + 1)


def made(**changes: Any) -> Policy:
    tree = small()
    tree["fields"][NUMBER] |= {"max": str(MOST), "implied_by": {name: str(n) for name, n in TELLS.items()}}
    for name, (test, _) in TESTS.items():
        tree["criteria"][name] = {"says": name, "ask": name, "citation": "x", "origin": "assumption", "test": test}
    for name in ("function_limited", "tn_specialist_diagnosis", "trigger_points_on_exam"):
        test = {"is": {name: ["true"]}}
        tree["criteria"][f"yes_{name}"] = {
            "says": name,
            "ask": name,
            "citation": "x",
            "origin": "assumption",
            "test": test,
        }
    tree["pathways"]["trigeminal_block"]["rule"] = changes.get("rule", tree["pathways"]["trigeminal_block"]["rule"])
    return Policy.model_validate(tree)


def frame(rows: list[dict[str, str]]) -> pd.DataFrame:
    filled = [{"case_id": str(i), "dx": "G50.0", "cpt": "64400", **row} for i, row in enumerate(rows)]
    return pd.DataFrame(filled, dtype="str").fillna("")


def typed(rows: list[dict[str, str]], document: Policy) -> pd.DataFrame:
    """Every column of the policy, numbers as DOUBLE."""
    table = frame(rows).reindex(columns=[*document.fields_]).astype(object)
    table = table.where(table.notna() & (table != ""), None)
    table[NUMBER] = pd.to_numeric(table[NUMBER]).astype("float64")
    return table


def answered(text: str, rows: list[dict[str, str]], document: Policy) -> pd.DataFrame:
    with duckdb.connect(config={"disabled_optimizers": REPEATING}) as connection:
        connection.register("cases", typed(rows, document))
        found = connection.execute(text).df()
    return found.sort_values("case_id", key=lambda ids: ids.astype(int), ignore_index=True)


@functools.cache
def document() -> Policy:
    return made()


def test_what_one_column_tells_about_another_holds_in_every_comparison() -> None:
    cases = policy.Cases.from_frame(frame(ROWS), document())
    evaluation = Evaluation(document().settings(), Rows.of(cases))
    for name, (_, holds) in TESTS.items():
        assert evaluation.codes(name).tolist() == [expected(row, holds) for row in ROWS], name


def expected(row: dict[str, str], holds: Callable[[int], bool]) -> int:
    """Met or not met where every possible value says so."""
    says = {holds(value) for value in possible(row)}
    return int(NOT_DOCUMENTED if len(says) == 2 else MET if says == {True} else NOT_MET)


def test_it_holds_in_sql_as_well() -> None:
    table = Table(document())
    compiler = Compiler(document().settings(), table)
    columns = [f"{compiler.criterion(name)} AS {name}" for name in TESTS]
    found = answered(table.query.select(["case_id", *columns], ["case_id"]), ROWS, document())
    for name, (_, holds) in TESTS.items():
        assert found[name].tolist() == [expected(row, holds) for row in ROWS], name


def test_a_number_that_its_documents_contradict_is_refused() -> None:
    rows = [{NUMBER: "0", "tn_mri_done": "false"}, {NUMBER: "2", "rural": "true"}, {NUMBER: "3", "rural": "true"}]
    cases = policy.Cases.from_frame(frame(rows), document(), keep_good=True)
    assert list(cases.ids) == ["2"]
    told = cases.rejected[["column", "value", "problem"]].to_numpy().tolist()
    assert told == [
        ["tn_mri_done", "false", f"contradicts {NUMBER} = 0"],
        ["rural", "true", f"contradicts {NUMBER} = 2"],
    ]
    found = answered(determinations_sql(document().settings()), rows, document())
    assert found["reasons"].str.startswith("rejected").tolist() == [True, True, False]


OUTCOMES = ("met", "not_met", "review")


@pytest.mark.parametrize("seed", some(range(12), 3))
def test_a_switch_on_a_number_takes_every_branch_that_is_still_possible(seed: int) -> None:
    """Its outcome is that of all values which the number can have, when they agree."""
    draw = random.Random(seed)
    of = {str(v): draw.choice(OUTCOMES) for v in range(MOST + 1) if draw.random() < 0.7}
    other = draw.choice(OUTCOMES)
    branches = {word: {"outcome": outcome, "because": f"it is {word}"} for word, outcome in of.items()}
    rule = {"switch": NUMBER, "stated": "at_least_1", "branches": branches}
    rule["otherwise"] = {"outcome": other, "because": "it is another number"}
    if not branches:
        pytest.skip("no branch was drawn")
    with_switch = made(rule=rule)
    settings = with_switch.settings()
    wanted = []
    for row in ROWS:
        words = {of.get(str(value), other) for value in possible(row)}
        wanted.append(words.pop() if len(words) == 1 else "pend")
    directly = policy.determine(with_switch, policy.Cases.from_frame(frame(ROWS), with_switch), settings).frame()
    assert directly["outcome"].astype(str).tolist() == wanted
    found = answered(determinations_sql(settings), ROWS, with_switch)
    assert found["outcome"].tolist() == wanted
    assert found["reasons"].tolist() == directly["reasons"].astype(str).tolist()


FACTS = ("function_limited", "tn_specialist_diagnosis", "trigger_points_on_exam")
ALL_TOLD = [dict(zip(FACTS, told, strict=True)) for told in itertools.product(("true", "false", ""), repeat=len(FACTS))]


def first(steps: list[tuple[str | None, str]], told: dict[str, str]) -> str:
    """The outcome of the first step that applies, everything being told."""
    return next(outcome for fact, outcome in steps if fact is None or told[fact] == "true")


@pytest.mark.parametrize("seed", some(range(12), 3))
def test_a_step_on_a_criterion_that_is_not_documented_is_taken_and_not_taken(seed: int) -> None:
    """The outcome is that of all ways to tell what is missing, when they agree; else the columns that matter are asked
    for. A fact matters when, however the others are told, telling it can change what the steps come to."""
    draw = random.Random(seed)
    steps: list[tuple[str | None, str]] = [(fact, draw.choice(OUTCOMES)) for fact in draw.choices(FACTS, k=4)]
    steps.append((None, draw.choice(OUTCOMES)))
    then = [{"when": f"yes_{fact}", "outcome": o} if fact else {"outcome": o} for fact, o in steps]
    document = made(rule={"require": ["tn_drugs"], "then": then})
    settings: Settings = document.settings()
    for drugs, decided in (("3", True), ("", False)):
        rows = [{NUMBER: drugs, **told} for told in ALL_TOLD]
        directly = policy.determine(document, policy.Cases.from_frame(frame(rows), document), settings).frame()
        for told, outcome, ask in zip(ALL_TOLD, directly["outcome"], directly["ask"], strict=True):
            options = [("true", "false") if told[fact] == "" else (told[fact],) for fact in FACTS]
            ways = [dict(zip(FACTS, way, strict=True)) for way in itertools.product(*options)]
            words = {first(steps, way) for way in ways}
            wanted = words.pop() if len(words) == 1 else "pend"
            assert outcome == (wanted if decided else "pend"), (steps, told)
            matters = {
                fact for fact in FACTS for way in ways
                if told[fact] == ""
                and first(steps, {**way, fact: "true"}) != first(steps, {**way, fact: "false"})
            }  # fmt: skip
            assert set(filter(None, str(ask).split(";"))) == matters | ({NUMBER} if not decided else set()), steps
        found = answered(determinations_sql(settings), rows, document)
        for column in ("outcome", "not_met", "not_documented", "ask", "reasons"):
            assert found[column].fillna("").tolist() == directly[column].astype(str).tolist(), (column, steps)
