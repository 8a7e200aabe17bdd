"""What a notebook needs in order to have anything to show; refused in one line before a kernel starts."""

from collections.abc import Mapping
from typing import Any

from policy.model.fields import AGE
from policy.problems import listed, refuse
from simulations.scenario.loading import alternatives_of
from simulations.studies.comparison import Study
from simulations.studies.subgroups import COLUMNS, columns_of


def check_needs(template: str, study: Study, own: Mapping[str, Any]) -> None:
    """Raises ProblemsFound where a notebook that ships could show nothing at all of a study."""
    checks = {"alternatives": _alternatives, "calibration": _calibration, "lever_sweep": _levers,
              "subgroup_gaps": _groups}  # fmt: skip
    if template in checks and (message := checks[template](study, own)):
        raise refuse("nothing-to-show", template, message)


def _alternatives(study: Study, own: Mapping[str, Any]) -> str:
    if own.get("scenarios") or alternatives_of(study.policy) or study.scenario != study.baseline:
        return ""
    return (
        f"no scenario ships or is saved for {study.policy.id}, so there is nothing to hold against it: "
        "name some with -p scenarios=FILE,FILE or move a lever with --set"
    )


def _calibration(study: Study, own: Mapping[str, Any]) -> str:
    if not study.cases.drawn:
        return "is about made-up cases: name a population, not a case table"
    page = study.cases.population
    if page.page.targets or page.helps or alternatives_of(study.policy) or study.scenario != study.baseline:
        return ""
    return (
        f"the population {page.id} names no published figure (targets) and no simulated truth, and nothing is changed: "
        "add targets to it, or move a lever with --set"
    )


def _levers(study: Study, own: Mapping[str, Any]) -> str:
    return "" if study.policy.levers else f"{study.policy.name} has no lever to move"


def _groups(study: Study, own: Mapping[str, Any]) -> str:
    """Whether any column tells groups apart: one of the policy's, or a `group_` column of the table."""
    table = [] if study.cases.drawn else [name for part in study.cases.slices() for name in part.groups]
    if columns_of(study.policy) or any(name.startswith("group_") for name in table):
        return ""
    known = listed([AGE, *COLUMNS[1:]])
    return f"{study.policy.name} has no column that tells groups apart ({known}), and the cases have no group_ column"
