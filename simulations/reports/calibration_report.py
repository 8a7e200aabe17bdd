"""The report on made-up cases, section by section: each says in one line what a population lacks, and the rest stands.

What is true of one population only (where its figures come from, how they may be read) is said by its page (`remarks`).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import pandas as pd

from simulations.population.calibration import agreeing, sections, table
from simulations.population.feasibility import conflicts
from simulations.population.page import TrialWords
from simulations.reports import calibration_findings as findings
from simulations.reports import report
from simulations.reports.calibration_chart import spreads_chart, targets_chart
from simulations.reports.figure import Picture, displayed
from simulations.reports.html_table import Shown, bullets, folded, titled
from simulations.reports.truth_chart import by_setting_chart, compared_chart
from simulations.studies.examination import Examination, together
from simulations.studies.sensitivity import Spread
from simulations.studies.sensitivity import table as spreads_table
from simulations.studies.simulated_truth import NOT_SIMULATED, SIMULATED, Compared

NO_FIGURES = "No page names a published figure (targets), so nothing can be held against these cases."
NO_RATES = "No page names a published rate of denial or overturn."
NO_TRIAL = "No page describes a virtual trial of a diagnostic test, so there is nothing to tell here."
NO_CHANGE = "No lever is moved and the policy has no scenario of its own, so there is no change to spread."
BY_VALUE = "Value by value, as numbers"
NO_LEVER = "No lever sets the cut-off of a virtual trial."
NOTHING_SAID = (
    "The pages say nothing of it: whatever they mark as an assumption has a range, and a source where one is named."
)


class Sections:
    """Every section of the report; `pictures` are those shown so far."""

    def __init__(self, found: Examination):
        self.found = found
        self.pictures: list[Picture] = []

    @cached_property
    def compared(self) -> list[Compared]:
        """Both settings by simulated truth, populations as a person calls them."""
        return [replace(one, population=self.found.names[one.population]) for one in self.found.compared]

    @cached_property
    def changes(self) -> list[Spread]:
        """The change on each population, both as a person calls them."""
        names, titles = self.found.names, self.found.titles
        return [
            replace(one, population=names[one.population], scenario=titles[one.scenario]) for one in self.found.spreads
        ]

    def first_page(self) -> Shown:
        """The answer, and what these cases cannot show."""
        found = self.found
        return report.first_page(found.study, findings.headline(found), findings.cannot_show(found))

    def _said(self, section: str, *shown: Shown) -> Shown:
        """Some output with what the pages say of it below."""
        remarks = self.found.remarks(section)
        return joined([*shown, *([bullets(remarks)] if remarks else [])])

    def _shown(self, pictures: Sequence[Picture], otherwise: str) -> Shown | None:
        """Displays pictures; what to say where there are none."""
        self.pictures += pictures
        if pictures:
            displayed(pictures)
            return None
        return bullets([otherwise])

    def figures(self) -> Shown | None:
        """A picture of the published figures of each population that has some."""
        judged = [(one, self.found.targets[one.cases.name]) for one in self.found.studies]
        drawn = [
            targets_chart(one, found, self.found.names[one.cases.name])
            for one, found in judged
            if any(t.target.between for t in found)
        ]
        return self._shown(drawn, NO_FIGURES)

    def targets(self) -> Shown | None:
        """The same as numbers."""
        some = {name: found for name, found in self.found.targets.items() if agreeing(found)}
        if not some:
            return None
        return self._said("targets", *(findings.targets(self.found.names[name], found) for name, found in some.items()))

    def outcomes(self) -> Shown:
        """Published rates of denial and overturn."""
        some = {self.found.names[n]: found for n, found in self.found.targets.items() if sections(found).get("anchor")}
        return findings.outcomes_by_population(some) if some else bullets([NO_RATES])

    def conflicts(self) -> Shown:
        """Which published figures no population can meet together, with their intervals and without."""
        pages = self.found.trials
        if not pages:
            return bullets([NO_TRIAL])
        names = self.found.names
        alike = [conflict.line(names) for conflict in conflicts()]
        shown = [_counted(alike)] if alike else []
        for page in pages:
            if "conflicts" in page.page.remarks:
                exact = [one.line(names) for one in conflicts(exactly=True, only=[page.id])]
                shown.append(titled(f"The published values of “{names[page.id]}”, without their intervals", exact))
        return self._said("conflicts", *shown)

    def tests(self) -> Shown:
        """What one and two positive tests are worth."""
        if not self.found.trials:
            return bullets([NO_TRIAL])
        return self._said("tests", findings.worth(self._named(self.found.predictive_values), self._words()))

    def cut_off(self) -> Shown:
        """What the arms of the virtual trial give at each cut-off."""
        if not self.found.trials:
            return bullets([NO_TRIAL])
        return self._said("cut_off", findings.curve(self._named(self.found.cut_offs), self._words()))

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table with populations as a person calls them."""
        return table if table.empty else table.assign(population=table["population"].replace(self.found.names))

    def _words(self) -> TrialWords:
        trial = self.found.trials[0].page.virtual_trial
        assert trial is not None
        return trial.words

    def spreads(self) -> Shown | None:
        """The change on each population, with both ranges, as a picture."""
        spreads = self.changes
        return self._shown([spreads_chart(self.found.study, spreads)] if spreads else [], NO_CHANGE)

    def spreads_table(self) -> Shown | None:
        """The same as numbers."""
        return findings.spreads(self.changes) if self.changes else None

    def truth(self) -> Shown | None:
        """Approvals and refusals by simulated truth, as a picture."""
        compared = self.compared
        return self._shown([compared_chart(self.found.judged, compared)] if compared else [], NOT_SIMULATED)

    def told(self) -> Shown | None:
        """The same in sentences."""
        if not self.found.compared:
            return None
        return joined([bullets([SIMULATED]), self._said("truth", findings.told(self.compared))])

    def parts(self) -> Shown | None:
        """What of the change among those met is a better choice, and what another mix."""
        return findings.parts(self.compared) if self.compared else None

    def stages(self) -> Shown:
        """By stage of the pathway."""
        if not any(one.page.stages for one in self.found.compared):
            return bullets(["No page tells stages of the pathway apart."])
        table = together([one.stages() for one in self.compared])
        return self._said("stages", findings.folded_truths("By stage of the pathway", table))

    def by_lever(self) -> Shown | None:
        """Simulated truth at every value of the lever that sets the cut-off, as a picture."""
        lever, values = self.found.lever, self._named(self.found.by_lever)
        some = lever is not None and not values.empty
        return self._shown([by_setting_chart(self.found.study, lever, values)] if lever and some else [], NO_LEVER)

    def by_lever_table(self) -> Shown | None:
        """The same as numbers."""
        if self.found.by_lever.empty:
            return None
        return self._said("by_lever", findings.folded_truths(BY_VALUE, self._named(self.found.by_lever)))

    def levers(self) -> Shown:
        """Which levers the simulated truth can tell about."""
        pages = [page for page in self.found.pages if page.helps]
        return findings.levers(self.found.study.policy, pages, self.found.names) if pages else bullets([NOT_SIMULATED])

    def fitted(self) -> Shown:
        """What the pages say of where their numbers come from."""
        return bullets(self.found.remarks("fitted") or [NOTHING_SAID])

    def write(self, out: str) -> None:
        """The tables, the pictures and summary.json."""
        found = self.found
        tables = {f"targets_{_plain(p.id)}": table(p, found.targets[p.id]) for p in found.pages if found.targets[p.id]}
        tables |= {"spreads": spreads_table(found.spreads)} if found.spreads else {}
        tables |= {"predictive_values": found.predictive_values, "cut_off": found.cut_offs} if found.trials else {}
        tables |= {"truth_by_lever": found.by_lever} if not found.by_lever.empty else {}
        if compared := found.compared:
            tables |= {"truth": together([one.frame() for one in compared])}
            tables |= {"truth_by_stage": together([one.stages() for one in compared])}
            tables |= {"moves": together([one.movers() for one in compared])}
        report.write(found.study, out, tables=tables, pictures=self.pictures, said=findings.said(found.targets))


def _counted(conflicts: Sequence[str]) -> Shown:
    """How many conflicts there are; each of them on a page only after a click, where they are many."""
    if len(conflicts) <= _FEW:
        return bullets(conflicts)
    first = f"{len(conflicts)} sets of published figures cannot hold together in one population, whatever its shares."
    return joined([bullets([first]), folded(f"The {len(conflicts)} sets, one by one", bullets(conflicts))])


_FEW = 5


def joined(parts: Sequence[Shown]) -> Shown:
    """Several outputs as one."""
    return Shown("\n".join(part.text for part in parts), "".join(part.html for part in parts))


def _plain(name: str) -> str:
    """The name of a population as the name of a file."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
