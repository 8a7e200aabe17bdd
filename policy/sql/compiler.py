"""The rules of a policy under a setting as SQL expressions: what evaluation.py walks, in its order and its algebra.

Facts are whole numbers (door.py), truths are 0 not met, 1 not documented, 2 met, joined by least and
greatest; what only levers decide is settled here. Every named expression is computed once (text.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from policy.cases import AT_LEAST_ONE, OF_BLOCKS
from policy.model import OUTCOMES, UNITS, Policy, Requirement, Rule, Settings, Step, Test
from policy.sql.door import Table
from policy.sql.text import Predicate, any_bits, chosen, either, every, negated, one_of
from policy.sql.truths import coded, greatest, least, opposite

CODE = {word: i for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": OUTCOMES.index("met")}
OPEN = len(OUTCOMES)  # information is missing: closing the file turns this, and nothing else, into not_met


@dataclass(frozen=True)
class Reading:
    """What a rule makes of a row, as expressions: outcome code, position of the reason, columns to ask for, truths.

    `follows`: a number for what a `require` does once all is met; 0 = no `require` alone decides. `name`: of the
    outcome, for what else is said of the row; the outcome itself is written out, to be computed only where it is taken.
    """

    outcome: str
    because: str
    ask: str
    truths: dict[str, str]
    follows: str = "0"
    name: str = ""


@dataclass
class Compiler:
    """One policy under one setting; the methods stand in the order of evaluation.py."""

    settings: Settings
    table: Table
    texts: list[str] = field(default_factory=lambda: ["", "the code is outside this policy"])
    switches: int = 0
    ends: list[list[tuple[str | None, int]]] = field(default_factory=lambda: [[]])

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def let(self, name: str, expression: str, step: str = "pathways") -> str:
        """Name an expression."""
        return self.table.query.let(name, expression, step)

    def criterion(self, name: str) -> str:
        """Truth of one criterion."""
        self.table.query.notes[f"t_{name}"] = self.settings.says(name)
        return self.let(f"t_{name}", self.truth(self.policy.criteria[name].test), "criteria")

    def truth(self, test: Test) -> str:
        """Truth of a test; all, any and none of several are their least, their greatest and its opposite."""
        if test.all_of is not None:
            return least(map(self.truth, test.all_of))
        if test.any_of is not None:
            return greatest(map(self.truth, test.any_of))
        if test.none_of is not None:
            return opposite(greatest(map(self.truth, test.none_of)))
        if test.count is not None:
            return self._count([self.truth(part) for part in test.count.of], test.count.at_least)
        if test.lever is not None:
            return "2" if self.settings.holds(test.lever) else "0"
        if test.on_file is not None:
            return chosen([(f"{self.table.fact(test.on_file)} >= 0", 2)], 0)
        if test.equals is not None or test.states is not None:
            ((name, words),) = (test.equals or test.states or {}).items()
            fact = self.table.fact(name)
            hit = one_of(fact, self.codes(name, words))
            return chosen([(hit, 2)], 1) if test.states is not None else chosen([(hit, 2), (f"{fact} < 0", 1)], 0)
        return self._comparison(test)

    def _count(self, truths: list[str], reference: str) -> str:
        wanted = (self.settings.number(reference) or 0) - truths.count("2")
        open_ = [truth for truth in truths if truth not in ("0", "2")]
        if wanted <= 0 or wanted > len(open_):
            return "2" if wanted <= 0 else "0"
        met, possible = (" + ".join(chosen([(f"{t} {holds}", 1)], 0) for t in open_) for holds in ("= 2", "> 0"))
        return chosen([(f"({met}) >= {wanted}", 2), (f"({possible}) >= {wanted}", 1)], 0)

    def _comparison(self, test: Test) -> str:
        """A missing value stands for the end of its range at which the test is hardest, then easiest to meet."""
        names, reference = test.fields(), str(test.reference())
        threshold = threshold_of(self.settings, names[0], reference, self.settings.number(reference))
        if threshold is None:
            return "2"
        sign, wanted = "<" if test.less_than else ">" if test.more_than else ">=", threshold * len(names)
        facts = [self.table.fact(n) for n in names]
        spans = [self.policy.fields_[n].span for n in names]
        hard_to_easy = [list(ends) for ends in zip(*spans, strict=True)][:: -1 if test.less_than else 1]
        if len(names) > 1:
            sums = [
                " + ".join(chosen([(f"{f} < 0", end)], f) for f, end in zip(facts, ends, strict=True))
                for ends in hard_to_easy
            ]
            return chosen([(f"({total}) {sign} {wanted}", code) for total, code in zip(sums, (2, 1), strict=True)], 0)
        passes = {"<": int.__lt__, ">": int.__gt__, ">=": int.__ge__}[sign]
        missing = sum(passes(end, wanted) for (end,) in hard_to_easy)
        return chosen([(f"{facts[0]} < 0", missing), (f"{facts[0]} {sign} {wanted}", 2)], 0)

    def codes(self, name: str, words: Sequence[str]) -> list[int]:
        """Integers of a field's words."""
        kind = self.policy.fields_[name]
        return [kind.code(w) if kind.type in ("boolean", "choice") else int(w) for w in words]

    def asks(self, criterion: str) -> str:
        """The columns (as bits) whose documentation can still change a criterion that is not documented."""
        wanted: dict[str, list[Predicate]] = {}
        self._asks(self.policy.criteria[criterion].test, [], wanted)
        bits = [chosen([(either(when), self.columns(name))], 0) for name, when in wanted.items()]
        truth = self.criterion(criterion)
        return self.let(f"a_{criterion}", chosen([(f"{truth} = 1", any_bits(bits))], 0), "criteria")

    def _asks(self, test: Test, above: list[Predicate], wanted: dict[str, list[Predicate]]) -> None:
        open_ = [*above, coded(self.truth(test), 1)]
        for part in test.all_of or test.any_of or test.none_of or (test.count.of if test.count else ()):
            self._asks(part, open_, wanted)
        for name in test.fields():
            missing: Predicate = test.states is not None or f"{self.table.fact(name)} < 0"
            wanted.setdefault(name, []).append(every([*open_, missing]))

    def columns(self, name: str) -> str:
        """What to ask for when a fact is missing, as bits: itself, or what a duration in months can be told by."""
        kind = self.policy.fields_[name]
        if kind.type != "months":
            return self.bit(name)
        onset, request = self.table.fact(str(kind.onset)), self.table.fact(str(kind.request))
        pairs = [(f"{request} >= 0", self.bit(str(kind.onset))), (f"{onset} >= 0", self.bit(str(kind.request)))]
        return chosen(pairs, self.bit(str(kind.days)))

    def bit(self, column: str) -> str:
        """A column of the case table as one bit."""
        return f"CAST({1 << list(self.policy.fields_).index(column)} AS BIGINT)"

    def because(self, text: str | None) -> int:
        """Position of a text, added when new."""
        if text and text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text or "")

    def word(self, outcome: str) -> int:
        """Code of an outcome word, or of the value of an action lever."""
        return CODE[str(self.settings[outcome] if outcome in self.policy.levers else outcome)]

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of a row."""
        if rule.first_of is not None:
            return self.rule(next(r for r in rule.first_of if self.settings.holds(r.while_)))
        if rule.outcome is not None:
            return Reading(str(self.word(rule.outcome)), str(self.because(rule.because)), "0", {})
        return self._require(rule) if rule.require is not None else self._switch(rule)

    def _require(self, rule: Rule) -> Reading:
        truths, bits = dict[str, str](), list[str]()
        entries = each_once(self.policy.required(rule, self.settings))
        implied = self._implied_by_others([e.criterion for e in entries if not e.codes])
        for entry in entries:
            ask = chosen([(implied.get(entry.criterion, False), 0)], self.asks(entry.criterion))
            if entry.codes:
                ask = chosen([(self.concerned(entry), ask)], 0)
            truths[entry.criterion] = self.entry(entry)
            bits.append(ask)
        together = [self._together(entry) for entry in rule.require or () if self.settings.holds(entry.while_)]
        failing, missing = (either(coded(truth, code) for truth in together) for code in (0, 1))
        outcomes: list[tuple[Predicate, object]] = [(failing, CODE["not_met"]), (missing, OPEN)]
        reasons: list[tuple[Predicate, object]] = [(failing, 0), (missing, 0)]
        steps = [step for step in rule.then if self.settings.holds(step.while_)]
        steps = steps[: 1 + next(i for i, step in enumerate(steps) if not step.when)]
        for step in steps:
            applies: Predicate = f"{self.criterion(step.when)} = 2" if step.when else True
            outcomes.append((applies, self.word(step.outcome)))
            reasons.append((applies, self._reason(step)))
        ask = chosen([(failing, 0), (missing, any_bits(bits))], 0)
        end = [(step.when, self.word(step.outcome)) for step in steps]
        self.ends += [end] if end not in self.ends else []
        return Reading(chosen(outcomes, CODE["met"]), chosen(reasons, 0), ask, truths, str(self.ends.index(end)))

    def concerned(self, entry: Requirement) -> Predicate:
        """Whether a requirement of some diagnosis codes concerns the row."""
        return one_of("dx", [code.replace(".", "") for code in entry.codes])

    def entry(self, entry: Requirement) -> str:
        """Truth of one requirement, 3 where it does not concern the row."""
        truth = self.criterion(entry.criterion)
        return chosen([(self.concerned(entry), truth)], 3) if entry.codes else truth

    def _together(self, entry: Requirement) -> str:
        """Truth of one requirement; of a gate the least of its own, which the pathways share."""
        gate = self.policy.gates.get(entry.criterion)
        if not gate:
            return self.entry(entry)
        active = [self.entry(inner) for inner in gate.require if self.settings.holds(inner.while_)]
        truth = self.let(f"g_{entry.criterion}", least(active), "criteria")
        return chosen([(self.concerned(entry), truth)], 3) if entry.codes else truth

    def _implied_by_others(self, names: list[str]) -> dict[str, Predicate]:
        """Criteria that have nothing of their own to ask where this holds (see evaluation.py)."""
        tests = {name: self.policy.criteria[name].test for name in names}
        found: dict[str, Predicate] = {}
        for name, test in tests.items():
            others = [(key, self.implied(one, test)) for key, one in tests.items() if key != name]
            found[name] = either(every([when, negated(found.get(key, False))]) for key, when in others)
        return found

    def implied(self, one: Test, test: Test) -> Predicate:
        """Where meeting `one` also meets `test`."""
        if test.any_of is not None:
            return either(self.implied(one, part) for part in test.any_of)
        if one.any_of is not None and any(self.implied(part, test) is not False for part in one.any_of):
            fails = [coded(self.truth(part), 0) for part in one.any_of]
            return every(either([self.implied(p, test), fail]) for p, fail in zip(one.any_of, fails, strict=True))
        return self.settings.implies(one, test)

    def _reason(self, step: Step) -> int:
        return self.because(step.because) if self.word(step.outcome) != CODE["met"] else 0

    def _named(self, reading: Reading) -> Reading:
        self.switches += 1
        name, because, ask = (
            self.let(f"{part}_{self.switches}", getattr(reading, part)) for part in ("outcome", "because", "ask")
        )
        truths = {c: self.let(f"t_{self.switches}_{c}", t) for c, t in reading.truths.items()}
        return replace(reading, name=name, because=because, ask=ask, truths=truths)

    def _switch(self, rule: Rule) -> Reading:
        """A documented field takes its branch; a missing one takes all, and one same outcome is the outcome."""
        assert rule.switch and rule.stated
        fact = self.table.fact(rule.switch)
        codes = [self.codes(rule.switch, [word])[0] for word in rule.branches]
        readings = [self._named(self.rule(below)) for below in rule.branches.values()]
        taken: list[tuple[Predicate, Reading]] = [(one_of(fact, [c]), r) for c, r in zip(codes, readings, strict=True)]
        if rule.otherwise:
            readings.append(self._named(self.rule(rule.otherwise)))
            taken.append((f"{fact} >= 0", readings[-1]))
        if rule.assume and self.settings.holds(rule.assume.while_):
            taken.append((True, self._assumed(rule, readings[list(rule.branches).index(rule.assume.criterion)])))
        else:
            # Not documented may still be known to be at least so many (cases.py): lower branches are ruled out.
            above = [r for code, r in zip(codes, readings, strict=False) if code >= -1 - AT_LEAST_ONE]
            above += readings[len(codes) :]
            if self.policy.fields_[rule.switch].type == "whole" and len(above) < len(readings):
                taken.append(
                    (f"{fact} = {AT_LEAST_ONE}", above[0] if len(above) == 1 else self._merge(above, rule.switch))
                )
        merged = self._merge(readings, rule.switch)
        outcome, because, ask, follows = (
            chosen([(when, getattr(reading, part)) for when, reading in taken], getattr(merged, part))
            for part in ("outcome", "because", "ask", "follows")
        )
        truths = {rule.stated: self.criterion(rule.stated)}
        for name, together in merged.truths.items():
            truths[name] = chosen([(when, reading.truths.get(name, "3")) for when, reading in taken], together)
        return Reading(outcome, because, ask, truths, follows)

    def _assumed(self, rule: Rule, reading: Reading) -> Reading:
        """The branch that a missing field is read as, which the reasons say."""
        assert rule.assume and rule.stated
        note = self.because(f"{rule.switch} is not stated and read as {rule.assume.criterion}")
        unsaid = f"{self.criterion(rule.stated)} = 1 AND {reading.because} = 0"
        return replace(reading, because=chosen([(unsaid, note)], reading.because))

    def _merge(self, readings: list[Reading], switch: str) -> Reading:
        """Several readings of the same row: one same outcome, or open (what open asks for: see evaluation.py)."""
        first = readings[0]
        same = every(f"{r.name} = {first.name}" for r in readings[1:])
        settled = every([same, f"{first.name} <> {OPEN}"])
        asked: list[tuple[Predicate, object]] = [(settled, 0)]
        bits = [r.ask for r in readings]
        ends = [r.follows for r in readings]
        if not all(end.isdigit() for end in ends) or (len({*ends}) == 1 and ends[0] != "0"):
            alike = [same, f"{first.name} = {OPEN}", f"{ends[0]} > 0", *(f"{end} = {ends[0]}" for end in ends[1:])]
            for name in dict.fromkeys(name for r in readings for name in r.truths):
                waits = [f"{r.truths.get(name, '3')} = 1" for r in readings]
                if len({*waits}) > 1:
                    alike.append(either([every(waits), every(map(negated, waits))]))
            asked.append((every(alike), any_bits(bits)))
        now = any_bits(bits)
        if switch in OF_BLOCKS and now != "0":
            later = sum(1 << list(self.policy.fields_).index(name) for name in OF_BLOCKS[switch])
            now = f"({now} & {(1 << len(self.policy.fields_)) - 1 - later})"
        ask = chosen(asked, any_bits([now, self.columns(switch)]))
        truths = {}
        for name in dict.fromkeys(name for r in readings for name in r.truths):
            values = [r.truths.get(name, "3") for r in readings]
            least = f"LEAST({', '.join(values)})"
            unread = either(True if v == "3" else f"{v} = 3" for v in values if v != f"t_{name}")
            # While the branch is unknown, only what every branch reads is said.
            truths[name] = chosen([(every([negated(settled), unread]), 3)], least)
        outcome = chosen([(every(f"{r.outcome} = {first.outcome}" for r in readings[1:]), first.outcome)], OPEN)
        return Reading(outcome, chosen([(settled, first.because)], 0), ask, truths)


def each_once(entries: Sequence[Requirement]) -> list[Requirement]:
    """Each criterion once: for all codes where one of its requirements is, else for the codes of them all."""
    found: dict[str, Requirement] = {}
    for entry in entries:
        known = found.setdefault(entry.criterion, entry)
        codes = known.codes + entry.codes if known.codes and entry.codes else ()
        found[entry.criterion] = known.model_copy(update={"codes": tuple(dict.fromkeys(codes))})
    return list(found.values())


def threshold_of(settings: Settings, name: str, reference: str, number: int | None) -> int | None:
    """A number of a test, or the value of its lever, on the grid of the field compared; None when the lever is off."""
    if number is None:
        return None
    kind, lever = settings.policy.fields_[name].type, settings.policy.levers.get(reference)
    unit = lever.unit if lever else kind if kind in ("percent", "months") else None
    return number * UNITS.get(unit or "", 1)
