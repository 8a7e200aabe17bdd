"""Everything that reads a policy, run on one generated document over near-miss cases: what disagrees, as lines.

The second opinion is interpreter.py (each case by hand) and brute force over settings and cases; SQL and levels are
held against `determine`, which is itself held against the interpreter.

`python -m tests.policy.every_command FIRST LAST [PART...]`
"""

from __future__ import annotations

import itertools
import random
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

import policy as core
from notebooks.levers import groups
from notebooks.reading import Manual
from notebooks.tweaks import Tweaks
from policy.authoring.boundaries import boundary_file
from policy.authoring.coverage import cover
from policy.authoring.direction import Broken, broken_directions
from policy.authoring.letter import answer
from policy.authoring.lint import Finding, inert, lint
from policy.authoring.mutation import mutants
from policy.authoring.verdicts import judge
from policy.authoring.vignettes import batches, example_vignettes
from policy.model import OUTCOMES, Policy, Settings
from policy.sql import determinations_sql
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.studies.caseload import Caseload
from simulations.studies.denials import dissect
from simulations.warehouse.engines import REPEATING
from tests.policy.cases_of_generated import Case, Tree, columns, frame, near_misses, options, random_levers, values_of
from tests.policy.generated import generated
from tests.policy.interpreter import OPEN, Reader, levers_of

MOST = 1_000  # ways to tell the missing facts of a witness
SLIPS = 12  # judged of each document


class Trial:
    """One generated document with near-miss cases under its defaults and under another setting."""

    def __init__(self, seed: int, size: int = 60):
        self.seed, self.luck = seed, random.Random(f"trial {seed}")
        self.tree, self.policy = generated(seed)
        self.moved = [{}, *(random_levers(self.tree, self.luck) for _ in range(1))]
        self.cases = [near_misses(self.tree, self.levers(moved), size, self.luck) for moved in self.moved]
        self.tables = [core.Cases.from_frame(frame(self.tree, part), self.policy) for part in self.cases]
        self.every = [case for part in self.cases for case in part]
        self.all = core.Cases.from_frame(frame(self.tree, self.every), self.policy)

    def levers(self, moved: Mapping[str, str]) -> dict[str, str]:
        return levers_of(self.tree, moved)

    def each(self) -> Iterator[tuple[dict[str, str], list[Case], core.Cases, Settings]]:
        for moved, cases, table in zip(self.moved, self.cases, self.tables, strict=True):
            yield moved, cases, table, self.policy.settings(moved)

    # ---------------------------------------------------------------------------------------------------- engines

    def determine(self) -> Iterator[str]:
        for moved, cases, table, settings in self.each():
            reader, found = Reader(self.tree, self.levers(moved)), core.determine(self.policy, table, settings)
            for case, code in zip(cases, found.outcome, strict=True):
                said = reader.determine(case).outcome
                if said != OUTCOMES[code]:
                    yield f"{OUTCOMES[code]}, by hand {said}: {case} under {moved}"
            told = found.frame().drop(columns="case_id")
            for row in random.Random(self.seed).sample(
                range(len(cases)), 5
            ):  # what it is told must not hang on the rows around it
                alone = core.determine(self.policy, table.take(np.array([row])), settings).frame().iloc[0]
                if (alone[told.columns].astype(str) != told.iloc[row].astype(str)).any():
                    yield f"{told.iloc[row].to_dict()}, alone {alone.to_dict()}: {cases[row]} under {moved}"

    def sql(self) -> Iterator[str]:
        for moved, cases, table, settings in self.each():
            ours = core.determine(self.policy, table, settings).frame().astype(object)
            with duckdb.connect(config={"disabled_optimizers": REPEATING}) as connection:
                given = frame(self.tree, cases)
                connection.register("cases", given.astype(object).where(given != "", None))
                theirs = connection.execute(determinations_sql(settings)).df().astype(object).fillna("")
            theirs = theirs.set_index("case_id").loc[ours["case_id"]].reset_index()
            for name in ours.columns:
                for row in np.flatnonzero(ours[name].to_numpy() != theirs[name].to_numpy())[:2]:
                    yield f"{name}: {ours[name][row]!r}, SQL {theirs[name][row]!r}: {cases[row]} under {moved}"

    def levels(self) -> Iterator[str]:
        names = list(self.policy.levers)
        for _, _, table, base in self.each():
            moving = self.luck.sample(names, min(len(names), 3))
            counted = Counts.of([Batch(table)], Groups(self.policy))
            for _ in range(4):
                more = {n: self.luck.choice(values_of(self.tree["levers"][n])) for n in moving}
                at = self.policy.settings({**base.provisions(), **more})
                wanted = np.bincount(core.determine(self.policy, table, at).outcome, minlength=len(OUTCOMES))
                if (counted.at(at).sum(axis=0) != wanted).any():
                    yield f"counts: {counted.at(at).sum(axis=0)}, determined {wanted} at {at!r} over {base!r}"
            counts = dissect(base, [table]).outcomes()
            if counts != core.determine(self.policy, table, base).counts():
                yield f"anatomy: {counts} at {base!r}"

    # ------------------------------------------------------------------------------------------------ one case

    def explain(self) -> Iterator[str]:
        truths = ("not met", "not documented", "met")
        for moved, cases, table, settings in self.each():
            reader = Reader(self.tree, self.levers(moved))
            for row in self.luck.sample(range(len(cases)), 4):
                case, told = cases[row], answer(self.policy, table, row, settings)
                where = f"{case} under {moved}"
                text = told.explanation.text() + told.text(self.policy)
                nothing = told.explanation.outcome in ("met", "out_of_scope")  # no change is asked for, or helps
                if ("Smallest sets of changes" in text) == nothing:
                    yield f"smallest sets of changes for a case that is {told.explanation.outcome}: {where}"
                for reason in told.explanation.reasons:
                    by_hand = {False: 0, None: 1, True: 2}[reader.criterion(reason.criterion, case)]
                    if reason.truth != by_hand:
                        yield f"{reason.criterion} {truths[reason.truth]}, by hand {truths[by_hand]}: {where}"
                    yield from (f"{line}: {where}" for line in self.senseless(reason))
                yield from (f"{line}: {where}" for line in self.untrue_changes(told, reader, case, moved))

    def senseless(self, reason: Any) -> Iterator[str]:
        """A criterion that is one comparison, perhaps turned round, falls short when, and only when, it is not met."""
        test, turned = self.tree["criteria"][reason.criterion]["test"], False
        while "none_of" in test and len(test["none_of"]) == 1:
            test, turned = test["none_of"][0], not turned
        kind = next(iter(test))
        if kind not in ("at_least", "more_than", "less_than", "at_most") or len(reason.details) != 1:
            return
        (detail,) = reason.details
        ((field, reference),) = test[kind].items()
        if reason.truth != 1 and "not documented" not in detail and "lever off" not in detail:
            if bool(re.search(r" (short|too many|too much|too long|over|no value is)\b", detail)) == (
                reason.truth == 2
            ):
                yield f"{detail!r} where the truth is {reason.truth}"
            sense = {"at_least": "at least", "more_than": "more than", "less_than": "less than", "at_most": "at most"}
            other = {"at_least": "less than", "more_than": "at most", "less_than": "at least", "at_most": "more than"}
            number = reference if reference.isdigit() else None
            if f"needed: {(other if turned else sense)[kind]} {number or ''}" not in detail:
                yield f"{detail!r} is not {kind} {reference} of {field}, turned round: {turned}"

    def untrue_changes(self, told: Any, reader: Reader, case: Case, moved: Mapping[str, str]) -> Iterator[str]:
        now, levers = reader.determine(case), set()
        for line in told.explanation.changes:
            named = re.fullmatch(r"lever (\w+) at (\S+?)(?: .+?)? instead of .+: (\w+)", line)
            if named:
                levers.add(named[1])
                there = Reader(self.tree, {**reader.levers, named[1]: named[2]}).determine(case).outcome
                if there != named[3] or there == now.outcome:
                    yield f"{line!r}, by hand {there}"
        for name in self.tree["levers"].keys() - levers:
            for value in values_of(self.tree["levers"][name]):
                if (there := Reader(self.tree, {**reader.levers, name: value}).determine(case).outcome) != now.outcome:
                    yield f"lever {name} at {value} is not named, by hand {there}"
                    break
        for kind, ways in (("to meet", told.to_meet), ("documents", told.documents)):
            for way in ways:
                then = reader.determine(self.changed(case, way.changes))
                # a fact documented as a branch's word still waits where the branch does
                said = "waits" if then.before == OPEN else then.outcome
                if said != way.outcome:
                    yield f"{kind} {way}, by hand {said}"

    def changed(self, case: Case, changes: Mapping[str, str]) -> Case:
        found = dict(case)
        for fact, value in changes.items():
            kind = self.tree["fields"][fact]
            if kind["type"] == "months":
                found = {k: v for k, v in found.items() if k not in (kind["onset"], kind["request"])}
                fact = kind["days"]
            found[fact] = value
        return found

    # --------------------------------------------------------------------------------------------------- authors

    def lint(self) -> Iterator[str]:
        for finding in lint(self.policy.settings()):
            yield from self.untrue(finding)
        for broken in broken_directions(self.policy):
            yield from self.no_witness(broken)
        for finding in inert(self.policy.settings(), self.tables[0]):
            name = finding.place.removeprefix("levers.")
            there = self.outcomes(
                self.policy, [{name: v} for v in values_of(self.tree["levers"][name])], self.tables[0]
            )
            if (there != there[0]).any():
                yield f"inert, and it is not: {finding}"

    def outcomes(
        self, document: Policy, settings: Sequence[Mapping[str, str]], cases: core.Cases | None = None
    ) -> np.ndarray:
        """Outcomes of the near misses under some settings; the document may be a slip of this one."""
        table = replace(self.all if cases is None else cases, policy=document)
        return np.stack([core.determine(document, table, document.settings(s), asking=False).outcome for s in settings])

    def settings(self, number: int) -> list[dict[str, str]]:
        """Every setting of the levers where there are few, else some at random."""
        levers = self.tree["levers"]
        every = itertools.product(*map(values_of, levers.values()))
        some = list(itertools.islice(every, number + 1))
        if len(some) <= number:
            return [dict(zip(levers, values, strict=True)) for values in some]
        return [{n: self.luck.choice(values_of(lever)) for n, lever in levers.items()} for _ in range(number)]

    def untrue(self, finding: Finding) -> Iterator[str]:
        """A remark that brute force contradicts."""
        if finding.kind == "needless ask":
            column = re.search(r"asks for (\w+),", finding.says)[1]  # type: ignore[index]
            case = dict(pair.split(" ", 1) for pair in finding.witness.removeprefix("case ").split(", "))
            if self.could_change(case, column):
                yield f"{finding}"
        elif finding.kind == "reaches nothing":
            name = finding.place.removeprefix("levers.")
            for base in self.settings(24):
                found = self.outcomes(self.policy, [{**base, name: v} for v in values_of(self.tree["levers"][name])])
                if (found != found[0]).any():
                    yield f"{finding}: it does under {base}"
                    return
        elif finding.kind == "never decides" and finding.place.startswith(("pathways", "gates")):
            slip = next(m for m in mutants(self.policy, ("criterion dropped",)) if m.place == finding.place)
            yield from (f"{finding}: {line}" for line in self.unlike(slip.policy))
        elif finding.kind == "unreachable":
            yield from self.reachable(finding)

    def unlike(self, other: Policy) -> Iterator[str]:
        """A setting and a case that another policy decides otherwise."""
        for base in self.settings(24):
            one, two = (self.outcomes(p, [base])[0] for p in (self.policy, other))
            rows = np.flatnonzero(one != two)
            if len(rows):
                words = [OUTCOMES[x[rows[0]]] for x in (one, two)]
                yield f"{words[0]} -> {words[1]} for {self.every[rows[0]]} under {base}"
                return

    def reachable(self, finding: Finding) -> Iterator[str]:
        """A setting under which a rule that is called unreachable is the one in force."""
        path = [int(step) if step.isdigit() else step for step in finding.place.split(".")]
        at = path.index("first_of")
        above: list[tuple[Tree, int]] = []
        node: Any = self.tree
        for place, step in enumerate(path):
            if place >= at and step == "first_of":
                above.append((node, path[place + 1]))  # type: ignore[arg-type]
            node = node["branches"][step] if isinstance(node, dict) and step not in node else node[step]
        for base in self.settings(300):
            reader = Reader(self.tree, self.levers(base))
            first = [next(i for i, r in enumerate(n["first_of"]) if reader.holds(r.get("while", {}))) for n, _ in above]
            if first == [wanted for _, wanted in above]:
                yield f"{finding}: in force under {base}"
                return

    def no_witness(self, broken: Broken) -> Iterator[str]:
        """A step the strict way that is said to turn another outcome into met does not, or nothing was proven."""
        if broken.witness is None:
            yield f"direction of {broken.lever} not proven: {broken.why}"
            return
        told = {name: "off" if pair[0] is None else str(pair[0]) for name, pair in broken.witness.levers.items()}
        values = ["off" if value is None else str(value) for value in (broken.looser, broken.stricter)]
        levers = [self.levers({**told, broken.lever: value}) for value in values]
        there = [Reader(self.tree, at).determine(broken.witness.case).outcome for at in levers]
        if there != [broken.witness.before, broken.witness.after] or there[1] != "met":
            yield f"{broken}: by hand {there}"

    def could_change(self, case: Case, column: str) -> bool:
        """Whether some way of telling the other missing facts leaves a value of this column that changes the answer."""
        levers = self.levers({})
        reader, dates = Reader(self.tree, levers), {"began", "asked", "lasted_days"}
        others = [c for c in columns(self.tree) if c not in case and c != column and not {c, column} <= dates]
        if column in dates:  # one fact, told in one way
            others = [c for c in others if c not in dates]
        elif not dates & set(case):
            others = [c for c in others if c not in {"began", "asked"}]
        choices = [options(self.tree, c, levers) for c in others]
        told = [v for v in options(self.tree, column, levers) if v and v != case.get(column)]
        ways = list(itertools.islice(itertools.product(*choices), MOST))
        self.luck.shuffle(ways)
        for way in ways:
            base = {**case, **{k: v for k, v in zip(others, way, strict=True) if v}}
            now = reader.determine(base)
            if any(reader.determine({**base, column: value}) != now for value in told):
                return True
        return False

    def mutate(self) -> Iterator[str]:
        vignettes = example_vignettes(self.policy)
        asked = batches(vignettes, self.policy, {"default": {}}) if vignettes else []
        slips = list(mutants(self.policy))
        for slip in self.luck.sample(slips, min(len(slips), SLIPS)):
            verdict = judge(self.policy, slip, asked, {"default": {}})
            if verdict.word == "killed":
                same = all(not batch.failing(slip.policy, lists=True) for batch in asked)
                if same:
                    yield f"{slip.place} {slip.did} is called killed, and every example holds"
            elif verdict.word == "equivalent":
                yield from (
                    f"{slip.place} {slip.did} is called equivalent: {line}" for line in self.unlike(slip.policy)
                )

    def coverage(self) -> Iterator[str]:
        vignettes = example_vignettes(self.policy)
        found = cover(
            self.policy, batches(vignettes, self.policy, {"default": {}}) if vignettes else [], {"default": {}}
        )
        for goal, offer in found.uncovered.items():
            said = Reader(self.tree, self.levers(offer.provisions)).determine(offer.case).outcome
            if said != offer.outcome:
                yield f"{goal} {offer}: by hand {said}"
        boundary_file(self.policy)

    # ---------------------------------------------------------------------------------------------------- panels

    def panels(self) -> Iterator[str]:
        settings = self.policy.settings(self.moved[1])
        for text in (Manual(self.policy), Manual(self.policy, settings)):
            for part in (text.contents(), text.notices(), text.texts(), text.pathways(), text.levers()):
                str(part), part._repr_html_()
        load = Caseload(self.policy, "t.csv", len(self.tables[0]), None, "0", (), True, _table=self.tables[0])
        tweaks = Tweaks(self.policy.settings(), load)
        groups(self.policy, tweaks.mentions)
        for name in self.policy.levers:
            idle = tweaks.idle(name)
            each = self.outcomes(self.policy, [{name: v} for v in values_of(self.tree["levers"][name])], self.tables[0])
            if bool(idle) != bool((each == each[0]).all()):
                yield f"the panel says of {name}: {idle!r}"
            tweaks.pathways_of(name)
        for name, value in self.moved[1].items():
            tweaks.move(name, value)
        impact = tweaks.answer().impact
        after = self.outcomes(self.policy, [self.moved[1]], self.tables[0])[0]
        if impact.counts.sum(axis=(0, 1, 2)).tolist() != np.bincount(after, minlength=len(OUTCOMES)).tolist():
            yield f"the panel counts otherwise under {self.moved[1]}"


PARTS = ("determine", "sql", "levels", "explain", "lint", "mutate", "coverage", "panels")


def faults(seed: int, parts: Sequence[str] = PARTS) -> Iterator[tuple[str, str]]:
    """(part, line) of every traceback and disagreement of one document."""
    trial = Trial(seed)
    for part in parts:
        try:
            for line in getattr(trial, part)():
                yield part, f"seed {seed}: {line}"
        except Exception:
            yield part, f"seed {seed}: {traceback.format_exc(limit=-4)}"


if __name__ == "__main__":
    seen: Counter[str] = Counter()
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        for part, line in faults(seed, sys.argv[3:] or PARTS):
            seen[part] += 1
            print(part, line, flush=True)
        print(f"{seed} done", file=sys.stderr, flush=True)
    print(f"{int(sys.argv[2]) - int(sys.argv[1])} documents: {sum(seen.values())} faults {dict(seen)}")
    sys.exit(bool(seen))
