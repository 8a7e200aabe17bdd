"""What the columns of a case say together: dates and durations, a number and what implies it."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from functools import cache

import numpy as np

from policy.case_files.cells import Ints
from policy.case_files.grammar import EPOCH, REMARKED_DAY
from policy.model import CaseField, Policy
from policy.model.fields import AGE

REQUEST = "request_date"

Reject = Callable[..., None]  # rows, column, values, messages


def relate(policy: Policy, facts: dict[str, Ints], fault: Reject) -> None:
    """Reject what cannot be, and add what one column tells about another."""
    for name, kind in policy.fields_.items():
        if not kind.told:
            _duration(policy, facts, name, kind, fault)
    written = dict(facts)  # what one column tells about another is told by what it holds itself
    for name, kind in policy.fields_.items():
        if kind.implied_by:
            facts[name] = _implied(policy, written, name, kind, fault)
    for relation in policy.relations:
        if relation.verdict == "reject":
            rows, kind = np.flatnonzero(relation.broken(policy.fields_, facts)), policy.fields_[relation.field]
            values = [as_written(kind, int(value)) for value in facts[relation.field][rows]]
            fault(rows, relation.field, values, [f"{relation.says} ({relation.at_most})"] * len(rows))


def _implied(policy: Policy, facts: dict[str, Ints], name: str, kind: CaseField, fault: Reject) -> Ints:
    """A number that is missing, but that other columns tell to be at least so much: -1 - n (`CaseField.missing`)."""
    number, least = facts[name], np.zeros(1, dtype=np.int64)
    for column, n in kind.implied_by.items():
        on_file = facts[column]
        rows = np.flatnonzero((on_file >= 0) & (number >= 0) & (number < n))
        messages = [f"contradicts {name} = {number[row]}" for row in rows]
        fault(rows, column, [as_written(policy.fields_[column], int(on_file[row])) for row in rows], messages)
        least = np.maximum(least, n * (on_file >= 0))
    known = np.where(least == kind.span[1], least, -1 - least)  # as much as there can be is the number itself
    found: Ints = np.where(number < 0, known, number).astype(kind.dtype)
    return found


def as_written(kind: CaseField, value: int) -> str:
    """A fact as a case table would hold it."""
    if kind.words:
        return kind.words[value]
    if kind.type == "date":
        return day_of(value)
    return f"{Decimal(value) / kind.scale:f}"


def _duration(policy: Policy, facts: dict[str, Ints], name: str, kind: CaseField, fault: Reject) -> None:
    onset, request, days = (facts[name].astype(np.int64) for name in kind.sources)
    late = np.flatnonzero((onset > request) & (request >= 0))
    after = "the date of the request" if kind.ends[1] == REQUEST else kind.ends[1]
    fault(late, kind.ends[0], [day_of(v) for v in onset[late]], [f"is after {after}"] * len(late))
    if ages(policy, kind):
        age = facts[AGE].astype(np.int64)
        old = np.flatnonzero((onset >= 0) & (request >= 0) & (age >= 0) & (onset < request - 365 * (age + 1)))
        unborn = old[onset[old] < birth_after(request[old], age[old])]
        zero = [
            " (some programs write it for no date)" * int(onset[row] == (REMARKED_DAY - EPOCH).days) for row in unborn
        ]
        messages = [
            f"is before the birth of a person of age {age[row]}{why}" for row, why in zip(unborn, zero, strict=True)
        ]
        fault(unborn, kind.ends[0], [day_of(v) for v in onset[unborn]], messages)
    dated = (onset >= 0) & (request >= onset)
    if kind.calendar:
        lasts = np.where(dated, half_months(onset, request), half_months_of_days(days))
    else:
        lasts = np.where(dated, request - onset, days)
    facts[name] = lasts.astype(kind.dtype)


def ages(policy: Policy, duration: CaseField) -> bool:
    """Whether the age at the request tells how early a duration can have begun."""
    age = policy.fields_.get(AGE)
    return age is not None and age.type == "whole" and duration.ends[1] == REQUEST


def birth_after(request: Ints, age: Ints) -> Ints:
    """The request less (age + 1) years, in days from 1900-01-01: who has this age then was not born before."""
    found = np.empty(len(request), dtype=np.int64)
    for row, (days, years) in enumerate(zip(request.tolist(), age.tolist(), strict=True)):
        day = EPOCH + datetime.timedelta(days)
        year = day.year - years - 1
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        found[row] = (
            day.replace(day=28 if (day.month, day.day, leap) == (2, 29, False) else day.day, year=year) - EPOCH
        ).days
    return found


def day_of(days: int) -> str:
    """ISO date of a day counted from 1900-01-01."""
    return (EPOCH + datetime.timedelta(int(days))).isoformat()


def half_months_of_days(days: Ints) -> Ints:
    """Days to half months: n months are floor(30.4375 n) days (91 days are exactly 3 months, 92 are more); -1 stays."""
    months = (days * 16 + 15) // 487  # the greatest n with floor(487 n / 16) <= days
    months = np.where(months * 487 // 16 > days, months - 1, months)
    result: Ints = np.where(days < 0, -1, 2 * months + (days > months * 487 // 16))
    return result


def half_months(start: Ints, end: Ints) -> Ints:
    """Calendar months between two days (from 1900-01-01) in half steps; a month's end clamps (31 Jan + 1 = 28 Feb)."""
    start, end = np.maximum(start, 0), np.maximum(end, 0)
    month, place, longest = _months(int(max(start.max(initial=0), end.max(initial=0))).bit_length())
    today = place[end]
    clamped = np.minimum(place[start], longest[end])
    result: Ints = 2 * (month[end] - month[start] - (today < clamped)) + (today != clamped)
    return result


@cache
def _months(bits: int) -> tuple[Ints, Ints, Ints]:
    """Of 2 ** bits days from 1900-01-01: the number of the month, the place in it from 0, and the last such place."""
    days = np.datetime64("1900-01-01", "D") + np.arange(1 << bits)
    months = days.astype("datetime64[M]")
    first, following = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    places = ((days - first).astype(np.int8), (following - first).astype(np.int8) - np.int8(1))
    return months.astype(np.int64), *places
