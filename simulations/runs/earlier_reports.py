"""What a report may take the place of: a report. Those of version 2026.1.0 do not list their files."""

from pathlib import Path
from typing import Any

from simulations.population.loading import shipped
from simulations.storage.folders import only_of_a_run

_IMPACT = ("outcomes", "groups", "flow", "examples", "levers", "medicare")  # and of a notebook of the user's own
_PLACES = shipped()
_TABLES = {
    "alternatives": ("alternatives", "moves", "medicare", "sources"),
    "calibration": (*(f"targets_{p}" for p in _PLACES), "predictive_values", "cut_off", "spreads", "truth_by_relief",
                    "truth", "moves"),
    "denial_anatomy": ("causes", "criteria", "steps", "distances", "bunching", "papers", "price"),
    "lever_sweep": ("sweep", "grid", "ranking", "bootstrap", "attribution", "interactions"),
    "subgroup_gaps": ("subgroups", "gaps", "gap_levers"),
}  # fmt: skip
_PICTURES = {
    "alternatives": ("alternatives",),
    "calibration": (*(f"targets_{p}" for p in _PLACES), "spreads", "truth", "truth_by_setting"),
    "denial_anatomy": ("criteria", "distances", "papers"),
    "lever_sweep": ("sweep", "grid", "ranking", "attribution"),
    "subgroup_gaps": ("gaps", "wrongful_gaps", "gap_levers"),
}


def only_a_report(path: Path) -> None:
    """Refuse a folder that holds anything but the unchanged files of one report; raises ProblemsFound."""
    only_of_a_run(path, "summary.json", _earlier)


def _earlier(summary: dict[str, Any]) -> set[str]:
    """The names of a report of version 2026.1.0 by its template; none when it has no stamp of a whole run."""
    stamp = summary.get("stamp")
    if not isinstance(stamp, dict) or stamp.get("complete") is not True or not isinstance(stamp.get("template"), str):
        return set()
    template = stamp["template"]
    names = {f"{template}.ipynb", f"{template}.html"}
    names |= {f"{name}.csv" for name in _TABLES.get(template, _IMPACT)}
    return names | {f"{name}.png" for name in _PICTURES.get(template, _IMPACT[:3])}
