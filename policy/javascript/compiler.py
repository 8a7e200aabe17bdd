"""The rules of a policy as a program for JavaScript: what evaluation.py walks, at all settings of the levers at once.

A program is data and no source text. Each node is a word of the walk with the numbers of its parts; where the walk asks
for a lever, the node is a `pick` among what is said at each of its values. Equal nodes are one.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import mul
from typing import Any

from policy.evaluation.pathways import branches_of, codes_of, still_possible
from policy.evaluation.reading import CODE, closing_of
from policy.evaluation.traverse import traverse, traverse_test
from policy.model import CaseField, Comparison, Policy, Requirement, Rule, Settings, Step, Switch, Test, Value
from policy.trees.policies import codes_asked

Node = int  # the place of a node in its program


class Undecided(Exception):
    """The values that are left of a lever answer differently; `alike`: those that answer alike, together."""

    def __init__(self, lever: str, alike: list[list[Value]]):
        super().__init__(lever)
        self.lever, self.alike = lever, alike


class SomeSettings(Settings):
    """Levers with the values that are `left` of each, all where none are named; raises Undecided where they differ."""

    def __init__(self, policy: Policy, left: Mapping[str, list[Value]]):
        self.policy, self.left, self._values = policy, left, {}

    def _left(self, lever: str) -> list[Value]:
        return self.left[lever] if lever in self.left else self.policy.levers[lever].values()

    def __getitem__(self, lever: str) -> Value:
        values = self._left(lever)
        if len(values) > 1:
            raise Undecided(lever, [[value] for value in values])
        return values[0]

    def holds(self, condition: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether it does with all values that are left."""
        for name, words in condition.items():
            values = self._left(name)
            meeting = [value for value in values if self.policy.levers[name].meets(value, words)]
            if meeting and len(meeting) < len(values):
                raise Undecided(name, [meeting, [value for value in values if value not in meeting]])
            if not meeting:
                return False
        return True


@dataclass
class Program:
    """What a policy says of a case, as nodes that name each other by their place.

    `roots`: of each pathway in order, the last for codes outside the policy; `closing`: what becomes of what is open;
    `fields` and `codes` are named in nodes by their place too.
    """

    policy: Policy
    fields: tuple[str, ...]
    codes: tuple[str, ...]
    nodes: list[list[Any]] = field(default_factory=list)
    roots: list[Node] = field(default_factory=list)
    closing: Node = -1
    _places: dict[str, Node] = field(default_factory=dict)

    def node(self, *said: Any) -> Node:
        """The place of a node, added when new."""
        key = json.dumps(said)
        if key not in self._places:
            self._places[key] = len(self.nodes)
            self.nodes.append([*said])
        return self._places[key]

    def reads(self, root: Node) -> tuple[set[str], bool]:
        """The fields that a root and all below it read, and whether they ask for a diagnosis code."""
        fields, coded = set[str](), False
        for kind, *rest in (self.nodes[place] for place in self.below(root)):
            if kind in ("line", "words", "file", "switch"):
                fields.add(self.fields[rest[0]])
            elif kind == "sum":
                fields |= {self.fields[place] for place in rest[0]}
            coded |= kind in ("coded", "code")
        return fields, coded

    def below(self, root: Node) -> set[Node]:
        """A node and all that it is made of."""
        found, ahead = set[Node](), [root]
        while ahead:
            place = ahead.pop()
            if place not in found:
                found.add(place)
                ahead += _parts(self.nodes[place])
        return found

    def data(self) -> dict[str, Any]:
        """All of it for JSON: spans of the fields by their place, numbers of values by the place of each lever."""
        return {
            "levers": [len(lever.values()) for lever in self.policy.levers.values()],
            "spans": [self.policy.fields_[name].span for name in self.fields],
            "nodes": self.nodes,
            "roots": self.roots,
            "closing": self.closing,
        }


def _parts(node: Sequence[Any]) -> list[Node]:
    kind, *rest = node
    if kind in ("all", "any", "none"):
        return list(rest[0])
    if kind in ("count", "pick"):
        return list(rest[1])
    if kind == "switch":
        return [*(place for _, places in rest[1] for place in places), *rest[2]]
    where = {"coded": (0,), "require": (0, 1), "step": (0, 2), "code": (1, 2)}.get(kind, ())
    return [rest[i] for i in where]


def compiled(policy: Policy) -> Program:
    """The program of a policy."""
    codes = {*codes_asked(policy), *(notice.code for notice in policy.code_notices)}
    program = Program(policy, tuple(policy.fields_), tuple(sorted(codes)))
    say = JavaScript(program, SomeSettings(policy, {}))
    program.roots = [say.at_every(lambda say, rule=rule: say.pathway(rule)) for rule in policy.rules()]  # type: ignore[misc]
    program.roots.append(say.outcome("out_of_scope", None))
    program.closing = say.at_every(lambda say: say.program.node("outcome", closing_of(say.settings)))
    return program


@dataclass(frozen=True)
class JavaScript:
    """The language; `settings` have of each lever the values that answer alike what was asked of it so far."""

    program: Program
    settings: SomeSettings
    known: dict[int, tuple[object, Node]] = field(default_factory=dict)  # what was said of a test or rule, held here

    @property
    def policy(self) -> Policy:
        """The policy of the program."""
        return self.program.policy

    def at_every(self, say: "Callable[[JavaScript], Node]") -> Node:
        """What is said at every setting: a `pick` by the first lever that is asked for, and so on below it."""
        try:
            return say(self)
        except Undecided as undecided:
            lever, alike = undecided.lever, undecided.alike
        said = dict[Value, Node]()
        for values in alike:
            at = replace(self, settings=SomeSettings(self.policy, {**self.settings.left, lever: values}))
            said |= dict.fromkeys(values, at.at_every(say))
        some = next(iter(said.values()))
        if {*said.values()} == {some}:
            return some
        each = [said.get(value, some) for value in self.policy.levers[lever].values()]  # others do not come here
        return self.program.node("pick", list(self.policy.levers).index(lever), each)

    @property
    def anywhere(self) -> "JavaScript":
        """The same where nothing was asked yet."""
        return replace(self, settings=SomeSettings(self.policy, {}))

    def _whatever(self, what: object, say: "Callable[[JavaScript], Node]") -> Node:
        """What is said of a test or rule at every setting, whatever was asked here; once."""
        if id(what) not in self.known:
            self.known[id(what)] = what, self.anywhere.at_every(say)
        return self.known[id(what)][1]

    # The words of the walk: tests -------------------------------------------------------------------------------------

    def test(self, test: Test) -> Node:
        """Truth of a test."""
        return self._whatever(test, lambda say: traverse_test(test, say, say.test))

    def criterion(self, name: str) -> Node:
        """Truth of a criterion."""
        return self.test(self.policy.criteria[name].test)

    def settled(self, met: bool) -> Node:
        """0 or 2, for all."""
        return self.program.node("always", 2 * met)

    def all_of(self, parts: Iterator[Node]) -> Node:
        """The least."""
        return self._joined("all", parts, self.settled(True), self.settled(False))

    def any_of(self, parts: Iterator[Node]) -> Node:
        """The greatest."""
        return self._joined("any", parts, self.settled(False), self.settled(True))

    def _joined(self, kind: str, parts: Iterator[Node], nothing: Node, everything: Node) -> Node:
        found = [part for part in dict.fromkeys(parts) if part != nothing]
        if everything in found or not found:
            return everything if found else nothing
        return found[0] if len(found) == 1 else self.program.node(kind, found)

    def none_of(self, parts: Iterator[Node]) -> Node:
        """The opposite of the greatest."""
        return self.program.node("none", [self.any_of(parts)])

    def at_least_of(self, wanted: int, parts: list[Node], points: tuple[int, ...]) -> Node:
        """What some parts are worth together."""
        if wanted <= 0 or wanted > sum(points):
            return self.settled(wanted <= 0)
        return self.program.node("count", wanted, parts, points)

    def on_file(self, field: str) -> Node:
        """Never not documented."""
        return self.program.node("file", self._place(field))

    def stated_as(self, field: str, words: tuple[str, ...]) -> Node:
        """Met, or not documented."""
        return self.program.node("words", self._place(field), codes_of(self.policy.fields_[field], words), None)

    def among(self, field: str, words: tuple[str, ...]) -> Node:
        """Stored values that are one of the words for sure, and those that may be: a missing number, at least n."""
        kind, codes = self.policy.fields_[field], codes_of(self.policy.fields_[field], words)
        met, possible = [*codes], [*codes]
        for bound in (0, *kind.bounds):
            fitting = sum(code >= bound for code in codes)
            met += [-1 - bound] * (bound > 0 and fitting == kind.span[1] - bound + 1)
            possible += [-1 - bound] * (fitting > 0 or not bound)
        return self.program.node("words", self._place(field), met, possible)

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> Node:
        """Whether a fact, or a sum of facts, reaches the first value beyond the line; or does not."""
        least, spans = number + how.beyond, [self.policy.fields_[name].span for name in fields]
        ends = [span[::sign] for span, sign in zip(spans, how.signs, strict=True)]
        lowest, highest = (sum(map(mul, how.signs, end)) for end in zip(*ends, strict=True))
        if least <= lowest or least > highest:
            return self.settled((least <= lowest) == how.rises)
        places = [self._place(name) for name in fields]
        sums = ("sum", places, how.signs, least)
        reached = self.program.node(*(sums if len(places) > 1 else ("line", places[0], least)))
        return reached if how.rises else self.program.node("none", [reached])

    def _place(self, field: str) -> int:
        return self.program.fields.index(field)

    # The words of the walk: rules -------------------------------------------------------------------------------------

    def pathway(self, rule: Rule) -> Node:
        """What is said of the rows of a pathway: a code notice may say pend before its rule is asked."""
        reading = self.rule(rule)
        for notice in reversed(self.policy.code_notices):
            if self.settings.holds({notice.lever: notice.pend_while}):
                pends = self.program.node("outcome", CODE["pend"])
                reading = self.program.node("code", [self.program.codes.index(notice.code)], pends, reading)
        return reading

    def rule(self, rule: Rule) -> Node:
        """What a rule says."""
        return self._whatever(rule, lambda say: traverse(rule, say))

    def outcome(self, word: str, because: str | None) -> Node:
        """An outcome that is stated."""
        return self.program.node("outcome", CODE[word])

    def require(self, rule: Rule) -> Node:
        """All criteria together, then the first step that applies."""
        asked = self.all_of(self._requirement(*pair) for pair in self.policy.requirements(rule))
        follows = self.anywhere.at_every(lambda say: say._follow(self.policy.steps(rule, say.settings)))
        return self.program.node("require", asked, follows)

    def _requirement(self, entry: Requirement, inner: Requirement) -> Node:
        """Truth of a requirement, met where the levers or the diagnosis code do not ask for it."""
        both = inner.within(entry.codes)
        if both is None:
            return self.settled(True)
        truth = self.criterion(inner.criterion)
        if both.codes:
            truth = self.program.node("coded", truth, [self.program.codes.index(code) for code in both.codes])

        def asked(say: "JavaScript") -> Node:
            return (
                truth if say.settings.holds(entry.while_) and say.settings.holds(inner.while_) else self.settled(True)
            )

        return self.anywhere.at_every(asked)

    def _follow(self, steps: Sequence[Step]) -> Node:
        reading = self.program.node("outcome", CODE["met"])
        for step in reversed(steps):
            code = CODE[self.settings.outcome(step.outcome)]
            always = self.program.node("outcome", code)
            reading = self.program.node("step", self.criterion(step.when), code, reading) if step.when else always
        return reading

    def switch(self, rule: Rule) -> Node:
        """Branches by the stored value of a field; those that a missing one leaves possible, together."""
        asked = rule.asked
        assert asked
        kind, rest = self.policy.fields_[asked.field], rule.branch()
        ways = [([code], [self.rule(branch)]) for code, branch in branches_of(kind, rule).items()]
        missing = {least: self._possible(asked, rule, kind, least) for least in (0, *kind.bounds)}
        ways += [([-1 - least], found) for least, found in missing.items()]
        return self.program.node("switch", self._place(asked.field), ways, [self.rule(rest)] if rest else missing[0])

    def _possible(self, asked: Switch, rule: Rule, kind: CaseField, least: int) -> list[Node]:
        if asked.assumed and self.settings.holds(asked.assumed.while_):
            assumed = rule.branch(asked.assumed.criterion)
            return [self.rule(assumed)] if assumed else []
        return list(dict.fromkeys(map(self.rule, still_possible(kind, rule, least))))
