"""What can be said of two readings by their words alone: no case is looked at, and nothing is left out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policy.authoring.enumeration import Cell
from policy.authoring.levers import Levers
from policy.authoring.once import Once
from policy.model import Policy
from policy.trees.policies import CLOSING, facts_read, required_somewhere

_OF_FIELDS = {"label", "ask", "unit", "statements", "origin", "required", "ignored"}  # which change no truth

_MADE = Once[Any](64)


def alike_in_words(levers: Levers, cell: Cell) -> bool:
    """Whether both sides read a pair of codes in the same words, under levers that are set alike.

    Then they make the same of every case at every setting: the evaluation sees no difference. Every word that is the
    name of a lever counts as that lever, so none is missed.
    """
    return _alike(levers, cell, rules_only=False)


def alike_in_rules(levers: Levers, cell: Cell) -> bool:
    """Whether both sides make the same of the same truths of criteria: as `alike_in_words`, leaving tests out."""
    return _alike(levers, cell, rules_only=True)


def _alike(levers: Levers, cell: Cell, rules_only: bool) -> bool:
    one, other = (words_of(s.policy, name, cell.dx) for s, name in zip(levers.sides, cell.pathways, strict=True))
    if rules_only and one is not None and other is not None:
        one, other = ({k: v for k, v in words.items() if k != "tests"} for words in (one, other))
    if one != other:
        return False
    named = set(_words(one)) | {CLOSING}
    return all(map(levers.alike, named & set(levers.pairs)))


def words_of(policy: Policy, pathway: str | None, dx: str) -> Any:
    """All that the outcome of a pair of codes depends on, as plain data; None where the codes are out of scope."""
    return None if pathway is None else _MADE.of((policy,), (pathway, dx), lambda: _words_of(policy, pathway, dx))


def _words_of(policy: Policy, pathway: str, dx: str) -> Any:
    rule = policy.pathways[pathway].rule
    gates = {e.criterion: policy.inside(e.criterion) for e in rule.entries() if e.criterion in policy.gates}
    names = {*required_somewhere(policy, rule), *rule.whens()} & policy.criteria.keys()
    tests = {name: policy.criteria[name].test for name in sorted(names)}
    notices = [(n.lever, n.pend_while) for n in policy.code_notices if n.code == dx]
    made: dict[str, Any] = {
        "rule": bare(rule.model_dump(mode="json", by_alias=True)),
        "gates": {
            name: [r.model_dump(mode="json", by_alias=True) for r in gate] for name, gate in gates.items()
        },
        "tests": {name: test.model_dump(mode="json", by_alias=True) for name, test in tests.items()},
        "fields": told_together(policy, facts_read(policy, rule)),
        "notices": notices,
    }  # fmt: skip
    return json.loads(json.dumps(made))


def told_together(policy: Policy, fields: set[str]) -> dict[str, Any]:
    """Some fields, and all that what they say, or what says something of them, leads to."""
    every, words = _MADE.of((policy,), "fields", lambda: _fields(policy))
    found = set(fields)
    while True:
        more = {name for name in every if name in found or found & words[name]}
        more |= {word for name in more for word in words[name]} & every.keys()
        if more <= found:
            return {name: kind for name, kind in every.items() if name in found}
        found |= more


def _fields(policy: Policy) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """Each field as plain data, and the words in it."""
    every = {name: kind.model_dump(mode="json", exclude=_OF_FIELDS) for name, kind in policy.fields_.items()}
    return every, {name: {*_words(kind)} for name, kind in every.items()}


def bare(node: Any) -> Any:
    """A rule without its reasons, which change no outcome."""
    if isinstance(node, list):
        return [bare(below) for below in node]
    if not isinstance(node, dict):
        return node
    return {key: bare(below) for key, below in node.items() if key != "because" or isinstance(below, dict)}


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, below in node.items():
            yield key
            yield from _words(below)
    elif isinstance(node, list):
        for below in node:
            yield from _words(below)
    elif isinstance(node, str):
        yield node
