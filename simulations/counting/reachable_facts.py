"""Which facts a pathway may read while some levers move, and at which of their values a reachable test changes.

A lever is moving (it may stand at any legal value) or frozen as in the settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from policy.model import Amount, AnyOf, Comparison, LeverIs, OnFile, Policy, Requirement, Rule, Settings, Test, While


@dataclass
class Reads:
    """What one pathway may read while some levers move: field -> cuts, sets of words; sums of several fields."""

    settings: Settings
    moving: frozenset[str]
    cuts: dict[str, set[int]] = field(default_factory=dict)
    words: dict[str, list[frozenset[int]]] = field(default_factory=dict)
    sums: dict[tuple[tuple[str, ...], tuple[int, ...]], set[int]] = field(default_factory=dict)  # with their signs
    codes: set[str] = field(default_factory=set)

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def may(self, condition: While) -> bool:
        """Whether the moving levers can be set so that a condition holds."""
        return all(any(self._fits(name, words)) for name, words in condition.items())

    def must(self, condition: While) -> bool:
        """Whether a condition holds wherever the moving levers stand."""
        return all(all(self._fits(name, words)) for name, words in condition.items())

    def _fits(self, name: str, words: tuple[str, ...]) -> list[bool]:
        values = self.policy.levers[name].values() if name in self.moving else [self.settings[name]]
        return [Settings(self.policy, {**self.settings, name: value}).holds({name: words}) for value in values]

    def rule(self, rule: Rule) -> None:
        """Everything that a rule may read."""
        for below in self.possible(rule):
            self.rule(below)
        for entry, _ in self.entries(rule):
            self.codes.update(entry.codes)
            self.test(self.policy.criteria[entry.criterion].test)
        for step in rule.then:
            if step.when and self.may(step.while_):
                self.test(self.policy.criteria[step.when].test)
        if rule.switch and rule.stated:
            self._among(rule.switch, [(word,) for word in rule.branches])
            self.test(self.policy.criteria[rule.stated].test)
            for below in (*rule.branches.values(), *([rule.otherwise] if rule.otherwise else [])):
                self.rule(below)

    def moves(self, rule: Rule) -> bool:
        """Whether what a rule makes of a case can depend on a moving lever."""
        if rule.first_of is not None:
            possible = self.possible(rule)
            return len(possible) > 1 or self.moves(possible[0])
        names = {*((rule.outcome,) if rule.outcome else ()), *(rule.assume.while_ if rule.assume else ())}
        for entry, _ in self.entries(rule):
            names.update(entry.while_, self.policy.criteria[entry.criterion].test.levers())
        for step in rule.then:
            names.update(
                (step.outcome,), step.while_, self.policy.criteria[step.when].test.levers() if step.when else ()
            )
        below = [*rule.branches.values(), *([rule.otherwise] if rule.otherwise else [])]
        return bool(names & self.moving) or any(self.moves(branch) for branch in below)

    def possible(self, rule: Rule) -> list[Rule]:
        """Of `first_of`, the rules that can be in force."""
        found = []
        for below in rule.first_of or ():
            if self.may(below.while_):
                found.append(below)
            if self.must(below.while_):
                break
        return found

    def entries(self, rule: Rule) -> list[tuple[Requirement, bool]]:
        """The requirements that can be in force, gates written out, and whether they always are."""
        found = []
        for entry in rule.require or ():
            gate = self.policy.gates.get(entry.criterion)
            for inner in gate.require if gate else (entry,):
                both = inner.within(entry.codes)
                if both and self.may(entry.while_) and self.may(inner.while_):
                    both = both.model_copy(update={"while_": entry.while_ | inner.while_})
                    found.append((both, self.must(entry.while_) and self.must(inner.while_)))
        return found

    def test(self, test: Test) -> None:
        """Everything that a test may read; parts that a frozen lever switches off are left out."""
        if self.settled(test):
            return
        for part in test.parts:
            self.test(part)
        if isinstance(test, OnFile):
            self.cuts.setdefault(test.on_file, set())
        elif test.words:
            self._among(test.fields()[0], [test.words])
        elif isinstance(test, Comparison) and test.sums:
            cuts = {test.times * n + test.beyond for n in self._thresholds(test)}
            self.sums.setdefault((test.fields(), test.signs), set()).update(cuts)
            for name in test.fields():
                self.cuts.setdefault(name, set())
        elif isinstance(test, Comparison):
            self.cuts.setdefault(test.fields()[0], set()).update(self._beyond(test))

    def settled(self, test: Test) -> bool:
        """Whether the frozen levers alone decide a test that combines others."""
        on = test.parts if isinstance(test, AnyOf) else ()
        off = not all(map(self.may, test.only_while))
        return off or any(isinstance(part, LeverIs) and self.must(part.lever) for part in on)

    def of(self, test: Test) -> tuple[int, ...]:
        """The cuts of one comparison within the span of its field."""
        low, high = self.policy.fields_[test.fields()[0]].span
        return tuple(sorted(cut for cut in self._beyond(test) if low < cut <= high))

    def _beyond(self, test: Test) -> set[int]:
        """The least value above each line of a comparison."""
        return {n + test.beyond for n in self._thresholds(test)}

    def _thresholds(self, test: Test) -> list[int]:
        reference = str(test.reference())
        lever = self.policy.levers[reference] if reference in self.moving else None
        values = lever.values() if lever else [self.settings.number(reference)]
        name = test.fields()[0]
        steps = self.policy.grid_steps(name, reference)
        return [int(n * steps) for n in values if isinstance(n, Amount)]

    def _among(self, name: str, sets: Sequence[Sequence[str]]) -> None:
        kind = self.policy.fields_[name]
        cuts = self.cuts.setdefault(name, set())
        for words in sets:
            coded = kind.type in ("boolean", "choice")
            codes = frozenset(kind.code(w) if coded else int(w) for w in words)
            self.words.setdefault(name, []).append(codes)
            cuts.update(edge for code in codes for edge in (code, code + 1) if not coded)


REQUEST = "request"  # which diagnosis and procedure it is: what a stance reads


def read_by(policy: Policy, lever: str) -> frozenset[str]:
    """The columns that a lever reads, whatever the other levers: moving it changes outcomes by these alone.

    Those of the comparisons that it is the threshold of, of the tests and requirements that it switches on, and of the
    tests before an action that it states. REQUEST is among them where it acts on a kind of request as such.
    """
    found: set[str] = set()
    for criterion in policy.criteria.values():
        found |= _in_test(criterion.test, lever)
    for gate in policy.gates.values():
        found |= _required(policy, gate.require, lever)
    for pathway in policy.pathways.values():
        for rule in pathway.rule.walk():
            found |= _in_rule(policy, rule, lever)
    if any(notice.lever == lever for notice in policy.code_notices):
        found.add(REQUEST)
    return frozenset(column for name in found for column in _columns(policy, name))


def _columns(policy: Policy, name: str) -> tuple[str, ...]:
    """The columns of a fact that is worked out from others; any other stands for itself."""
    kind = policy.fields_.get(name)
    return (name,) if kind is None or kind.told else (str(kind.days), *kind.ends)


def columns_below(policy: Policy, test: Test) -> set[str]:
    """The columns that a test reads."""
    return {column for name in _below(test) for column in _columns(policy, name)}


def _below(test: Test) -> set[str]:
    return {name for node in test.walk() for name in node.fields()}


def _in_test(test: Test, lever: str) -> set[str]:
    found: set[str] = set()
    for node in test.walk():
        levers = [part.lever for part in node.parts if isinstance(part, LeverIs)]
        if node.reference() == lever or any(lever in asked for asked in levers):
            found |= set(node.fields()) or _below(node)
    return found


def _required(policy: Policy, entries: Sequence[Requirement], lever: str) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        gate = policy.gates.get(entry.criterion)
        if lever in entry.while_:
            for inner in gate.require if gate else (entry,):
                found |= _below(policy.criteria[inner.criterion].test)
    return found


def _in_rule(policy: Policy, rule: Rule, lever: str) -> set[str]:
    found = _required(policy, rule.require or (), lever)
    asked: set[str] = set()  # what decides that a step is reached at all
    for step in rule.then:
        asked |= _below(policy.criteria[step.when].test) if step.when else set()
        if lever in step.while_ or step.outcome == lever:
            found |= asked | {REQUEST}
    if rule.assume and lever in rule.assume.while_:
        found |= {str(rule.switch)}
    chosen = [below for below in rule.first_of or () if lever in below.while_]
    found |= {str(below.switch) for below in chosen if below.switch}
    return found | ({REQUEST} if chosen or rule.outcome == lever else set())
