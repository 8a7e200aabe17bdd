"""A policy under a setting as one portable SELECT over a table `cases` with the columns of the contract.

The compiler walks the records that evaluation.py walks and keeps its algebra: facts are whole numbers (sql_door.py),
truths are 0, 1, 2. A test becomes two predicates, "surely met" and "possibly met"; what only levers decide is settled
here. Every named expression is computed once, in as many nested SELECTs as the names build on.

What the text promises: the determination of every row that the door (cases.py) admits. A row that the door would refuse
for a code or for one of the facts that the policy can read is never approved: its outcome is `pend`, its pathway empty,
`ask` names the columns at fault and `reasons` says "rejected". The columns of people (age, sex, ...) are not read, and
that `case_id` is unique and no name of a person is for the table to see to. Text where a number or a date belongs stops
the query; a number of four bytes must be widened by way of text (79.99 is not 79.99 in it).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from policy.cases import AT_LEAST_ONE
from policy.model import OUTCOMES, UNITS, Policy, Rule, Settings, Step, Test
from policy.sql_door import OUT_OF_SCOPE, REJECTED, Table, readable
from policy.sql_text import Predicate, any_bits, chosen, either, every, grouped, literal, negated, one_of

CODE = {word: i for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": OUTCOMES.index("met")}
OPEN = len(OUTCOMES)  # information is missing: closing the file turns this, and nothing else, into not_met


@dataclass(frozen=True)
class Reading:
    """What a rule makes of a row, as expressions: outcome code, position of the reason, columns to ask for, truths.

    `follows`: a number for what a `require` does once all is met; 0 = no `require` alone decides.
    """

    outcome: str
    because: str
    ask: str
    truths: dict[str, str]
    follows: str = "0"


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

    @property
    def let(self) -> Any:
        """Name an expression."""
        return self.table.query.let

    def criterion(self, name: str) -> str:
        """Truth of one criterion."""
        test = self.policy.criteria[name].test
        return str(self.let(f"t_{name}", chosen([(self.holds(test), 2), (self.holds(test, possibly=True), 1)], 0)))

    def holds(self, test: Test, possibly: bool = False) -> Predicate:
        """When a test is met, or (possibly) when it is not failing."""
        if test.all_of is not None:
            return every(self.holds(part, possibly) for part in test.all_of)
        if test.any_of is not None:
            return either(self.holds(part, possibly) for part in test.any_of)
        if test.none_of is not None:
            return negated(either(self.holds(part, not possibly) for part in test.none_of))
        if test.count is not None:
            return self._count([self.holds(part, possibly) for part in test.count.of], test.count.at_least)
        if test.lever is not None:
            return self.settings.holds(test.lever)
        if test.on_file is not None:
            return f"{self.table.fact(test.on_file)} >= 0"
        if test.equals is not None or test.states is not None:
            ((name, words),) = (test.equals or test.states or {}).items()
            fact = self.table.fact(name)
            hit = one_of(fact, self.codes(name, words))
            return hit if not possibly else True if test.states is not None else either([f"{fact} < 0", hit])
        return self._comparison(test, possibly)

    def _count(self, parts: list[Predicate], reference: str) -> Predicate:
        least = (self.settings.number(reference) or 0) - sum(part is True for part in parts)
        open_ = [part for part in parts if isinstance(part, str)]
        if not 0 < least <= len(open_):
            return least <= 0
        return f"({' + '.join(chosen([(part, 1)], 0) for part in open_)}) >= {least}"

    def _comparison(self, test: Test, possibly: bool) -> Predicate:
        """A missing value stands for the end of its range at which the test is hardest (possibly: easiest) to meet."""
        names, reference = test.fields(), str(test.reference())
        threshold = threshold_of(self.settings, names[0], reference, self.settings.number(reference))
        if threshold is None:
            return True
        sign = "<" if test.less_than else ">" if test.more_than else ">="
        ends = [self.policy.fields_[n].span[possibly is not bool(test.less_than)] for n in names]
        facts = [self.table.fact(n) for n in names]
        wanted = threshold * len(names)
        if len(names) > 1:
            values = [chosen([(f"{f} < 0", end)], f) for f, end in zip(facts, ends, strict=True)]
            return f"({' + '.join(values)}) {sign} {wanted}"
        missing = {"<": ends[0] < wanted, ">": ends[0] > wanted, ">=": ends[0] >= wanted}[sign]
        compared = f"{facts[0]} {sign} {wanted}"
        return either([f"{facts[0]} < 0", compared]) if missing else every([f"{facts[0]} >= 0", compared])

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
        return str(self.let(f"a_{criterion}", chosen([(f"{truth} = 1", any_bits(bits))], 0)))

    def _asks(self, test: Test, above: list[Predicate], wanted: dict[str, list[Predicate]]) -> None:
        open_ = [*above, self.holds(test, possibly=True), negated(self.holds(test))]
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
        truths, bits = {}, []
        entries = self.policy.required(rule, self.settings)
        implied = self._implied_by_others([e.criterion for e in entries if not e.codes])
        for entry in entries:
            truth = self.criterion(entry.criterion)
            ask = chosen([(implied.get(entry.criterion, False), 0)], self.asks(entry.criterion))
            if entry.codes:
                concerned = one_of("dx", [code.replace(".", "") for code in entry.codes])
                truth, ask = chosen([(concerned, truth)], 3), chosen([(concerned, ask)], 0)
            truths[entry.criterion] = truth
            bits.append(ask)
        failing, missing = (either(f"{t} = {code}" for t in truths.values()) for code in (0, 1))
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
            fails = [negated(self.holds(part, possibly=True)) for part in one.any_of]
            return every(either([self.implied(p, test), fail]) for p, fail in zip(one.any_of, fails, strict=True))
        return self.settings.implies(one, test)

    def _reason(self, step: Step) -> int:
        return self.because(step.because) if self.word(step.outcome) != CODE["met"] else 0

    def _named(self, reading: Reading) -> Reading:
        self.switches += 1
        outcome, because, ask = (
            str(self.let(f"{part}_{self.switches}", getattr(reading, part))) for part in ("outcome", "because", "ask")
        )
        truths = {c: str(self.let(f"t_{self.switches}_{c}", t)) for c, t in reading.truths.items()}
        return Reading(outcome, because, ask, truths, reading.follows)

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
        same = every(f"{r.outcome} = {first.outcome}" for r in readings[1:])
        settled = every([same, f"{first.outcome} <> {OPEN}"])
        asked: list[tuple[Predicate, object]] = [(settled, 0)]
        bits = [r.ask for r in readings]
        ends = [r.follows for r in readings]
        if not all(end.isdigit() for end in ends) or (len({*ends}) == 1 and ends[0] != "0"):
            alike = [same, f"{first.outcome} = {OPEN}", f"{ends[0]} > 0", *(f"{end} = {ends[0]}" for end in ends[1:])]
            for name in dict.fromkeys(name for r in readings for name in r.truths):
                waits = [f"{r.truths.get(name, '3')} = 1" for r in readings]
                if len({*waits}) > 1:
                    alike.append(either([every(waits), every(map(negated, waits))]))
            asked.append((every(alike), any_bits(bits)))
        ask = chosen(asked, any_bits([*bits, self.columns(switch)]))
        truths = {}
        for name in dict.fromkeys(name for r in readings for name in r.truths):
            values = [r.truths.get(name, "3") for r in readings]
            least = f"LEAST({', '.join(values)})"
            unread = either(True if v == "3" else f"{v} = 3" for v in values if v != f"t_{name}")
            # While the branch is unknown, only what every branch reads is said.
            truths[name] = chosen([(every([negated(settled), unread]), 3)], least)
        return Reading(chosen([(same, first.outcome)], OPEN), chosen([(settled, first.because)], 0), ask, truths)


def threshold_of(settings: Settings, name: str, reference: str, number: int | None) -> int | None:
    """A number of a test, or the value of its lever, on the grid of the field compared; None when the lever is off."""
    if number is None:
        return None
    kind, lever = settings.policy.fields_[name].type, settings.policy.levers.get(reference)
    unit = lever.unit if lever else kind if kind in ("percent", "months") else None
    return number * UNITS.get(unit or "", 1)


def determinations_sql(policy: Policy, settings: Settings, booleans: Collection[str] = ()) -> str:
    """One SELECT: case_id, pathway, outcome, not_met, not_documented, ask, reasons, as `determine(...).frame()`.

    `booleans`: columns known to be BOOLEAN, which need no check; without it words and numbers are read too.
    """
    table = Table(policy, booleans)
    compiler, let = Compiler(settings, table), table.query.let
    for name in readable(policy):
        table.fact(name)
    pathway = table.pathway()
    table.faults["case_id"] = f"COALESCE(TRIM(CAST({table.query.source}.case_id AS VARCHAR)), '') = ''"
    table.faults["case_id"] = f"{let('v_case_id', chosen([(table.faults['case_id'], 1)], 0))} = 1"
    readings = {i: compiler.rule(p.rule) for i, p in enumerate(policy.pathways.values())}
    special = [(either(table.faults.values()), REJECTED), (f"{pathway} = {OUT_OF_SCOPE}", OUT_OF_SCOPE)]
    for notice in reversed(policy.code_notices):
        if settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what the source assessment calls it: {notice.official_meaning}"
            special.append((one_of("dx", [notice.code.replace(".", "")]), len(readings)))
            reason = str(compiler.because(why))
            readings[len(readings)] = Reading(str(CODE["pend"]), reason, compiler.bit("dx"), {})
    which = let("which", chosen(special, pathway))
    faulty = any_bits(chosen([(when, compiler.bit(name))], 0) for name, when in table.faults.items())
    readings[REJECTED] = Reading(str(CODE["pend"]), "0", faulty, {})
    readings[OUT_OF_SCOPE] = Reading(str(CODE["out_of_scope"]), "1", "0", {})

    def by_pathway(part: str) -> str:
        return str(let(part, chosen(grouped(which, {i: getattr(r, part) for i, r in readings.items()}), 0)))

    outcome, _, ask = (by_pathway(part) for part in ("outcome", "because", "ask"))
    truths = {}
    for name in policy.criteria:
        read = {i: r.truths[name] for i, r in readings.items() if name in r.truths}
        if read:
            truths[name] = let(f"truth_{name}", chosen(grouped(which, read), 3))
    return table.query.select(
        [
            "case_id",
            f"{chosen([(f'{which} = {REJECTED}', literal(''))], _words(pathway, list(policy.pathways)))} AS pathway",
            f"{_words(outcome, [*OUTCOMES, str(settings['undocumented_action'])])} AS outcome",
            f"{_listed(((f'{t} = 0', c) for c, t in truths.items()), ';')} AS not_met",
            f"{_listed(((f'{t} = 1', c) for c, t in truths.items()), ';')} AS not_documented",
            f"{_listed(((f'({ask} & {compiler.bit(c)}) <> 0', c) for c in policy.fields_), ';')} AS ask",
            f"{_reasons(compiler, truths)} AS reasons",
        ],
        ["case_id"],
    )


def _words(code: str, words: Sequence[str]) -> str:
    return chosen([(f"{code} = {i}", literal(word)) for i, word in enumerate(words)], literal(""))


def _listed(parts: Iterable[tuple[Predicate, str]], separator: str) -> str:
    pieces = [chosen([(when, literal(separator + word))], literal("")) for when, word in parts]
    return f"SUBSTRING(CONCAT({', '.join(pieces)}), {len(separator) + 1}, 8000)" if pieces else literal("")


def _reasons(compiler: Compiler, truths: dict[str, str]) -> str:
    """The sentences of `Determinations.frame()` in its order; of a rejected row, what is wrong with it."""
    says = {name: _says(compiler.settings, name) for name in truths}
    parts: list[tuple[Predicate, str]] = [
        (f"which = {REJECTED}", "rejected: the columns asked for hold no value that is allowed")
    ]
    parts += [(f"{t} = 0", f"not met: {says[c]}") for c, t in truths.items()]
    parts += [(f"{t} = 1", f"not documented: {says[c]}") for c, t in truths.items()]
    parts += [(f"because = {i}", text) for i, text in enumerate(compiler.texts) if i]
    if compiler.settings["undocumented_action"] == "not_met":
        parts.append((f"outcome = {OPEN}", "the file was closed with this not documented"))
    nothing = every(negated(when) for when, _ in parts)
    return _listed([*parts, (nothing, "all criteria are met")], "; ")


def _says(settings: Settings, criterion: str) -> str:
    stated = settings.policy.criteria[criterion]
    says = next((v.says for v in stated.variants if settings.holds(v.while_)), stated.says)
    for name, lever in settings.policy.levers.items():
        says = says.replace("{" + name + "}", lever.show(settings[name]).replace("_", " "))
    return says
