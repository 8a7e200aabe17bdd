"""Looking closer at a change: the findings of the report templates, asked for one at a time beside the levers."""

import base64
from collections.abc import Callable

from notebooks.page import esc
from simulations.reports import (
    denials_chart,
    denials_findings,
    subgroups_chart,
    subgroups_findings,
    sweep_chart,
    sweep_findings,
)
from simulations.reports.figure import Picture
from simulations.reports.html_table import Shown, bullets
from simulations.reports.notices import LIVE_ONLY
from simulations.studies import denials, subgroups, sweep
from simulations.studies.comparison import Study

__all__ = ["QUESTIONS", "STALE", "image"]

STALE = "This was asked before the last move of a lever; press the button again."


def whole_range(study: Study) -> str:
    """The strongest lever that moves (else of all) at every value, and all levers ranked."""
    study = study.about()
    ranked = sweep.ranking(study)
    lever, _ = sweep_findings.chosen(study, ranked)
    swept = sweep.sweep(study, lever)
    pictures = [sweep_chart.sweep_figure(study, swept, lever), sweep_chart.ranking_figure(study, ranked)]
    return _page(
        *pictures, sweep_findings.sweep_table(study, swept, lever), sweep_findings.ranking_table(study, ranked)
    )


def whose_change(study: Study) -> str:
    """The share of each lever that moves in the change of the approval rate."""
    found = sweep_findings.parted(study)
    picture = [sweep_chart.share_figure(study, found)] if found else []
    tables = (sweep_findings.share_table(study, found), sweep_findings.interaction_table(study, found))
    return _page(*picture, *tables)


def why_refused(study: Study) -> str:
    """Which criterion fails, alone or with others, how far from the line, and what one missing paper costs."""
    study = study.about()
    found = denials.dissect(study.scenario, study.cases)
    pictures = [denials_chart.criteria_figure(study, found), denials_chart.papers_figure(study, found)]
    tables = (
        denials_findings.criteria(study, found),
        denials_findings.steps(found),
        denials_findings.price(study, found),
    )
    return _page(*pictures, *tables)


def who_is_reached(study: Study) -> str:
    """Gaps between groups of people, before and after."""
    if study.guarded:
        return _page(bullets([LIVE_ONLY]))
    found = subgroups.stratify(study)
    tables = (subgroups_findings.gaps(found), subgroups_findings.rates(found), subgroups_findings.notes(found))
    advantage = bullets(study.guard.warnings())
    return _page(subgroups_chart.gaps_chart(found), *tables, advantage)


QUESTIONS: dict[str, Callable[[Study], str]] = {
    "Over its whole range": whole_range,
    "Whose change is it": whose_change,
    "Why refused": why_refused,
    "Who is reached": who_is_reached,
}


def _page(*parts: Shown | Picture) -> str:
    return "".join(image(part) if isinstance(part, Picture) else part.html for part in parts)


def image(picture: Picture) -> str:
    """A picture inside the page, with what it says for those who cannot see it."""
    data = base64.b64encode(picture.png).decode()
    return f'<img alt="{esc(picture.alt)}" src="data:image/png;base64,{data}" style="width:100%;max-width:900px">'
