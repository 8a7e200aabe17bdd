"""Facts folded together give a test all that they give it when every way to write them is tried, and dates likewise."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from policy.authoring import tallies
from policy.authoring.dates import dated
from policy.authoring.enumeration import Component
from policy.authoring.facts import components
from policy.case_files.grammar import EPOCH
from policy.cases.relations import half_months
from policy.model import CaseField, Policy, Settings
from tests.policy.generated import generated
from tests.policy.small import small
from tests.sampling import some


def results(fields: tuple[str, ...], readings: list[Settings]) -> set[tuple[int, ...]]:
    """The different truths that some facts can give to all criteria under each reading."""
    found = Component.of(fields, readings)
    columns = [*found.switches.values(), *(truth for part in found.truths for truth in part.values())]
    return set(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("seed", some(range(1000, 1060), 12))
def test_what_is_folded_gives_a_test_all_that_it_gave(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _, policy = generated(seed)
    other = changed(policy)
    for readings in ([policy.settings()], [policy.settings(), other.settings()]):
        for fields in components([policy, other] if len(readings) > 1 else [policy]):
            if len(fields) > 5:
                continue
            whole = results(fields, readings)
            monkeypatch.setattr(tallies, "MANY", 0)
            assert results(fields, readings) == whole, (seed, fields)
            monkeypatch.undo()


def changed(policy: Policy) -> Policy:
    """The policy with the first test that has several parts asking for another number of them, or one part less."""
    tree = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for criterion in tree["criteria"].values():
        for key in ("all_of", "any_of"):
            if len(criterion["test"].get(key, ())) > 1:
                parts = criterion["test"].pop(key)
                criterion["test"] = {"any_of" if key == "all_of" else "all_of": parts[1:]}
    return Policy.model_validate(tree | {"examples": []})


def test_a_long_score_is_folded_into_its_points() -> None:
    """Ten facts of three values are 59,049 cases; a score can tell 66 pairs of points apart."""
    yes = [f"yes_{i}" for i in range(10)]
    test = {"score": {"points": [{"points": "1", "test": {"is": {name: "true"}}} for name in yes], "reaches": "4"}}
    policy = with_test(test, {name: {"type": "boolean"} for name in yes})
    rows = [tallies.Item(frozenset([name]), [{name: v} for v in ("", "true", "false")]) for name in yes]

    def cases(rows: list[dict[str, str]], policy: Policy) -> Any:
        from policy.authoring.enumeration import _told

        return _told(rows, policy)

    (one,) = tallies.tallied(rows, [policy.settings()], cases)
    told = {(sum(v == "true" for v in row.values()), sum(v != "false" for v in row.values())) for row in one.rows}
    assert len(one.rows) == len(told) == 66


def with_test(test: dict[str, Any], fields: dict[str, dict[str, str]]) -> Policy:
    """A policy that requires one test of its own."""
    return small(fields, {}, {"only": test})


def test_dates_show_every_way_in_which_days_and_months_go_together() -> None:
    def kind(unit: str) -> CaseField:
        ends = {"from": "first", "to": "last", "days": "days"}
        return CaseField.model_validate(
            {"label": "x", "ask": "x", "type": "duration", "unit": unit, "origin": "assumption", **ends}
        )

    kinds = {"weeks": kind("weeks"), "months": kind("months")}
    stops = {"weeks": [0, 28, 90, 91, 92, 93], "months": [0, 5, 6, 7, 8]}

    def place(first: datetime.date, last: datetime.date) -> tuple[int, int]:
        days = (last - first).days
        months = int(half_months(*(np.array([(day - EPOCH).days]) for day in (first, last)))[0])
        return sum(days >= stop for stop in stops["weeks"]), sum(months >= stop for stop in stops["months"])

    shown = [tuple(datetime.date.fromisoformat(row[name]) for name in ("first", "last")) for row in dated(kinds, stops)]
    days = [datetime.date(2023, 1, 1) + datetime.timedelta(n) for n in range(0, 1461, 3)]
    every = {place(last - datetime.timedelta(n), last) for last in days for n in range(0, 150)}
    assert every <= {place(*pair) for pair in shown}
    assert len({place(*pair) for pair in shown}) == len(shown)
