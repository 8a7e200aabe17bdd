"""Facts that only one node of a test reads, written out once for each thing that they can give to that node.

Ten tests of a score can be told in 59,049 ways, and give it 66 different pairs of points: those that are sure, and
those that are possible. So where very many values hang together, the parts of a node whose facts nothing else reads are
folded one after the other, and of all ways to give the node the same the one with the fewest facts is kept.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.evaluation.kleene import codes_of_truth
from policy.evaluation.truths import Truths
from policy.model import Policy, Settings, Test
from policy.trees.tests import placed_tests, weighed

Written = dict[str, str]  # a row, or a part of it
At = tuple[
    str, tuple[object, ...]
]  # a criterion, and the way to a node of its test: which part, of that which part ...
State = tuple[object, ...]
MANY = 20_000  # combinations from which on this is worth its while
MOST_AT_ONCE = 60_000  # of the values of one part


@dataclass
class Item:
    """Facts that are written together, and the ways to write them."""

    facts: frozenset[str]
    rows: list[Written]


ReadsRows = Callable[[list[Written], Policy], Cases]


def tallied(items: list[Item], readings: Sequence[Settings], cases: ReadsRows) -> list[Item]:
    """The same with what only one node reads folded together; as it is where there is little to gain.

    `cases`: rows as cases of a policy, its id the place of a row; a row that is refused is left out.
    """
    policies = list({id(s.policy): s.policy for s in readings}.values())
    free = _free(policies)
    for place in _nodes(policies):
        if math.prod(len(item.rows) for item in items) <= MANY:
            break
        nodes = {id(policy): _node(policy, place) for policy in policies}
        items = _Folding(items, readings, nodes, free(place), cases).folded()
    return items


def _nodes(policies: Sequence[Policy]) -> list[At]:
    """Every node that reads several facts in any of the policies, those that lie deepest first."""
    found: dict[At, None] = {}
    for policy in policies:
        for name, criterion in policy.criteria.items():
            found |= dict.fromkeys((name, way) for way, test in _ways_to(criterion.test) if len(test.facts()) > 1)
    return sorted(found, key=lambda place: -len(place[1]))


def _ways_to(test: Test) -> Iterator[tuple[tuple[object, ...], Test]]:
    """Each node by positions alone, whatever the keys: all_of here may be any_of in another policy."""
    return ((tuple(step for step in path if isinstance(step, int)), node) for path, node in placed_tests(test))


def _node(policy: Policy, place: At) -> Test | None:
    name, way = place
    return dict(_ways_to(policy.criteria[name].test)).get(way) if name in policy.criteria else None


def _free(policies: Sequence[Policy]) -> Callable[[At], set[str]]:
    """The facts that nothing but the node at a place reads, in every policy."""
    counts: list[tuple[Policy, Counter[str]]] = []
    tied: set[str] = set()
    for policy in policies:
        counts.append((policy, Counter(name for one in policy.criteria.values() for name in _fields(one.test))))
        tied |= {switch.field for rule in policy.rules() for switch in rule.switches()}
        tied |= {name for one in policy.relations for name in (one.field, one.at_most)}
        for name, kind in policy.fields_.items():
            tied |= {name, *kind.implied_by} if kind.implied_by else set()

    def free(place: At) -> set[str]:
        inside = [(Counter(_fields(_node(policy, place))), every) for policy, every in counts]
        names = {name for mine, _ in inside for name in mine}
        return {name for name in names if all(mine[name] == every[name] for mine, every in inside)} - tied

    return free


def _fields(test: Test | None) -> Iterator[str]:
    return (name for node in (test.walk() if test else ()) for name in node.fields())


@dataclass
class _Folding:
    """The parts of one node, alike in every policy that has it."""

    items: list[Item]
    readings: Sequence[Settings]
    nodes: Mapping[int, Test | None]  # by the id of a policy
    free: set[str]
    cases: ReadsRows

    def folded(self) -> list[Item]:
        """The items, those of the node's own facts as one."""
        atoms = [group for group in self._atoms() if group]
        if len(atoms) < 2:
            return self.items
        states: dict[State, Written] = {(): {}}
        for atom in atoms:
            ways = self._ways(atom)
            if ways is None:
                return self.items
            states = self._together(states, ways)
        own = {id(item) for atom in atoms for item in atom}
        facts = frozenset().union(*(item.facts for atom in atoms for item in atom))
        return [*(item for item in self.items if id(item) not in own), Item(facts, list(states.values()))]

    def _atoms(self) -> list[list[Item]]:
        """The items of each part, or of parts that share some; none of a part that reads anything else."""
        groups: list[set[str]] = []
        for node in filter(None, self.nodes.values()):
            for part, *_ in weighed(node):
                link = set(part.facts())
                apart = [group for group in groups if not group & link]
                groups = [*apart, link.union(*(group for group in groups if group & link))]
        whole = [group for group in groups if group and group <= self.free]
        found = [[item for item in self.items if item.facts & group] for group in whole]
        return [mine if all(i.facts <= group for i in mine) else [] for mine, group in zip(found, whole, strict=True)]

    def _ways(self, atom: list[Item]) -> dict[State, Written] | None:
        """The ways to write some items, one for each thing that they give to the node under each reading."""
        if math.prod(len(item.rows) for item in atom) > MOST_AT_ONCE:
            return None
        rows = [{k: v for row in rows for k, v in row.items()} for rows in itertools.product(*(i.rows for i in atom))]
        facts = frozenset().union(*(item.facts for item in atom))
        given: list[list[tuple[int, ...]]] = []
        for settings in self.readings:
            table = self.cases(rows, settings.policy)
            if len(table) < len(rows):
                return None
            node, truths = self.nodes[id(settings.policy)], Truths(settings, Rows.of(table))
            parts = [part for part, _ in _own(node, facts)]
            given.append(list(zip(*(codes_of_truth(truths.test(p), len(rows)).tolist() for p in parts), strict=True)))
        found: dict[State, Written] = {}
        for i, row in enumerate(rows):
            state = tuple(self._given(n, facts, told[i] if told else ()) for n, told in enumerate(given))
            if state not in found or _size(row) < _size(found[state]):
                found[state] = row
        return found

    def _given(self, reading: int, facts: frozenset[str], truths: tuple[int, ...]) -> tuple[int, ...]:
        """What truths of parts give: the least, the greatest, or points that are sure and that are possible."""
        node = self.nodes[id(self.readings[reading].policy)]
        if node is None or not truths:
            return ()
        if node.settles is not None:
            return (min(truths) if node.settles == 0 else max(truths),)
        worth = [n for _, n in _own(node, facts)]
        sure = sum(n * (t == 2 if n > 0 else t >= 1) for n, t in zip(worth, truths, strict=True))
        possible = sum(n * (t >= 1 if n > 0 else t == 2) for n, t in zip(worth, truths, strict=True))
        return sure, possible

    def _together(self, states: dict[State, Written], ways: dict[State, Written]) -> dict[State, Written]:
        found: dict[State, Written] = {}
        for (one, row), (other, more) in itertools.product(states.items(), ways.items()):
            both = (
                tuple(self._joined(i, a, b) for i, (a, b) in enumerate(zip(one, other, strict=True))) if one else other
            )
            whole = row | more
            if both not in found or _size(whole) < _size(found[both]):
                found[both] = whole
        return found

    def _joined(self, reading: int, one: object, other: object) -> tuple[int, ...]:
        node = self.nodes[id(self.readings[reading].policy)]
        assert isinstance(one, tuple) and isinstance(other, tuple)
        if not one or not other or node is None:
            return one or other
        if node.settles is not None:
            return (min(one + other) if node.settles == 0 else max(one + other),)
        return tuple(a + b for a, b in zip(one, other, strict=True))


def _own(node: Test | None, facts: frozenset[str]) -> list[tuple[Test, int]]:
    """The parts of a node that read some of these facts and nothing else, with their points."""
    parts = weighed(node) if node else ()
    return [(part, points) for part, points, _ in parts if part.facts() and facts.issuperset(part.facts())]


def _size(row: Written) -> int:
    return sum(map(bool, row.values()))
