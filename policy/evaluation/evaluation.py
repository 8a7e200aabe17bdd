"""What the rules of a policy make of whole columns of cases: all criteria together, then what follows."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.cases.reader import Ints
from policy.evaluation import kleene
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET
from policy.evaluation.pathways import branches_of, still_possible
from policy.evaluation.results import CODE, OPEN, PARTLY, UNREAD, Columns, Outcomes, Reading
from policy.evaluation.traverse import traverse
from policy.evaluation.truths import Truths, pick
from policy.model import Requirement, Rule, Step


@dataclass
class Evaluation(Truths):
    """One policy under one setting on some rows of a case table.

    `rule` needs rows that it treats alike (`Memory.groups`): one value of every field it switches on, one code where a
    code matters.
    """

    texts: list[str] = field(default_factory=lambda: [""])
    asking: bool = True  # also find out what to ask for
    entries: dict[int, list[Requirement]] = field(default_factory=dict)  # by rule, for all rows under these settings

    def because(self, text: str | None) -> np.int16:
        """Position of a text, added when new."""
        if not text:
            return np.int16(0)
        if text not in self.texts:
            self.texts.append(text)
        return np.int16(self.texts.index(text))

    def word(self, outcome: str) -> np.int8:
        """Code of an outcome word, or of the value of an action lever."""
        return CODE[self.settings.outcome(outcome)]

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of the rows."""
        return traverse(rule, self)

    def outcome(self, word: str, because: str | None) -> Reading:
        """An outcome that is the same for all rows."""
        return Reading(np.asarray(CODE[word]), {}, because=np.asarray(self.because(because)))

    def required(self, rule: Rule) -> list[str]:
        """The criteria that a rule requires of these rows."""
        if id(rule) not in self.entries:
            self.entries[id(rule)] = self.policy.required(rule, self.settings)
        entries = self.entries[id(rule)]
        return [e.criterion for e in entries if not e.codes or self.cases.dx[self.rows[0]] in e.codes]

    def require(self, rule: Rule) -> Reading:
        """All criteria together, then the first step that applies."""
        truths = {name: self.criterion(name) for name in self.required(rule)}
        worst = kleene.all_of(truths.values())
        steps = self.policy.steps(rule, self.settings)
        met, because, waits = self._follow(steps)
        reading = Reading(pick(worst == MET, met, pick(worst == NOT_MET, CODE["not_met"], OPEN)), truths)
        if self.asking:
            undecided = reading.outcome == OPEN
            asked = np.where(undecided, self._asks(truths), np.uint64(0))
            waits = {name: where & undecided for name, where in waits.items() if np.any(where & undecided)}
            asks = {name: np.where(where, self._ask_of(name), np.uint64(0)) for name, where in waits.items()}
            for name, where in waits.items():  # said where no requirement asks for all of it already
                own = where & ((asked == 0) | ((asks[name] & ~asked) != 0))
                truths.setdefault(name, pick(own, NOT_DOCUMENTED, UNREAD))
            reading.ask = reduce(np.bitwise_or, [asked, *asks.values()])
            reading.because = pick(worst == MET, because, np.int16(0))
            reading.follows = tuple((s.when, int(self.word(s.outcome))) for s in steps)
        return reading

    def _ask_of(self, criterion: str) -> Columns:
        return self.ask(self.policy.criteria[criterion].test)

    def _asks(self, names: Iterable[str]) -> Columns:
        """What open criteria ask for together; one that is met whenever another is has nothing of its own to ask."""
        tests = {name: self.policy.criteria[name].test for name in names}
        implied: dict[str, Any] = {}
        asks: list[Any] = [np.uint64(0)]  # all may be switched off
        for name, test in tests.items():
            others = [(key, self.implied(one, test)) for key, one in tests.items() if key != name]
            masks = [mask & ~np.asarray(implied.get(key, False)) for key, mask in others if np.any(mask)]
            implied[name] = reduce(np.bitwise_or, masks, np.False_)
            asks.append(np.where(implied[name], np.uint64(0), self.ask(test)))
        return np.asarray(reduce(np.bitwise_or, asks))

    def _follow(self, steps: list[Step]) -> tuple[Outcomes, Ints, dict[str, NDArray[np.bool_]]]:
        """Outcome and text of the first step that applies, all requirements being met.

        A step whose `when` is not documented applies and does not: one same outcome, or open. The last of the three:
        for each `when`, where it leaves the outcome open.
        """
        outcome, because = np.asarray(CODE["met"]), np.asarray(np.int16(0))
        waits: dict[str, NDArray[np.bool_]] = {}
        for step in reversed(steps):
            code = self.word(step.outcome)
            text = self.because(step.because) if code != CODE["met"] else np.int16(0)
            known = self.criterion(step.when) if step.when else np.asarray(MET)
            applies, differs = known == MET, (known == NOT_DOCUMENTED) & (outcome != code)
            waits = {name: where & ~applies for name, where in waits.items()}
            if step.when:
                waits[step.when] = differs
            outcome = pick(differs, OPEN, pick(applies, code, outcome))
            because = pick(differs, np.int16(0), pick(applies, text, because))
        return outcome, because, waits

    def branches(self, rule: Rule) -> list[Rule]:
        """Of a switch, the branch for its field's value; where none can be chosen, all that are still possible."""
        assert rule.switch
        kind, value = self.policy.fields_[rule.switch], int(self.fact(rule.switch)[0])
        below = branches_of(kind, rule)
        other = [rule.otherwise] if rule.otherwise else []
        if value in below or (other and value >= 0):
            return [below.get(value, *other)]
        if rule.assume and self.settings.holds(rule.assume.while_):
            return [rule.branches[rule.assume.criterion]]
        return still_possible(kind, rule, max(0, -1 - value))

    def switch(self, rule: Rule) -> Reading:
        """A documented field takes its branch; a missing one takes all, and one same outcome is the outcome."""
        assert rule.switch and rule.stated
        readings = [self.rule(below) for below in self.branches(rule)]
        reading = readings[0] if len(readings) == 1 else self._merge(readings, rule.switch)
        if not self.asking:
            return reading
        assumed = rule.assume and self.settings.holds(rule.assume.while_)
        if rule.assume and assumed and readings[0] is reading and np.any(self.criterion(rule.stated) == NOT_DOCUMENTED):
            note = self.because(f"{rule.switch} is not stated and read as {rule.assume.criterion}")
            reading = replace(reading, because=pick(np.equal(reading.because, 0), note, reading.because))
        truths = (
            dict.fromkeys(self.read_by(rule), np.asarray(UNREAD))
            | {rule.stated: self.criterion(rule.stated)}
            | reading.truths
        )
        return replace(reading, truths=truths)

    def read_by(self, rule: Rule) -> list[str]:
        """The criteria that a rule reads for one case or another."""
        if rule.first_of is not None:
            return self.read_by(self.settings.first(rule))
        stated = [rule.stated] if rule.stated else []
        return stated + self.required(rule) + [name for branch in rule.below for name in self.read_by(branch)]

    def _merge(self, readings: list[Reading], switch: str) -> Reading:
        """Several readings of the same rows: one same outcome, or open.

        Open asks for what any branch asks for, and for the switch unless the branches wait for the same criteria and
        then do the same. What implies a number (what a block did) arises once it is known not to be 0: it is not asked
        together with the number.
        """
        same = reduce(np.bitwise_and, [r.outcome == readings[0].outcome for r in readings])
        merged = Reading(pick(same, readings[0].outcome, OPEN), {})
        if not self.asking:
            return merged
        undecided = merged.outcome == OPEN
        ask = reduce(np.bitwise_or, [r.ask for r in readings])
        for name in self.policy.fields_[switch].implied_by:
            ask = ask & ~self.bits(name)
        alike = same & (len({r.follows for r in readings}) == 1) & bool(readings[0].follows)
        for name in {name for r in readings for name in r.truths} if np.any(alike) else ():
            waits = [np.equal(r.truths.get(name, UNREAD), NOT_DOCUMENTED) for r in readings]
            alike = alike & (reduce(np.bitwise_and, waits) == reduce(np.bitwise_or, waits))
        merged.ask = np.where(undecided, ask | np.where(alike, np.uint64(0), self.bits(switch)), np.uint64(0))
        merged.because = pick(undecided, np.int16(0), readings[0].because)
        for name in dict.fromkeys(name for r in readings for name in r.truths):
            values = [r.truths.get(name, np.asarray(UNREAD)) for r in readings]
            partly = reduce(np.bitwise_or, [np.greater_equal(value, UNREAD) for value in values])
            found = reduce(np.minimum, [np.bitwise_and(value, UNREAD) for value in values])
            merged.truths[name] = found + PARTLY * (undecided & partly & (found < UNREAD))
        return merged
