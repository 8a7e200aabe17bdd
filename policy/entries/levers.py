"""How a lever is written: the values that it may take, read from text and told in words."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.records import Element, Record
from policy.entries.scalars import (
    Day,
    Flag,
    Key,
    Number,
    Text,
    Word,
    Written,
    number,
    plain_decimal,
    plain_digits,
    whole,
)
from policy.entries.units import KNOWN, Unit
from policy.problems import nearest, shown

Amount = int | Decimal  # a whole number is always an int
Value = Amount | str | None  # a lever's value: a number in its unit, a choice, or None for "off"
MOST_VALUES = 10_000  # of a lever: lint, proof and sweep try every one

SPOKEN = {"true": "yes", "false": "no", "met_if_prereqs": "met if the prerequisites are"}


def as_word(value: Value) -> str:
    """A value as a setting takes it."""
    return "off" if value is None else str(value)


def simplest(amount: Amount) -> Amount:
    """An amount as a value: whole ones are ints, and zeros at the end say nothing."""
    return int(amount) if amount == int(amount) else Decimal(amount).normalize()


class Span(Record):
    """The least and the greatest value that a cited source uses."""

    min: Number
    max: Number

    @model_validator(mode="after")
    def _sound(self) -> "Span":
        if self.max < self.min:
            raise PydanticCustomError("domain", "needs min <= max")
        return self


class Domain(Span):
    """Legal values of a numeric lever, ends included."""

    step: Number

    @model_validator(mode="after")
    def _stepped(self) -> "Domain":
        if self.step <= 0 or self.max <= self.min or (self.max - self.min) % self.step:
            raise PydanticCustomError("domain", "needs min < max and a step above 0 that divides the range")
        if (self.max - self.min) // self.step >= MOST_VALUES:
            raise PydanticCustomError("domain", "has more than {most} values", {"most": f"{MOST_VALUES:,}"})
        return self

    @property
    def whole(self) -> bool:
        """Whether every legal value is a whole number."""
        return isinstance(self.min, int) and isinstance(self.step, int)

    def values(self) -> Sequence[Amount]:
        """Every legal value in order."""
        if isinstance(self.min, int) and isinstance(self.step, int):
            return range(self.min, int(self.max) + 1, self.step)
        return [simplest(self.min + i * self.step) for i in range(int((self.max - self.min) / self.step) + 1)]


class LeverEntry(Element):
    """What a document says of one adjustable setting."""

    label: Text
    says: Text
    default_: Written | None = Field(None, alias="default")
    dated: dict[Day, Written] = Field(default_factory=dict, alias="values", max_length=100)
    domain: Domain | None = None
    unit: Text | None = None
    direction: Literal["stricter_when_higher", "stricter_when_lower"] | None = None
    off_allowed: Flag = False
    suggested: Number | None = None
    cited: Span | None = None  # what the sources named in `citation` use; a value outside is remarked on
    choices: dict[Word, Text] | None = None
    order: tuple[Word, ...] = ()  # of choices, the loosest first: moving down the list is stricter
    citation: Text
    evidence: tuple[Key, ...] = ()
    contradictions: tuple[Text, ...] = ()
    _unit: Unit | None = PrivateAttr(None)  # what the document says of the unit

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.domain is None) == (self.choices is None):
            raise PydanticCustomError("lever", "needs either a domain (numeric) or choices, not both")
        if self.choices and self.direction is not None:
            message = "a choice has a direction by its order: list its choices, the loosest first"
            raise PydanticCustomError("direction", message, {"key": "direction"})
        if self.order and sorted(self.order) != sorted(self.choices or ()):
            message = "lists every choice once, the loosest first (a numeric lever has direction: instead)"
            raise PydanticCustomError("order", message, {"key": "order"})
        if self.domain and self.unit is None:
            raise PydanticCustomError("unit", "needs a unit of {units}", {"units": ", ".join(KNOWN), "key": "unit"})
        if self.domain and self.direction is None:
            raise PydanticCustomError("direction", "needs a direction (stricter_when_...)", {"key": "direction"})
        if self.default_ is not None and self.dated:
            raise PydanticCustomError("lever", "stands beside values: write one of the two", {"key": "default"})
        if self.default_ is None and not self.dated:
            raise PydanticCustomError("missing-key", "this key is missing (or values, by date)", {"key": "default"})
        stated = [("default", self.default_), ("suggested", self.suggested)]
        for name, value in (*stated, *(("values", value) for value in self.dated.values())):
            if value is not None:
                try:
                    self.check(value)
                except ValueError as error:
                    raise PydanticCustomError("lever-value", "{what}", {"what": str(error), "key": name}) from None
        return self

    def check(self, value: object) -> Value:
        """A legal value from text, int or bool; ValueError says what is allowed."""
        text = str(value).lower() if isinstance(value, bool) else "off" if value is None else str(value)
        if self.choices is not None:
            if text not in self.choices:
                near = nearest(text, self.choices)
                raise ValueError(f"{shown(text)} is not allowed; choose one of {', '.join(self.choices)}{near}")
            return text
        if text == "off" and self.off_allowed:
            return None
        assert self.domain
        try:
            amount = simplest(Decimal(str(whole(text) if self.domain.whole else number(text))))
        except PydanticCustomError:
            wrong = f"is not a {'whole' if self.domain.whole else 'plain'} number"
        else:
            if amount in self.legal:
                return amount
            inside = self.domain.min <= amount <= self.domain.max
            wrong = f"is {'between two steps' if inside else 'outside the domain'}"
        raise ValueError(f"{shown(text)} {wrong}; {self.allowed}{self._near(text)}")

    @property
    def allowed(self) -> str:
        """'allowed 50 to 100 percent in steps of 5, or off'."""
        if self.domain is None:
            return f"allowed {', '.join(self.choices or ())}"
        steps = f" in steps of {self.domain.step}" if self.domain.step != 1 else ""
        off = ", or off" if self.off_allowed else ""
        unit = (self.unit or "").replace("_", " ") if self._unit is None else self._unit.many
        return f"allowed {self.domain.min} to {self.domain.max} {unit}{steps}{off}"

    def _near(self, text: str) -> str:
        """The legal values that were perhaps meant: plain digits, the steps beside, 80 for 0.8, 6 weeks for 42 days."""
        assert self.domain
        legal, plain = self.domain.values(), plain_digits(text[:80])
        if plain and int(plain) in legal:
            return f", did you mean {int(plain)}?"
        if (meant := plain_decimal(text[:80])) and meant != text and simplest(Decimal(meant)) in self.legal:
            return f", did you mean {meant}?"
        if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text, re.ASCII):
            return ""
        written = Decimal(text)
        if self.unit == "percent" and 0 < written <= 1 and 100 * written in legal:
            return f", did you mean {int(100 * written)}?"
        if self.domain.min < written < self.domain.max:
            below = int((written - self.domain.min) / self.domain.step)
            return f", nearest {legal[below]} and {legal[below + 1]}"
        for days, word in ((30, "months"), (7, "weeks")):
            if self.unit == word and written % days == 0 and written // days in legal:
                return f", did you mean {written // days} ({written} days)?"
        return f", nearest {self.domain.min if written < self.domain.min else self.domain.max}"

    @property
    def measure(self) -> Unit:
        """Its unit in words."""
        word = (self.unit or "").replace("_", " ")
        return self._unit or KNOWN.get(self.unit or "") or Unit(one=word, many=word)

    @property
    def on(self) -> Amount:
        """A value that a lever which may be off has when it is on: the suggested one, else the greatest."""
        assert self.domain
        return self.domain.max if self.suggested is None else self.suggested

    def values(self) -> list[Value]:
        """Every legal value; off first where it is allowed."""
        if self.choices is not None:
            return list(self.choices)
        assert self.domain
        off: list[Value] = [None] * self.off_allowed
        return [*off, *self.domain.values()]

    @cached_property
    def legal(self) -> frozenset[Value]:
        """The values of `values`, to ask whether one of them is meant."""
        return frozenset(self.values())

    def loosest_first(self) -> list[Value]:
        """Every legal value in the order of its direction, off at the loose end; empty: the lever has no direction."""
        if self.choices is not None:
            return list(self.order)
        assert self.domain
        off: list[Value] = [None] * self.off_allowed
        return [*off, *self.domain.values()[:: 1 if self.direction == "stricter_when_higher" else -1]]

    def in_words(self, value: Value) -> str:
        """As `show`, for a person: 'yes' and 'no' of true and false, any other choice without underscores.

        The words are the document's own: its sentence for a choice is too long, or hangs on the others, to stand alone.
        """
        return self.show(value) if self.choices is None or value is None else self.word(str(value))

    def word(self, text: str) -> str:
        """A choice, or the 'on' or 'off' of a condition, in words."""
        return SPOKEN.get(text, text.replace("_", " "))

    def moves(self, before: Value, after: Value) -> str:
        """'6 weeks → 8 weeks', for a person."""
        return f"{self.in_words(before)} → {self.in_words(after)}"

    def show(self, value: Value) -> str:
        """'6 weeks', '80 %', 'off' or the choice's word."""
        if value is None:
            return "off"
        if self.choices is not None:
            return str(value)
        return f"{value} {self.measure.word(value)}"
