"""Cases to determinations, in the order that the contract fixes.

1 code out of scope; 2 a code-mapping lever that says pend; 3-4 pathways with a constant outcome; 5 all criteria
together (Kleene); 6-7 what follows when all are met; 8 closing the file. Each step works on whole columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy import truth
from policy.cases import Cases, Ints
from policy.model import OUTCOMES, UNITS, Policy, Rule, Settings, Step, Test, Value
from policy.problems import refuse
from policy.truth import MET, NOT_DOCUMENTED, NOT_MET, Truth

Outcomes = NDArray[np.int8]
Columns = NDArray[np.uint64]  # a set of case columns as bits

CODE = {word: np.int8(i) for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": np.int8(0)}
OPEN = np.int8(len(OUTCOMES))  # pend of step 5: information is missing; closing the file turns only these into not_met
UNREAD = np.int8(3)


@dataclass
class Reading:
    """What a rule made of some rows: outcome codes, truth of each criterion read (3 = not read), ask, and why."""

    outcome: Outcomes
    truths: dict[str, Truth]
    ask: Columns
    because: Ints  # position in Evaluation.texts, 0 = nothing to add


@dataclass
class Determinations:
    """Outcome of every case with its reasons; `outcome`: int8 (n,) into OUTCOMES, `pathway`: int16 (n,), -1 = none."""

    policy: Policy
    settings: Settings
    cases: Cases
    outcome: Outcomes
    closed: NDArray[np.bool_]
    pathway: Ints
    truths: dict[str, Truth]
    ask: Columns
    because: Ints
    texts: list[str]

    def counts(self) -> dict[str, int]:
        """Number of cases for each outcome word; they sum to the number of cases."""
        return dict(zip(OUTCOMES, np.bincount(self.outcome, minlength=len(OUTCOMES)).tolist(), strict=True))

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First row of each distinct determination, and for each row the position of its own."""
        key = np.zeros(len(self.outcome), dtype=np.uint64)
        parts = [self.outcome, self.pathway + 1, self.because, self.closed, self.ask, *self.truths.values()]
        for part in parts:
            codes, values = pd.factorize(np.asarray(part))
            key = pd.factorize(key * np.uint64(len(values) + 1) + codes.astype(np.uint64))[0].astype(np.uint64)
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return first, inverse

    def frame(self) -> pd.DataFrame:
        """One row per case: case_id, pathway, outcome, not_met, not_documented, ask, reasons (lists joined by ';')."""
        first, inverse = self._distinct
        rows = [self._words(int(row)) for row in first]
        names = ["pathway", "outcome", "not_met", "not_documented", "ask", "reasons"]
        table = pd.DataFrame(rows, columns=names, dtype="str")
        columns = {name: pd.Categorical(table[name]).take(inverse) for name in names}
        return pd.DataFrame({"case_id": self.cases.ids, **columns})

    def _words(self, row: int) -> list[str]:
        outcome = OUTCOMES[self.outcome[row]]
        failing = [c for c, t in self.truths.items() if t[row] == NOT_MET]
        missing = [c for c, t in self.truths.items() if t[row] == NOT_DOCUMENTED]
        ask = [name for bit, name in enumerate(self.policy.fields_) if int(self.ask[row]) >> bit & 1]
        reasons = [f"not met: {criterion_says(self.policy, c, self.settings)}" for c in failing]
        reasons += [f"not documented: {criterion_says(self.policy, c, self.settings)}" for c in missing]
        if self.because[row]:
            reasons.append(self.texts[self.because[row]])
        if self.closed[row]:
            reasons.append("the file was closed with this not documented")
        if not reasons:
            reasons.append("all criteria are met")
        pathway = list(self.policy.pathways)[self.pathway[row]] if self.pathway[row] >= 0 else ""
        return [pathway, outcome, ";".join(failing), ";".join(missing), ";".join(ask), "; ".join(reasons)]


def criterion_says(policy: Policy, criterion: str, settings: Settings) -> str:
    """The criterion's sentence with the values of its levers."""
    says = policy.criteria[criterion].says
    for name, lever in policy.levers.items():
        says = says.replace("{" + name + "}", lever.show(settings[name]).replace("_", " "))
    return says


@dataclass
class Evaluation:
    """One policy under one setting on some rows of a case table."""

    settings: Settings
    cases: Cases
    rows: NDArray[np.intp]
    assumed: Mapping[str, np.int8] = field(default_factory=dict)  # truths put in place of the case's own
    texts: list[str] = field(default_factory=lambda: [""])
    asking: bool = True  # also find out what to ask for
    facts: dict[str, Ints] = field(default_factory=dict)
    known: dict[tuple[str, tuple[Value, ...]], Truth] = field(default_factory=dict)  # by criterion and lever values

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def fact(self, name: str) -> Ints:
        """The rows' values of one fact."""
        if name not in self.facts:
            self.facts[name] = self.cases.facts[name][self.rows]
        return self.facts[name]

    def criterion(self, name: str) -> Truth:
        """Truth of one criterion for the rows, computed once for each setting of its levers."""
        if name in self.assumed:
            return np.full(len(self.rows), self.assumed[name])
        test = self.policy.criteria[name].test
        key = (name, tuple(self.settings[lever] for lever in test.levers()))
        if key not in self.known:
            self.known[key] = np.broadcast_to(self.test(test), self.rows.shape).astype(np.int8)
        return self.known[key]

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests: int8 (rows,) or a single value where only levers are read."""
        if test.all_of is not None:
            return truth.all_of([self.test(part) for part in test.all_of])
        if test.any_of is not None:
            return truth.any_of([self.test(part) for part in test.any_of])
        if test.none_of is not None:
            return truth.none_of([self.test(part) for part in test.none_of])
        if test.count is not None:
            parts = [self.test(part) for part in test.count.of]
            return truth.at_least(self.settings.number(test.count.at_least) or 0, parts)
        if test.lever is not None:
            return np.asarray(MET if self.settings.holds(test.lever) else NOT_MET)
        if test.on_file is not None:
            return np.where(self.fact(test.on_file) >= 0, MET, NOT_MET)
        if test.equals is not None or test.states is not None:
            ((name, words),) = (test.equals or test.states or {}).items()
            values, codes = self.fact(name), self.codes(name, words)
            hit = np.isin(values, codes)
            if test.states is not None:
                return np.where(hit, MET, NOT_DOCUMENTED)
            return np.where(values < 0, NOT_DOCUMENTED, np.where(hit, MET, NOT_MET))
        return self._comparison(test)

    def codes(self, name: str, words: Sequence[str]) -> list[int]:
        """Integers of a field's words."""
        kind = self.policy.fields_[name]
        return [kind.code(w) if kind.type in ("boolean", "choice") else int(w) for w in words]

    def threshold(self, field_name: str, reference: str) -> int | None:
        """The number a field is compared with, on the field's grid; None when the lever is off."""
        number = self.settings.number(reference)
        if number is None:
            return None
        if reference.isdigit():
            unit = {"percent": "percent", "months": "months"}.get(self.policy.fields_[field_name].type, "")
        else:
            unit = self.policy.levers[reference].unit or ""
        return number * UNITS.get(unit, 1)

    def _comparison(self, test: Test) -> Truth:
        """A missing value stands for its whole range: MET or NOT_MET only where every value of the range agrees."""
        names, reference = test.fields(), test.reference()
        assert reference is not None
        threshold = self.threshold(names[0], reference)
        if threshold is None:
            return np.asarray(MET)
        low, high = (
            np.add.reduce([np.where(self.fact(n) < 0, self.policy.fields_[n].span[end], self.fact(n)) for n in names])
            for end in (0, 1)
        )
        compare = np.less if test.less_than else np.greater if test.more_than else np.greater_equal
        wanted = threshold * len(names)
        result: Truth = (compare(low, wanted).astype(np.int8) + compare(high, wanted)).astype(np.int8)
        return result

    def ask(self, test: Test) -> Columns:
        """The columns whose documentation can still change the truth of a test that is NOT_DOCUMENTED."""
        parts = test.all_of or test.any_of or test.none_of or (test.count.of if test.count else ())
        bits = np.zeros(len(self.rows), dtype=np.uint64)
        for part in parts:
            bits |= self.ask(part)
        for name in test.fields():
            bits |= np.where((self.fact(name) < 0) | (test.states is not None), self.columns(name), np.uint64(0))
        return np.where(self.test(test) == NOT_DOCUMENTED, bits, np.uint64(0))

    def columns(self, name: str) -> Columns:
        """The columns to ask for when a fact is missing: itself, or what a duration in months can be told by."""
        position = list(self.policy.fields_)
        kind = self.policy.fields_[name]
        if kind.type != "months":
            return np.full(len(self.rows), 1 << position.index(name), dtype=np.uint64)
        onset, request, days = (np.uint64(1 << position.index(str(c))) for c in (kind.onset, kind.request, kind.days))
        has_onset, has_request = (self.fact(str(c)) >= 0 for c in (kind.onset, kind.request))
        return np.where(has_request, onset, np.where(has_onset, request, days))

    def because(self, text: str | None) -> int:
        """Position of a text, added when new."""
        if not text:
            return 0
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text)

    def word(self, outcome: str) -> np.int8:
        """Code of an outcome word, or of the value of an action lever."""
        value = self.settings[outcome] if outcome in self.policy.levers else outcome
        return CODE[str(value)]

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of the rows."""
        if rule.first_of is not None:
            return self.rule(next(r for r in rule.first_of if self.settings.holds(r.while_)))
        if rule.outcome is not None:
            return self._constant(self.word(rule.outcome), rule.because)
        return self._require(rule) if rule.require is not None else self._switch(rule)

    def _constant(self, code: np.int8, because: str | None) -> Reading:
        n = len(self.rows)
        text = np.full(n, self.because(because), dtype=np.int16)
        return Reading(np.full(n, code, dtype=np.int8), {}, np.zeros(n, dtype=np.uint64), text)

    def _require(self, rule: Rule) -> Reading:
        reading = self._follow([s for s in rule.then if self.settings.holds(s.while_)])
        worst = np.full(len(self.rows), MET)
        for entry in self.policy.required(rule, self.settings):
            value = self.criterion(entry.criterion)
            bits = self.ask(self.policy.criteria[entry.criterion].test) if self.asking else np.uint64(0)
            if entry.codes:
                concerned = self.cases.dx[self.rows].isin(entry.codes)
                value, bits = np.where(concerned, value, UNREAD), np.where(concerned, bits, np.uint64(0))
            reading.truths[entry.criterion] = value
            reading.ask |= bits
            worst = np.minimum(worst, value)
        decided = worst < MET
        reading.outcome[decided] = np.where(worst[decided] == NOT_MET, CODE["not_met"], OPEN)
        reading.because[decided] = 0
        reading.ask[reading.outcome != OPEN] = 0
        return reading

    def _follow(self, steps: list[Step]) -> Reading:
        """The first step that applies, all requirements being met."""
        reading = self._constant(CODE["met"], None)
        for step in reversed(steps):
            applies = self.criterion(step.when) == MET if step.when else np.ones(len(self.rows), dtype=bool)
            code = self.word(step.outcome)
            reading.outcome[applies] = code
            reading.because[applies] = self.because(step.because) if code != CODE["met"] else 0
        return reading

    def _switch(self, rule: Rule) -> Reading:
        """A documented field takes its branch; a missing one takes all, and one same outcome is the outcome."""
        assert rule.switch and rule.stated
        values = self.fact(rule.switch)
        branches = {self.codes(rule.switch, [word])[0]: below for word, below in rule.branches.items()}
        read = {code: self.rule(below) for code, below in branches.items()}
        other = self.rule(rule.otherwise) if rule.otherwise else None
        choices = [*read.values(), *([other] if other else [])]
        merged = self._merge(choices, rule.switch)
        taken = [(values == code, reading) for code, reading in read.items()]
        unclear = ~np.isin(values, list(branches)) & ((values < 0) if other else True)
        if other:
            taken.append((~unclear & ~np.isin(values, list(branches)), other))
        if rule.assume and self.settings.holds(rule.assume.while_):
            taken.append((unclear, read[self.codes(rule.switch, [rule.assume.criterion])[0]]))
        for mask, reading in taken:
            for mine, theirs in (
                (merged.outcome, reading.outcome),
                (merged.ask, reading.ask),
                (merged.because, reading.because),
            ):
                mine[mask] = theirs[mask]
            for name, value in merged.truths.items():
                value[mask] = reading.truths[name][mask] if name in reading.truths else UNREAD
        merged.truths = {rule.stated: self.criterion(rule.stated), **merged.truths}
        return merged

    def _merge(self, readings: list[Reading], switch: str) -> Reading:
        """Several readings of the same rows: one same outcome, or open.

        Open asks for the switch, and for what the branches ask where documenting that could settle all of them (each
        may still be met); where one branch cannot be met, only for what every branch that still can asks.
        """
        same = np.logical_and.reduce([r.outcome == readings[0].outcome for r in readings])
        outcome = np.where(same, readings[0].outcome, OPEN)
        hopeful = [(r.outcome == CODE["met"]) | (r.outcome == OPEN) for r in readings]
        everything = np.uint64(np.iinfo(np.uint64).max)
        shared = reduce(
            np.bitwise_and, [np.where(h, r.ask, everything) for h, r in zip(hopeful, readings, strict=True)]
        )
        union = reduce(np.bitwise_or, [r.ask for r in readings])
        ask = np.where(np.logical_and.reduce(hopeful), union, np.where(shared == everything, np.uint64(0), shared))
        ask = np.where(outcome == OPEN, ask | self.columns(switch), np.uint64(0))
        names = dict.fromkeys(name for r in readings for name in r.truths)
        unread = np.full(len(self.rows), UNREAD)
        truths = {name: np.minimum.reduce([r.truths.get(name, unread) for r in readings]) for name in names}
        for name, value in truths.items():  # while the branch is unknown, only what every branch reads is said
            if not all(name in r.truths for r in readings):
                value[outcome == OPEN] = UNREAD
        return Reading(outcome, truths, ask, np.where(outcome == OPEN, 0, readings[0].because).astype(np.int16))


def pathway_of(policy: Policy, group: str, code: str) -> str | None:
    """The pathway for a diagnosis group and a procedure code."""
    for family, procedures in policy.procedures.items():
        if code in procedures.codes:
            for name, pathway in policy.pathways.items():
                wanted = pathway.selects
                level = procedures.codes[code].level
                if group in wanted.diagnosis and family in wanted.procedure and wanted.level in (None, level):
                    return name
    return None


def diagnosis_group(policy: Policy, code: str) -> str | None:
    """The diagnosis group of an ICD-10-CM code, None when this policy does not cover it."""
    for name, group in policy.diagnoses.items():
        if code in group.codes or any(code.startswith(prefix) for prefix in group.prefixes):
            return name
    return None


def pathways(policy: Policy, cases: Cases) -> Ints:
    """Position of each case's pathway in the policy, int16 (n,); -1 = a code out of scope."""
    order = list(policy.pathways)
    groups = [diagnosis_group(policy, code) for code in cases.dx.categories]
    table = np.full((len(groups) + 1, len(cases.cpt.categories) + 1), -1, dtype=np.int16)
    for i, group in enumerate(groups):
        for j, code in enumerate(cases.cpt.categories):
            name = pathway_of(policy, group, code) if group else None
            table[i, j] = order.index(name) if name else -1
    found: Ints = table[cases.dx.codes, cases.cpt.codes]
    return found


@dataclass
class Memory:
    """What evaluations of the same cases share when only levers move: pathways, rows, facts and truths."""

    where: Ints
    read: dict[int, "Evaluation"] = field(default_factory=dict)


def determine(
    policy: Policy, cases: Cases, settings: Settings, *,
    assumed: Mapping[str, np.int8] | None = None, memory: Memory | None = None, asking: bool = True,
) -> Determinations:  # fmt: skip
    """Determine every case under `settings`.

    `assumed` replaces truths of criteria (for what-if explanations); `memory` speeds up a next call on the same cases;
    without `asking` only the outcomes are found, not the reasons.
    """
    if settings.policy is not policy or cases.policy is not policy:
        raise refuse("policy", "determine", "cases, settings and policy must belong to the same policy document")
    n = len(cases)
    memory = memory or Memory(pathways(policy, cases))
    where = memory.where
    result = Determinations(
        policy, settings, cases, np.full(n, CODE["out_of_scope"], dtype=np.int8), np.zeros(n, dtype=bool), where, {},
        np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.int16), ["", "the code is outside this policy"],
    )  # fmt: skip
    result.because[where < 0] = 1
    pending = np.zeros(n, dtype=bool)
    for notice in policy.code_notices:
        if settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what the source assessment calls it: {notice.official_meaning}"
            result.texts.append(why)
            concerned = (cases.dx == notice.code) & (where >= 0)
            pending |= concerned
            result.outcome[concerned] = CODE["pend"]
            result.because[concerned] = len(result.texts) - 1
            result.ask[concerned] = np.uint64(1 << list(policy.fields_).index("dx"))
    for position, pathway in enumerate(policy.pathways.values()):
        evaluation = memory.read.get(position)
        if evaluation is None or pending.any() or assumed:
            rows = np.flatnonzero((where == position) & ~pending)
            evaluation = Evaluation(settings, cases, rows, assumed or {})
            if not pending.any() and not assumed:
                memory.read[position] = evaluation
        rows, evaluation.settings, evaluation.texts, evaluation.asking = evaluation.rows, settings, result.texts, asking
        if not len(rows):
            continue
        reading = evaluation.rule(pathway.rule)
        result.outcome[rows] = reading.outcome
        if asking:
            result.ask[rows], result.because[rows] = reading.ask, reading.because
            for name, value in reading.truths.items():
                result.truths.setdefault(name, np.full(n, UNREAD))[rows] = value
    still_open = result.outcome == OPEN
    result.closed = still_open & (settings["undocumented_action"] == "not_met")
    result.outcome[still_open] = CODE[str(settings["undocumented_action"])]
    return result
