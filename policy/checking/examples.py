"""The worked examples of a policy: a document whose own examples come out otherwise is refused."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from policy.case_files.reader import READ, Cases
from policy.case_files.stretches import REQUESTED
from policy.determinations.determination import determine
from policy.model import OUTCOMES, Example, Policy
from policy.problems import Finding, ProblemsFound, shown


def check_examples(policy: Policy) -> Iterator[Finding]:
    """Every example that cannot be read, or has another outcome or other questions than it says.

    Levers with dated values have those of the example's request_date, without one their latest.
    """
    rows = []
    columns = policy.fields_.keys() - {"case_id"}
    for i, example in enumerate(policy.examples):
        rows.append({"case_id": str(i), **{k: v for k, v in example.case.items() if k in columns}})
        for column in example.case.keys() - columns:
            yield Finding("example", ("examples", i, "case", column), "no such column", column, columns)
    if not rows:
        return
    try:
        cases = _read(policy, rows, keep_good=True)
    except ProblemsFound as found:
        yield from (Finding("example", ("examples",), p.message) for p in found.problems)
        return
    for row, _, column, value, problem in cases.rejected.itertuples(index=False):
        path = ("examples", int(row) - 1, "case", *([str(column)] if column else []))
        yield Finding("example", path, f"{shown(value)} {problem}" if column else problem)
    under: dict[tuple[str | None, tuple[tuple[str, str], ...]], list[int]] = {}
    for position, name in enumerate(cases.ids):
        example = policy.examples[int(name)]
        day = policy.on(example.case.get(REQUESTED)).day
        under.setdefault((day, tuple(example.set_.items())), []).append(position)
    for (day, provisions), positions in under.items():
        chosen = cases.take(np.array(positions))
        try:
            settings = policy.on(day).settings(dict(provisions))
        except ProblemsFound as found:
            for i in map(int, chosen.ids):
                yield from (Finding("example", ("examples", i, "set", p.place), p.message) for p in found.problems)
            continue
        for said in determine(policy, chosen, settings).frame().to_dict("records"):
            yield from _check(policy, int(said["case_id"]), said)


def check_exceptions(policy: Policy) -> Iterator[Finding]:
    """Every exception to a direction whose case does not show it: not met at `from`, met at `to`."""
    for i, exception in enumerate(policy.direction_exceptions):
        path = ("direction_exceptions", i)
        unknown = [column for column in exception.case if column not in policy.fields_]
        if unknown:
            yield from (Finding("example", (*path, "case", c), "no such column", c, policy.fields_) for c in unknown)
            continue
        outcomes = []
        try:
            cases = _read(policy, [{**exception.case, "case_id": "1"}])
            for value in (exception.from_, exception.to):
                settings = policy.settings(exception.provisions(value))
                if not settings.holds(exception.while_):
                    yield Finding("direction", (*path, "set"), "the case must be set as while says")
                outcomes.append(OUTCOMES[determine(policy, cases, settings, asking=False).outcome[0]])
        except ProblemsFound as found:
            yield from (Finding("example", path, p.message) for p in found.problems)
            continue
        if outcomes[0] == "met" or outcomes[1] != "met":
            what = f"the case of an exception to the direction of {exception.lever}"
            message = f"{what} is {outcomes[0]} at {exception.from_} and {outcomes[1]} at {exception.to}"
            yield Finding("direction", (*path, "case"), f"{message}; it must turn from another outcome into met")


class ComesOut(NamedTuple):
    """What a policy makes of a worked example, whatever it expects: outcome word, columns asked for, reasons."""

    outcome: str
    asks: tuple[str, ...]
    reasons: str


def comes_out(policy: Policy, example: Example) -> ComesOut:
    """What a policy makes of a worked example; raises ProblemsFound where its case or levers cannot be read."""
    cases = _read(policy, [{**example.case, "case_id": "1"}])
    dated = policy.on(example.case.get(REQUESTED))
    said = determine(policy, cases, dated.settings(dict(example.set_))).frame().to_dict("records")[0]
    asked = tuple(filter(None, str(said["ask"]).split(";")))
    return ComesOut(str(said["outcome"]), asked, str(said["reasons"]))


@dataclass(frozen=True)
class _Rows:
    """Rows of text, and `seen`: all of a policy that the reader of cases looks at."""

    text: str
    seen: str
    keep_good: bool
    policy: Policy = field(compare=False)


def _read(policy: Policy, rows: Sequence[Mapping[str, str]], keep_good: bool = False) -> Cases:
    """Rows as cases; those of a draft are read again only where an edit concerns the reader."""
    seen = policy.model_dump_json(include={*READ})
    return replace(_cases(_Rows(json.dumps(rows), seen, keep_good, policy)), policy=policy)


@lru_cache(maxsize=16)
def _cases(rows: _Rows) -> Cases:
    frame = pd.DataFrame(json.loads(rows.text), dtype=object).fillna("").astype(str)
    return Cases.from_frame(frame, rows.policy, keep_good=rows.keep_good)


def _check(policy: Policy, i: int, said: dict[Hashable, Any]) -> Iterator[Finding]:
    example = policy.examples[i]
    if said["outcome"] != example.expect:
        message = f"{shown(example.name)} comes out as {said['outcome']}; expected is {example.expect}"
        yield Finding("example", ("examples", i, "expect"), f"{message} ({said['reasons']})")
    asked = sorted(filter(None, str(said["ask"]).split(";")))
    if example.asks is not None and asked != sorted(example.asks):
        asks, wanted = (", ".join(columns) or "nothing" for columns in (asked, example.asks))
        message = f"{shown(example.name)} asks for {asks}; expected is {wanted}"
        yield Finding("example", ("examples", i, "asks"), message)
