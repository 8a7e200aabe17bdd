"""Shares, changes of shares and their intervals as people read them: every one is rounded here and nowhere else.

A half goes away from zero, as on paper: 811 of 2,000 is 40.55 % and shown as 40.6%. Digits are read off the decimal
number, not off the binary one behind it, which is a little less for 40.55 and a little more for 0.4055, so that `.1f`
and `.1%` would show two numbers for one share. Quotients and differences of counts come with an error in their last
digits; ten decimals of a percentage are kept before rounding, which is exact for counts of up to a hundred million.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_05UP, ROUND_HALF_UP, Decimal
from typing import Any

_KEPT = 10  # decimals of a percentage
_HALVES = (-1, -2, -3)  # exponents of a table's numbers that would be halves where no, one or two decimals are shown


def fixed(number: float, decimals: int = 1) -> str:
    """'19.8': a percentage, a number of points or another finite number, without a sign for 0."""
    text = f"{_rounded(number, decimals):f}"
    return text.lstrip("-") if not float(text) else text


def percent(share: float | None, decimals: int = 1) -> str:
    """'19.8%', or 'withheld'; a share that is neither 0 nor 1 is never shown as if it were."""
    if share is None:
        return "withheld"
    text, least = fixed(100 * share, decimals), Decimal(1).scaleb(-decimals)
    if share and not float(text):
        return f"<{least}%"
    return f">{100 - least}%" if share < 1 and float(text) == 100 else f"{text}%"


def points(change: float | None, decimals: int = 1) -> str:
    """'+1.2' or '−5.4' percentage points, or 'withheld'."""
    if change is None:
        return "withheld"
    text = fixed(100 * change, decimals)
    return text.replace("-", "−") if not float(text) or text.startswith("-") else f"+{text}"


def change_called(
    told: Iterable[tuple[float | None, float | None, float | None]], what: str = "Change, points", decimals: int = 1
) -> str:
    """What changes of shares are called: 'Change, points', and why where one is not the difference that a reader takes.

    `told`: share before, after and change, as fractions, as they are shown beside each other; None: not told.
    """

    def apart(before: float, after: float, change: float) -> bool:
        old, new, by = (Decimal(fixed(100 * one, decimals)) for one in (before, after, change))
        return new - old != by

    rows = [(old, new, by) for old, new, by in told if old is not None and new is not None and by is not None]
    return f"{what}, from exact counts" if any(apart(*row) for row in rows) else what


def percent_within(pct: float, low: float, high: float, *, between: str = " to ") -> str:
    """'19.8% (18.1 to 21.6)': a percentage with its interval."""
    return f"{percent(pct / 100)} ({fixed(low)}{between}{fixed(high)})"


def points_within(points_: float, low: float, high: float, *, decimals: int = 1) -> str:
    """'−5.4 (−6.1 to −4.7)': points with their interval."""
    value, *ends = (points(one / 100, decimals) for one in (points_, low, high))
    return f"{value} ({' to '.join(ends)})"


def in_percent(share: float) -> float:
    """A share, or a change of one, in per cent for a table; see `for_table`."""
    return for_table(100 * share)


def for_table(number: float) -> float:
    """A number to four decimals, and no half that it is not.

    40.549996 is 40.5499 and not 40.55, so that who rounds the table reads what the page shows.
    """
    whole, told = _rounded(number, _KEPT), _rounded(number, 4)
    exponent, last = told.normalize().as_tuple().exponent, told.normalize().as_tuple().digits[-1]
    if told != whole and last == 5 and exponent in _HALVES:
        told = whole.quantize(told, ROUND_05UP)
    return float(told)


def _rounded(number: float, decimals: int) -> Decimal:
    return Decimal(f"{number:.{_KEPT}f}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def shares_told(row: Mapping[Any, Any]) -> tuple[float | None, float | None, float | None]:
    """The rates of a row before and after and the change between them, as fractions; None: not told."""
    names = ("baseline_pct", "scenario_pct", "change_points")
    before, after, change = (None if row[name] is None else row[name] / 100 for name in names)
    return before, after, change
