"""One grammar of values: the table `form_of` says what a cell of each type may look like.

The reader of files (reader.py) and the SELECT for a warehouse (policy/sql/cells.py) are both made from it, so
that what one rejects the other never approves. A cell is text here, whatever its column was; white space around it is
no part of it.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from policy.model import Amount, CaseField
from policy.problems import listed, nearest

SPACE = " \t\r\n\u00a0"  # around a value
# In a text that is kept: control characters, and those that do not show or turn the direction of what follows.
_RANGES = ((0, 31), (127, 159), (173, 173), (8203, 8207), (8232, 8238), (8288, 8297), (65279, 65279), (65533, 65533))
UNFIT = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
DIGITS, CAPITALS, SMALL = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
NO_NUMBER = "nan"  # of a numeric column: nothing there; in a text it is a word like any other
UNFIT_IN = frozenset(UNFIT)
LONGEST = 80  # characters of a text that is kept
UNSHOWN = f"has control characters or more than {LONGEST} characters"
MOST_DIGITS, MOST_PLACES = 9, 60  # of a number, before and after its point
TRUE, FALSE = ("true", "yes", "y", "1", "t"), ("false", "no", "n", "0", "f")
FIRST_DAY, LAST_DAY = datetime.date(1901, 1, 1), datetime.date(2099, 12, 31)
PLACEHOLDERS = ("1900-01-01", "9999-12-31")
REMARKED_DAY = datetime.date(1970, 1, 1)  # day 0 of many computers
EPOCH = datetime.date(1900, 1, 1)  # from which a fact counts its days
KEPT = ("text", "diagnosis", "procedure")  # types whose cells stay text
_NUMBER = re.compile(rf"(-)?(0|[1-9]\d{{0,{MOST_DIGITS - 1}}})(?:\.(\d{{1,{MOST_PLACES}}}))?", re.ASCII)
_ZEROS = re.compile(rf"^(\d+)\.0{{1,{MOST_PLACES}}}$", re.ASCII)
_TO_SMALL, _TO_CAPITALS = str.maketrans(CAPITALS, SMALL), str.maketrans(SMALL, CAPITALS)


def bare(text: str) -> str:
    """The text without the white space around it."""
    return text.strip(SPACE)


@dataclass(frozen=True)
class Words:
    """One of some words, in capitals or small letters of ASCII; `numeric`: 1.00 is 1, as a numeric column writes it."""

    codes: Mapping[str, int]
    numeric: bool = False

    def read(self, text: str) -> int:
        """The word's code; ValueError says what is allowed."""
        word = text.translate(_TO_SMALL)
        if self.numeric:
            word = _ZEROS.sub(r"\1", word)
        if word in self.codes:
            return self.codes[word]
        if self.numeric:
            raise ValueError("is neither true/yes/y/1/t nor false/no/n/0/f; empty means not documented")
        raise ValueError(f"is not one of {listed(self.codes)}{nearest(word, self.codes)}")


@dataclass(frozen=True)
class Number:
    """Digits with `places` decimals (further ones are zeros), from `low` to `high`, in steps of `step` of the last.

    `percent`: above 0 and below 1 it looks like a fraction. What is read is a whole number of units of the last place.
    """

    low: Amount
    high: Amount
    places: int
    step: int
    unit: str
    percent: bool = False

    @property
    def ends(self) -> tuple[int, int]:
        """Its least and greatest value in units of the last place."""
        return int(self.low * 10**self.places), int(self.high * 10**self.places)

    @property
    def allowed(self) -> str:
        """The range in words."""
        return f"allowed {self.low} to {self.high} {self.unit}".rstrip()

    def read(self, text: str) -> int:
        """The number in units of its last place; ValueError says what is allowed."""
        said = self.allowed
        found = _NUMBER.fullmatch(text)
        if not found:
            raise ValueError(f"is not a plain number; {said}")
        sign, whole, rest = found[1], found[2], found[3] or ""
        amount, finer = int(whole + rest[: self.places].ljust(self.places, "0")), bool(rest[self.places :].strip("0"))
        one, negative = 10**self.places, bool(sign and (amount or finer))
        least, greatest = self.ends
        if negative or not least <= amount <= greatest - finer:
            raise ValueError(f"is outside the range; {said}")
        if self.percent and amount < one and (amount or finer):
            raise ValueError(f"looks like a fraction; write per cent, {said}")
        if finer or amount % self.step:
            step = Decimal(self.step).scaleb(-self.places).normalize()
            fine = "is not a whole number" if step == 1 else f"is finer than the step of {step:f}"
            raise ValueError(f"{fine}; {said}")
        return amount


@dataclass(frozen=True)
class Day:
    """A date, YYYY-MM-DD."""

    def read(self, text: str) -> int:
        """Days since 1900-01-01; ValueError says what is allowed."""
        if text in PLACEHOLDERS:
            raise ValueError("is a placeholder, no date; leave it empty where the date is not known")
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
                raise ValueError
            day = datetime.date.fromisoformat(text)
        except ValueError:
            moment = re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", text, re.ASCII)
            said = "has a time of day" if moment else "is not a date"
            zone = "; a time with a zone is read in UTC, where it must be 00:00" if moment else ""
            raise ValueError(f"{said}; write it as YYYY-MM-DD{zone}") from None
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ValueError(f"is outside {FIRST_DAY} to {LAST_DAY}")
        return (day - EPOCH).days


@dataclass(frozen=True)
class Code:
    """A code whose characters are of `shapes`, each a set of characters per place.

    `dot`: after so many characters a dot may stand, which is no part of the shape. `numeric`: zeros after a dot are no
    part of it either (64405.00 of a numeric column).
    """

    shapes: tuple[tuple[str, ...], ...]
    what: str
    dot: int | None = None
    numeric: bool = False

    def read(self, text: str) -> str:
        """The code in its standard form; ValueError says what is allowed."""
        word = text.translate(_TO_CAPITALS)
        if self.numeric:
            word = _ZEROS.sub(r"\1", word)
        if self.dot and word[self.dot : self.dot + 1] == ".":
            word = word[: self.dot] + word[self.dot + 1 :]
        if not any(len(word) == len(shape) and all(map(str.__contains__, shape, word)) for shape in self.shapes):
            raise ValueError(f"is not {self.what}")
        return f"{word[: self.dot]}.{word[self.dot :]}" if self.dot and len(word) > self.dot else word


@dataclass(frozen=True)
class Plain:
    """Any text that can be shown."""

    def read(self, text: str) -> str:
        """The text itself; ValueError says what is allowed."""
        if len(text) > LONGEST or not UNFIT_IN.isdisjoint(text):
            raise ValueError(UNSHOWN)
        return text


Form = Words | Number | Day | Code | Plain
_ANY = DIGITS + CAPITALS
DIAGNOSIS = Code(
    tuple((CAPITALS, DIGITS, _ANY, *[_ANY] * more) for more in range(5)), "one ICD-10-CM code such as M54.2", dot=3
)
PROCEDURE = Code(
    ((DIGITS,) * 5, (*[DIGITS] * 4, "FTU"), (CAPITALS, *[DIGITS] * 4)),
    "one CPT or HCPCS code: five digits, four digits and F, T or U, or a letter and four digits", numeric=True,
)  # fmt: skip
BOOLEAN = Words({word: code for code, words in enumerate((FALSE, TRUE)) for word in words}, numeric=True)


def form_of(kind: CaseField | None) -> Form:
    """What a cell of a field may look like; None: a column of groups."""
    if kind is None:
        return Plain()
    if kind.type == "choice":
        return Words({word: code for code, word in enumerate(kind.choices)})
    if kind.numeric and kind.told:
        unit = kind.measure.many if kind.measure else (kind.unit or "").replace("_", " ")
        return Number(kind.min, kind.max, kind.places, kind.steps, unit, kind.type == "percent")
    fixed: dict[str, Form] = {
        "diagnosis": DIAGNOSIS, "procedure": PROCEDURE, "date": Day(), "boolean": BOOLEAN, "text": Plain(),
    }  # fmt: skip
    return fixed[kind.type]


def allowed(kind: CaseField) -> str:
    """The range of a field of numbers in words."""
    form = form_of(kind)
    return form.allowed if isinstance(form, Number) else ""


# In a column of groups these say that nothing is known.
MISSING = frozenset([
    "null", "(null)", "<na>", "nan", "nat", "na", "n/a", "#n/a", "#na", "none", "nil", "unknown", "unk", "missing",
    "blank", "(blank)", "empty", "undefined", "unspecified", "?", "-", "--", ".", "no data", "not available",
    "not applicable", "not stated", "not documented", "not reported", "not known",
])  # fmt: skip


def means_missing(text: str) -> bool:
    """Whether a word of a column of groups says that nothing is known."""
    return text.translate(_TO_SMALL) in MISSING


def number_of_day(day: datetime.date) -> int:
    """2026-05-31 as 20260531: a date as SQL holds it, to be compared without any engine's calendar."""
    return day.year * 10_000 + day.month * 100 + day.day
