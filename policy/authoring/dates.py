"""Durations between the same two dates: which of their values go together, and dates that show it.

Ninety-two days may be three months and a day, or exactly three months: only dates tell. So where rules read two
durations between the same dates, or where both dates are always told, cases are written with dates as well as with
days. Within 1901 to 2099 the calendar repeats every 1,461 days, so that as many last days show all that there is.
"""

import datetime
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from policy.case_files.grammar import EPOCH
from policy.case_files.written import day_of
from policy.cases.relations import half_months
from policy.model import CaseField
from policy.problems import refuse

Ints = NDArray[np.int64]
LAST_DAYS = (datetime.date(2023, 1, 1) - EPOCH).days + np.arange(1461)
MOST_DAYS = 40_000  # from the first to the last of them, in 1901 or later


def dated(kinds: Mapping[str, CaseField], stops: Mapping[str, Sequence[int]]) -> list[dict[str, str]]:
    """For durations between the same two dates, dates for each way in which their values lie between their stops.

    `stops`: of each duration, the least values, on its grid, of the stretches in which it is told apart; without days
    that the dates would need more than a hundred years for. ProblemsFound where a stop lies beyond.
    """
    first, last = next(iter(kinds.values())).ends
    far = max(16 * stop + 62 if kinds[name].calendar else stop + 1 for name, marks in stops.items() for stop in marks)
    if far > MOST_DAYS:
        raise refuse("proof", first, f"a duration of more than {MOST_DAYS:,} days is not looked at")
    days, months, ends = _together(1 << int(far).bit_length())
    key = np.zeros(len(days), dtype=np.int64)
    for name, kind in kinds.items():
        marks = np.array(sorted(stops[name]))
        key = key * (len(marks) + 1) + np.searchsorted(marks, months if kind.calendar else days, "right")
    _, shown = np.unique(key, return_index=True)
    return [{first: day_of(int(ends[i] - days[i])), last: day_of(int(ends[i]))} for i in sorted(shown)]


@lru_cache(maxsize=4)
def _together(most: int) -> tuple[Ints, Ints, Ints]:
    """Days and half months that some two dates have between them, each pair once, and a last day that shows it."""
    found = []
    for days in range(min(most, MOST_DAYS) + 1):
        months, where = np.unique(half_months(LAST_DAYS - days, LAST_DAYS), return_index=True)
        found.append(np.stack([np.full(len(months), days), months, LAST_DAYS[where]]))
    days, months, ends = np.concatenate(found, axis=1)
    return days, months, ends
