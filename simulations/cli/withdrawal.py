"""`workbook compare POLICY --withdraw CARD` in words: what is left without support, and which cases change."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from policy.authoring.evidence import Support, Withdrawal, support, withdraw
from policy.model import Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting, listed
from policy.trees.policies import criteria_read
from simulations.runs.outputs import Inputs
from simulations.runs.rejects import check_rejects, write_rejects
from simulations.statistics.number_format import percent
from simulations.studies.caseload import Caseload, cases_of
from simulations.studies.import_options import ImportOptions
from simulations.studies.withdrawal import Step, changed_cases, steps_of

EXAMPLES = 3  # of the cases that move, for each way


def cases_of_step(step: Step) -> Iterator[str]:
    """Which cases change under a step, either way; of people only about what share is met."""
    if step.study is None:
        return
    yield f"Cases: {step.study.cases!r}"
    if step.study.guarded:
        rough = step.study.about()
        before, after = rough.shares()
        told = f"met: about {percent(before)} of all cases before, about {percent(after)} after"
        yield f"  {rough.silent or told}"
        return
    yield f"  {step.study.shown.finding()}"
    for row in changed_cases(step.study).itertuples(index=False):
        yield f"  {row.cases:,} {row.before} -> {row.after} ({row.way})"
        yield from _examples(step.study.shown.examples, str(row.before), str(row.after))


def _examples(examples: pd.DataFrame, before: str, after: str) -> Iterator[str]:
    mine = examples[(examples["baseline"] == before) & (examples["scenario"] == after)]
    for case in mine.head(EXAMPLES).to_dict("records"):
        yield f"      {case['case_id']} {case['dx']} {case['cpt']}: {case['reasons_baseline']}"


class WithdrawalInWords(NamedTuple):
    """A withdrawal under some settings, and its one or two steps."""

    before: Settings
    found: Withdrawal
    steps: tuple[Step, ...]

    @property
    def people(self) -> bool:
        """Whether the cases that are asked may be people."""
        return any(step.study is not None and step.study.cases.people for step in self.steps)

    def left(self) -> Iterator[str]:
        """The cards, what is left without support when they are withdrawn, and what is not dropped for it."""
        for key in self.found.cards:
            card = self.found.policy.evidence[key]
            yield f"Withdrawn: {key} ({card.title}; {card.year}; {card.status}; {card.strength})"
        yield "\nLeft without support"
        for one in self.found.left:
            yield f"  - {one.entry}: {'; '.join(self._stood_on(one))}"
        if not self.found.left:
            yield "  nothing: whatever names it has another source that is current or contested, or nothing names it"
        yield from (f"  {line}" for line in self.found.kept)

    def _stood_on(self, one: Support) -> Iterator[str]:
        """Its cards, its statements without a source; of a lever its value, of a pathway what its criteria stand on."""
        cards = (f"{key} ({', '.join(one.by(key))})" if one.by(key) else key for key in one.cards)
        yield f"stood on {', '.join(cards)}"
        if one.unsourced:
            yield f"{listed(one.unsourced)} {'names' if len(one.unsourced) == 1 else 'name'} no source"
        if one.section == "levers":
            yield f"stays at {self.found.policy.levers[one.name].show(self.before[one.name])}"
        if one.section == "pathways" and (others := _of_criteria(self.found.policy, one.name, self.found.cards)):
            yield f"its criteria stand on {listed(others)}"


def _of_criteria(policy: Policy, pathway: str, but: tuple[str, ...]) -> list[str]:
    """The sources that what a pathway requires or switches on stands on today."""
    names = criteria_read(policy, policy.pathways[pathway].rule)
    mine = [one for one in support(policy) if one.section == "criteria" and one.name in names]
    return [key for key in dict.fromkeys(key for one in mine for key in one.standing) if key not in but]


class Asked(NamedTuple):
    """Of which cases it is told who changes: none where `population` is None; see `cases_of`.

    `rejects`: a CSV file for the rows of a case table that have problems.
    """

    population: str | None
    size: int
    seed: int
    importing: ImportOptions
    rejects: str | None


def withdrawn(before: Settings, cards: tuple[str, ...], asked: Asked) -> WithdrawalInWords:
    """The withdrawal of some cards and its steps; ProblemsFound has the problems of cards and cases together."""
    problems: list[Problem] = []
    cases: Caseload | None = None
    with collecting(problems):
        found = withdraw(before.policy, *cards)
    with collecting(problems):
        cases = _cases(before.policy, asked, bool(problems)) if asked.population is not None else None
    if problems:
        raise ProblemsFound(problems)
    return WithdrawalInWords(before, found, steps_of(before, found, cases))


def _cases(policy: Policy, asked: Asked, in_vain: bool) -> Caseload:
    """The cases; the rejected rows of a table are written, unless nothing is told of the others."""
    population, size, seed, importing, rejects = asked
    check_rejects(rejects, Inputs().population(population).beside(importing))
    cases = cases_of(policy, population, size, seed, options=importing)
    write_rejects(cases, None if in_vain else rejects, "a comparison")
    return cases
