"""The made-up cases of a question held against what is published, and what their simulated truth says of the change."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from policy.problems import refuse
from simulations.population import Population
from simulations.population.calibration import Found, calibrate, predictive_values
from simulations.population.loading import load_document, shipped
from simulations.population.virtual_trial import by_cut_off
from simulations.scenario.loading import alternatives_of, find_scenario, proposed
from simulations.studies.caseload import told_apart
from simulations.studies.comparison import Study
from simulations.studies.sensitivity import Spread, side_by_side
from simulations.studies.simulated_truth import Compared, by_setting, compared


@dataclass(frozen=True)
class Examination:
    """A study over every population that stands beside its own (`studies`, its own first if it is another one).

    `judged` asks for the change of the study; where it changes nothing, for the first alternative of the policy.
    """

    study: Study
    judged: Study

    @cached_property
    def studies(self) -> list[Study]:
        """The study over each population."""
        return self.study.beside()

    @property
    def pages(self) -> list[Population]:
        """The populations."""
        return [one.cases.population for one in self.studies]

    @cached_property
    def targets(self) -> dict[str, tuple[Found, ...]]:
        """Population -> its published figures, against its tables and its drawn cases."""
        cases = self.study.cases
        return {page.id: calibrate(page, cases.size, cases.seed or 0) for page in self.pages}

    @cached_property
    def names(self) -> dict[str, str]:
        """Population -> what a person calls it; its name too where two are called alike."""
        return told_apart({page.id: page.short_label for page in [*map(load_document, shipped()), *self.pages]})

    @property
    def trials(self) -> list[Population]:
        """The populations with a virtual trial."""
        return [page for page in self.pages if page.page.virtual_trial]

    @cached_property
    def predictive_values(self) -> pd.DataFrame:
        """`calibration.predictive_values` of each population with a virtual trial."""
        size, seed = self.study.cases.size, self.study.cases.seed or 0
        return together([predictive_values(page, size, seed) for page in self.trials])

    @cached_property
    def cut_offs(self) -> pd.DataFrame:
        """`virtual_trial.by_cut_off` of each population with a virtual trial."""
        return together([by_cut_off(page) for page in self.trials])

    @cached_property
    def compared(self) -> list[Compared]:
        """Both settings by simulated truth, of each population that has one."""
        cases = self.study.cases
        return compared(self.judged.baseline, self.judged.scenario, self.pages, cases.size, cases.seed or 0)

    @property
    def titles(self) -> dict[str, str]:
        """Name of a change of `spreads` -> what a person calls it."""
        return {one.name: one.title for one in (first_alternative(self.study), self.study) if one}

    @cached_property
    def spreads(self) -> list[Spread]:
        """The change of the study and the first alternative on each population; none where nothing is changed."""
        cases, own = self.study.cases, self.study
        changes = {own.name: own.scenario} if own.scenario != own.baseline else {}
        if (strict := first_alternative(own)) is not None:
            changes.setdefault(strict.name, strict.scenario)
        found = side_by_side(changes, self.pages, cases.size, cases.seed or 0, own.draws) if changes else []
        return found

    @property
    def lever(self) -> str | None:
        """The lever that sets the cut-off of the virtual trial; None without a trial, or where the policy lacks it."""
        levers = [page.page.virtual_trial.lever for page in self.trials if page.page.virtual_trial]
        return next((lever for lever in levers if lever in self.study.policy.levers), None)

    @cached_property
    def by_lever(self) -> pd.DataFrame:
        """`simulated_truth.by_setting` of that lever; empty where there is none, or no truth."""
        cases = self.study.cases
        if self.lever is None:
            return pd.DataFrame()
        return by_setting(self.study.baseline, self.lever, self.pages, cases.size, cases.seed or 0)

    def remarks(self, section: str) -> list[str]:
        """What the pages say of a section of the report, each sentence once."""
        every = (
            text
            for page in self.pages
            for name, texts in page.page.remarks.items()
            if name == section
            for text in texts
        )
        return [said(text, self.names) for text in dict.fromkeys(every)]


def examine(study: Study) -> Examination:
    """What there is to say of the cases of a study; raises ProblemsFound for a case table."""
    if not study.cases.drawn:
        raise refuse("population", study.cases.name, "is a case table; only made-up cases can be held against figures")
    judged = study if study.scenario != study.baseline else first_alternative(study) or study
    return Examination(study, judged)


def first_alternative(study: Study) -> Study | None:
    """The study with the first of the policy's alternatives in the place of its change; None where there is none."""
    names = alternatives_of(study.policy)
    if not names:
        return None
    plan = find_scenario(names[0], study.policy)
    return replace(study, name=plan.id, scenario=proposed(study.policy, names[0]), plan=plan)


def said(text: str, names: Mapping[str, str]) -> str:
    """A sentence of a page, populations in it by their labels."""
    return re.sub(rf"\b({'|'.join(map(re.escape, names))})\b", lambda found: f"“{names[found[1]]}”", text)


def together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several populations one after the other."""
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
