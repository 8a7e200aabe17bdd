"""The shipped policy, walked once, for any language that has truths with an unknown and a choice between numbers.

A contender says only how its language puts each step (`Language`); which rule comes when is said here, so that all of
them run the whole policy. Codes of outcomes and facts are those of the package; a missing fact is the language's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from policy.evaluation.pathways import branches_of, codes_of, still_possible
from policy.evaluation.results import CODE
from policy.model import AllOf, AnyOf, Comparison, Count, LeverIs, OnFile, Policy, Rule, Settings, States, Test

Truth = Any  # of the language, with its own unknown; True or False where the levers alone decide
Condition = Any  # of the language, known everywhere; True or False where the levers alone decide
Codes = Any  # of the language: a whole number for each row; int where it is the same for all
PATHWAY, DIAGNOSIS = "pathway", "named_diagnosis"  # columns beside the facts


def least_of(name: str) -> str:
    """The column that holds what a missing number is known to be at least; 0 is nothing."""
    return f"least_{name}"


class Language(Protocol):
    """How one contender puts a step of the policy."""

    def reached(self, name: str, least: int) -> Truth:
        """A fact is at least so much; unknown where it is missing."""

    def among(self, name: str, codes: Sequence[int]) -> Truth:
        """A fact is one of these; unknown where it is missing."""

    def stated(self, name: str, codes: Sequence[int]) -> Truth:
        """A fact is one of these; unknown where it is not."""

    def filed(self, name: str) -> Condition:
        """A fact is not missing."""

    def coded(self, name: str, codes: Sequence[int]) -> Condition:
        """A fact is one of these; false where it is missing."""

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> Condition:
        """Several facts, with these values where they are missing, add up to at least so much."""

    def all_of(self, parts: Sequence[Truth]) -> Truth:
        """Kleene's and."""

    def any_of(self, parts: Sequence[Truth]) -> Truth:
        """Kleene's or."""

    def negated(self, part: Truth) -> Truth:
        """Kleene's not."""

    def between(self, low: Condition, high: Condition) -> Truth:
        """True where `low`, false where not `high`, else unknown."""

    def true(self, part: Truth) -> Condition:
        """A truth is true."""

    def false(self, part: Truth) -> Condition:
        """A truth is false."""

    def possible(self, part: Truth) -> Condition:
        """A truth is not false."""

    def tally(self, parts: Sequence[Condition], least: int) -> Condition:
        """At least so many conditions hold."""

    def equal(self, codes: Sequence[Codes]) -> Condition:
        """All these numbers are the same."""

    def chosen(self, pairs: Sequence[tuple[Condition, Codes]], otherwise: Codes) -> Codes:
        """The number of the first condition that holds."""

    def named(self, name: str, part: Truth) -> Truth:
        """The truth of a criterion, to be computed once."""


@dataclass
class Walk:
    """One policy under one setting, put into a language."""

    settings: Settings
    say: Language
    criteria: dict[str, Truth] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    @property
    def open(self) -> int:
        """What closing the file makes of missing information."""
        return int(CODE[str(self.settings["undocumented_action"])])

    def outcome(self) -> Codes:
        """The outcome code of every row."""
        branches: dict[Any, tuple[Codes, list[int]]] = {}
        for position, pathway in enumerate(self.policy.pathways.values()):
            found = self.rule(pathway.rule)
            branches.setdefault(found if isinstance(found, int) else id(found), (found, []))[1].append(position)
        pairs = [(self.say.coded(PATHWAY, [-1]), int(CODE["out_of_scope"])), *self.notices()]
        pairs += [(self.say.coded(PATHWAY, positions), found) for found, positions in branches.values()]
        return self.say.chosen(pairs, int(CODE["out_of_scope"]))

    def pathway(self, position: int) -> Codes:
        """The outcome code of rows that are all in one pathway (-1: none)."""
        if position < 0:
            return int(CODE["out_of_scope"])
        notices, found = self.notices(), self.rule(list(self.policy.pathways.values())[position].rule)
        return self.say.chosen(notices, found) if notices else found

    def notices(self) -> list[tuple[Condition, Codes]]:
        """Codes that pend."""
        pending = [n.code for n in self.policy.code_notices if self.settings.holds({n.lever: n.pend_while})]
        return [(self.say.coded(DIAGNOSIS, [place(self.policy, code)]), int(CODE["pend"])) for code in pending]

    def word(self, outcome: str) -> int:
        """Code of an outcome word, or of the value of an action lever."""
        return int(CODE[str(self.settings[outcome] if outcome in self.policy.levers else outcome)])

    def rule(self, rule: Rule) -> Codes:
        """What a rule makes of the rows."""
        if rule.first_of is not None:
            return self.rule(next(r for r in rule.first_of if self.settings.holds(r.while_)))
        if rule.outcome is not None:
            return self.word(rule.outcome)
        return self._require(rule) if rule.require is not None else self._switch(rule)

    def _require(self, rule: Rule) -> Codes:
        truths = []
        for entry in self.policy.required(rule, self.settings):
            truth = self.criterion(entry.criterion)
            if entry.codes:
                concerned = self.say.coded(DIAGNOSIS, [place(self.policy, code) for code in entry.codes])
                truth = self.any_of([self.say.negated(concerned), truth])
            truths.append(truth)
        together = self.all_of(truths)
        met: Codes = int(CODE["met"])
        for step in reversed(self.policy.steps(rule, self.settings)):
            applies, found = self.criterion(step.when) if step.when else True, self.word(step.outcome)
            if isinstance(applies, bool):
                met = found if applies else met
            elif not isinstance(met, int) or met != found:
                unsaid = self._same([met, found])  # where it is unknown if the step applies
                met = self.say.chosen([(self.say.true(applies), found), (self.say.false(applies), met)], unsaid)
        if isinstance(together, bool):
            return met if together else int(CODE["not_met"])
        pairs = [(self.say.false(together), int(CODE["not_met"])), (self.say.true(together), met)]
        return self.say.chosen(pairs, self.open)

    def _switch(self, rule: Rule) -> Codes:
        """A fact takes its branch; a missing one takes all, and one same outcome is the outcome."""
        assert rule.switch
        kind = self.policy.fields_[rule.switch]
        found = {id(below): self.rule(below) for below in still_possible(kind, rule, 0)}
        branches = {code: found[id(below)] for code, below in branches_of(kind, rule).items()}
        pairs = [(self.say.coded(rule.switch, [code]), branch) for code, branch in branches.items()]
        pairs += [(self.say.filed(rule.switch), found[id(rule.otherwise)])] if id(rule.otherwise) in found else []
        if rule.assume and self.settings.holds(rule.assume.while_):
            return self.say.chosen(pairs, branches[codes_of(kind, [rule.assume.criterion])[0]])
        for bound in kind.bounds:
            left = [found[id(below)] for below in still_possible(kind, rule, bound)]
            pairs.append((self.say.coded(least_of(rule.switch), [bound]), self._same(left)))
        return self.say.chosen(pairs, self._same([*found.values()]))

    def _same(self, codes: list[Codes]) -> Codes:
        if all(isinstance(code, int) for code in codes):
            return codes[0] if len({*codes}) == 1 else self.open
        return self.say.chosen([(self.say.equal(codes), codes[0])], self.open)

    def criterion(self, name: str) -> Truth:
        """Truth of a criterion, put once."""
        if name not in self.criteria:
            truth = self.test(self.policy.criteria[name].test)
            self.criteria[name] = truth if isinstance(truth, bool) else self.say.named(name, truth)
        return self.criteria[name]

    def all_of(self, parts: Sequence[Truth]) -> Truth:
        """Kleene's and, without what the levers decide."""
        return self._folded(parts, True, self.say.all_of)

    def any_of(self, parts: Sequence[Truth]) -> Truth:
        """Kleene's or, without what the levers decide."""
        return self._folded(parts, False, self.say.any_of)

    def _folded(self, parts: Sequence[Truth], neutral: bool, operator: Callable[[Sequence[Truth]], Truth]) -> Truth:
        if any(part is (not neutral) for part in parts):
            return not neutral
        kept = [part for part in parts if part is not neutral]
        return operator(kept) if len(kept) > 1 else kept[0] if kept else neutral

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests."""
        if isinstance(test, LeverIs):
            return self.settings.holds(test.lever)
        if isinstance(test, OnFile):
            return self.say.filed(test.on_file)
        if isinstance(test, Comparison):
            return self._comparison(test)
        if test.words:
            (name,) = test.fields()
            kind = self.policy.fields_[name]
            codes = codes_of(kind, test.words)
            if isinstance(test, States):
                return self.say.stated(name, codes)
            met = {bound: sum(code >= bound for code in codes) for bound in kind.bounds}
            sure = [bound for bound, number in met.items() if number == kind.span[1] - bound + 1]
            return self._known(name, self.say.among(name, codes), sure, [b for b, number in met.items() if not number])
        parts = [self.test(part) for part in test.parts]
        if isinstance(test, AllOf):
            return self.all_of(parts)
        if isinstance(test, Count):
            return self._count(parts, test.reference())
        found = self.any_of(parts)
        if isinstance(test, AnyOf):
            return found
        return not found if isinstance(found, bool) else self.say.negated(found)

    def _count(self, parts: list[Truth], reference: str) -> Truth:
        least = (self.settings.number(reference) or 0) - sum(part is True for part in parts)
        kept = [part for part in parts if not isinstance(part, bool)]
        if not 0 < least <= len(kept):
            return least <= 0
        return self.say.between(
            self.say.tally([self.say.true(part) for part in kept], least),
            self.say.tally([self.say.possible(part) for part in kept], least),
        )

    def _comparison(self, test: Comparison) -> Truth:
        """A missing value stands for its whole range."""
        names, reference = test.fields(), test.reference()
        threshold = self.settings.threshold(names[0], reference)
        if threshold is None:
            return True
        least = threshold * len(names) + test.beyond
        assert len(names) == 1 or not any(self.policy.fields_[name].bounds for name in names)
        lows, highs = zip(*(self.policy.fields_[name].span for name in names), strict=True)
        if least <= sum(lows) or least > sum(highs):
            return (least <= sum(lows)) is test.rises
        if len(names) > 1:
            return self.say.between(self.say.total(names, lows, least), self.say.total(names, highs, least))
        sure = [bound for bound in self.policy.fields_[names[0]].bounds if bound >= least]
        reached = self._known(names[0], self.say.reached(names[0], least), sure, [])
        return reached if test.rises else self.say.negated(reached)

    def _known(self, name: str, found: Truth, met: Sequence[int], fails: Sequence[int]) -> Truth:
        """The same where what is known of a missing number does not settle it."""
        if met:
            found = self.say.any_of([found, self.say.coded(least_of(name), met)])
        if fails:
            found = self.say.all_of([found, self.say.negated(self.say.coded(least_of(name), fails))])
        return found


def named(policy: Policy) -> list[str]:
    """The diagnosis codes that some rule names, in order."""
    codes = {notice.code for notice in policy.code_notices}
    for pathway in policy.pathways.values():
        for rule in pathway.rule.walk():
            codes |= {code for entry in rule.require or () for code in entry.codes}
    return sorted(codes | {code for gate in policy.gates.values() for entry in gate.require for code in entry.codes})


def place(policy: Policy, code: str) -> int:
    """Number of a diagnosis code in the column of those that are named; 0 is any other."""
    return named(policy).index(code) + 1
