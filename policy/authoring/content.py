"""All of a document that a finding on some pathways can depend on, as text: where it is the same, so is the finding.

It is more than the pathways read themselves: facts hang together through any criterion that reads two of them, and
levers through any that both are read by, so everything that hangs together with what is read counts too. Words that a
person reads do not count. What holds at all settings does not depend on where the levers stand; what is shown at one
setting does.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

from policy.authoring.enumeration import remembered
from policy.authoring.facts import components, refuse_together, rule_conditions
from policy.authoring.mutation import levers_of
from policy.authoring.tree import bare
from policy.model import Settings
from policy.problems import ProblemsFound
from policy.trees.policies import CLOSING, codes_asked, facts_read
from policy.trees.rules import stated_outcomes

_WORDS = {"label", "ask", "says", "citation", "evidence", "contradictions", "statements", "origin"}
_CODES = {"__all__": {"label": True, "codes": {"__all__": {"label", "statements", "origin"}}}}
_GROUND: Any = {
    "fields_": True, "units": True, "relations": True, "diagnoses": True, "procedures": True,
    "code_notices": {"__all__": {"code", "lever", "pend_while"}}, "pathways": {"__all__": {"selects"}},
}  # fmt: skip
_GROUND_WORDS: Any = {"fields_": {"__all__": _WORDS}, "diagnoses": _CODES, "procedures": _CODES}
_RULES: Any = _GROUND | dict.fromkeys(("pathways", "gates", "criteria"), True)
_RULES_WORDS: Any = _GROUND_WORDS | {"criteria": {"__all__": {*_WORDS, "variants"}}}
Digests = tuple[str, str]


class Content:
    """Of a policy under some settings."""

    def __init__(self, settings: Settings):
        self.settings, self.policy = settings, settings.policy
        self._known: dict[tuple[str, ...], Digests] = {}
        self._ways: dict[str, tuple[set[str], set[str], str]] = {}

    def of(self, pathways: Collection[str], levers: Collection[str] = ()) -> Digests:
        """Two digests of all that some pathways and levers hang together with, without and with where levers stand."""
        started = {*levers}.union(*(self._read(name)[1] for name in pathways))
        key = (*sorted(pathways), "", *sorted(started))
        if key not in self._known:
            facts, read, names = self._together(set().union(*(self._read(name)[0] for name in pathways)), started)
            parts = [*(self._read(name)[2] for name in sorted(pathways)), *self._parts(facts, read, names)]
            stand = [(n, self.settings[n], lever.default) for n, lever in self.policy.levers.items() if n in read]
            self._known[key] = _digest([self._ground, parts]), _digest([self._ground, parts, stand])
        return self._known[key]

    @cached_property
    def _ground(self) -> str:
        """What everything can depend on."""
        codes = sorted(codes_asked(self.policy))
        ground = self.policy.model_dump_json(include=_GROUND, exclude=_GROUND_WORDS)
        return _digest([ground, codes, self._groups[1]])

    @cached_property
    def provable(self) -> bool:
        """Whether facts can be told apart and all that hang together can be written out; else a look meets a limit."""
        try:
            refuse_together(
                set().union(*(facts_read(self.policy, rule) for rule in self.policy.rules())), [self.policy]
            )
            for fields in components([self.policy]):
                remembered(fields, (self.settings,))
        except ProblemsFound:
            return False
        return True

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

    @cached_property
    def _levers(self) -> dict[str, str]:
        """Each lever, but for where it stands and its words."""
        known = _WORDS | {"default_", "dated"}
        return {name: lever.model_dump_json(exclude=known) for name, lever in self.policy.levers.items()}

    @cached_property
    def _rules(self) -> tuple[list[tuple[Any, set[str]]], set[str], list[tuple[object, ...]]]:
        """Of all rules the conditions with their levers, the outcomes that they state, and the switches."""
        rules = self.policy.rules()
        conditions = [(sorted(c.items()), {*c}) for c in rule_conditions(self.policy)]
        stated = {word for rule in rules for word, _ in stated_outcomes(rule)}
        switches = {(s.field, s.criterion, s.rest, *s.words) for rule in rules for s in rule.switches()}
        return conditions, stated, sorted(switches)

    def _read(self, pathway: str) -> tuple[set[str], set[str], str]:
        """The facts and levers that a pathway reads, and its rule."""
        if pathway not in self._ways:
            policy, rule = self.policy, self.policy.pathways[pathway].rule
            inside = [inner.model_dump_json() for e in rule.entries() for inner in policy.inside(e.criterion)]
            told = json.dumps([pathway, bare(rule.model_dump(mode="json", by_alias=True)), inside])
            self._ways[pathway] = facts_read(policy, rule), {*levers_of(policy, [pathway])}, told
        return self._ways[pathway]

    def _together(self, facts: set[str], levers: set[str]) -> tuple[set[str], set[str], list[str]]:
        """The facts, levers and criteria that hang together with some facts and levers."""
        while True:
            facts |= set().union(*(group for group in self._groups[0] if group & facts))
            names = [name for name, (mine, read, _) in self._tests.items() if mine & facts or read & levers]
            more = (facts.union(*(self._tests[n][0] for n in names)), levers.union(*(self._tests[n][1] for n in names)))
            if more == (facts, levers):
                return facts, levers, names
            facts, levers = more

    def _parts(self, facts: set[str], levers: set[str], names: list[str]) -> Iterator[Any]:
        policy = self.policy
        yield [(name, self._tests[name][2]) for name in names]
        yield [(name, text) for name, text in self._levers.items() if name in levers]
        conditions, stated, switches = self._rules
        yield [told for told, mine in conditions if levers & mine]
        yield sorted(stated & levers)
        yield [switch for switch in switches if switch[0] in facts]
        yield [one.model_dump_json() for one in policy.direction_exceptions if one.lever in levers]


def rules_told(readings: Sequence[Settings], also: object) -> str:
    """A digest of all that can decide a case under some readings, and of what else a question depends on.

    Of the levers those count that some reading names, and that which closes a file.
    """
    rules = [settings.policy.model_dump_json(include=_RULES, exclude=_RULES_WORDS) for settings in readings]
    named = "".join([*rules, json.dumps([also, CLOSING], default=str)])
    levers = [
        (name, settings[name], lever.model_dump_json(exclude=_WORDS))
        for settings in readings
        for name, lever in settings.policy.levers.items()
        if f'"{name}"' in named
    ]
    return _digest([rules, levers, also])


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
