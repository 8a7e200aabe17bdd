"""Facts worked out of events: every kind against an oracle that walks the days, edges of windows, what is not known."""

from __future__ import annotations

import datetime
import functools
import gc
import itertools
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import policy
from policy.bits.rows import Rows
from policy.case_files import files
from policy.entries.history import InWindow
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET
from policy.history.facts import first_days
from policy.model import Policy
from tests.policy.history import by_days
from tests.policy.history.by_days import DAY, Event, Span, Tables, in_window, later
from tests.sampling import some

DATE = datetime.date


@functools.cache
def document() -> Policy:
    return policy.load(by_days.POLICY)


@pytest.mark.parametrize("seed", some(range(8), 2))
def test_every_kind_counts_as_somebody_does_who_walks_the_days(tmp_path: Path, seed: int) -> None:
    tables = by_days.drawn(2_000, seed)
    wrong, sorts = by_days.compared(tables, by_days.computed(tables, tmp_path))
    assert wrong == []
    assert {sort.partition(" ")[2] for sort in sorts} == {"known", "at least", "not documented"}
    assert len(sorts) == 3 * len(by_days.FIELDS)  # each field is known, at least and not documented somewhere


@pytest.mark.slow
def test_two_hundred_thousand_events(tmp_path: Path) -> None:
    tables = by_days.drawn(200_000)
    assert by_days.compared(tables, by_days.computed(tables, tmp_path))[0] == []


def test_the_order_of_the_events_and_the_size_of_a_batch_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = by_days.drawn(600)
    whole = by_days.computed(tables, tmp_path)
    monkeypatch.setattr(files, "BATCH", 7)
    monkeypatch.setattr(files, "_BLOCK", 400)
    events, spans = random.Random(2).sample(tables.events, 600), tables.spans[::-1]
    again = by_days.computed(tables._replace(events=events, spans=spans), tmp_path)
    assert again.remarks == whole.remarks
    for name in by_days.FIELDS:
        assert again.facts[name].tolist() == whole.facts[name].tolist()


def test_the_first_day_of_a_window_is_the_first_that_reaches_the_request() -> None:
    """Every day of five years, the leap year 2024 among them."""
    days = [DATE(2023, 1, 1) + i * DAY for i in range(5 * 365 + 1)]
    requests = np.array([(day - DATE(1900, 1, 1)).days for day in days])
    field = document().fields_["units_last_month"]
    for months in (1, 2, 6, 11, 12, 24, 36):
        kind = field.history.model_copy(update={"months": months})  # type: ignore[union-attr]
        assert isinstance(kind, InWindow)
        found = first_days(kind, field, requests)
        assert (requests - found).max() <= kind.longest
        for request, number in zip(days, found.tolist(), strict=True):
            first = DATE(1900, 1, 1) + number * DAY
            assert later(first, months) >= request > later(first - DAY, months), (request, months)


def test_no_window_is_longer_than_is_said() -> None:
    field = document().fields_["therapy_run"]
    requests = np.arange(46_000, 46_000 + 1461)
    for months in (*range(1, 61), 600):
        kind = field.history.model_copy(update={"months": months})  # type: ignore[union-attr]
        assert isinstance(kind, InWindow)
        assert (requests - first_days(kind, field, requests)).max() == kind.longest, months


EDGES = [  # the day of the request, of an event, whether it is in the window of 12 months, and of one month
    (DATE(2026, 3, 31), DATE(2026, 3, 31), False, False),  # the day of the request does not count
    (DATE(2026, 3, 31), DATE(2026, 3, 30), True, True),
    (DATE(2026, 3, 31), DATE(2026, 3, 1), True, True),
    (DATE(2026, 3, 31), DATE(2026, 2, 28), True, False),  # and a month is 28 March
    (DATE(2026, 3, 28), DATE(2026, 2, 28), True, True),
    (DATE(2026, 3, 29), DATE(2026, 2, 28), True, False),
    (DATE(2026, 2, 28), DATE(2026, 1, 31), True, True),  # and a month clamps to 28 February
    (DATE(2026, 2, 28), DATE(2026, 1, 28), True, True),
    (DATE(2026, 2, 28), DATE(2026, 1, 27), True, False),
    (DATE(2026, 3, 31), DATE(2025, 3, 31), True, False),
    (DATE(2026, 3, 31), DATE(2025, 3, 30), False, False),
    (DATE(2024, 2, 29), DATE(2023, 3, 1), True, False),
    (DATE(2024, 2, 29), DATE(2023, 2, 28), False, False),  # and 12 months is 28 February, a day before
    (DATE(2025, 2, 28), DATE(2024, 2, 29), True, False),  # and 12 months clamps to 28 February
    (DATE(2025, 2, 28), DATE(2024, 2, 28), True, False),
    (DATE(2025, 2, 28), DATE(2024, 2, 27), False, False),
    (DATE(2025, 3, 1), DATE(2024, 2, 29), False, False),
    (DATE(2024, 3, 29), DATE(2024, 2, 29), True, True),
    (DATE(2024, 3, 30), DATE(2024, 2, 29), True, False),
]


def test_a_case_at_each_edge_of_a_window(tmp_path: Path) -> None:
    cases = [(f"k{i}", request) for i, (request, *_) in enumerate(EDGES)]
    events = [Event(f"k{i}", day, "64490", "5") for i, (_, day, *_) in enumerate(EDGES)]
    found = by_days.computed(Tables(cases, events, [everything()]), tmp_path).facts
    assert found["sessions_last_12m"].tolist() == [int(year) for *_, year, _ in EDGES]
    assert found["units_last_month"].tolist() == [5 * month for *_, month in EDGES]
    assert [in_window(day, request, ("months", 12)) for request, day, *_ in EDGES] == [year for *_, year, _ in EDGES]


def everything() -> Span:
    return Span("*", "*", DATE(2000, 1, 1), DATE(2099, 12, 31))


def test_the_edges_of_a_window_of_days(tmp_path: Path) -> None:
    request = DATE(2026, 3, 31)
    apart = [0, 1, 89, 90, 91]
    cases: list[tuple[str, datetime.date | None]] = [(f"k{n}", request) for n in apart]
    events = [Event(f"k{n}", request - n * DAY, "64490", "") for n in apart]
    found = by_days.computed(Tables(cases, events, [everything()]), tmp_path).facts
    assert found["claims_90d"].tolist() == [0, 1, 1, 1, 0]
    assert found["days_since_session"].tolist() == [730, 1, 89, 90, 91]  # 730: so many or more, or none


REQUEST = DATE(2026, 3, 31)
SESSIONS = [Event("a", REQUEST - n * DAY, "64490", "") for n in (40, 80, 120, 160)]
DRUGS = [Event("a", REQUEST - 50 * DAY, code, "30") for code in ("N03AX12", "N06AA09")]


@pytest.mark.parametrize(
    ("events", "spans", "outcome", "facts"),
    [
        (SESSIONS[:2] + DRUGS, [everything()], "met", (2, 40, 2)),
        (SESSIONS[:2] + DRUGS, [], "pend", (-3, -1, -3)),  # at least 2 sessions, fewer than 4 or not; 2 drugs
        (SESSIONS + DRUGS, [], "not_met", (-5, -1, -3)),  # at least 4 sessions decide it
        (SESSIONS + DRUGS, [everything()], "not_met", (4, 40, 2)),
        (SESSIONS[:1], [everything()], "not_met", (1, 40, 0)),
        (SESSIONS[:1] + DRUGS, [Span("a", "*", DATE(2025, 4, 1), DATE(2026, 3, 30))], "pend", (-2, 40, -3)),  # a day
        (SESSIONS[:1] + DRUGS, [Span("a", "*", DATE(2025, 3, 31), DATE(2026, 3, 30))], "met", (1, 40, -3)),
        (SESSIONS[:1] + DRUGS, [Span("a", "*", DATE(2025, 3, 31), DATE(2026, 3, 29))], "pend", (-2, -1, -3)),
        (SESSIONS[:1] + DRUGS, [Span("b", "*", DATE(2025, 3, 31), DATE(2026, 3, 30))], "pend", (-2, -1, -3)),
        (DRUGS, [Span("a", "*", DATE(2026, 3, 1), DATE(2026, 3, 30))], "pend", (-1, -32, -3)),  # none for 30 days
    ],
)
def test_an_incomplete_history_decides_what_it_decides_and_the_rest_waits(
    tmp_path: Path, events: list[Event], spans: list[Span], outcome: str, facts: tuple[int, int, int]
) -> None:
    cases = by_days.computed(Tables([("a", REQUEST)], events, spans), tmp_path)
    names = ("sessions_last_12m", "days_since_session", "drugs_tried")
    assert tuple(int(cases.facts[name][0]) for name in names) == facts
    assert policy.determine(document(), cases, document().settings()).frame()["outcome"][0] == outcome


def test_at_least_as_much_as_there_can_be_is_the_number_itself(tmp_path: Path) -> None:
    events = [Event("a", REQUEST - DAY, "64491", "399"), Event("a", REQUEST - 2 * DAY, "64491", "1")]
    found = [by_days.computed(Tables([("a", REQUEST)], events[:n], []), tmp_path) for n in (1, 2)]
    assert [cases.facts["units_last_month"][0] for cases in found] == [-400, 400]


def test_a_span_and_the_next_day_are_one_and_a_day_between_is_a_gap(tmp_path: Path) -> None:
    for gap, number in ((1, 1), (2, -2)):
        spans = [
            Span("a", "6449*", DATE(2025, 1, 1), DATE(2025, 8, 1)),
            Span("*", "64*", DATE(2025, 8, 1) + gap * DAY, DATE(2026, 3, 30)),
            Span("a", "J11005", DATE(2025, 1, 1), DATE(2026, 3, 30)),
        ]
        spans += [Span("a", "64490", span.first, span.last) for span in spans[:2]]
        cases = by_days.computed(Tables([("a", REQUEST)], SESSIONS[:1], spans), tmp_path)
        assert cases.facts["sessions_last_12m"].tolist() == [number]


def test_without_a_day_of_the_request_nothing_is_documented_and_that_is_said(tmp_path: Path) -> None:
    cases = by_days.computed(Tables([("a", None), ("b", REQUEST)], SESSIONS, [everything()]), tmp_path)
    assert {name: int(cases.facts[name][0]) for name in by_days.FIELDS} == dict.fromkeys(by_days.FIELDS, -1)
    assert "1 of 2 rows have no day of the request, before which events count" in cases.remarks
    assert "1 of 2 rows have a case_id with no event in events.csv" in cases.remarks


def test_without_a_table_of_complete_histories_no_number_is_known(tmp_path: Path) -> None:
    tables = by_days.drawn(500)
    known, found = by_days.computed(tables, tmp_path), by_days.computed(tables, tmp_path, complete=False)
    assert any("without --history-complete" in remark for remark in found.remarks)
    for name in set(by_days.FIELDS) - {"drugs_tried", "days_since_session"}:
        assert (found.facts[name] < 0).all()
        number = known.facts[name].astype(int)
        assert ((-1 - found.facts[name]) == np.where(number < 0, -1 - number, number)).all()
    assert set(found.facts["drugs_tried"].tolist()) <= {-1, -2, -3, 3}  # all three groups: as much as there can be
    assert set(found.facts["days_since_session"].tolist()) == {-1}


def changed(tests: dict[str, Any], rule: dict[str, Any] | None = None) -> Policy:
    """The document with more criteria, perhaps another rule, and a number of which every value can be tried."""
    tree = document().model_dump(mode="json", by_alias=True, exclude_unset=True)
    tree["fields"]["claims_90d"]["max"] = str(MOST)
    for name, test in tests.items():
        tree["criteria"][name] = {"says": name, "ask": name, "citation": "x", "origin": "assumption", "test": test}
    tree["pathways"]["neck_facet"]["rule"] = rule or tree["pathways"]["neck_facet"]["rule"]
    return Policy.model_validate(tree)


MOST = 6
TESTS: dict[str, tuple[dict[str, Any], Any]] = {
    **{f"at_least_{n}": ({"at_least": {"claims_90d": str(n)}}, lambda v, n=n: v >= n) for n in range(MOST + 2)},
    **{f"less_than_{n}": ({"less_than": {"claims_90d": str(n)}}, lambda v, n=n: v < n) for n in range(MOST + 2)},
    "none_of": ({"none_of": [{"more_than": {"claims_90d": "2"}}]}, lambda v: v <= 2),
    "is_3": ({"is": {"claims_90d": ["3"]}}, lambda v: v == 3),
    "is_few": ({"is": {"claims_90d": ["0", "1", "2"]}}, lambda v: v < 3),
    "is_many": ({"is": {"claims_90d": ["3", "4", "5", "6"]}}, lambda v: v > 2),
}


def of_each_number(document: Policy) -> policy.Cases:
    """Cases whose number is known, then those where it is at least so much."""
    columns = {"case_id": [*map(str, range(2 * MOST + 1))], "dx": "M54.2", "cpt": "64490"}
    cases = policy.Cases.from_frame(pd.DataFrame(columns), document)
    cases.facts["claims_90d"][:] = [*range(MOST + 1), *(-1 - n for n in range(MOST))]
    return cases


def test_at_least_n_stands_for_every_number_from_n_on() -> None:
    document = changed({name: test for name, (test, _) in TESTS.items()})
    evaluation = Evaluation(document.settings(), Rows.of(of_each_number(document)))
    for name, (_, holds) in TESTS.items():
        wanted = [int(MET if holds(v) else NOT_MET) for v in range(MOST + 1)]
        for n in range(MOST):
            says = {holds(v) for v in range(n, MOST + 1)}
            wanted.append(int(NOT_DOCUMENTED if len(says) == 2 else MET if says == {True} else NOT_MET))
        assert evaluation.codes(name).tolist() == wanted, name


@pytest.mark.parametrize("seed", range(4))
def test_a_switch_takes_the_branches_that_at_least_n_leaves(seed: int) -> None:
    luck = random.Random(seed)
    words = ("met", "not_met", "review")
    of = {str(v): luck.choice(words) for v in range(MOST + 1) if luck.random() < 0.7} or {"1": "met"}
    other = luck.choice(words)
    branches = {word: {"outcome": outcome, "because": word} for word, outcome in of.items()}
    rule = {"switch": "claims_90d", "stated": "is_3", "branches": branches}
    rule["otherwise"] = {"outcome": other, "because": "it is another number"}
    document = changed({"is_3": TESTS["is_3"][0]}, rule)
    cases = of_each_number(document)
    wanted = []
    for v, n in itertools.chain(((v, v) for v in range(MOST + 1)), ((MOST, n) for n in range(MOST))):
        left = {of.get(str(one), other) for one in range(n, v + 1)}
        wanted.append(left.pop() if len(left) == 1 else "pend")
    assert policy.determine(document, cases, document.settings()).frame()["outcome"].astype(str).tolist() == wanted


def test_what_does_not_fit_into_memory_lies_where_no_other_start_clears_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may be idle for hours; the next command sweeps the folders of the dead."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    events = tmp_path / "events.csv"
    events.write_text("key,date,code\nA,2026-01-05,64490\n", "utf-8")
    history = policy.PlanHistory(document(), events)
    (folder,) = tmp_path.glob("wb-*")
    (folder / "spilled").write_bytes(b"alive")
    os.utime(folder, (0, 0))
    program = "from policy.storage.scratch import scratch\nwith scratch(): pass"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert (folder / "spilled").read_bytes() == b"alive"
    del history
    gc.collect()
    assert [*tmp_path.glob("wb-*")] == []
