"""Two readings of a pathway made smaller, so that whatever is possible in the large is possible in the small.

A `require` depends on its criteria through their least truth alone. What both sides ask in the same words, under the
same conditions and in the same rules, therefore enters as one truth, the same on both sides: it becomes one invented
fact that may be anything. A change of outcome that no case of the smaller readings shows, no case shows; one that
they do show may be due to what was forgotten, so only a case of the documents themselves is a witness (search.py).

`closeness`: 0 forgets all that both sides share; 1 keeps the criteria whose facts, or whose levers, the difference,
a switch or a step reads as well; 2 forgets nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from policy.authoring.enumeration import Cell
from policy.authoring.levers import Levers
from policy.authoring.tree import told_together
from policy.model import CaseField, Criterion, Gate, Policy, Requirement, Rule, Settings, Step, Test
from policy.trees.rules import mapped, requiring
from policy.trees.tests import says_yes

CLOSENESS = (0, 1, 2)
Node = dict[str, tuple[Requirement, Requirement]]  # by its text, an entry of a `require` and what it asks


def smaller(levers: Levers, cell: Cell, closeness: int, alike: set[str]) -> Levers:
    """The two readings of a pair of codes, reduced; settings of their levers are settings of the whole documents.

    `alike`: what `alike_criteria` says of them.
    """
    nodes = [_nodes(s.policy, name, cell.dx) for s, name in zip(levers.sides, cell.pathways, strict=True)]
    plan = _Plan(levers, cell, nodes, closeness, alike)
    sides = [_reduced(plan, side) for side in (0, 1)]
    return Levers((sides[0], sides[1]), levers.apart)


def _nodes(policy: Policy, pathway: str | None, dx: str) -> list[Node]:
    rules = policy.pathways[pathway].rule.walk() if pathway else ()
    return [{_key(*pair): pair for pair in policy.requirements(rule, dx)} for rule in rules]


def _key(entry: Requirement, inner: Requirement) -> str:
    conditions = [sorted((k, sorted(v)) for k, v in one.while_.items()) for one in (entry, inner)]
    return json.dumps([inner.criterion, conditions if entry is not inner else conditions[:1]])


@dataclass
class _Plan:
    """What is kept and what is forgotten; `rests`: the rules of each side that share an invented fact."""

    levers: Levers
    cell: Cell
    nodes: list[list[Node]]
    closeness: int
    alike: set[str]
    rests: dict[tuple[frozenset[int], frozenset[int]], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules = [rule for rule in self.rules() if rule]
        self.whens = {when for rule in rules for when in rule.whens()}
        asked = {inner.criterion for side in self.nodes for node in side for _, inner in node.values()} | self.whens
        switches = {switch.field for rule in rules for switch in rule.switches()}
        self.real = asked if self.closeness == 2 else self._real(asked, switches, rules)

    def rules(self) -> list[Rule | None]:
        pairs = zip(self.levers.sides, self.cell.pathways, strict=True)
        return [s.policy.pathways[name].rule if name else None for s, name in pairs]

    def _real(self, asked: set[str], switches: set[str], rules: list[Rule]) -> set[str]:
        """The criteria that keep their tests."""
        real = asked - self.alike
        if not self.closeness:
            return real
        moved = [pair for side in self.nodes for node in side for key, pair in node.items() if not self._placed(key)]
        real |= self.whens | {inner.criterion for _, inner in moved}
        facts, levers = set(switches), {name for entry in moved for one in entry for name in one.while_}
        levers |= {name for rule in rules for below in rule.walk() for name in below.while_}
        levers |= {name for rule in rules for step in rule.steps() for name in (*step.while_, step.outcome)}
        for name in real:
            facts |= self._facts(name)
            levers |= set(self._levers(name))
        near = {f for group in self.levers.groups if set(group) & facts for f in group}
        return real | {name for name in asked if self._facts(name) & near or set(self._levers(name)) & levers}

    def _placed(self, key: str) -> tuple[frozenset[int], frozenset[int]] | None:
        """The rules that an entry stands in, on either side, where they are the same on both."""
        one, other = (frozenset(i for i, node in enumerate(side) if key in node) for side in self.nodes)
        return (one, other) if one == other else None

    def _tests(self, name: str) -> list[Test]:
        return [p.criteria[name].test for p in self.levers.policies if name in p.criteria]

    def _facts(self, name: str) -> set[str]:
        return {fact for test in self._tests(name) for fact in test.facts()}

    def _levers(self, name: str) -> set[str]:
        return {lever for test in self._tests(name) for lever in test.levers()}

    def rest(self, key: str, pair: tuple[Requirement, Requirement]) -> str | None:
        """The invented fact that an entry melts into; None where the entry stands on its own."""
        entry, inner = pair
        condition = {*entry.while_, *inner.while_}
        if self.closeness == 2 or inner.criterion in self.real or not all(map(self.levers.alike, condition)):
            return None
        places = self._placed(key)
        return self.rests.setdefault(places, f"_rest_{len(self.rests)}") if places else None


def alike_criteria(levers: Levers) -> set[str]:
    """The criteria that have the same truth on both sides, for every case at every setting."""
    policies = [s.policy for s in levers.sides]
    names = policies[0].criteria.keys() & policies[1].criteria.keys()
    return {name for name in names if _same(levers, *(p.criteria[name].test for p in policies))}


def _same(levers: Levers, one: Test, other: Test) -> bool:
    if one != other or not all(map(levers.alike, one.levers())):
        return False
    if levers.sides[0].policy.fields_ == levers.sides[1].policy.fields_:
        return True
    first, second = (told_together(s.policy, {*one.facts()}) for s in levers.sides)
    return first == second


def _reduced(plan: _Plan, side: int) -> Settings:
    """One side: the pathway alone, with what is forgotten as invented yes-or-no facts."""
    base, name = plan.levers.sides[side], plan.cell.pathways[side]
    policy, gates = base.policy, dict[str, Requirement]()
    ways = {}
    if name:
        rule = _rewritten(plan, side, policy.pathways[name].rule, gates)
        ways[name] = policy.pathways[name].model_copy(update={"rule": rule})
    known = {asked.criterion for asked in gates.values()}
    known |= {when for way in ways.values() for when in way.rule.whens()}
    known |= {entry.criterion for way in ways.values() for entry in way.rule.entries()}
    kept = {n: c for n, c in policy.criteria.items() if n in known}
    invented = sorted(known - kept.keys() - gates.keys())
    written = {gate: Gate.model_construct(title="-", require=(asked,)) for gate, asked in gates.items()}
    content = {n: getattr(policy, n) for n in Policy.model_fields} | {
        "pathways": ways, "gates": written, "examples": (), "direction_exceptions": (),
        "criteria": kept | {n: _invented(n) for n in invented},
        "fields_": dict(policy.fields_) | dict.fromkeys(invented, _ANYTHING),
    }  # fmt: skip
    return Settings(Policy.model_construct(**content), base)


_ANYTHING = CaseField(label="What both sides ask alike", ask="-", type="boolean", origin="assumption")


def _invented(name: str) -> Criterion:
    test = says_yes(name)  # its name is no id, so that no document has it
    return Criterion(says="What both sides ask alike", ask="-", citation="-", test=test, origin="assumption")


def _rewritten(plan: _Plan, side: int, rule: Rule, gates: dict[str, Requirement]) -> Rule:
    """A rule with its entries replaced (`plan.nodes` are in the order of `walk`)."""
    nodes = {id(below): node for below, node in zip(rule.walk(), plan.nodes[side], strict=True)}

    def change(leaf: Rule) -> Rule:
        if not leaf.requires:
            return leaf
        entries = tuple(_required(plan, nodes[id(leaf)], gates))
        return requiring(leaf, entries, tuple(_step(plan, step) for step in leaf.steps()))

    return mapped(rule, change)


def _required(plan: _Plan, node: Node, gates: dict[str, Requirement]) -> Iterator[Requirement]:
    rests: Mapping[str, None] = dict.fromkeys(r for k, pair in node.items() if (r := plan.rest(k, pair)))
    yield from (Requirement.model_construct(criterion=rest) for rest in rests)
    for key, (entry, inner) in node.items():
        if plan.rest(key, (entry, inner)) is None:
            asked = inner.model_copy(update={"criterion": _name(plan, inner.criterion), "codes": ()})
            if entry is inner:
                yield asked
            else:
                gate = f"_gate_{len(gates)}"
                gates[gate] = asked
                yield entry.model_copy(update={"criterion": gate, "codes": ()})


def _step(plan: _Plan, step: Step) -> Step:
    return step.model_copy(update={"when": _name(plan, step.when)}) if step.when else step


def _name(plan: _Plan, criterion: str) -> str:
    return criterion if criterion in plan.real else f"_any_{criterion}"
