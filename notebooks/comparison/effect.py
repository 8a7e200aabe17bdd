"""What another document does to cases: the rate with its interval, which way cases move, pathway by pathway."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from notebooks import answer
from notebooks.comparison.words import before_and_after, by_title
from notebooks.page import bullets, esc, table
from notebooks.tweaks import Answer
from policy.determinations.results import Determinations
from policy.model import OUTCOMES, Policy, Settings
from simulations import Caseload, Study
from simulations.reports.notices import LIVE_ONLY, all_notices
from simulations.reports.table_cells import LABELS, count, records, signed
from simulations.statistics.number_format import percent
from simulations.studies.caseload import cases_of, made_of
from simulations.studies.comparison import BASELINE
from simulations.studies.impact import measure
from simulations.studies.versions import read_by_both
from simulations.studies.withdrawal import changed_cases

__all__ = ["Effect", "because", "effect", "label_of", "moves", "over"]

_EXAMPLES = 3  # of each way in which cases move
_WAYS = {"stricter": "stricter", "looser": "more lenient", "neither": "neither"}


def over(cases: Caseload, before: Policy, after: Policy) -> Caseload:
    """The same cases, read so that both documents find their facts; ProblemsFound where they read a cell apart."""
    both = read_by_both(before, after)
    if cases.drawn:
        made = made_of(cases.population, both, cases.size, cases.seed or 0)
        return replace(made, path=cases.path, remarks=cases.remarks)
    return replace(cases_of(both, cases.path, exact=cases.exact, options=cases.options), path=cases.path)


@dataclass(frozen=True)
class Effect:
    """A study of two documents, and its cases by pathway: int64 (pathways + 1, 6, 6), the last of no pathway.

    Pathways are those of the document after.
    """

    study: Study
    flows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]

    @cached_property
    def finding(self) -> str:
        """The answer in a sentence."""
        if self.study.guarded:
            return LIVE_ONLY
        return f"{self.study.shown.finding()}."

    @property
    def shares(self) -> bool:
        """Whether there is something to share out among the changes, as far as it may be told."""
        return self.study.guarded or bool(self.study.impact.moved)

    @property
    def examples(self) -> pd.DataFrame:
        """Cases that move, which may be shown and drawn again: none of a file."""
        found = self.study.shown.examples
        return found if self.study.cases.drawn else found[:0]

    def html(self) -> str:
        """Rate, outcomes, pathways and moves, ready."""
        study = self.study
        if study.guarded:
            told = answer.headline(Answer(study.impact, {}, "", True), repr(study.cases))
            return f"{told}<p>{esc(LIVE_ONLY)}</p>"
        moves_some = bool(study.impact.moved)
        first = f"<p class='finding'>{esc(self.finding)}</p>"
        if moves_some:
            first = answer.headline(Answer(study.impact, {"": "another document"}, ""), repr(study.cases))
        said = (
            "<p class='faint'>Baseline is the first of the two documents, now is the second.</p>" if moves_some else ""
        )
        return f"{first}{said}{self._pathways()}{moves(study)}{self._unmade()}{self._notices()}"

    def _pathways(self) -> str:
        """Each pathway in which a case moves."""
        policy = self.study.scenario.policy
        titles = [*(way.title for way in policy.pathways.values()), "No pathway"]
        rows = []
        for title, flow in zip(titles, self.flows, strict=True):
            if moved := int(flow.sum() - np.trace(flow)):
                lost, gained = int(flow[0, 1:].sum()), int(flow[1:, 0].sum())
                met = [int(flow.sum(axis=axis)[0]) for axis in (1, 0)]
                cells = [f"{n:,} ({percent(n / int(flow.sum()))})" for n in met]
                rows.append((esc(title), f"{int(flow.sum()):,}", *cells, signed(gained), signed(-lost), f"{moved:,}"))
        if not rows:
            return ""
        header = ("Pathway", "Cases", "Met before", "Met after", "Newly met", "No longer met", "Other outcome in all")
        return table(header, rows, "Pathway by pathway, where a case moves")

    def _unmade(self) -> str:
        """Facts that only one document reads and that the cases do not have."""
        study = self.study
        if not study.cases.drawn:
            return ""
        made = {*study.cases.population.columns}
        lacking = [f.label for name, f in study.scenario.policy.fields_.items() if f.told and name not in made]
        new = [label for label in lacking if label not in {f.label for f in study.policy.fields_.values()}]
        return f"<p class='note'>Not documented in any of these cases: {esc(', '.join(new))}.</p>" if new else ""

    def _notices(self) -> str:
        first, *_ = all_notices(self.study, counted=False)
        return f"<p class='faint'><small>{esc(first)}</small></p>"


def effect(
    before: Settings,
    after: Settings,
    cases: Caseload,
    far: Callable[..., None] = lambda *_: None,
    sides: tuple[str, str] | None = None,
) -> Effect:
    """Both documents over the cases; ProblemsFound where the same cases cannot be read by both.

    `far` is called now and then; what it raises ends the work. `sides`: what pictures call the two.
    """
    both = over(cases, before.policy, after.policy)
    study = Study(BASELINE, before, after, both, version=after.policy, sides=sides)
    size = len(OUTCOMES)
    flows = np.zeros((len(after.policy.pathways) + 1, size, size), dtype=np.int64)

    def add(old: Determinations, new: Determinations) -> None:
        np.add.at(flows, (np.where(new.pathway < 0, len(flows) - 1, new.pathway), old.outcome, new.outcome), 1)

    if not both.guarded:
        measure(before, after, both, far, also=add)
    far()
    study.impact  # noqa: B018, now and not when it is shown
    return Effect(study, flows)


def moves(study: Study, examples: int = _EXAMPLES) -> str:
    """Which way cases move, each with examples; nothing of people beyond what the study may tell."""
    rows = []
    shown = study.shown.examples
    for row in records(changed_cases(study)):
        mine = shown[(shown["baseline"] == row["before"]) & (shown["scenario"] == row["after"])].head(examples)
        said = [f"{case['case_id']}, {case['dx']} with {case['cpt']}: {because(case)}" for case in records(mine)]
        told = bullets(esc(by_title(line, study.policy)) for line in said) if said else "–"
        rows.append((esc(before_and_after(row["before"], row["after"])), count(row["cases"]), _WAYS[row["way"]], told))
    if not rows:
        return ""
    return table(("Outcome", "Cases", "Which is", "Cases such as"), rows, "Which way cases move")


def because(case: Mapping[str, str]) -> str:
    """The reasons of the side that does not say met."""
    old, new = (str(case[f"reasons_{side}"]) for side in ("baseline", "scenario"))
    if case["scenario"] == "met":
        return f"before: {old}"
    return f"after: {new}" if case["baseline"] == "met" else f"before: {old}; after: {new}"


def label_of(case: Mapping[str, str]) -> str:
    """A case that moves, for a list to choose from."""
    outcomes = f"{LABELS[case['baseline']]} → {LABELS[case['scenario']]}"
    return f"{outcomes}: case {case['case_id']}, {case['dx']} with {case['cpt']}"
