"""Cases judged by the day of their request: the stretches of days of one version and one set of dated values."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from policy.bits.rows import Ints
from policy.case_files.written import day_of
from policy.model import Settings

REQUESTED = "request_date"  # the column that says under which version a case is judged
UNREADABLE = -2  # in place of a day: something that is no date stands there, and its row will be rejected


class Stretch(NamedTuple):
    """Days from `first` to before `end`, counted from 1900-01-01 (None: open), judged alike; `version`: by which.

    `day`: on which its dated values are read (ISO; None: the latest).
    """

    version: str
    first: int | None
    end: int | None
    day: str | None

    def holds(self, day: int) -> bool:
        """Whether the day is one of them."""
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    def __str__(self) -> str:
        return f"{self.version} from {day_of(self.first)}" if self.first is not None else self.version


@dataclass
class Calendar:
    """All stretches in order; `settings` are asked for when the first case of a stretch comes, and kept.

    `undated`: the stretch of cases without a date; None where there are several and no day was named for them.
    `columns`: what a case table may hold, as some of the versions know it. `why_none`: what is said of a day (ISO) that
    lies in no stretch.
    """

    stretches: Sequence[Stretch]
    load: Callable[[Stretch], Settings]
    undated: int | None = 0
    columns: Collection[str] = ()
    why_none: Callable[[str], str] = str
    _loaded: dict[int, Settings] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Calendar":
        """One version for every day."""
        return cls([Stretch(settings.policy.name, None, None, settings.policy.day)], lambda _: settings)

    @property
    def usual(self) -> int:
        """The stretch of cases without a date, else the last."""
        return len(self.stretches) - 1 if self.undated is None else self.undated

    def settings(self, number: int) -> Settings:
        """The version and the values of a stretch."""
        if number not in self._loaded:
            self._loaded[number] = self.load(self.stretches[number])
        return self._loaded[number]

    @property
    def always(self) -> bool:
        """Whether the day makes no difference."""
        return len(self.stretches) == 1 and self.stretches[0][1:3] == (None, None)

    def of_days(self, days: Ints) -> Ints:
        """The stretch of each day, -1 where there is none to be told: (n,).

        Of a day in no stretch, and of what is no date, it is one whose encoder will reject the row.
        """
        firsts = np.array([-1 if one.first is None else one.first for one in self.stretches])
        found = np.maximum(np.searchsorted(firsts, days, side="right") - 1, 0)
        found = np.where(days == UNREADABLE, len(firsts) - 1, found)
        return np.where(days == -1, -1 if self.undated is None else self.undated, found)

    def wrong(self, day: int) -> str:
        """What is wrong with a day; empty where a version is in force."""
        return "" if any(one.holds(day) for one in self.stretches) else self.why_none(day_of(day))
