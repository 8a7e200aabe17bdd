"""A fact of a case: one column of the case table, or what is worked out from columns."""

from typing import Any

import numpy as np

from policy.entries.columns import ColumnEntry

# From the first day that a case table may hold, 1901-01-01, to the last, 2099-12-31
LONGEST_DAYS, LONGEST_MONTHS = 72_682, 199 * 12
AGE = "age"  # the column of this name is read in whole years


class CaseField(ColumnEntry):
    """One column of the case table, or a fact derived from columns (types `duration` and `months`).

    A `duration` lasts from one date to another, in its unit; where a date is missing, the column `days` tells it.
    `months` is one in months that names its dates `onset` and `request`.
    """

    # Of its entry decide: `type`, `unit`, `min` and `max`; `absent`, the word taken where nothing is documented; and
    # `implied_by`, columns that, on file, tell that this number is at least so much.

    @property
    def told(self) -> bool:
        """Whether it has a column of its own, and is not worked out from others."""
        return self.type not in ("duration", "months")

    @property
    def numeric(self) -> bool:
        """Whether it is a number that a line can be drawn through."""
        return self.type in ("whole", "decimal", "percent") or not self.told

    @property
    def ends(self) -> tuple[str, str]:
        """The two dates of a duration: its first day and its last."""
        return str(self.from_ or self.onset), str(self.to or self.request)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that a duration is worked out from: two dates, or else its days."""
        return () if self.told else (*self.ends, str(self.days))

    def column(self, name: str) -> str:
        """The column that tells a fact of this name where no dates do: its own, or the days of a duration."""
        return name if self.told else str(self.days)

    @property
    def calendar(self) -> bool:
        """Whether it is a duration that is counted in calendar months, and not in days."""
        return self.type == "months" or (self.type == "duration" and self.unit in ("months", "years"))

    @property
    def grid(self) -> tuple[str, int]:
        """The unit that the grid divides, and into how many steps: months of a duration into halves (2n: exactly n)."""
        if self.calendar:
            return "months", 2
        unit = {"percent": "percent", "duration": "days"}.get(self.type, self.unit or "")
        return unit, self.scale

    @property
    def span(self) -> tuple[int, int]:
        """Least and greatest value of the fact on its integer grid (booleans 0, 1; choices their position)."""
        if self.type == "duration":
            return 0, 2 * LONGEST_MONTHS if self.calendar else LONGEST_DAYS
        if self.type == "months":
            return int(self.min) * 2, int(self.max) * 2
        whole = (int(self.min * self.scale), int(self.max * self.scale))
        return {"boolean": (0, 1), "choice": (0, len(self.choices) - 1)}.get(self.type, whole)

    @property
    def bounds(self) -> tuple[int, ...]:
        """Lower bounds that other columns may give to a number that is not documented, then stored as -1 - n.

        A history that is not complete may give any other (`bounded`); no column of a table holds one.
        """
        return tuple(sorted({n for n in self.implied_by.values() if n < self.span[1]}))

    @property
    def bounded(self) -> bool:
        """Whether a number that is not documented may be known to be at least n."""
        return bool(self.bounds) or self.history is not None

    @property
    def missing(self) -> tuple[int, ...]:
        """The codes of a missing value, in order; the last is -1."""
        return tuple(-1 - n for n in reversed((0, *self.bounds)))

    @property
    def dtype(self) -> Any:
        """The smallest integer type that holds the span and the codes of a missing value."""
        return np.dtype(np.int32) if self.type == "date" else np.min_scalar_type(-max(self.span[1], 1) - 1)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a boolean or a choice by their integers; none for any other fact."""
        return ("false", "true") if self.type == "boolean" else self.choices

    def code(self, word: str) -> int:
        """Integer of a boolean's or choice's word; ValueError when it is not allowed."""
        return self.words.index(word)
