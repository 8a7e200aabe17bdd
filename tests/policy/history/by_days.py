"""An oracle for facts worked out of events: it walks the days one by one, in the standard library's dates.

`python -m tests.policy.history.by_days 200000` compares so many events with the program.
"""

from __future__ import annotations

import calendar
import csv
import datetime
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import policy
from policy.model import Policy

POLICY = Path(__file__).parent / "repeat_injection.yaml"
DAY = datetime.timedelta(1)
CODES = (
    *("64490", "64491", "64492", "64450", "J11005", "j1100.5", "N03AX12", "n03ax16", "N03AX1", "N06AA09", "N06AA"),
    *("M01AE01", "64490.0", "6449"),
)
COMPLETE = (
    *("*", "6449*", "6449", "64490 6449*", "64*;J1100.5", "N03AX12,N03AX16", "N0*", "N06AA* M01A*", "M*", "N03AX1*"),
)
# What the document says: the groups of codes, their window, and how they are counted.
FIELDS: dict[str, tuple[str, list[list[str]], tuple[str, int]]] = {
    "sessions_last_12m": ("days", [["64490", "6449*", "J11005"]], ("months", 12)),
    "units_last_month": ("quantity", [["6449*"]], ("months", 1)),
    "claims_90d": ("events", [["64490", "64490*"]], ("days", 90)),
    "days_since_session": ("last", [["6449*"]], ("days", 730)),
    "drugs_tried": ("groups", [["N03AX12", "N03AX16"], ["N06AA*"], ["M01A*"]], ("months", 24)),
    "therapy_run": ("run", [["N03AX12", "N03AX16"]], ("months", 12)),
}
GAP, GREATEST = 7, {"days_since_session": 730, "drugs_tried": 3, "sessions_last_12m": 60, "units_last_month": 400}


class Event(NamedTuple):
    key: str
    day: datetime.date
    code: str
    quantity: str


class Span(NamedTuple):
    key: str
    codes: str
    first: datetime.date
    last: datetime.date


class Tables(NamedTuple):
    """Cases as key and day of the request, events, and where they are complete."""

    cases: list[tuple[str, datetime.date | None]]
    events: list[Event]
    spans: list[Span]


def later(day: datetime.date, months: int) -> datetime.date:
    """So many calendar months later; a month's end clamps."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def in_window(day: datetime.date, request: datetime.date, window: tuple[str, int]) -> bool:
    """As the contract says it."""
    unit, number = window
    end = later(day, number) if unit == "months" else day + number * DAY
    return day < request and end >= request


def plain(code: str) -> str:
    return code.upper().removesuffix(".0").replace(".", "")


def takes_in(pattern: str, code: str) -> bool:
    """Whether a pattern means a code, or all that another pattern means."""
    if pattern.endswith("*"):
        return code.startswith(pattern[:-1])
    return pattern == code


class ByDays:
    """The facts of one key after the other."""

    def __init__(self, tables: Tables) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.spans: dict[str, list[tuple[str, Span]]] = defaultdict(list)
        for event in tables.events:
            self.events[event.key].append(event)
        for span in tables.spans:
            for word in span.codes.replace(",", " ").replace(";", " ").split():
                self.spans[span.key].append((plain(word), span))

    def since(self, key: str, codes: list[str], request: datetime.date, most: datetime.date) -> datetime.date:
        """The first day from which on every day up to the request is complete for every code."""
        spans = [*self.spans.get(key, ()), *self.spans.get("*", ())]
        known = [[(s.first, s.last) for word, s in spans if takes_in(word, code)] for code in codes]
        day = request
        while day > most and all(any(a <= day - DAY <= b for a, b in spans) for spans in known):
            day -= DAY
        return day

    def fact(self, name: str, key: str, request: datetime.date | None) -> int:
        """The number, or -1 - n for at least n."""
        how, groups, window = FIELDS[name]
        if request is None:
            return -1
        first = request
        while in_window(first - DAY, request, window):
            first -= DAY
        events = [e for e in self.events[key] if in_window(e.day, request, window)]
        of = [[e for e in events if any(takes_in(p, plain(e.code)) for p in codes)] for codes in groups]
        since = [self.since(key, codes, request, first) for codes in groups]
        sure = since[0] == first
        if how == "last":
            return self.last(of[0], since[0], request, first)
        if how == "groups":
            number = sum(bool(found) for found in of)
            sure = all(found or day == first for found, day in zip(of, since, strict=True))
        elif how == "run":
            number = longest(of[0], request)
        else:
            mine = of[0]
            counts = {"days": len({e.day for e in mine}), "events": len(mine)}
            number = counts.get(how, sum(int(e.quantity or 1) for e in mine))
        return number if sure or number == GREATEST.get(name) else -1 - number

    @staticmethod
    def last(events: list[Event], since: datetime.date, request: datetime.date, first: datetime.date) -> int:
        day = request - DAY
        days = {event.day for event in events}
        while day >= since:
            if day in days:
                return (request - day).days
            day -= DAY
        if since == first:
            return GREATEST["days_since_session"]
        return -1 if since == request else -1 - ((request - since).days + 1)


def longest(events: list[Event], request: datetime.date) -> int:
    """Days are covered one by one; a run goes on over gaps of at most `GAP` days."""
    covered = {e.day + i * DAY for e in events for i in range(int(e.quantity or 1)) if e.day + i * DAY < request}
    best, begun, before = 0, None, None
    for day in sorted(covered):
        if before is None or (day - before).days - 1 > GAP:
            begun = day
        assert begun is not None
        best, before = max(best, (day - begun).days + 1), day
    return best


def drawn(size: int, seed: int = 1) -> Tables:
    """Events of about ten a key, many of them at the edges of windows and of months."""
    luck = random.Random(seed)
    keys = [f"k{i}" for i in range(max(size // 10, 1))]
    ends = [
        datetime.date(y, m, d) for y in (2023, 2024, 2025) for m, d in ((1, 31), (2, 28), (3, 1), (12, 31), (4, 30))
    ]
    ends.append(datetime.date(2024, 2, 29))
    cases: list[tuple[str, datetime.date | None]] = []
    for key in keys:
        request = luck.choice(ends) if luck.random() < 0.5 else datetime.date(2023, 1, 1) + luck.randrange(1096) * DAY
        cases.append((key, request if luck.random() < 0.98 else None))
    asked = dict(cases)
    events, spans = [], [Span("*", "M*", datetime.date(2022, 1, 1), datetime.date(2024, 12, 31))]
    for _ in range(size):
        key = luck.choice(keys)
        anchor = asked[key] or ends[0]
        near = [later(anchor, -n) for n in (1, 12, 24)] + [anchor - 90 * DAY, anchor - 730 * DAY, anchor]
        base = luck.choice(near) if luck.random() < 0.5 else anchor - luck.randrange(800) * DAY
        day = base + luck.randrange(-3, 4) * DAY
        events.append(Event(key, day, luck.choice(CODES), luck.choice(("", "1", "2", "7", "30"))))
    for key in keys:
        for _ in range(luck.choice((0, 1, 1, 2, 3))):
            last = (asked[key] or ends[0]) - luck.choice((1, 1, 1, 2, 60)) * DAY + luck.choice((0, 0, 400)) * DAY
            first = last - luck.choice((1, 29, 90, 365, 366, 730, 800)) * DAY
            spans.append(Span(key, luck.choice(COMPLETE), first, last))
            if luck.random() < 0.3:
                spans.append(Span(key, spans[-1].codes, first - 400 * DAY, first - luck.choice((1, 2, 0)) * DAY))
    return Tables(cases, events, spans)


def write(tables: Tables, folder: Path) -> tuple[Path, Path, Path]:
    """Cases, events and spans as CSV files."""
    cases = [(key, "M54.2", "64490", request or "") for key, request in tables.cases]
    for name, header, rows in (
        ("cases", ("case_id", "dx", "cpt", "request_date"), cases),
        ("events", ("key", "date", "code", "quantity"), tables.events),
        ("complete", ("key", "codes", "from", "to"), tables.spans),
    ):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows([header, *rows])
    return folder / "cases.csv", folder / "events.csv", folder / "complete.csv"


def computed(tables: Tables, folder: Path, complete: bool = True) -> policy.Cases:
    """The cases as the program reads them."""
    document: Policy = policy.load(POLICY)
    cases, events, spans = write(tables, folder)
    history = policy.PlanHistory(document, events, spans if complete else None)
    return policy.read_cases(cases, document, derived=history)


def compared(tables: Tables, cases: policy.Cases) -> tuple[list[tuple[Any, ...]], Counter[str]]:
    """What differs (key, request, field, ours, the oracle's), and how many facts of each sort agree."""
    oracle, wrong, sorts = ByDays(tables), [], Counter[str]()
    for name in FIELDS:
        for (key, request), found in zip(tables.cases, cases.facts[name].tolist(), strict=True):
            wanted = oracle.fact(name, key, request)
            if found != wanted:
                wrong.append((key, request, name, found, wanted))
            sorts[f"{name} {'known' if wanted >= 0 else 'at least' if wanted < -1 else 'not documented'}"] += 1
    return wrong, sorts


def main(size: int) -> None:
    tables = drawn(size)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        cases = computed(tables, Path(folder))
        seconds = time.perf_counter() - start
    wrong, sorts = compared(tables, cases)
    print(f"{size:,} events, {len(tables.cases):,} cases, {len(FIELDS)} facts: {seconds:.1f} s; wrong: {len(wrong)}")
    for sort, count in sorted(sorts.items()):
        print(f"  {sort}: {count:,}")
    print(*wrong[:10], sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
