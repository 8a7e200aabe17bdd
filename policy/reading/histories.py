"""What a field that is worked out of events must be beside: a whole number of a range that its kind can fill."""

import re
from collections.abc import Iterator

from policy.entries.history import DaysSinceLast, Events, LongestRun
from policy.model import CaseField, Policy
from policy.problems import Finding, shown


def check_histories(policy: Policy) -> Iterator[Finding]:
    """What is wrong with the `history:` of each field, and with what stands beside it."""
    for name, field in policy.fields_.items():
        if field.history is not None:
            yield from _beside(name, field, field.history)
            yield from _request(policy, ("fields", name, "history"), field.history)


def _beside(name: str, field: CaseField, kind: Events) -> Iterator[Finding]:
    path = ("fields", name, "history")
    if field.type != "whole" or field.min or field.steps != 1:
        yield Finding("history", path, "belongs to a field of type whole, from min 0, without a step")
    for key in ("required", "implied_by", "ignored"):
        if getattr(field, key):
            yield Finding("history", ("fields", name, key), "cannot stand beside history, which is its one source")
    if isinstance(kind, DaysSinceLast | LongestRun) and field.unit != "days":
        yield Finding("history", path, f"{kind.kind} counts days: the field needs the unit days")
    if kind.greatest is not None and field.max < kind.greatest:
        message = f"can be {kind.greatest}, and the field ends at max {field.max}; make max at least that"
        yield Finding("history", path, message)
    for where, text in ((("label",), field.label), (("ask",), field.ask), (("history",), name)):
        if re.search("fail", text, re.IGNORECASE):
            message = "speaks of failure, which no event shows: a fill is a fill; say what was tried, filled or billed"
            yield Finding("history", ("fields", name, *where), message)


def _request(policy: Policy, path: tuple[object, ...], kind: Events) -> Iterator[Finding]:
    """The day of the request must be a date; the key that names it is the place, where it is written."""
    where = (*path, "request") if "request" in kind.model_fields_set else path
    dated = policy.fields_.get(kind.request)
    if dated is None:
        known = [other for other, one in policy.fields_.items() if one.type == "date"]
        message = f"no field is called {shown(kind.request)}: it is the day of the request, of type date"
        yield Finding("unknown-field", where, message, kind.request, known)
    elif dated.type != "date":
        yield Finding("history", where, f"{shown(kind.request)} must be of type date")
