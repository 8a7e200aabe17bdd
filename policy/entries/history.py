"""How the events before a request become one whole number: each kind is one small class.

An event (a claim, a fill) on file says that something was billed or handed out, never that it failed.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.kinds import tagged
from policy.entries.records import Record
from policy.entries.scalars import Id, Whole, as_list

EVENT_CODE = r"[A-Z0-9][A-Z0-9.-]{0,19}"
MOST_MONTHS, MOST_DAYS = 600, 18_300  # of a window
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

EventCode = Annotated[str, StringConstraints(pattern=rf"^{EVENT_CODE}\*?$")]  # with a star: every code that begins so
_CodeList = Annotated[tuple[EventCode, ...], Field(min_length=1)]
Codes = Annotated[
    _CodeList,
    BeforeValidator(as_list, json_schema_input_type=EventCode | Annotated[tuple[EventCode, ...], Field(min_length=1)]),
]


class Events(Record):
    """What is read of the events of a key before a request; the day of the request does not count."""

    kind: ClassVar[str]
    request: Id = "request_date"  # the column that says the day of the request

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The codes, in groups that are told apart."""
        codes: tuple[str, ...] = getattr(self, self.kind)
        return (codes,)

    @property
    def when(self) -> str:
        """Which events are read, in words that follow the number."""
        raise NotImplementedError

    @property
    def greatest(self) -> int | None:
        """The number that none can exceed, where there is one."""
        return None


class InWindow(Events):
    """Events of so many calendar months (their ends clamp) or days before the request: day + months >= request."""

    months: Whole | None = None
    days: Whole | None = None

    @model_validator(mode="after")
    def _one_length(self) -> "InWindow":
        if (self.months is None) == (self.days is None):
            raise PydanticCustomError("history", "needs a window: months or days, one of them")
        for key, length, most in (("months", self.months, MOST_MONTHS), ("days", self.days, MOST_DAYS)):
            if length is not None and not 1 <= length <= most:
                told = {"length": length, "most": f"{most:,}", "key": key}
                raise PydanticCustomError("history", "{length} is no window; allowed 1 to {most}", told)
        return self

    @property
    def when(self) -> str:
        """The window."""
        number, unit = (self.days, "day") if self.months is None else (self.months, "month")
        return f"in the {number} {unit}s before the request" if number != 1 else f"in the {unit} before the request"

    @property
    def longest(self) -> int:
        """The most days that the window can hold."""
        if self.months is None:
            return int(self.days or 0)
        lengths = [days + (i == 1) for i, days in enumerate(_LENGTHS * 4)]  # four years, the first a leap year
        years, rest = divmod(self.months, 48)
        return years * sum(lengths) + max(sum((lengths * 2)[i : i + rest]) for i in range(48))


class CountOfEvents(InWindow):
    """How many events, days with an event (a session of several codes is one), or the sum of their quantities."""

    kind = "count"
    count: Codes
    of: Literal["events", "days", "quantity"] = "events"


class DistinctGroups(InWindow):
    """Of how many of several groups of codes there is an event: tried, which is not to say failed."""

    kind = "distinct"
    distinct: Annotated[dict[Id, Codes], Field(min_length=1)]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Each group's codes."""
        return tuple(self.distinct.values())

    @property
    def greatest(self) -> int | None:
        """All of them."""
        return len(self.distinct)


class LongestRun(InWindow):
    """Days from the first to the last of the longest run of covered days, with its gaps of at most `gap_days`.

    An event covers as many days as its quantity says, from its own day on; days from the request on do not count.
    """

    kind = "longest_run"
    longest_run: Codes
    gap_days: Whole

    @model_validator(mode="after")
    def _gap(self) -> "LongestRun":
        if not 0 <= self.gap_days <= MOST_DAYS:
            told = {"gap": self.gap_days, "most": f"{MOST_DAYS:,}", "key": "gap_days"}
            raise PydanticCustomError("history", "{gap} is no gap; allowed 0 to {most} days", told)
        return self

    @property
    def greatest(self) -> int | None:
        """The whole window."""
        return self.longest


class DaysSinceLast(Events):
    """Days from the last event to the request; the field's `max` says so many or more, also that there was none."""

    kind = "days_since_last"
    days_since_last: Codes

    @property
    def when(self) -> str:
        """What the number is counted from."""
        return "from the last one to the request"


_Kinds: TypeAlias = CountOfEvents | DistinctGroups | LongestRun | DaysSinceLast
_KEYS = {one.kind: one for one in get_args(_Kinds)}


def _one_kind(value: Mapping[str, object]) -> None:
    """A mapping with the key of one kind, among others."""
    found = [key for key in value if key in _KEYS]
    if len(found) != 1:
        told = {"kinds": ", ".join(_KEYS), "found": ", ".join(found) or "none"}
        raise PydanticCustomError("history", "needs one of {kinds}; found {found}", told)


if TYPE_CHECKING:
    History: TypeAlias = _Kinds
else:
    History = tagged(_KEYS, "<{} of events>".format, _one_kind)
HISTORY_TAGS = frozenset(f"<{kind} of events>" for kind in _KEYS)
