"""The columns that a population makes for a policy: what each may hold."""

from dataclasses import dataclass
from math import lcm
from typing import Literal

from policy.entries.scalars import CPT_PATTERN, ICD_PATTERN
from policy.model import CaseField, Policy

REQUESTED = "request_date"  # the day of the request, in every policy that has it


@dataclass(frozen=True)
class Column:
    """What a column of the case table may hold: words, yes or no, a count, text of a pattern, or what is made here.

    A count lies from `lowest` to `highest` in steps of `step`, in units of the last of its `places` after the decimal
    point.
    """

    kind: Literal["words", "flag", "count", "pattern", "made"]
    words: tuple[str, ...] = ()
    lowest: int = 0
    highest: int = 0
    pattern: str = ""
    unit: str = ""  # of a count
    places: int = 0
    step: int = 1


FLAG = Column("flag")
LATENT_COUNT = Column("count", highest=9_999)  # a number behind the scenes: a latent variable with a unit
BENEFIT = "truth_benefit"  # of simulated truths the one that says whether the procedure would help
_GROUP_WORD = r"[a-z][a-z_]{1,39}"
_MOST_DAYS = 36_500  # before the request, of a date


def columns_of(policy: Policy) -> dict[str, Column]:
    """The columns of a case table of this policy, in the order of its fields; derived facts are no columns."""
    made = {"case_id", *made_dates(policy)}
    return {
        name: Column("made") if name in made else _column(field) for name, field in policy.fields_.items() if field.told
    }


def made_dates(policy: Policy) -> dict[str, str | None]:
    """Dates that no variable makes: that of the request (None), and a first day, by the days since it.

    The dates of a duration that does not end at the request are left empty (''): its days tell it. Any other date is a
    variable of the page: how many days before the request it is.
    """
    lasting = [field for field in policy.fields_.values() if not field.told]
    requests = [REQUESTED] if REQUESTED in policy.fields_ else [field.ends[1] for field in lasting][:1]
    found: dict[str, str | None] = dict.fromkeys(requests)
    for field in sorted(lasting, key=lambda one: one.ends[1] not in requests):
        found.setdefault(field.ends[0], str(field.days) if field.ends[1] in requests else "")
        found.setdefault(field.ends[1], "")
    return {name: found[name] for name in policy.fields_ if name in found}


def _column(field: CaseField) -> Column:
    kind = field.type
    if kind == "date":
        return Column("count", highest=_MOST_DAYS, unit="days")
    if kind in ("diagnosis", "procedure"):
        return Column("pattern", pattern=ICD_PATTERN if kind == "diagnosis" else CPT_PATTERN)
    if kind == "text":
        return Column("pattern", pattern=_GROUP_WORD)
    if kind == "boolean":
        return FLAG
    if kind == "choice":
        return Column("words", field.choices)
    places = field.places if kind == "decimal" else 0
    ends = (int(end * 10**places) for end in (field.min, field.max))
    unit, one = "%" if kind == "percent" else field.unit or "", field.scale // 10**places
    step = lcm(field.steps, one) // one
    return Column("count", lowest=next(ends), highest=next(ends), unit=unit, places=places, step=step)
