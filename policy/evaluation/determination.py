"""Cases to determinations, in the order that the contract fixes.

1 code out of scope; 2 a code-mapping lever that says pend; 3-4 pathways with a constant outcome; 5 all criteria
together (Kleene); 6-7 what follows when all are met; 8 closing the file. Each step works on whole columns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.cases.reader import Cases, Ints
from policy.evaluation import kleene
from policy.evaluation.kleene import MET, NOT_DOCUMENTED, NOT_MET, Truth
from policy.model import OUTCOMES, CaseField, Policy, Requirement, Rule, Settings, Step, Test
from policy.problems import refuse

Outcomes = NDArray[np.int8]
Columns = NDArray[np.uint64]  # a set of case columns as bits

CODE = {word: np.int8(i) for i, word in enumerate(OUTCOMES)} | {"met_if_prereqs": np.int8(0)}
RANKS = np.array([{"met": 2, "pend": 1, "review": 1}.get(word, 0) for word in OUTCOMES])  # strictness: contract.md 2
OPEN = np.int8(len(OUTCOMES))  # pend of step 5: information is missing; closing the file turns only these into not_met
UNREAD = np.int8(3)
PARTLY = np.int8(4)  # added to a truth that only some of the branches read which are still possible
IN_A_BRANCH = "in a branch that is still possible"
BLOCK = 1 << 17  # rows evaluated together, so that what is in between stays in the cache


@dataclass
class Reading:
    """What a rule made of some rows; each array is (rows,) or a single value for all of them.

    `outcome`: codes; `truths`: of each criterion read (3 = not read, 4 more where a missing fact decides if it is);
    `because`: place in Evaluation.texts, 0 = none;
    `follows`: what a `require` does once all is met, for each criterion that it depends on.
    """

    outcome: Outcomes
    truths: dict[str, Truth]
    ask: Columns = field(default_factory=lambda: np.asarray(np.uint64(0)))
    because: Ints = field(default_factory=lambda: np.asarray(np.int16(0)))
    follows: tuple[tuple[str | None, int], ...] = ()


@dataclass
class Determinations:
    """Outcome of every case with its reasons; `outcome`: int8 (n,) into OUTCOMES, `pathway`: int16 (n,), -1 = none.

    `open`: cases of which a missing fact leaves the outcome open, whatever closing the file then makes of them.
    """

    policy: Policy
    settings: Settings
    cases: Cases
    outcome: Outcomes
    open: NDArray[np.bool_]
    pathway: Ints
    truths: dict[str, Truth]
    ask: Columns
    because: Ints
    texts: list[str]

    def __repr__(self) -> str:
        return ", ".join(f"{word} {count:,}" for word, count in self.counts().items())

    def counts(self) -> dict[str, int]:
        """Number of cases for each outcome word; they sum to the number of cases."""
        return dict(zip(OUTCOMES, np.bincount(self.outcome, minlength=len(OUTCOMES)).tolist(), strict=True))

    @cached_property
    def closed(self) -> NDArray[np.bool_]:
        """The cases that are refused because the file was closed."""
        return self.open & (self.settings["undocumented_action"] == "not_met")

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
        reasons = [f"not met: {self.settings.says(c)}" for c in failing]
        reasons += [f"not documented: {self.settings.says(c)}" for c in missing]
        for code, word in ((NOT_MET, "not met"), (NOT_DOCUMENTED, "not documented")):
            partly = [c for c, t in self.truths.items() if t[row] == PARTLY + code]
            reasons += [f"{word} {IN_A_BRANCH}: {self.settings.says(c)}" for c in partly]
        if self.because[row]:
            reasons.append(self.texts[self.because[row]])
        if self.closed[row]:
            reasons.append("the file was closed with this not documented")
        if not reasons:
            reasons.append("all criteria are met")
        pathway = list(self.policy.pathways)[self.pathway[row]] if self.pathway[row] >= 0 else ""
        return [pathway, outcome, ";".join(failing), ";".join(missing), ";".join(ask), "; ".join(reasons)]


@dataclass
class Evaluation:
    """One policy under one setting on some rows of a case table.

    `rule` needs rows that it treats alike (`Memory.groups`): one value of every field it switches on, one code where a
    code matters. Columns are gathered once, and shared by the evaluations of the parts and of other settings.
    """

    settings: Settings
    cases: Cases
    rows: NDArray[np.intp]
    assumed: Mapping[str, np.int8] = field(default_factory=dict)  # truths put in place of the case's own
    texts: list[str] = field(default_factory=lambda: [""])
    asking: bool = True  # also find out what to ask for
    cuts: Mapping[str, list[int]] = field(default_factory=dict)  # of each field: the grid its tests can tell apart
    grids: dict[str, Ints] = field(default_factory=dict)
    columns: dict[tuple[str, bool], Ints] = field(default_factory=dict)
    whole: "Evaluation | None" = None
    part: slice | None = None
    known: dict[str, Truth] = field(default_factory=dict)
    entries: dict[int, list[Requirement]] = field(default_factory=dict)  # by rule, for all rows under these settings

    @property
    def policy(self) -> Policy:
        """The policy of the settings."""
        return self.settings.policy

    def block(self, part: slice) -> "Evaluation":
        """The same evaluation on a stretch of its rows."""
        return replace(self, rows=self.rows[part], columns={}, whole=self, part=part, known={})

    def fact(self, name: str, grid: bool = False) -> Ints:
        """The rows' values of one fact, -1 = not documented; on its `grid` (int8) how many of its cuts they reach.

        On the grid a yes-or-no fact is the truth of the yes.
        """
        key = (name, grid)
        if key not in self.columns:
            if self.whole is not None and self.part is not None:
                self.columns[key] = self.whole.fact(name, grid)[self.part]
            elif grid:
                self.columns[key] = self.grid(name)[self.cases.facts[name][self.rows]]
            else:
                self.columns[key] = self.cases.facts[name][self.rows]
        return self.columns[key]

    def grid(self, name: str) -> Ints:
        """Where each value of a fact lies on its grid; the last are for the codes of what is missing."""
        if name not in self.grids:
            kind = self.policy.fields_[name]
            reached = np.searchsorted(self.cuts.get(name, ()), np.arange(kind.span[1] + 1), "right")
            yes_or_no = kind.type == "boolean"
            missing = [-1 - reached[-1 - code] if code < -1 else -1 for code in range(kind.missing[0], 0)]
            found = [NOT_MET, MET, NOT_DOCUMENTED] if yes_or_no else np.append(reached, missing)
            self.grids[name] = np.array(found, dtype=np.int8)
        return self.grids[name]

    def criterion(self, name: str) -> Truth:
        """Truth of one criterion for the rows: int8 (rows,), or a single value where only levers are read."""
        if name in self.assumed:
            return np.asarray(self.assumed[name])
        if name not in self.known:
            self.known[name] = self.test(self.policy.criteria[name].test)
        return self.known[name]

    def test(self, test: Test) -> Truth:
        """Truth of a tree of tests: int8 (rows,), or a single value where only levers are read."""
        if test.all_of is not None:
            return kleene.all_of(self.test(part) for part in test.all_of)
        if test.any_of is not None:
            return kleene.any_of(self.test(part) for part in test.any_of)
        if test.none_of is not None:
            return kleene.none_of(self.test(part) for part in test.none_of)
        if test.count is not None:
            parts = [self.test(part) for part in test.count.of]
            return kleene.at_least(self.settings.number(test.count.at_least) or 0, parts)
        if test.lever is not None:
            return np.asarray(MET if self.settings.holds(test.lever) else NOT_MET)
        if test.on_file is not None:
            return MET * (self.fact(test.on_file) >= 0)
        if test.equals is not None or test.states is not None:
            ((name, words),) = (test.equals or test.states or {}).items()
            if self.cuts and test.equals and words in (("true",), ("false",)):
                yes = self.fact(name, grid=True)
                return yes if words == ("true",) else MET - yes
            kind, values = self.policy.fields_[name], self.fact(name)
            codes = codes_of(kind, words)
            hit = reduce(np.bitwise_or, [values == code for code in codes])
            found: Truth = NOT_DOCUMENTED + hit if test.states is not None else MET * hit + (values < 0)
            for bound in kind.bounds if test.equals is not None else ():
                met = sum(code >= bound for code in codes)
                known = NOT_MET if not met else MET if met == kind.span[1] - bound + 1 else NOT_DOCUMENTED
                found = pick(values == -1 - bound, known, found)
            return found
        return self._comparison(test)

    def _comparison(self, test: Test) -> Truth:
        """A missing value stands for its whole range: MET or NOT_MET only where every value of the range agrees."""
        names, reference = test.fields(), test.reference()
        assert reference is not None
        threshold = self.settings.threshold(names[0], reference)
        if threshold is None:
            return np.asarray(MET)
        reached = self._reached(names, threshold * len(names) + bool(test.more_than))
        return MET - reached if test.less_than else reached

    def _reached(self, names: Sequence[str], least: int) -> Truth:
        """Whether the sum of some facts is at least `least`."""
        spans = [self.policy.fields_[name].span for name in names]
        lowest, highest = map(sum, zip(*spans, strict=True))
        if least <= lowest or least > highest:
            return np.asarray(MET if least <= lowest else NOT_MET)
        if len(names) > 1:
            low, high = (np.add.reduce([self.end(name, place) for name in names]) for place in (0, 1))
            both: Truth = (low >= least).astype(np.int8) + (high >= least)
            return both
        cuts = self.cuts.get(names[0], ())
        values = self.fact(names[0], grid=least in cuts)
        least = cuts.index(least) + 1 if least in cuts else least
        # Without a sign, -1 is greater than every threshold: a missing value fails the first test, passes the second.
        unsigned = values.view(f"u{values.itemsize}")
        sure = values >= least
        if self.policy.fields_[names[0]].bounds:
            sure |= values < -least  # known to be at least so much
        return sure.view(np.int8) + (unsigned >= least).view(np.int8)

    def end(self, name: str, place: int) -> NDArray[np.int32]:
        """The least (place 0) or the greatest value (1) that a fact can have."""
        values, span = self.fact(name).astype(np.int32), self.policy.fields_[name].span
        known = np.maximum(span[0], -1 - values) if place == 0 else span[1]
        return np.where(values < 0, known, values)

    def ask(self, test: Test) -> Columns:
        """The columns whose documentation can still change the truth of a test that is NOT_DOCUMENTED."""
        bits = np.zeros(len(self.rows), dtype=np.uint64)
        for part in test.parts:
            bits |= self.ask(part)
        for name in test.fields():
            bits |= np.where((self.fact(name) < 0) | (test.states is not None), self.bits(name), np.uint64(0))
        return np.where(self.test(test) == NOT_DOCUMENTED, bits, np.uint64(0))

    def bits(self, name: str) -> Columns:
        """The columns to ask for when a fact is missing: itself, or what a duration in months can be told by."""
        position = list(self.policy.fields_)
        kind = self.policy.fields_[name]
        if kind.type != "months":
            return np.full(len(self.rows), 1 << position.index(name), dtype=np.uint64)
        onset, request, days = (np.uint64(1 << position.index(str(c))) for c in (kind.onset, kind.request, kind.days))
        has_onset, has_request = (self.fact(str(c)) >= 0 for c in (kind.onset, kind.request))
        return np.where(has_request, onset, np.where(has_onset, request, days))

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
        if rule.first_of is not None:
            return self.rule(self.first(rule))
        if rule.outcome is not None:
            return Reading(np.asarray(self.word(rule.outcome)), {}, because=np.asarray(self.because(rule.because)))
        return self._require(rule) if rule.require is not None else self._switch(rule)

    def first(self, rule: Rule) -> Rule:
        """The first of several rules that is in force."""
        return next(r for r in rule.first_of or () if self.settings.holds(r.while_))

    def required(self, rule: Rule) -> list[str]:
        """The criteria that a rule requires of these rows."""
        if id(rule) not in self.entries:
            self.entries[id(rule)] = self.policy.required(rule, self.settings)
        entries = self.entries[id(rule)]
        return [e.criterion for e in entries if not e.codes or self.cases.dx[self.rows[0]] in e.codes]

    def _require(self, rule: Rule) -> Reading:
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

    def implied(self, one: Test, test: Test) -> Any:
        """Where meeting `one` also meets `test`: a mask over the rows, or a single value."""
        if test.any_of is not None:
            return reduce(np.bitwise_or, [self.implied(one, part) for part in test.any_of])
        if one.any_of is not None and any(np.any(self.implied(part, test)) for part in one.any_of):
            return reduce(np.bitwise_and, [self.implied(p, test) | (self.test(p) == NOT_MET) for p in one.any_of])
        return np.bool_(self.settings.implies(one, test))

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

    def _switch(self, rule: Rule) -> Reading:
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
            return self.read_by(self.first(rule))
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


def pick(mask: NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """`np.where` for small integers; as arithmetic it is several times as fast."""
    return no + (yes - no) * mask


def branches_of(kind: CaseField, rule: Rule) -> dict[int, Rule]:
    """The branches of a switch by the integer of their word."""
    return {codes_of(kind, [word])[0]: branch for word, branch in rule.branches.items()}


def still_possible(kind: CaseField, rule: Rule, least: int) -> list[Rule]:
    """The branches that a missing value of a switch leaves, when it is known to be at least so much."""
    below = branches_of(kind, rule)
    above = [branch for code, branch in below.items() if code >= least]
    others = any(code not in below for code in range(max(least, kind.span[0]), kind.span[1] + 1))
    return [*above, *([rule.otherwise] if rule.otherwise and others else [])] or list(below.values())


def codes_of(kind: CaseField, words: Iterable[str]) -> list[int]:
    """Integers of a field's words."""
    return [kind.code(w) if kind.type in ("boolean", "choice") else int(w) for w in words]


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


def cuts(policy: Policy) -> dict[str, list[int]]:
    """Field -> the least values that some comparison of the policy asks for, at any legal setting; at most 127 each."""
    found: dict[str, set[int]] = {}
    for criterion in policy.criteria.values():
        for test in criterion.test.walk():
            reference = test.reference()
            if reference is None or len(test.fields()) != 1:
                continue
            (name,) = test.fields()
            lever = policy.levers.get(reference)
            values = [v for v in lever.values() if isinstance(v, int)] if lever else [int(reference)]
            size = policy.grid_steps(name, reference)
            found.setdefault(name, set()).update(value * size + bool(test.more_than) for value in values)
    return {name: sorted(values) for name, values in found.items() if len(values) < 127}


@dataclass
class Memory:
    """Cases laid out once for many evaluations: rows that a rule treats alike lie together, facts on their grid.

    `where`: what `pathways` finds for the cases; `lasting` is False for a single evaluation, which needs no grid.
    """

    cases: Cases
    lasting: bool = True
    where: Ints = field(init=False)
    laid_out: list[tuple[int, Evaluation]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.where = pathways(self.cases.policy, self.cases)

    def holds(self, cases: Cases) -> bool:
        """Whether these are the cases that were laid out: the same columns, read for the same policy."""
        mine = self.cases
        same = cases.dx is mine.dx and cases.cpt is mine.cpt and cases.facts is mine.facts
        return cases is mine or (same and cases.policy == mine.policy)

    def groups(self, settings: Settings) -> list[tuple[int, Evaluation]]:
        """(position of the pathway or -1, evaluation of its rows) for each group of rows that has any."""
        if not self.laid_out:
            grid, grids = cuts(settings.policy) if self.lasting else {}, dict[str, Ints]()
            self.laid_out = [
                (int(self.where[rows[0]]), Evaluation(settings, self.cases, rows, cuts=grid, grids=grids))
                for rows in _alike(settings.policy, self.cases, self.where)
                if len(rows)
            ]
        return self.laid_out


def _alike(policy: Policy, cases: Cases, where: Ints) -> list[NDArray[np.intp]]:
    """Positions of the cases with the same pathway, the same code where one is named, and the same switches."""
    named = {notice.code for notice in policy.code_notices}
    ways: dict[str, NDArray[np.int32]] = {}  # field -> for each pathway and code, which way the switch goes
    for position, pathway in enumerate(policy.pathways.values()):
        for rule in pathway.rule.walk():
            named |= {code for entry in rule.require or () for code in entry.codes}
            if rule.switch:
                kind = policy.fields_[rule.switch]
                values = np.arange(kind.missing[0], kind.span[1] + 1)
                own = np.isin(values, codes_of(kind, rule.branches)) | (values < -1)
                rest = np.where((values >= 0) & (rule.otherwise is not None), kind.span[1] + 1, -1)
                way = ways.setdefault(rule.switch, np.zeros((len(policy.pathways) + 1, len(values)), dtype=np.int32))
                way[position] = way[position] * (len(values) + 1) + np.where(own, values, rest) - kind.missing[0]
    named |= {code for gate in policy.gates.values() for entry in gate.require for code in entry.codes}
    codes = np.array([i * (code in named) for i, code in enumerate(cases.dx.categories, start=1)])
    key = (where + np.int32(1)) * np.int32(len(codes) + 1) + codes[cases.dx.codes]
    for name, way in ways.items():
        key = key * np.int32(way.max() + 1) + way[where, cases.facts[name] - policy.fields_[name].missing[0]]
    group, found = pd.factorize(key, sort=True)
    order = np.argsort(group.astype(np.min_scalar_type(len(found))), kind="stable")
    return np.split(order, np.cumsum(np.bincount(group))[:-1])


def determine(
    policy: Policy, cases: Cases, settings: Settings, *,
    assumed: Mapping[str, np.int8] | None = None, memory: Memory | None = None, asking: bool = True,
) -> Determinations:  # fmt: skip
    """Determine every case under `settings`.

    `assumed` replaces truths of criteria (for what-if explanations); `memory` speeds up a next call on the same cases;
    without `asking` only the outcomes are found, not the reasons.
    """
    if settings.policy != policy or cases.policy != policy:
        raise refuse("policy", "determine", "cases, settings and policy must belong to the same policy document")
    if memory is not None and not memory.holds(cases):
        raise refuse("cases", "determine", "these are not the cases that the memory was made for")
    n = len(cases)
    memory = memory or Memory(cases, lasting=False)
    result = Determinations(
        policy, settings, cases, np.full(n, CODE["out_of_scope"], dtype=np.int8), np.zeros(n, dtype=bool), memory.where,
        {}, np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.int16), ["", "the code is outside this policy"],
    )  # fmt: skip
    closing = CODE[str(settings["undocumented_action"])]
    shared: dict[int, list[Requirement]] = {}
    for position, group in memory.groups(settings):
        whole = replace(
            group, settings=settings, assumed=assumed or {}, texts=result.texts, asking=asking, entries=shared
        )
        for start in range(0, len(group.rows), BLOCK):
            block = whole.block(slice(start, start + BLOCK))
            reading, rows = evaluate(block, position), block.rows
            result.open[rows] = still_open = reading.outcome == OPEN
            result.outcome[rows] = pick(still_open, closing, reading.outcome)
            if asking:
                result.ask[rows], result.because[rows] = reading.ask, reading.because
                for name, value in reading.truths.items():
                    result.truths.setdefault(name, np.full(n, UNREAD))[rows] = value
    # Reasons stand in the order of the document, whatever other cases there are.
    result.truths = {name: result.truths[name] for name in policy.criteria if name in result.truths}
    return result


def evaluate(rows: Evaluation, position: int) -> Reading:
    """What the policy makes of a group of rows in the pathway at `position` (-1 = none), before closing the file."""
    policy, settings = rows.policy, rows.settings
    if position < 0:
        return Reading(np.asarray(CODE["out_of_scope"]), {}, because=np.asarray(np.int16(1)))
    for notice in policy.code_notices:
        if notice.code == rows.cases.dx[rows.rows[0]] and settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what the source assessment calls it: {notice.official_meaning}"
            ask = np.asarray(np.uint64(1 << list(policy.fields_).index("dx")))
            return Reading(np.asarray(CODE["pend"]), {}, ask, np.asarray(rows.because(why)))
    return rows.rule(list(policy.pathways.values())[position].rule)
