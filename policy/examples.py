"""The worked examples of a policy: a document whose own examples come out otherwise is refused."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from policy.cases import Cases
from policy.evaluation import determine
from policy.model import Policy
from policy.problems import ProblemsFound
from policy.validation import Finding


def check_examples(policy: Policy) -> Iterator[Finding]:
    """Every example that cannot be read, or has another outcome or other questions than it says."""
    rows = [{"case_id": str(i), **example.case} for i, example in enumerate(policy.examples)]
    if not rows:
        return
    try:
        cases = Cases.from_frame(
            pd.DataFrame(rows, dtype=object).fillna("").astype(str), policy, "examples", keep_good=True
        )
    except ProblemsFound as found:
        yield from (("example", ("examples",), f"examples: {p.message}") for p in found.problems)
        return
    for row, column, value, problem in cases.rejected.itertuples(index=False):
        place = ("examples", int(row) - 1, "case", str(column))
        yield "example", place, f"examples.{row - 1}.case.{column}: '{value}' {problem}"
    for position, i in enumerate(int(name) for name in cases.ids):
        yield from _check(policy, i, cases.take(np.array([position])))


def _check(policy: Policy, i: int, one: Cases) -> Iterator[Finding]:
    example, place = policy.examples[i], ("examples", i)
    try:
        settings = policy.settings(example.set_)
    except ProblemsFound as found:
        yield from (
            ("example", (*place, "set", p.place), f"examples.{i}.set.{p.place}: {p.message}") for p in found.problems
        )
        return
    said = determine(policy, one, settings).frame().iloc[0]
    if said["outcome"] != example.expect:
        message = (
            f"examples.{i}: '{example.name}' comes out as {said['outcome']}, not {example.expect} ({said['reasons']})"
        )
        yield "example", (*place, "expect"), message
    asked = sorted(filter(None, str(said["ask"]).split(";")))
    if example.asks is not None and asked != sorted(example.asks):
        message = f"examples.{i}: '{example.name}' asks for {', '.join(asked) or 'nothing'}"
        yield "example", (*place, "asks"), f"{message}, not {', '.join(example.asks) or 'nothing'}"
