"""All of a document that a finding on some pathways can depend on, as text: where it is the same, so is the finding.

It is more than the pathways read themselves: facts hang together through any criterion that reads two of them, and
levers through any that both are read by, so everything that hangs together with what is read counts too.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from policy.authoring.facts import components, rule_conditions
from policy.authoring.mutation import levers_of
from policy.model import Settings
from policy.problems import ProblemsFound

_WORDS = {"label", "says", "citation", "evidence", "statements", "origin"}  # of a lever: no finding has them
_GROUND: Any = {
    "fields_": True, "units": True, "relations": True, "diagnoses": True, "procedures": True, "code_notices": True,
    "pathways": {"__all__": {"selects"}},
}  # fmt: skip


class Content:
    """Of a policy under some settings."""

    def __init__(self, settings: Settings):
        self.settings, self.policy = settings, settings.policy
        self._known: dict[tuple[str, ...], str] = {}

    def of(self, pathways: Collection[str], *more: str) -> str:
        """A digest of all that some pathways hang together with, and of `more`."""
        key = tuple(sorted(pathways))
        if key not in self._known:
            parts = json.dumps([*self._parts(set(key))], default=str)
            self._known[key] = hashlib.sha256((self._ground + parts).encode()).hexdigest()
        return "\n".join((self._known[key], *more))

    @cached_property
    def _ground(self) -> str:
        """What everything can depend on."""
        codes = sorted(self.policy.codes_asked())
        return self.policy.model_dump_json(include=_GROUND) + json.dumps([codes, self._groups[1]])

    @property
    def provable(self) -> bool:
        """Whether facts can be told apart at all."""
        return not self._groups[1]

    @cached_property
    def _groups(self) -> tuple[list[set[str]], str]:
        """The facts in groups that no criterion spans; or why they cannot be told apart, and nothing can be proven."""
        try:
            return [set(group) for group in components([self.policy])], ""
        except ProblemsFound as wrong:
            return [{*self.policy.fields_}], str(wrong)

    @cached_property
    def _tests(self) -> dict[str, tuple[set[str], set[str], str]]:
        """Of each criterion the facts and levers that it reads, and its test."""
        tests = {name: criterion.test for name, criterion in self.policy.criteria.items()}
        return {name: ({*test.facts()}, {*test.levers()}, test.model_dump_json()) for name, test in tests.items()}

    def _together(self, pathways: set[str]) -> tuple[set[str], set[str], list[str]]:
        """The facts, levers and criteria that hang together with what some pathways read."""
        policy = self.policy
        facts = {fact for name in pathways for fact in policy.facts_read(policy.pathways[name].rule)}
        levers = {*levers_of(policy, [*pathways])}
        while True:
            facts |= set().union(*(group for group in self._groups[0] if group & facts))
            names = [name for name, (mine, read, _) in self._tests.items() if mine & facts or read & levers]
            more = (facts.union(*(self._tests[n][0] for n in names)), levers.union(*(self._tests[n][1] for n in names)))
            if more == (facts, levers):
                return facts, levers, names
            facts, levers = more

    def _parts(self, pathways: set[str]) -> Iterator[Any]:
        policy = self.policy
        facts, levers, names = self._together(pathways)
        for name in sorted(pathways):
            rule = policy.pathways[name].rule
            yield name, rule.model_dump_json()
            yield [inner.model_dump_json() for e in rule.entries() for inner in policy.inside(e.criterion)]
        yield [(name, self._tests[name][2]) for name in names]
        for name, lever in policy.levers.items():
            if name in levers:
                yield name, self.settings[name], lever.model_dump_json(exclude=_WORDS)
        yield [[sorted(c.items())] for c in rule_conditions(policy) if levers & c.keys()]
        stated = {word for rule in policy.rules() for word, _ in rule.stated_outcomes()}
        yield sorted(stated & levers)
        switches = [switch for rule in policy.rules() for switch in rule.switches() if switch.field in facts]
        yield sorted({(one.field, one.criterion, one.rest, *one.words) for one in switches})
        yield [one.model_dump_json() for one in policy.direction_exceptions if one.lever in levers]
