"""Whether every lever keeps its direction: moving it the strict way turns no other outcome into met.

Where a policy cannot keep that, it says so (`direction_exceptions`), and here it is proven that the list is whole. Most
levers keep it by reading: of a lever that only tests of requirements read, each the harder to meet the stricter it is
set, fewer cases are met at the stricter value, whatever the others say, because met needs every requirement, and a
field that is missing needs every branch. Any other step between two neighbouring values is enumerated exactly over all
settings of the other levers (everywhere.py); steps between which nothing is told apart are enumerated once.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from policy.authoring.coverage import criteria_of
from policy.authoring.levers import Levers
from policy.authoring.proof import pairs_of_codes
from policy.authoring.reduction import alike_criteria
from policy.authoring.search import Search
from policy.authoring.tree import alike_in_words
from policy.authoring.witness import Witness
from policy.entries.exceptions import DirectionException
from policy.evaluation.reading import CODE
from policy.model import Policy, Rule, Test, Value, as_word
from policy.trees.policies import CLOSING
from policy.trees.rules import lever_conditions, stated_outcomes
from policy.trees.tests import direction_of

MET = CODE["met"]


@dataclass(frozen=True)
class Broken:
    """A step of a lever the strict way that turns another outcome into met, and is not declared.

    `witness` is None where the step could not be worked out; `why` says so.
    """

    lever: str
    looser: Value
    stricter: Value
    witness: Witness | None
    why: str = ""


def broken_directions(policy: Policy) -> Iterator[Broken]:
    """Of every lever the first such step; none: the list of exceptions is whole."""
    yield from filter(None, (broken_direction(policy, name) for name in policy.levers))


def broken_direction(policy: Policy, name: str) -> Broken | None:
    """The first undeclared step of a lever, or the one that could not be proven; None: its list is whole."""
    done: set[Hashable] = set()
    ways = [way for way, pathway in policy.pathways.items() if not keeps_by_reading(policy, pathway.rule, name)]
    for looser, stricter in pairwise(policy.levers[name].loosest_first()) if ways else ():
        if found := _step(policy, name, (looser, stricter), ways, done):
            return found
    return None


def _step(
    policy: Policy, name: str, values: tuple[Value, Value], ways: list[str], done: set[Hashable]
) -> Broken | None:
    looser, stricter = values
    declared = [e for e in policy.direction_exceptions if e.lever == name and covers(policy, e, values)]
    sides = (policy.settings({name: as_word(looser)}), policy.settings({name: as_word(stricter)}))
    levers = Levers(sides, apart=tuple(e.while_ for e in policy.direction_exceptions if e.lever == name))
    key = (_alike(levers, name), tuple(map(id, declared)))
    if key in done:
        return None
    done.add(key)
    same = alike_criteria(levers)
    for cell in pairs_of_codes(levers):
        if set(cell.pathways) & set(ways) and not alike_in_words(levers, cell):
            search = Search(levers, cell, same, MET, tuple(e.while_ for e in declared))
            for witness in search.run().witnesses():
                return Broken(name, looser, stricter, witness)
            if search.gaps or search.doubts:
                return Broken(name, looser, stricter, None, "; ".join(search.gaps + search.doubts))
    return None


def _alike(levers: Levers, name: str) -> Hashable:
    """Equal for two steps of a lever between which neither rules nor facts tell anything apart."""
    orders: list[Hashable] = [levers.kind(name, levers.pairs[name][0])]
    for fields in levers.groups:
        if name in levers.read_by(fields):
            orders.append(levers.order_of(fields))
    return tuple(orders)


def covers(policy: Policy, exception: DirectionException, values: tuple[Value, Value]) -> bool:
    """Whether a step of a lever lies within the span of an exception."""
    order = policy.levers[exception.lever].loosest_first()
    check = policy.levers[exception.lever].check
    low, high, *step = (order.index(v) for v in (check(exception.from_), check(exception.to), *values))
    return low <= min(step) and max(step) <= high


# By reading ----------------------------------------------------------------------------------------------------------


def keeps_by_reading(policy: Policy, rule: Rule, name: str) -> bool:
    """Whether a lever can only make requirements of a rule harder to meet, the stricter it is set."""
    conditions = [*lever_conditions(rule, requirements=False)]
    conditions += [{notice.lever: notice.pend_while} for notice in policy.code_notices]
    if any(name in condition for condition in conditions) or name in dict(stated_outcomes(rule)):
        return False
    if any(name in policy.criteria[when].test.levers() for when in rule.whens()):
        return False
    entries = [*rule.entries(), *(entry for gate in policy.gates for entry in policy.inside(gate))]
    if not all(_harder(policy, name, entry.while_.get(name)) for entry in entries):
        return False
    tests = [policy.criteria[criterion].test for criterion in criteria_of(policy, rule)]
    return name != CLOSING and all(
        direction_of(test, lambda node: _direction(policy, node, name)) in (0, 1) for test in tests
    )


def _harder(policy: Policy, name: str, words: tuple[str, ...] | None) -> bool:
    """Whether a requirement, once in force, stays so the stricter the lever is set."""
    if words is None:
        return True
    holds = _holding(policy, name, words)
    return holds == sorted(holds)


def _holding(policy: Policy, name: str, words: tuple[str, ...]) -> list[bool]:
    """Of each value, the loosest first, whether a condition that names these words holds."""
    lever = policy.levers[name]
    return [lever.meets(value, words) for value in lever.loosest_first()]


def _direction(policy: Policy, node: Test, name: str) -> int | None:
    """Which way a node itself goes the stricter the lever is set, as `Test.direction` says it."""
    if name in node.condition:
        holds = _holding(policy, name, node.condition[name])
        rises, falls = (holds == sorted(holds, reverse=down) for down in (False, True))
        return falls - rises if rises or falls else None
    return _threshold(policy, name, not node.rises) if node.reference() == name else 0


def _threshold(policy: Policy, name: str, less_than: bool) -> int | None:
    """1 where a comparison with the lever is the harder to meet the stricter it is set, -1 where easier; off is met."""
    lever = policy.levers[name]
    rises = lever.direction == "stricter_when_higher"
    harder = rises != less_than
    return 1 if harder else -1 if not lever.off_allowed else None


def notes(policy: Policy, name: str, settings: Mapping[str, Value] | None = None) -> list[str]:
    """What a screen says beside a lever: where moving it the strict way can turn another outcome into met.

    With `settings`, only what holds while the other levers are set so.
    """
    return [
        exception.says(policy.levers)
        for exception in policy.direction_exceptions
        if exception.lever == name and (settings is None or policy.settings(
            {k: as_word(v) for k, v in settings.items()}).holds(exception.while_))
    ]  # fmt: skip
