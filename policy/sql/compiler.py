"""The rules of a policy under a setting as SQL expressions: what evaluation.py walks, in its order and its algebra.

Facts are whole numbers (case_table.py), truths are 0 not met, 1 not documented, 2 met, joined by least and
greatest; what only levers decide is settled here. Every named expression is computed once (text.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from policy.determinations.results import PARTLY
from policy.evaluation.pathways import branches_of, codes_of, still_possible
from policy.evaluation.traverse import traverse, traverse_test
from policy.model import OUTCOMES, Comparison, Policy, Requirement, Rule, Settings, Step, Switch, Test
from policy.sql.case_table import Table
from policy.sql.text import Predicate, any_bits, chosen, either, every, negated, one_of
from policy.sql.truths import coded, greatest, least, opposite
from policy.trees.tests import lines_to

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
    requires: int = 0
    partly: set[str] = field(default_factory=set)  # criteria that only a branch may read which is still possible
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
        """Truth of a test."""
        return traverse_test(test, self)

    def settled(self, met: bool) -> str:
        """A truth that is the same for every row."""
        return "2" if met else "0"

    all_of, any_of = staticmethod(least), staticmethod(greatest)

    def none_of(self, parts: Iterable[str]) -> str:
        """The opposite of the greatest."""
        return opposite(greatest(parts))

    def on_file(self, field: str) -> str:
        """Never 1."""
        return chosen([(f"{self.table.fact(field)} >= 0", 2)], 0)

    def stated_as(self, field: str, words: tuple[str, ...]) -> str:
        """2 or 1."""
        return chosen([(one_of(self.table.fact(field), self.codes(field, words)), 2)], 1)

    def among(self, field: str, words: tuple[str, ...]) -> str:
        """What is known of a missing number may settle whether it is one of them."""
        fact, codes = self.table.fact(field), self.codes(field, words)
        return chosen([(one_of(fact, codes), 2), *self._known_among(field, codes), (f"{fact} < 0", 1)], 0)

    def at_least_of(self, wanted: int, parts: list[str], points: tuple[int, ...]) -> str:
        """How many are met, and how many still may be; what levers decide is counted here."""
        counted = [*zip(parts, points, strict=True)]
        wanted -= sum(points for truth, points in counted if truth == "2")
        open_ = [(truth, points) for truth, points in counted if truth not in ("0", "2")]
        if wanted <= 0 or wanted > sum(points for _, points in open_):
            return "2" if wanted <= 0 else "0"
        met, possible = (" + ".join(chosen([(f"{t} {holds}", n)], 0) for t, n in open_) for holds in ("= 2", "> 0"))
        return chosen([(f"({met}) >= {wanted}", 2), (f"({possible}) >= {wanted}", 1)], 0)

    def compared(self, fields: tuple[str, ...], how: Comparison, number: int) -> str:
        """A missing value stands for the end of its range at which the test is hardest, then easiest to meet."""
        hard_to_easy = (0, 1) if how.rises else (1, 0)
        if len(fields) > 1:
            sums = [self.total(fields, how.signs, place) for place in hard_to_easy]
            return chosen(
                [(f"({total}) {how.sign} {number}", code) for total, code in zip(sums, (2, 1), strict=True)], 0
            )
        fact, kind = self.table.fact(fields[0]), self.policy.fields_[fields[0]]
        low, high = kind.span
        missing = {
            n: sum((end >= number + how.beyond) is how.rises for end in (max(low, n), high)) for n in (0, *kind.bounds)
        }
        known = [(f"{fact} = {-1 - n}", code) for n, code in missing.items() if code != missing[0]]
        return chosen([*known, (f"{fact} < 0", missing[0]), (f"{fact} {how.sign} {number}", 2)], 0)

    def total(self, fields: Sequence[str], signs: Sequence[int], place: int) -> str:
        """The least (place 0) or the greatest (1) that some facts come to."""
        added = " + ".join(self.end(name, place) for name, sign in zip(fields, signs, strict=True) if sign > 0)
        taken = [self.end(name, 1 - place) for name, sign in zip(fields, signs, strict=True) if sign < 0]
        return " - ".join([added, *taken])

    def end(self, name: str, place: int) -> str:
        """The least (place 0) or the greatest value (1) that a fact can have."""
        fact, kind = self.table.fact(name), self.policy.fields_[name]
        known = [(f"{fact} = {-1 - n}", n) for n in kind.bounds if place == 0]
        return chosen([*known, (f"{fact} < 0", kind.span[place])], fact)

    def _known_among(self, name: str, codes: Sequence[int]) -> list[tuple[Predicate, object]]:
        """What is known of a missing number settles whether it is one of some."""
        fact, kind, found = self.table.fact(name), self.policy.fields_[name], list[tuple[Predicate, object]]()
        for bound in kind.bounds:
            met = sum(code >= bound for code in codes)
            if met in (0, kind.span[1] - bound + 1):
                found.append((f"{fact} = {-1 - bound}", 2 if met else 0))
        return found

    def codes(self, name: str, words: Sequence[str]) -> list[int]:
        """Integers of a field's words."""
        return codes_of(self.policy.fields_[name], words)

    def asks(self, criterion: str) -> str:
        """The columns (as bits) whose documentation can still change a criterion that is not documented."""
        wanted: dict[str, list[Predicate]] = {}
        for line in lines_to(self.policy.criteria[criterion].test):
            for name in line[-1].fields():
                missing: Predicate = line[-1].else_missing or f"{self.table.fact(name)} < 0"
                open_ = [coded(self.truth(node), 1) for node in line]
                wanted.setdefault(name, []).append(every([*open_, missing]))
        bits = [chosen([(either(when), self.columns(name))], 0) for name, when in wanted.items()]
        truth = self.criterion(criterion)
        return self.let(f"a_{criterion}", chosen([(f"{truth} = 1", any_bits(bits))], 0), "criteria")

    def columns(self, name: str) -> str:
        """What to ask for when a fact is missing, as bits: itself, or what a duration can be told by."""
        kind = self.policy.fields_[name]
        if kind.told:
            return self.bit(name)
        first, last, days = kind.sources
        pairs = [(f"{self.table.fact(one)} >= 0", self.bit(other)) for one, other in ((last, first), (first, last))]
        return chosen(pairs, self.bit(days))

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
        return CODE[self.settings.outcome(outcome)]

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of a row."""
        return traverse(rule, self)

    def outcome(self, word: str, because: str | None) -> Reading:
        """An outcome that is the same for every row."""
        return Reading(str(CODE[word]), str(self.because(because)), "0", {})

    def require(self, rule: Rule) -> Reading:
        """All criteria together, then the first step that applies."""
        bits = list[str]()
        entries = each_once(self.policy.required(rule, self.settings))
        implied = self._implied_by_others([e.criterion for e in entries if not e.codes])
        for entry in entries:
            ask = chosen([(implied.get(entry.criterion, False), 0)], self.asks(entry.criterion))
            if entry.codes:
                ask = chosen([(self.concerned(entry), ask)], 0)
            bits.append(ask)
        together = [self._together(entry) for entry in rule.entries() if self.settings.holds(entry.while_)]
        failing, missing = (either(coded(truth, code) for truth in together) for code in (0, 1))
        steps = self.policy.steps(rule, self.settings)
        outcomes: list[tuple[Predicate, object]] = [(failing, CODE["not_met"]), (missing, OPEN)]
        reasons: list[tuple[Predicate, object]] = [(failing, 0), (missing, 0)]
        for step, applies, differs in self._ways(steps):
            outcomes += [(applies, self.word(step.outcome)), (differs, OPEN)]
            reasons += [(applies, self._reason(step)), (differs, 0)]
        asked = chosen([(missing, any_bits(bits))], 0)
        if any(step.when and differs is not False for step, _, differs in self._ways(steps)):
            self.requires += 1
            asked = self.let(f"asked_{self.requires}", asked)
        waits, waiting = self._waits(steps, failing, asked)
        ask = chosen([(failing, 0)], any_bits([asked, *waits]))
        # A criterion that is not required of the row's code may be one that a step waits for.
        truths = {entry.criterion: self.entry(entry, waiting.pop(entry.criterion, "3")) for entry in entries}
        end = [(step.when, self.word(step.outcome)) for step in steps]
        self.ends += [end] if end not in self.ends else []
        return Reading(
            chosen(outcomes, CODE["met"]), chosen(reasons, 0), ask, truths | waiting, str(self.ends.index(end))
        )

    def _ways(self, steps: Sequence[Step]) -> list[tuple[Step, Predicate, Predicate]]:
        """Of each step, where it applies and where a `when` that is not documented leaves the outcome open."""
        found = []
        for place, step in enumerate(steps):
            known = self.criterion(step.when) if step.when else "2"
            rest = self._same(steps[place + 1 :], self.word(step.outcome))
            found.append((step, coded(known, 2), every([coded(known, 1), negated(rest)])))
        return found

    def _same(self, steps: Sequence[Step], outcome: int) -> Predicate:
        """Whether all that can follow comes out as `outcome`."""
        if not steps:
            return outcome == CODE["met"]
        known = self.criterion(steps[0].when) if steps[0].when else "2"
        rest = self._same(steps[1:], outcome)
        if self.word(steps[0].outcome) == outcome:
            return either([coded(known, 2), rest])
        return every([coded(known, 0), rest])

    def _waits(self, steps: Sequence[Step], failing: Predicate, asked: str) -> tuple[list[str], dict[str, str]]:
        """What is asked for to settle each `when`; truths of those that no requirement asks all of already."""
        found, before, truths = list[str](), list[Predicate](), dict[str, str]()
        for step, applies, differs in self._ways(steps):
            where = every([negated(failing), *before, differs])
            before.append(negated(applies))
            if step.when is None or where is False:
                continue
            wanted = self.asks(step.when)
            found.append(chosen([(where, wanted)], 0))
            own = True if asked == "0" else f"(({asked} | {wanted}) <> {asked} OR {asked} = 0)"
            truths.setdefault(step.when, chosen([(every([where, own]), 1)], 3))
        return found, truths

    def concerned(self, entry: Requirement) -> Predicate:
        """Whether a requirement of some diagnosis codes concerns the row."""
        return one_of("dx", [code.replace(".", "") for code in entry.codes])

    def entry(self, entry: Requirement, otherwise: str = "3") -> str:
        """Truth of one requirement, 3 (not read) or another where it does not concern the row."""
        truth = self.criterion(entry.criterion)
        return chosen([(self.concerned(entry), truth)], otherwise) if entry.codes else truth

    def _together(self, entry: Requirement) -> str:
        """Truth of one requirement; of a gate the least of its own, which the pathways share."""
        inside = self.policy.inside(entry.criterion)
        if not inside:
            return self.entry(entry)
        active = [self.entry(inner) for inner in inside if self.settings.holds(inner.while_)]
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
        if test.alternatives:
            return either(self.implied(one, part) for part in test.alternatives)
        if any(self.implied(part, test) is not False for part in one.alternatives):
            parts = [(part, coded(self.truth(part), 0)) for part in one.alternatives]
            return every(either([self.implied(part, test), fail]) for part, fail in parts)
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

    def switch(self, rule: Rule) -> Reading:
        """A documented field takes its branch; a missing one takes all, and one same outcome is the outcome."""
        asked, rest = rule.asked, rule.branch()
        assert asked
        fact, kind = self.table.fact(asked.field), self.policy.fields_[asked.field]
        of = {id(below): self._named(self.rule(below)) for below in still_possible(kind, rule, 0)}
        codes = branches_of(kind, rule)
        taken: list[tuple[Predicate, Reading]] = [(one_of(fact, [code]), of[id(b)]) for code, b in codes.items()]
        if id(rest) in of:
            taken.append((f"{fact} >= 0", of[id(rest)]))
        readings = [*of.values()]
        if asked.assumed and self.settings.holds(asked.assumed.while_):
            taken.append((True, self._assumed(asked, of[id(rule.branch(asked.assumed.criterion))])))
        else:
            for bound in kind.bounds:
                left = [of[id(below)] for below in still_possible(kind, rule, bound)]
                if len(left) < len(readings):
                    one = left[0] if len(left) == 1 else self._merge(left, asked.field)
                    taken.append((f"{fact} = {-1 - bound}", one))
        merged = self._merge(readings, asked.field)
        outcome, because, ask, follows = (
            chosen([(when, getattr(reading, part)) for when, reading in taken], getattr(merged, part))
            for part in ("outcome", "because", "ask", "follows")
        )
        truths = {
            name: chosen([(when, reading.truths.get(name, "3")) for when, reading in taken], together)
            for name, together in merged.truths.items()
        }
        truths |= {asked.criterion: self.criterion(asked.criterion)}  # whatever a branch asks of it
        return Reading(outcome, because, ask, truths, follows)

    def _assumed(self, asked: Switch, reading: Reading) -> Reading:
        """The branch that a missing field is read as, which the reasons say."""
        assert asked.assumed
        note = self.because(f"{asked.field} is not stated and read as {asked.assumed.criterion}")
        unsaid = f"{self.criterion(asked.criterion)} = 1 AND {reading.because} = 0"
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
        implied_by = self.policy.fields_[switch].implied_by
        if implied_by and now != "0":
            later = sum(1 << list(self.policy.fields_).index(name) for name in implied_by)
            now = f"({now} & {(1 << len(self.policy.fields_)) - 1 - later})"
        ask = chosen(asked, any_bits([now, self.columns(switch)]))
        truths = {}
        for name in dict.fromkeys(name for r in readings for name in r.truths):
            values = [r.truths.get(name, "3") for r in readings]
            bare = [v if v.isdigit() or v == f"t_{name}" else f"MOD({v}, {PARTLY})" for v in values]
            least = f"LEAST({', '.join(bare)})"
            partly = either(True if v == "3" else f"{v} >= 3" for v in values if v != f"t_{name}")
            # While the branch is unknown, what not every branch reads is said apart.
            apart = every([negated(settled), partly, f"{least} < 3"])
            self.partly |= {name} if apart is not False else set()
            truths[name] = chosen([(apart, f"{least} + {PARTLY}")], least)
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
