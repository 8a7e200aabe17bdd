"""Which facts a pathway may read while some levers move, and at which of their values a reachable test changes.

A lever is moving (it may stand at any legal value) or frozen as in the settings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policy.entries.scalars import While
from policy.model import Amount, Policy, Requirement, Rule, Settings, Test
from policy.trees.tests import lines_to, weighed


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
        criteria = self.policy.criteria
        for below in self._reached(rule):
            for entry, _ in self.entries(below):
                self.codes.update(entry.codes)
                self.test(criteria[entry.criterion].test)
            for step in below.steps() if below.requires else ():
                if step.when and self.may(step.while_):
                    self.test(criteria[step.when].test)
            if below.asked:
                self._among(below.asked.field, [(word,) for word in below.asked.words])
                self.test(criteria[below.asked.criterion].test)

    def moves(self, rule: Rule) -> bool:
        """Whether what a rule makes of a case can depend on a moving lever."""
        reached = self._reached(rule)
        return any(len(self.possible(one)) > 1 or not self.moving.isdisjoint(self._names(one)) for one in reached)

    def _names(self, rule: Rule) -> Iterator[str]:
        """The levers that a rule itself reads, and other words."""
        criteria = self.policy.criteria
        if rule.outcome:
            yield rule.outcome
        if rule.asked and rule.asked.assumed:
            yield from rule.asked.assumed.while_
        for entry, _ in self.entries(rule):
            yield from (*entry.while_, *criteria[entry.criterion].test.levers())
        for step in rule.steps() if rule.requires else ():
            yield from (step.outcome, *step.while_, *(criteria[step.when].test.levers() if step.when else ()))

    def _reached(self, rule: Rule) -> Iterator[Rule]:
        """This rule, and those below that some case comes to while the levers move."""
        yield rule
        for below in rule.below if rule.asked else self.possible(rule):
            yield from self._reached(below)

    def possible(self, rule: Rule) -> list[Rule]:
        """Of the rules that levers choose among, those that can be in force."""
        found = []
        for below in () if rule.asked else rule.below:
            if self.may(below.while_):
                found.append(below)
            if self.must(below.while_):
                break
        return found

    def entries(self, rule: Rule) -> list[tuple[Requirement, bool]]:
        """The requirements of a rule itself that can be in force, gates written out, and whether they always are."""
        found = []
        for entry, inner in self.policy.requirements(rule):
            both = inner.within(entry.codes)
            if both and self.may(entry.while_) and self.may(inner.while_):
                both = both.model_copy(update={"while_": entry.while_ | inner.while_})
                found.append((both, self.must(entry.while_) and self.must(inner.while_)))
        return found

    def test(self, test: Test) -> None:
        """Everything that a test may read; parts that a frozen lever switches off are left out."""
        if self.settled(test):
            return
        for part, *_ in weighed(test):
            self.test(part)
        fields, reference = test.fields(), test.reference()
        for name in fields:
            self.cuts.setdefault(name, set())
        if test.words:
            self._among(fields[0], [test.words])
        elif test.sums:
            cuts = {test.times * n + test.beyond for n in self._thresholds(test)}
            self.sums.setdefault((fields, test.signs), set()).update(cuts)
        elif fields and reference:
            self.cuts[fields[0]].update(self._beyond(test))

    def settled(self, test: Test) -> bool:
        """Whether the frozen levers alone decide a test that combines others."""
        conditions = [part.condition for part, *_ in weighed(test) if part.condition]
        if test.settles == 0:
            return not all(map(self.may, conditions))
        return test.settles is not None and any(map(self.must, conditions))

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
    for rule in policy.rules():
        for below in rule.walk():
            found |= _in_rule(policy, below, lever)
    if any(notice.lever == lever for notice in policy.code_notices):
        found.add(REQUEST)
    return frozenset(column for name in found for column in _columns(policy, name))


def _columns(policy: Policy, name: str) -> tuple[str, ...]:
    """The columns of a fact that is worked out from others; any other stands for itself."""
    kind = policy.fields_.get(name)
    return (name,) if kind is None or kind.told else (str(kind.days), *kind.ends)


def columns_below(policy: Policy, test: Test) -> set[str]:
    """The columns that a test reads."""
    return {column for name in test.facts() for column in _columns(policy, name)}


def _in_test(test: Test, lever: str) -> set[str]:
    found: set[str] = set()
    for *above, node in lines_to(test):
        if node.reference() == lever:
            found.update(node.facts())
        if above and lever in node.condition:  # it switches what stands beside it
            found.update(above[-1].facts())
    return found


def _in_rule(policy: Policy, rule: Rule, lever: str) -> set[str]:
    """What a lever reads by a rule itself, not by those below."""
    criteria = policy.criteria
    found: set[str] = set()
    for entry, inner in policy.requirements(rule):
        if lever in entry.while_ or lever in inner.while_:
            found.update(criteria[inner.criterion].test.facts())
    asked: set[str] = set()  # what decides that a step is reached at all
    for step in rule.steps() if rule.requires else ():
        asked.update(criteria[step.when].test.facts() if step.when else ())
        if lever in step.while_ or step.outcome == lever:
            found |= asked | {REQUEST}
    if rule.asked and rule.asked.assumed and lever in rule.asked.assumed.while_:
        found.add(rule.asked.field)
    chosen = [below for below in rule.below if lever in below.while_ and not rule.asked]
    found.update(below.asked.field for below in chosen if below.asked)
    return found | ({REQUEST} if chosen or rule.outcome == lever else set())
