"""The units of levers and of the facts that they are compared with, and how many of one another is.

Time, per cent and what these policies count are known to every document; a document names others under `units:`.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

from policy.entries.records import Record
from policy.entries.scalars import Text


class Unit(Record):
    """A unit in words, and perhaps what whole number of another one it is: one week, many weeks, equals 7 days."""

    one: Text
    many: Text
    equals: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5} [a-z][a-z0-9_]{0,59}$")] | None = None

    def word(self, number: object) -> str:
        """The word for a number of it: 'week' for 1, 'weeks' otherwise."""
        return self.one if number == 1 else self.many


KNOWN: Mapping[str, Unit] = {
    "days": Unit(one="day", many="days"),
    "weeks": Unit(one="week", many="weeks", equals="7 days"),
    "months": Unit(one="month", many="months"),
    "years": Unit(one="year", many="years", equals="12 months"),
    "percent": Unit(one="%", many="%"),
    "points": Unit(one="point", many="points"),
    "blocks": Unit(one="block", many="blocks"),
    "drugs": Unit(one="drug", many="drugs"),
    "drug_classes": Unit(one="drug class", many="drug classes"),
    "modalities": Unit(one="modality", many="modalities"),
    "sessions": Unit(one="session", many="sessions"),
    "headache_days": Unit(one="headache day", many="headache days"),
}


def in_units(units: Mapping[str, Unit], unit: str, other: str) -> int | None:
    """How many of another unit one unit is; None where that is no whole number, or they measure different things."""
    found, seen = 1, {unit}
    while unit != other:
        told = units[unit].equals if unit in units else None
        if told is None:
            return None
        number, unit = told.split()
        if unit in seen:
            return None
        seen.add(unit)
        found *= int(number)
    return found
