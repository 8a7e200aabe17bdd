"""What the rules of a policy make of many cases at once: all criteria together, then what follows."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from policy.bits.planes import EVERYWHERE, NOWHERE, Plane, both, either, everywhere, inverse
from policy.bits.rows import Made
from policy.evaluation.asking import Asking
from policy.evaluation.kleene import SETTLED, all_of
from policy.evaluation.pathways import branches_of, still_possible
from policy.evaluation.reading import CODE, OPEN, Reading, joined, within
from policy.evaluation.traverse import traverse
from policy.evaluation.truths import Truths
from policy.model import Rule, Step, Switch
from policy.trees.policies import levers_read, reached

APPROVED, REFUSED = CODE["met"], CODE["not_met"]


@dataclass
class Evaluation(Truths):
    """One policy under one setting on some rows of one pathway."""

    asking: bool = True  # also find out what to ask for, and why

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of the rows; outcomes alone are kept for other settings where its levers stand alike."""
        if self.asking or self.assumed:
            return traverse(rule, self)
        levers = tuple(self.settings[lever] for lever in levers_read(self.policy, rule))
        return self._kept("outcomes", rule, levers, lambda: traverse(rule, self))

    def _kept(self, what: str, rule: Rule, value: Hashable, make: Callable[[], Made]) -> Made:
        """What was made of the rows for a rule; the rule is kept with it, so that no other gets its id."""
        return self.rows.kept(f"{what} {id(rule)}", value, lambda: (rule, make()))[1]

    def outcome(self, word: str, because: str | None) -> Reading:
        """An outcome that is the same for all rows."""
        return Reading({CODE[word]: EVERYWHERE}, because={because: EVERYWHERE} if because else {})

    def required(self, rule: Rule) -> dict[str, Plane]:
        """The criteria that a rule requires, and of which rows."""
        entries, _ = self.policy.plan(rule, self.settings)
        where = [{e.criterion: self.rows.coded(e.codes) if e.codes else EVERYWHERE} for e in entries]
        return {name: plane for name, plane in joined(where).items() if plane is not NOWHERE}

    def require(self, rule: Rule) -> Reading:
        """All criteria together, then the first step that applies."""
        asked, (_, steps) = self.required(rule), self.policy.plan(rule, self.settings)
        worst = all_of(self.criterion(name).asked(where) for name, where in asked.items())
        follows, waits = self._follow(steps)
        decided = {OPEN: worst.open, REFUSED: inverse(worst.possible)}
        reading = Reading(joined([decided, within(worst.met, follows.outcome)]))
        if self.asking:
            reading.because = within(worst.met, follows.because)
            reading.follows = {tuple((s.when, self.settings.outcome(s.outcome)) for s in steps): EVERYWHERE}
            reading.read = dict(asked)
            self._add_asks(reading, within(reading.open, waits))
        return reading

    def _add_asks(self, reading: Reading, waits: Mapping[str, Plane]) -> None:
        """What is asked for where the outcome is open: by requirements, and by steps that wait for a criterion."""
        asking = Asking(self)
        requirements = within(reading.open, asking.together(reading.read))
        nothing = inverse(either(requirements.values()))
        asks = [requirements]
        for name, where in waits.items():
            own = within(where, asking.test(self.policy.criteria[name].test))
            more = [both(plane, inverse(requirements.get(column, NOWHERE))) for column, plane in own.items()]
            # A step is said to wait only where no requirement asks for all of it already.
            told = both(where, either([nothing, *more]))
            reading.read[name] = either((reading.read.get(name, NOWHERE), told))
            asks.append(own)
        reading.asks = joined(asks)

    def _follow(self, steps: Sequence[Step]) -> tuple[Reading, dict[str, Plane]]:
        """Outcome and text of the first step that applies, if all requirements are met; steps are read from the last.

        Where a step's `when` is not documented, the outcome stays if the step gives the same, else it is open. Second:
        for each `when`, where it leaves the outcome open.
        """
        reading, waits = Reading({APPROVED: EVERYWHERE}), dict[str, Plane]()
        for step in reversed(steps):
            code = CODE[self.settings.outcome(step.outcome)]
            known = self.criterion(step.when) if step.when else SETTLED[2]
            differs = both(known.open, inverse(reading.outcome.get(code, NOWHERE)))
            waits = within(inverse(known.met), waits)
            if step.when:
                waits[step.when] = differs
            other = inverse(either((known.met, differs)))
            text = {step.because: known.met} if step.because and code != APPROVED else {}
            reading.because = joined([within(other, reading.because), text])
            reading.outcome = joined([within(other, reading.outcome), {code: known.met}, {OPEN: differs}])
        return reading, waits

    def switch(self, rule: Rule) -> Reading:
        """A documented field takes its branch; a missing one takes all, and one same outcome is the outcome."""
        asked = rule.asked
        assert asked
        ways = self._ways(rule, asked)
        branches = {id(branch): branch for _, several in ways for branch in several}
        read = {key: self.rule(branch) for key, branch in branches.items()}
        parts = [(where, self._merge([read[id(one)] for one in several], asked.field)) for where, several in ways]
        reading = Reading.chosen(parts)
        if not self.asking:
            return reading
        if asked.assumed and self.settings.holds(asked.assumed.while_):
            unsaid = both(self.criterion(asked.criterion).open, inverse(either(reading.because.values())))
            note = f"{asked.field} is not stated and read as {asked.assumed.criterion}"
            reading.because = joined([reading.because, {note: unsaid}])
        never = dict.fromkeys(self.read_by(rule), NOWHERE)
        reading.read = {**never, **reading.read, asked.criterion: EVERYWHERE}  # whatever a branch asks of it
        reading.partly.pop(asked.criterion, None)
        return reading

    def _ways(self, rule: Rule, asked: Switch) -> list[tuple[Plane, list[Rule]]]:
        """The rows of a switch that take a branch, and those of which several are still possible."""
        kind, assumes = self.policy.fields_[asked.field], asked.assumed and self.settings.holds(asked.assumed.while_)
        assumed = rule.branch(asked.assumed.criterion) if asked.assumed and assumes else None

        def made() -> list[tuple[Plane, list[Rule]]]:
            below, rest = branches_of(kind, rule), rule.branch()
            own = {code: self.rows.at(asked.field, code) for code in below}
            other = both(self.rows.documented(asked.field), inverse(either(own.values())))
            known = self.rows.bounds(asked.field) if kind.bounded else []
            missing = {least: self.rows.at(asked.field, -1 - least) for least in (0, *known)}
            ways = [(where, [below[code]]) for code, where in own.items()]
            if rest:
                ways.append((other, [rest]))
            else:
                missing[0] = either((missing[0], other))
            for least, where in missing.items():
                ways.append((where, [assumed] if assumed else still_possible(kind, rule, least)))
            return [(where, branches) for where, branches in ways if where.any()]

        return self._kept("ways", rule, assumes, made)

    def read_by(self, rule: Rule) -> list[str]:
        """The criteria that a rule reads for one case or another."""
        below = list(reached(self.settings, rule))
        return [one.asked.criterion for one in below if one.asked] + [n for one in below for n in self.required(one)]

    def _merge(self, readings: list[Reading], switch: str) -> Reading:
        """What the branches that a missing switch leaves possible have in common: one same outcome, or open.

        Open asks for what any branch asks for, and for the switch, unless every branch waits for the same criteria and
        would then do the same. A column that exists only where the switch is above 0 (the result of a test) is not
        asked for before the switch is known.
        """
        if len(readings) == 1:
            return readings[0]
        same = {code: everywhere(r.outcome.get(code, NOWHERE) for r in readings) for code in readings[0].outcome}
        agreed = either(same.values())
        merged = Reading(joined([same, {OPEN: inverse(agreed)}]))
        if self.asking:
            for name in dict.fromkeys(name for r in readings for name in r.read):
                read = [r.read.get(name, NOWHERE) for r in readings]
                sure = [both(r.read.get(name, NOWHERE), inverse(r.partly.get(name, NOWHERE))) for r in readings]
                merged.read[name] = either(read)
                partly = both(merged.read[name], inverse(everywhere(sure)))
                merged.partly[name] = both(merged.open, partly)
            alike, columns = both(agreed, self._alike(readings)), Asking(self).columns
            asks = joined([*(r.asks for r in readings), within(inverse(alike), columns(switch))])
            for name in self.policy.fields_[switch].implied_by:
                asks |= {c: both(asks[c], inverse(where)) for c, where in columns(name).items() if c in asks}
            merged.asks = within(merged.open, asks)
            merged.because = within(inverse(merged.open), readings[0].because)
        return merged

    def _alike(self, readings: list[Reading]) -> Plane:
        """Where several readings wait for the same criteria, and then do the same."""
        alike = either(
            everywhere(r.follows.get(then, NOWHERE) for r in readings) for then in readings[0].follows if then
        )
        for name in {name for r in readings for name in r.read} if alike is not NOWHERE else ():
            unknown = self.criterion(name).open
            sure = [both(r.read.get(name, NOWHERE), inverse(r.partly.get(name, NOWHERE))) for r in readings]
            waits = [both(unknown, plane) for plane in sure]
            alike = both(alike, either((everywhere(waits), inverse(either(waits)))))
        return alike


def evaluate(rows: Evaluation, position: int) -> Reading:
    """What the policy makes of rows of the pathway at `position` (-1 = none), before closing the file."""
    policy, settings = rows.policy, rows.settings
    if position < 0:
        return rows.outcome("out_of_scope", "the code is outside this policy")
    reading = rows.rule(list(policy.pathways.values())[position].rule)
    for notice in reversed(policy.code_notices):
        where = rows.rows.coded((notice.code,))
        if where.any() and settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what {policy.source_name} calls it: {notice.official_meaning}"
            pends = Reading({CODE["pend"]: EVERYWHERE}, asks={"dx": EVERYWHERE}, because={why: EVERYWHERE})
            reading = Reading.chosen([(where, pends), (inverse(where), reading)])
    reading.truths = {name: rows.criterion(name) for name, where in reading.read.items() if where is not NOWHERE}
    return reading
