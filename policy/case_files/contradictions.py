"""What a row may not say: columns that contradict each other, and dates before birth."""

import datetime
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from policy.bits.rows import Ints, blend
from policy.case_files.grammar import EPOCH, REMARKED_DAY
from policy.case_files.written import as_written, day_of
from policy.cases.relations import duration, implied
from policy.entries.relations import Relation
from policy.model import CaseField, Policy
from policy.model.fields import AGE

REQUEST = "request_date"

Reject = Callable[..., None]  # rows, column, values, messages


def relate(policy: Policy, facts: dict[str, Ints], fault: Reject) -> None:
    """Reject what cannot be, and add what one column tells about another."""
    for name, kind in policy.fields_.items():
        if not kind.told:
            _dates(policy, facts, kind, fault)
            facts[name] = duration(kind, facts)
    written = dict(facts)  # what one column tells about another is told by what it holds itself
    for name, kind in policy.fields_.items():
        if kind.implied_by:
            _implied(policy, written, name, kind, fault)
            facts[name] = implied(kind, written[name], written)
    for relation in policy.relations:
        if relation.verdict == "reject":
            rows, kind = np.flatnonzero(broken(relation, policy.fields_, facts)), policy.fields_[relation.field]
            values = [as_written(kind, int(value)) for value in facts[relation.field][rows]]
            fault(rows, relation.field, values, [f"{relation.says} ({relation.at_most})"] * len(rows))


def broken(relation: Relation, fields: Mapping[str, CaseField], facts: Mapping[str, Ints]) -> NDArray[np.bool_]:
    """Where both are documented and the first is more than the second, bool (n,)."""
    one, other = facts[relation.field], facts[relation.at_most]
    if not fields[relation.at_most].told:
        first, last, days = (facts[column].astype(np.int64) for column in fields[relation.at_most].sources)
        other = blend((first >= 0) & (last >= first), last - first, days)
    found: NDArray[np.bool_] = (one >= 0) & (other >= 0) & (one > other)
    return found


def _implied(policy: Policy, facts: Mapping[str, Ints], name: str, kind: CaseField, fault: Reject) -> None:
    number = facts[name]
    for column, n in kind.implied_by.items():
        on_file = facts[column]
        rows = np.flatnonzero((on_file >= 0) & (number >= 0) & (number < n))
        messages = [f"contradicts {name} = {number[row]}" for row in rows]
        fault(rows, column, [as_written(policy.fields_[column], int(on_file[row])) for row in rows], messages)


def _dates(policy: Policy, facts: Mapping[str, Ints], kind: CaseField, fault: Reject) -> None:
    onset, request = (facts[name].astype(np.int64) for name in kind.ends)
    late = np.flatnonzero((onset > request) & (request >= 0))
    after = "the date of the request" if kind.ends[1] == REQUEST else kind.ends[1]
    fault(late, kind.ends[0], [day_of(v) for v in onset[late]], [f"is after {after}"] * len(late))
    if ages(policy, kind):
        age = facts[AGE].astype(np.int64)
        old = np.flatnonzero((onset >= 0) & (request >= 0) & (age >= 0) & (onset < request - 365 * (age + 1)))
        unborn = old[onset[old] < birth_after(request[old], age[old])]
        zero = [
            " (some programs write it for no date)" * int(onset[row] == (REMARKED_DAY - EPOCH).days) for row in unborn
        ]
        messages = [
            f"is before the birth of a person of age {age[row]}{why}" for row, why in zip(unborn, zero, strict=True)
        ]
        fault(unborn, kind.ends[0], [day_of(v) for v in onset[unborn]], messages)


def ages(policy: Policy, duration: CaseField) -> bool:
    """Whether the age at the request tells how early a duration can have begun."""
    age = policy.fields_.get(AGE)
    return age is not None and age.type == "whole" and duration.ends[1] == REQUEST


def birth_after(request: Ints, age: Ints) -> Ints:
    """The request less (age + 1) years, in days from 1900-01-01: who has this age then was not born before."""
    found = np.empty(len(request), dtype=np.int64)
    for row, (days, years) in enumerate(zip(request.tolist(), age.tolist(), strict=True)):
        day = EPOCH + datetime.timedelta(days)
        year = day.year - years - 1
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        found[row] = (
            day.replace(day=28 if (day.month, day.day, leap) == (2, 29, False) else day.day, year=year) - EPOCH
        ).days
    return found
