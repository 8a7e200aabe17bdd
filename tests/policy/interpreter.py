"""A policy document read by hand: plain dicts and text in, an outcome out, one case at a time, None = not documented.

The second opinion on determinations of any document. It shares no line with policy/; it is written from the contract
(sections 1 and 2) and the words of the document's schema, and is as slow as it is plain.
"""

from __future__ import annotations

import calendar
import datetime
import operator
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

Tree = Mapping[str, Any]
Case = Mapping[str, str]  # column -> text as in a case table; a column that is missing or empty is not documented
Levers = Mapping[str, str]  # lever -> its value as text; 'off' where it is off
Truth = bool | None

OPEN = "open"  # pend because a fact is missing: what closing the file turns into something else
HOLDS = {"at_least": operator.ge, "mean": operator.ge, "more_than": operator.gt, "less_than": operator.lt,
         "at_most": operator.le}  # fmt: skip
TIMES = {"weeks": 7, "packs": 4}  # how much of a field's unit one of a lever is
SILENCE_TAKES_EVERY_BRANCH = True  # contract 2 ("silence is never worth more"): True once evaluation.py does so


class Finding(NamedTuple):
    """The outcome with the file closed, and the answer before that."""

    outcome: str
    before: str


def every(parts: Iterable[Truth]) -> Truth:
    found = list(parts)
    return False if False in found else None if None in found else True


def some(parts: Iterable[Truth]) -> Truth:
    found = list(parts)
    return True if True in found else None if None in found else False


def opposite(part: Truth) -> Truth:
    return None if part is None else not part


def later(day: datetime.date, months: int) -> datetime.date:
    """The same day of a later month; a month's end clamps."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


class Reader:
    """One document under one setting of its levers."""

    def __init__(self, tree: Tree, levers: Levers):
        self.tree, self.levers = tree, levers

    # ---------------------------------------------------------------------------------------------------- levers

    def holds(self, condition: Mapping[str, Any]) -> bool:
        for name, words in condition.items():
            allowed = [words] if isinstance(words, str) else list(words)
            value = self.levers[name]
            on = value != "off" and "on" in allowed and self.tree["levers"][name].get("off_allowed") == "true"
            if value not in allowed and not on:
                return False
        return True

    # ------------------------------------------------------------------------------------------------------ tests

    def criterion(self, name: str, case: Case) -> Truth:
        return self.test(self.tree["criteria"][name]["test"], case)

    def test(self, test: Tree, case: Case) -> Truth:
        ((kind, body),) = test.items()
        if kind in ("all_of", "any_of", "none_of"):
            parts = [self.test(part, case) for part in body]
            return every(parts) if kind == "all_of" else some(parts) if kind == "any_of" else opposite(some(parts))
        if kind == "count":
            parts = [self.test(part, case) for part in body["of"]]
            wanted = body["at_least"] if body["at_least"].isdigit() else self.levers[body["at_least"]]
            least = 0 if wanted == "off" else int(wanted)
            return False if len(parts) - parts.count(False) < least else True if parts.count(True) >= least else None
        if kind == "score":
            return self.scored(body, case)
        if kind == "between":
            ((field, (low, high)),) = body.items()
            return every([self.compared(k, [field], line, case) for k, line in (("at_least", low), ("at_most", high))])
        if kind == "sum":
            side = next(key for key in HOLDS if key in body)
            return self.total(side, body["of"], body.get("minus", []), body[side], case)
        if kind == "lever":
            return self.holds(body)
        if kind == "on_file":
            return self.documented(body, case)
        if kind == "mean":
            return self.compared("mean", body["of"], body["reaches"], case)
        ((field, said),) = body.items()
        if kind in ("is", "states"):
            value = self.word(field, case)
            hit = value in ([said] if isinstance(said, str) else said)
            return (True if hit else None) if kind == "states" else None if value is None else hit
        return self.compared(kind, [field], said, case)

    def scored(self, body: Tree, case: Case) -> Truth:
        """Every way of telling the parts that are not documented is tried: all reach the score, none, or some."""
        wanted = body["reaches"] if number(body["reaches"]) else self.levers[body["reaches"]]
        if wanted == "off":
            return True
        scores = {0}
        for part in body["points"]:
            truth, points = self.test(part["test"], case), int(part["points"])
            worth = {True: [points], False: [0], None: [0, points]}[truth]
            scores = {score + more for score in scores for more in worth}
        answers = {score >= int(wanted) for score in scores}
        return answers.pop() if len(answers) == 1 else None

    def total(self, side: str, added: list[str], taken: list[str], reference: str, case: Case) -> Truth:
        """Of facts that are not documented only the ends of their ranges are tried: the sum is extreme there."""
        wanted = reference if number(reference) else self.levers[reference]
        if wanted == "off":
            return True
        limit = Decimal(wanted) * self.times(reference)
        sums = {Decimal(0)}
        for field, sign in (*((f, 1) for f in added), *((f, -1) for f in taken)):
            kind = self.tree["fields"][field]
            values = [case[field]] if case.get(field) else [kind["min"], kind["max"]]
            sums = {total + sign * Decimal(value) for total in sums for value in values}
        answers = {HOLDS[side](total, limit) for total in sums}
        return answers.pop() if len(answers) == 1 else None

    def times(self, reference: str) -> int:
        return 1 if number(reference) else TIMES.get(self.tree["levers"][reference]["unit"], 1)

    def word(self, field: str, case: Case) -> str | None:
        return case.get(field) or self.tree["fields"][field].get("absent") or None

    def documented(self, field: str, case: Case) -> bool:
        kind = self.tree["fields"][field]
        if kind["type"] in ("months", "duration"):
            first, last = dates(kind)
            return bool(case.get(kind["days"])) or bool(case.get(first) and case.get(last))
        return self.word(field, case) is not None

    def compared(self, kind: str, fields: list[str], reference: str, case: Case) -> Truth:
        """A missing fact may have any value of its field: true or false only where all of them agree."""
        wanted = reference if number(reference) else self.levers[reference]
        if wanted == "off":
            return True
        limit = Decimal(wanted)
        kinds = [self.tree["fields"][field] for field in fields]
        if kinds[0]["type"] in ("months", "duration"):
            unit = kinds[0]["unit"] if number(reference) else self.tree["levers"][reference]["unit"]
            return self.lasting(kind, kinds[0], int(limit), unit, case)
        limit *= self.times(reference) * len(fields)
        told = [case.get(field) or "" for field in fields]
        ends = [
            sum(Decimal(value) if value else Decimal(k[end]) for value, k in zip(told, kinds, strict=True))
            for end in ("min", "max")
        ]
        answers = {HOLDS[kind](n, limit) for n in ends}
        return answers.pop() if len(answers) == 1 else None

    def lasting(self, kind: str, field: Tree, limit: int, unit: str, case: Case) -> Truth:
        first, last, days = (case.get(part) for part in (*dates(field), field["days"]))
        months = limit * 12 if unit == "years" else limit
        if first and last:
            begun, end = map(datetime.date.fromisoformat, (first, last))
            if unit in ("days", "weeks"):
                return HOLDS[kind]((end - begun).days, limit * TIMES.get(unit, 1))
            return HOLDS[kind](end, later(begun, months))
        if days:
            edge = limit * TIMES.get(unit, 1) if unit in ("days", "weeks") else months * 487 // 16
            return HOLDS[kind](int(days), edge)
        answers = {HOLDS[kind](n, limit) for n in (0, int(field.get("max", 10**6)))}
        return answers.pop() if len(answers) == 1 else None

    # ------------------------------------------------------------------------------------------------------ rules

    def rule(self, rule: Tree, case: Case) -> str:
        if "first_of" in rule:
            return self.rule(next(below for below in rule["first_of"] if self.holds(below.get("while", {}))), case)
        if "outcome" in rule:
            return self.outcome(rule["outcome"])
        if "require" in rule:
            truth = every(self.criterion(name, case) for name in self.required(rule["require"], case["dx"]))
            return "not_met" if truth is False else OPEN if truth is None else self.then(rule["then"], case)
        return one({self.rule(below, case) for below in self.branches(rule, case)})

    def required(self, entries: Iterable[Any], dx: str) -> list[str]:
        found = []
        for entry in entries:
            whole = {"criterion": entry} if isinstance(entry, str) else entry
            if self.holds(whole.get("while", {})) and dx in whole.get("codes", [dx]):
                gate = self.tree["gates"].get(whole["criterion"])
                found += self.required(gate["require"], dx) if gate else [whole["criterion"]]
        return found

    def then(self, steps: Iterable[Tree], case: Case) -> str:
        possible, asked = set(), set()
        for step in steps:
            if not self.holds(step.get("while", {})) or step.get("when") in asked:
                continue  # a second step on one criterion: where the first was not taken, nor is this
            asked |= {step["when"]} if "when" in step else set()
            truth = self.criterion(step["when"], case) if "when" in step else True
            if truth or (truth is None and SILENCE_TAKES_EVERY_BRANCH):
                possible.add(self.outcome(step["outcome"]))
            if truth:
                break
        return one(possible)

    def branches(self, rule: Tree, case: Case) -> list[Tree]:
        value = self.word(rule["switch"], case)
        other = [rule["otherwise"]] if "otherwise" in rule else []
        if value in rule["branches"]:
            return [rule["branches"][value]]
        if value is not None and other:
            return other
        assumed = rule.get("assume")
        if assumed and self.holds(assumed.get("while", {})):
            return [rule["branches"][assumed["criterion"]]]
        return [*rule["branches"].values(), *other]

    def outcome(self, word: str) -> str:
        value = self.levers.get(word, word)
        return "met" if value == "met_if_prereqs" else value

    # ------------------------------------------------------------------------------------------------------ cases

    def pathway(self, case: Case) -> Tree | None:
        dx, cpt = case["dx"], case["cpt"]
        for name, group in self.tree["diagnoses"].items():
            if dx in group["codes"] or dx.startswith(tuple(group.get("prefixes", {})) or "-"):
                for family, procedures in self.tree["procedures"].items():
                    for way in self.tree["pathways"].values() if cpt in procedures["codes"] else ():
                        asked, level = way["for"], procedures["codes"][cpt].get("level")
                        here = name in asked["diagnosis"] and family in asked["procedure"]
                        if here and asked.get("level") in (None, level):
                            return dict(way)
        return None

    def determine(self, case: Case) -> Finding:
        way = self.pathway(case)
        if way is None:
            return Finding("out_of_scope", "out_of_scope")
        for notice in self.tree["code_notices"]:
            if notice["code"] == case["dx"] and self.holds({notice["lever"]: notice["pend_while"]}):
                return Finding("pend", "pend")
        found = self.rule(way["rule"], case)
        return Finding(self.levers["undocumented_action"] if found == OPEN else found, found)


def number(reference: str) -> bool:
    return reference.replace(".", "", 1).isdigit()


def dates(field: Tree) -> tuple[str, str]:
    """The first and the last day of a duration."""
    return (field["onset"], field["request"]) if field["type"] == "months" else (field["from"], field["to"])


def one(outcomes: set[str]) -> str:
    """The outcome when all branches have the same, else open."""
    return next(iter(outcomes)) if len(outcomes) == 1 else OPEN


def levers_of(tree: Tree, moved: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every lever at its default, or where it is moved to."""
    return {name: lever["default"] for name, lever in tree["levers"].items()} | dict(moved or {})
