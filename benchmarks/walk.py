"""The shipped policy, walked once, for any language that has truths with an unknown and a choice between numbers.

A contender says only how its language puts each step (`Language`); which rule comes when is said here, so that all of
them run the whole policy. Codes of outcomes and facts are those of the package; a missing fact is the language's own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from policy.evaluation.pathways import branches_of, codes_of, still_possible
from policy.evaluation.reading import CODE
from policy.evaluation.traverse import traverse, traverse_test
from policy.model import Comparison, Policy, Rule, Settings, Test
from policy.trees.policies import codes_asked

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

    def outcomes(self) -> Codes:
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

    def rule(self, rule: Rule) -> Codes:
        """What a rule makes of the rows."""
        return traverse(rule, self)

    def outcome(self, word: str, because: str | None) -> Codes:
        """An outcome that is the same for every row; reasons are not asked for."""
        return int(CODE[word])

    def require(self, rule: Rule) -> Codes:
        """All criteria together, then the first step that applies."""
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
            applies, found = (
                self.criterion(step.when) if step.when else True,
                int(CODE[self.settings.outcome(step.outcome)]),
            )
            if isinstance(applies, bool):
                met = found if applies else met
            elif not isinstance(met, int) or met != found:
                unsaid = self._same([met, found])  # where it is unknown if the step applies
                met = self.say.chosen([(self.say.true(applies), found), (self.say.false(applies), met)], unsaid)
        if isinstance(together, bool):
            return met if together else int(CODE["not_met"])
        pairs = [(self.say.false(together), int(CODE["not_met"])), (self.say.true(together), met)]
        return self.say.chosen(pairs, self.open)

    def switch(self, rule: Rule) -> Codes:
        """A fact takes its branch; a missing one takes all, and one same outcome is the outcome."""
        asked, rest = rule.asked, rule.branch()
        assert asked
        kind = self.policy.fields_[asked.field]
        found = {id(below): self.rule(below) for below in still_possible(kind, rule, 0)}
        branches = {code: found[id(below)] for code, below in branches_of(kind, rule).items()}
        pairs = [(self.say.coded(asked.field, [code]), branch) for code, branch in branches.items()]
        pairs += [(self.say.filed(asked.field), found[id(rest)])] if id(rest) in found else []
        if asked.assumed and self.settings.holds(asked.assumed.while_):
            return self.say.chosen(pairs, branches[codes_of(kind, [asked.assumed.criterion])[0]])
        for bound in kind.bounds:
            left = [found[id(below)] for below in still_possible(kind, rule, bound)]
            pairs.append((self.say.coded(least_of(asked.field), [bound]), self._same(left)))
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

    def all_of(self, parts: Iterable[Truth]) -> Truth:
        """Kleene's and, without what the levers decide."""
        return self._folded([*parts], True, self.say.all_of)

    def any_of(self, parts: Iterable[Truth]) -> Truth:
        """Kleene's or, without what the levers decide."""
        return self._folded([*parts], False, self.say.any_of)

    def none_of(self, parts: Iterable[Truth]) -> Truth:
        """Kleene's not of the or."""
        found = self.any_of(parts)
        return not found if isinstance(found, bool) else self.say.negated(found)

    def _folded(self, parts: Sequence[Truth], neutral: bool, operator: Callable[[Sequence[Truth]], Truth]) -> Truth:
        if any(part is (not neutral) for part in parts):
            return not neutral
        kept = [part for part in parts if part is not neutral]
        return operator(kept) if len(kept) > 1 else kept[0] if kept else neutral

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests."""
        return traverse_test(test, self)

    def settled(self, met: bool) -> Truth:
        """What the levers decide."""
        return met

    def on_file(self, field: str) -> Truth:
        """Known everywhere."""
        return self.say.filed(field)

    def stated_as(self, field: str, words: Sequence[str]) -> Truth:
        """True or unknown."""
        return self.say.stated(field, codes_of(self.policy.fields_[field], words))

    def among(self, field: str, words: Sequence[str]) -> Truth:
        """What is known of a missing number may settle it."""
        kind = self.policy.fields_[field]
        codes = codes_of(kind, words)
        met = {bound: sum(code >= bound for code in codes) for bound in kind.bounds}
        sure = [bound for bound, number in met.items() if number == kind.span[1] - bound + 1]
        return self._known(field, self.say.among(field, codes), sure, [b for b, number in met.items() if not number])

    def at_least_of(self, wanted: int, parts: list[Truth], points: tuple[int, ...]) -> Truth:
        """What levers decide is counted here."""
        assert set(points) <= {1}, "the contenders know no points"
        least = wanted - sum(part is True for part in parts)
        kept = [part for part in parts if not isinstance(part, bool)]
        if not 0 < least <= len(kept):
            return least <= 0
        return self.say.between(
            self.say.tally([self.say.true(part) for part in kept], least),
            self.say.tally([self.say.possible(part) for part in kept], least),
        )

    def compared(self, fields: Sequence[str], how: Comparison, number: int) -> Truth:
        """A missing value stands for its whole range."""
        least = number + how.beyond
        assert len(fields) == 1 or not any(self.policy.fields_[name].bounds for name in fields)
        lows, highs = zip(*(self.policy.fields_[name].span for name in fields), strict=True)
        if least <= sum(lows) or least > sum(highs):
            return (least <= sum(lows)) is how.rises
        if len(fields) > 1:
            return self.say.between(self.say.total(fields, lows, least), self.say.total(fields, highs, least))
        sure = [bound for bound in self.policy.fields_[fields[0]].bounds if bound >= least]
        reached = self._known(fields[0], self.say.reached(fields[0], least), sure, [])
        return reached if how.rises else self.say.negated(reached)

    def _known(self, name: str, found: Truth, met: Sequence[int], fails: Sequence[int]) -> Truth:
        """The same where what is known of a missing number does not settle it."""
        if met:
            found = self.say.any_of([found, self.say.coded(least_of(name), met)])
        if fails:
            found = self.say.all_of([found, self.say.negated(self.say.coded(least_of(name), fails))])
        return found


def named(policy: Policy) -> list[str]:
    """The diagnosis codes that some rule names, in order."""
    return sorted({notice.code for notice in policy.code_notices} | codes_asked(policy))


def place(policy: Policy, code: str) -> int:
    """Number of a diagnosis code in the column of those that are named; 0 is any other."""
    return named(policy).index(code) + 1
