"""What the columns of a case say together: how long something lasted, and a number that another column implies."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from policy.bits.rows import Ints, blend
from policy.model import CaseField


def duration(kind: CaseField, facts: Mapping[str, Ints]) -> Ints:
    """How long it lasted, on its grid: from date to date, else as its column of days tells; -1 where neither does."""
    first, last, days = (facts[name].astype(np.int64) for name in kind.sources)
    dated = (first >= 0) & (last >= first)
    if kind.calendar:
        lasts: Ints = blend(dated, half_months(first, last), half_months_of_days(days))
    else:
        lasts = blend(dated, last - first, days)
    return lasts.astype(kind.dtype)


def implied(kind: CaseField, number: Ints, facts: Mapping[str, Ints]) -> Ints:
    """A number that is missing, but that other columns tell to be at least so much: -1 - n (`CaseField.missing`)."""
    least = np.zeros(1, dtype=np.int64)
    for column, n in kind.implied_by.items():
        least = np.maximum(least, n * (facts[column] >= 0))
    known = np.where(least == kind.span[1], least, -1 - least)  # as much as there can be is the number itself
    found: Ints = blend(number < 0, known, number).astype(kind.dtype)
    return found


def presume(fields: Mapping[str, CaseField], facts: Mapping[str, Ints]) -> None:
    """Put the value of `absent` where nothing is documented, as if it had been written."""
    for name, kind in fields.items():
        if kind.absent is not None and not kind.ignored:
            np.copyto(facts[name], kind.code(kind.absent), where=facts[name] < 0)


def half_months_of_days(days: Ints) -> Ints:
    """Days to half months: n months are floor(30.4375 n) days (91 days are exactly 3 months, 92 are more); -1 stays."""
    months = (days * 16 + 15) // 487  # the greatest n with floor(487 n / 16) <= days
    months = months - (months * 487 // 16 > days)
    result: Ints = blend(days < 0, -1, 2 * months + (days > months * 487 // 16))
    return result


def half_months(start: Ints, end: Ints) -> Ints:
    """Calendar months between two days (from 1900-01-01) in half steps; a month's end clamps (31 Jan + 1 = 28 Feb)."""
    start, end = np.maximum(start, 0), np.maximum(end, 0)
    month, place, longest = _months(int(max(start.max(initial=0), end.max(initial=0))).bit_length())
    today, clamped = place[end], np.minimum(place[start], longest[end])
    result: Ints = 2 * (month[end] - month[start] - (today < clamped)) + (today != clamped)
    return result


@cache
def _months(bits: int) -> tuple[Ints, Ints, Ints]:
    """Of 2 ** bits days from 1900-01-01: the number of the month, the place in it from 0, and the last such place."""
    days = np.datetime64("1900-01-01", "D") + np.arange(1 << bits)
    months = days.astype("datetime64[M]")
    first, following = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    return months.astype(np.int64), (days - first).astype(np.int8), (following - first).astype(np.int8) - np.int8(1)
