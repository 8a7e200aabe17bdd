"""GoRules ZEN: a decision graph, called once for each case."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import zen
from numpy.typing import NDArray

from benchmarks.cases import Columns
from benchmarks.in_numpy import counts
from benchmarks.walk import PATHWAY, Walk
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
        return Condition(f"({name} != null)")

    def coded(self, name: str, codes: Sequence[int]) -> str:
        return Condition(f"({name} != null and {name} in [{', '.join(map(str, codes))}])")

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> str:
        parts = [f"({n} == null ? {m} : {n})" for n, m in zip(names, missing, strict=True)]
        return Condition(f"({' + '.join(parts)} >= {least})")

    def all_of(self, parts: Sequence[str]) -> str:
        return f"min([{', '.join(map(as_truth, parts))}])"

    def any_of(self, parts: Sequence[str]) -> str:
        return f"max([{', '.join(map(as_truth, parts))}])"

    def negated(self, part: str) -> str:
        return f"(2 - {as_truth(part)})"

    def between(self, low: str, high: str) -> str:
        return f"({low} ? 2 : ({high} ? 1 : 0))"

    def true(self, part: str) -> str:
        return Condition(f"({as_truth(part)} == 2)")

    def false(self, part: str) -> str:
        return Condition(f"({as_truth(part)} == 0)")

    def possible(self, part: str) -> str:
        return Condition(f"({as_truth(part)} > 0)")

    def tally(self, parts: Sequence[str], least: int) -> str:
        return Condition(f"({' + '.join(f'({part} ? 1 : 0)' for part in parts)} >= {least})")

    def equal(self, codes: Sequence[Any]) -> str:
        return Condition(f"({' and '.join(f'{codes[0]} == {code}' for code in codes[1:])})")

    def chosen(self, pairs: Sequence[tuple[str, Any]], otherwise: Any) -> str:
        text = str(otherwise)
        for condition, code in reversed(pairs):
            text = f"({condition} ? {code} : {text})"
        return text

    def named(self, name: str, part: str) -> str:
        self.criteria[name] = as_truth(part)
        return f"$.{name}_truth"


class Condition(str):
    """An expression that is true or false."""


def as_truth(part: str) -> str:
    """A condition as 0 or 2."""
    return f"({part} ? 2 : 0)" if isinstance(part, Condition) else part


class ZenRules:
    """One graph for all pathways; a missing fact is left out, which reads as null."""

    name = "GoRules ZEN"

    def __init__(self, columns: Columns):
        self.columns = columns
        held = columns.facts | columns.codes
        rows = zip(*(values.tolist() for values in held.values()), strict=True)
        self.rows = [{n: v for n, v in zip(held, row, strict=True) if v >= 0 or n == PATHWAY} for row in rows]

    def decision(self, settings: Settings) -> Any:
        """The policy under one setting: a switch on the pathway, then its criteria and outcome."""
        nodes: list[dict[str, Any]] = []
        statements: list[dict[str, str]] = []
        edges = [("in", "which", "")]
        for position in range(-1, len(settings.policy.pathways)):
            language = Zen()
            outcome = Walk(settings, language).pathway(position)
            texts = {f"{name}_truth": text for name, text in language.criteria.items()} | {"outcome": str(outcome)}
            expressions = [{"id": key, "key": key, "value": text} for key, text in texts.items()]
            nodes.append(_node(f"p{position}", "expressionNode", {"expressions": expressions}))
            statements.append({"id": f"s{position}", "condition": f"{PATHWAY} == {position}"})
            edges += [("which", f"p{position}", f"s{position}"), (f"p{position}", "out", "")]
        switch = {"statements": statements, "hitPolicy": "first"}
        nodes += [_node("in", "inputNode", {}), _node("which", "switchNode", switch), _node("out", "outputNode", {})]
        lines = [
            {"id": f"e{i}", "type": "edge", "sourceId": one, "targetId": other, **({"sourceHandle": by} if by else {})}
            for i, (one, other, by) in enumerate(edges)
        ]
        graph = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": lines}))
        return zen.ZenEngine().create_decision(graph)

    def prepared(self, settings: Settings) -> Callable[[], NDArray[np.int8]]:
        """One determination of every row, the graph being made."""
        decision = self.decision(settings)
        return lambda: np.array([decision.evaluate(row)["result"]["outcome"] for row in self.rows], dtype=np.int8)

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        return self.prepared(settings)()

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counts(self.determine(settings), self.columns)


def _node(name: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "name": name, "type": kind, "content": content}
