"""The grammar of values (policy/case_files/grammar.py) as SQL.

A cell becomes text, its form is checked, and only what has the form is cast: no engine's own reading of numbers, dates
and truths is asked, whatever its settings. Dates are whole numbers, 20260531 for 2026-05-31.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from policy.case_files.grammar import (
    CAPITALS,
    DIGITS,
    FIRST_DAY,
    LAST_DAY,
    LONGEST,
    MOST_DIGITS,
    MOST_PLACES,
    NO_NUMBER,
    SMALL,
    SPACE,
    UNFIT,
    Code,
    Number,
    Words,
    number_of_day,
)  # fmt: skip
from policy.sql.text import Predicate, Query, chosen, either, every, literal, one_of

REJECTED = -999_999  # in place of a fact; so low that a sum of facts tells whether there is one among them
_SPACES = ", ".join("' '" if character == " " else f"CHR({ord(character)})" for character in SPACE)
_FLOATS = ("DOUBLE%", "FLOAT%", "REAL%")
_MOMENTS = ("TIMESTAMP%", "DATETIME%")


def tidy(query: Query, text: str) -> str:
    """A text without the white space around it."""
    white = query.let("white_space", f"CONCAT({_SPACES})")
    return f"TRIM(BOTH {white} FROM {text})"


def only(characters: str, text: str) -> str:
    """Whether a text has no other characters."""
    return f"TRIM(BOTH {literal(characters)} FROM {text}) = ''"


def folded(text: str, source: str = CAPITALS, target: str = SMALL) -> str:
    """Capitals of ASCII as small letters: LOWER would also fold letters that only look like them."""
    return f"TRANSLATE({text}, {literal(source)}, {literal(target)})"


def zeros(text: str, digits: int) -> str:
    """Whether nothing but a point and zeros follows the first digits: 64405.00."""
    rest = f"SUBSTRING({text}, {digits + 2}, {MOST_PLACES + 1})"
    return f"(SUBSTRING({text}, {digits + 1}, 1) = '.' AND {rest} <> '' AND {only('0', rest)} AND {_short(rest)})"


def _short(rest: str) -> str:
    return f"LENGTH({rest}) <= {MOST_PLACES}"


@dataclass
class Cell:
    """A column of the table as text, named; `kind`: what is known of its type, "text" or nothing."""

    query: Query
    name: str
    kind: str | None = None

    @property
    def column(self) -> str:
        """The column itself."""
        return f"{self.query.source}.{self.name}"

    def raw(self) -> str:
        """The text as the engine writes it."""
        return self.query.let(f"v_{self.name}", f"CAST({self.column} AS VARCHAR)")

    def moment(self) -> str:
        """The same of a date; an instant as it reads in UTC (dialects.py knows this form)."""
        plain = f"CAST({self.column} AS VARCHAR)"
        if self.kind == "text":
            return self.raw()
        utc = f"CAST(CAST({plain} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS VARCHAR)"
        text = f"CASE WHEN TYPEOF({self.column}) = 'TIMESTAMP WITH TIME ZONE' THEN {utc} ELSE {plain} END"
        return self.query.let(f"v_{self.name}", text)

    def tidy(self) -> str:
        """The text without the white space around it."""
        return self.query.let(f"word_{self.name}", tidy(self.query, f"v_{self.name}"))

    def _is(self, kinds: Sequence[str]) -> Predicate:
        if self.kind == "text":
            return False
        return either(f"UPPER(TYPEOF({self.column})) LIKE {literal(kind)}" for kind in kinds)

    def _floating(self) -> Predicate:
        """Whether the column holds floats, in which NaN is nothing; in a text it is a word."""
        floating = self._is(_FLOATS)
        return floating and f"{self.query.let(f'float_{self.name}', chosen([(floating, 1)], 0))} = 1"

    def missing(self, word: str) -> Predicate:
        """Nothing there: no text, or no number in a column of floats."""
        return either([f"{word} IS NULL", f"{word} = ''", every([one_of(word, [NO_NUMBER, "NaN"]), self._floating()])])

    def usual(self, known: Sequence[str], source: str = CAPITALS, target: str = SMALL) -> str:
        """The text in one case without white space; what is written as usual is told quickly."""
        raw = self.raw()
        word = folded(tidy(self.query, raw), source, target)
        return self.query.let(f"word_{self.name}", chosen([(one_of(raw, known), raw)], word))

    def shown(self) -> Predicate:
        """Whether a text has no character that cannot be shown and is not too long."""
        word, unfit = self.tidy(), ", ".join(f"CHR({ord(character)})" for character in UNFIT if character != "\0")
        name = self.query.let("not_to_be_shown", f"CONCAT({unfit})")
        return f"LENGTH({word}) <= {LONGEST} AND LENGTH(TRANSLATE({word}, {name}, '')) = LENGTH({word})"

    def words(self, form: Words) -> str:
        """The code of a word, -1 for nothing, REJECTED."""
        word = self.usual(sorted(form.codes))
        groups = {code: [w for w, c in form.codes.items() if c == code] for code in form.codes.values()}
        pairs: list[tuple[Predicate, object]] = [(f"{word} IS NULL", -1)]
        pairs += [(one_of(word, sorted(same)), code) for code, same in groups.items()]
        if form.numeric:
            pairs += [(every([f"SUBSTRING({word}, 1, 1) = '{code}'", zeros(word, 1)]), code) for code in groups]
        return chosen([*pairs, (self.missing(word), -1)], REJECTED)

    def number(self, form: Number) -> str:
        """A number in units of its last place, -1 for nothing, REJECTED."""
        let, name = self.query.let, self.name
        self.raw()
        word = self.tidy()
        bare = let(f"bare_{name}", chosen([(f"{word} LIKE '-0%'", f"SUBSTRING({word}, 2, 80)")], word))  # -0.0 is 0
        point = let(f"point_{name}", f"STRPOS(CONCAT({bare}, '.'), '.')")
        whole = let(f"whole_{name}", f"SUBSTRING({bare}, 1, {point} - 1)")
        rest = let(f"rest_{name}", f"SUBSTRING({bare}, {point} + 1, {MOST_PLACES + 1})")
        digits = every([
            f"LENGTH({whole}) BETWEEN 1 AND {MOST_DIGITS}", only(DIGITS, f"CONCAT({whole}, {rest})"),
            f"({whole} = '0' OR {whole} NOT LIKE '0%')", f"(LENGTH({bare}) < {point} OR {rest} <> '')", _short(rest),
            only("0", f"SUBSTRING({rest}, {form.places + 1}, {MOST_PLACES})"),
        ])  # fmt: skip
        places = f"SUBSTRING(CONCAT({rest}, '{'0' * form.places}'), 1, {form.places})" if form.places else "''"
        text = f"CONCAT({whole}, {places})"  # plainly a text: else sqlglot makes a CAST of it for Snowflake
        amount = let(f"amount_{name}", chosen([(digits, f"TRY_CAST({text} AS BIGINT)")], -1))
        sound = every([*inside(amount, form), f"({amount} = 0 OR {word} NOT LIKE '-%')"])
        return chosen([(sound, amount), (self.missing(word), -1)], REJECTED)

    def day(self) -> tuple[str, Predicate]:
        """A date as a whole number, 0 for none that is sound; whether there is nothing."""
        let, name = self.query.let, self.name
        self.moment()
        word = self.tidy()
        parts = [f"SUBSTRING({word}, {at}, {size})" for at, size in ((1, 4), (6, 2), (9, 2))]
        tail = f"SUBSTRING({word}, 11, 40)"
        moment = self._is(_MOMENTS)
        moment = moment and f"{let(f'moment_{name}', chosen([(moment, 1)], 0))} = 1"
        rest = f"TRIM(BOTH '.0' FROM SUBSTRING({tail}, 10, 30))"
        midnight = every([moment, f"SUBSTRING({tail}, 2, 8) = '00:00:00'", one_of(rest, ["", "+"])])
        form = every([
            f"LENGTH(CONCAT({', '.join(parts)})) = 8", only(DIGITS, f"CONCAT({', '.join(parts)})"),
            f"SUBSTRING({word}, 5, 1) = '-'", f"SUBSTRING({word}, 8, 1) = '-'", either([f"{tail} = ''", midnight]),
        ])  # fmt: skip
        number = let(f"number_{name}", chosen([(form, f"TRY_CAST(CONCAT({', '.join(parts)}) AS INTEGER)")], 0))
        month, day = f"FLOOR(MOD({number}, 10000) / 100)", f"MOD({number}, 100)"
        sound = every([
            f"{number} BETWEEN {number_of_day(FIRST_DAY)} AND {number_of_day(LAST_DAY)}",
            f"{month} BETWEEN 1 AND 12", f"{day} BETWEEN 1 AND {month_length(number, month)}",
        ])  # fmt: skip
        return let(f"date_{name}", chosen([(sound, number)], 0)), self.missing(word)


def leap(date: str) -> str:
    """Whether the year of a date is a leap year, which each fourth is among those that are allowed."""
    return f"MOD({date}, 40000) < 10000"


def month_length(date: str, month: str) -> str:
    """Days of the month of a date."""
    return chosen([(one_of(month, [4, 6, 9, 11]), 30), (f"{month} <> 2", 31), (leap(date), 29)], 28)


def inside(amount: str, form: Number) -> list[Predicate]:
    """A whole number in units of the last place lies in its domain."""
    found: list[Predicate] = [f"{amount} BETWEEN {form.ends[0]} AND {form.ends[1]}"]
    found += [f"({amount} = 0 OR {amount} >= {10**form.places})"] if form.percent else []
    return found + ([f"MOD({amount}, {form.step}) = 0"] if form.step > 1 else [])


def sound_code(text: str, form: Code) -> Predicate:
    """Whether a text in capitals, without its dot, has one of the shapes of a code."""
    lengths: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for shape in form.shapes:  # shapes that begin alike are told together
        head = next((one for one in lengths if shape[: len(one)] == one and len({*shape[len(one) - 1 :]}) == 1), shape)
        lengths.setdefault(head, []).append(shape)
    found = []
    for head, shapes in lengths.items():
        longest = max(shapes, key=len)
        parts, at = [f"LENGTH({text}) BETWEEN {len(head)} AND {len(longest)}"], 1
        for characters, places in groupby(longest):
            size = len(list(places))
            parts.append(only(characters, f"SUBSTRING({text}, {at}, {size})"))
            at += size
        found.append(every(parts))
    return either(found)
