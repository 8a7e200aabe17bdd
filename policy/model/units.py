"""The units of levers and of the facts that they are compared with, and the integer grid that both are counted on."""

from pydantic_core import PydanticCustomError

from policy.problems import nearest, shown

# How many steps of the grid that facts are stored on one unit of a lever is: weeks are stored as days, per cent as
# hundredths, months as half months (2n = exactly n months, 2n + 1 = more than n and less than n + 1).
UNITS = {"months": 2, "weeks": 7, "percent": 100} | dict.fromkeys(
    ("days", "blocks", "drugs", "drug_classes", "modalities", "sessions", "years", "headache_days"), 1
)
GRIDS = {"months": "half months", "weeks": "days", "percent": "hundredths"}  # the grid where it is not the unit itself


def no_unit(unit: str | None) -> PydanticCustomError:
    """The fault of a unit that is missing, or that nobody can convert."""
    units = ", ".join(UNITS)
    if unit is None:
        return PydanticCustomError("unit", "needs a unit of {units}", {"units": units, "key": "unit"})
    told = {"unit": shown(unit), "units": units, "near": nearest(unit, UNITS), "key": "unit"}
    return PydanticCustomError("unit", "{unit} is no unit; allowed {units}{near}", told)


def unit_word(unit: str | None, number: int) -> str:
    """'week' for 1, 'weeks' otherwise; '%' for per cent."""
    word = "%" if unit == "percent" else (unit or "").replace("_", " ")
    singular = {"modalities": "modality", "drug classes": "drug class"}.get(word, word.removesuffix("s"))
    return singular if number == 1 else word
