"""GoRules ZEN: a decision graph, called once for each case."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import zen
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.in_numpy import counts
from benchmarks.walk import Walk
from policy.model import Settings


class Zen:
    """Truths as 0, 1, 2 in ZEN's expressions; conditions and codes as expressions too."""

    def __init__(self) -> None:
        self.criteria: dict[str, str] = {}

    def reached(self, name: str, least: int) -> str:
        return f"({name} == null ? 1 : ({name} >= {least} ? 2 : 0))"

    def among(self, name: str, codes: Sequence[int]) -> str:
        return f"({name} == null ? 1 : ({name} in [{', '.join(map(str, codes))}] ? 2 : 0))"

    def stated(self, name: str, codes: Sequence[int]) -> str:
        return f"({self.coded(name, codes)} ? 2 : 1)"

    def filed(self, name: str) -> str:
        return f"({name} != null)"

    def coded(self, name: str, codes: Sequence[int]) -> str:
        return f"({name} != null and {name} in [{', '.join(map(str, codes))}])"

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> str:
        parts = [f"({n} == null ? {m} : {n})" for n, m in zip(names, missing, strict=True)]
        return f"({' + '.join(parts)} >= {least})"

    def all_of(self, parts: Sequence[str]) -> str:
        return f"min([{', '.join(map(as_truth, parts))}])"

    def any_of(self, parts: Sequence[str]) -> str:
        return f"max([{', '.join(map(as_truth, parts))}])"

    def negated(self, part: str) -> str:
        return f"(2 - {as_truth(part)})"

    def between(self, low: str, high: str) -> str:
        return f"({low} ? 2 : ({high} ? 1 : 0))"

    def true(self, part: str) -> str:
        return f"({as_truth(part)} == 2)"

    def false(self, part: str) -> str:
        return f"({as_truth(part)} == 0)"

    def possible(self, part: str) -> str:
        return f"({as_truth(part)} > 0)"

    def tally(self, parts: Sequence[str], least: int) -> str:
        return f"({' + '.join(f'({part} ? 1 : 0)' for part in parts)} >= {least})"

    def equal(self, codes: Sequence[Any]) -> str:
        return f"({' and '.join(f'{codes[0]} == {code}' for code in codes[1:])})"

    def chosen(self, pairs: Sequence[tuple[str, Any]], otherwise: Any) -> str:
        text = str(otherwise)
        for condition, code in reversed(pairs):
            text = f"({condition} ? {code} : {text})"
        return text

    def named(self, name: str, part: str) -> str:
        self.criteria[name] = as_truth(part)
        return f"$.{name}_truth"


def as_truth(part: str) -> str:
    """A condition as 0 or 2: those end in a comparison with null or a list."""
    known = part.endswith(("!= null)", "])")) and not part.startswith(("min", "max"))
    return f"({part} ? 2 : 0)" if known else part
