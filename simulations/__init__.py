"""What a policy does to many cases: draw them or read them, determine them twice, and say what changed.

Packages, each of which may import itself and those before it: storage, statistics, population, scenario, counting,
warehouse, studies, reports, runs, cli.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulations import population
    from simulations.population import calibration, feasibility, virtual_trial
    from simulations.reports import (
        alternatives_chart,
        alternatives_findings,
        calibration_chart,
        calibration_findings,
        calibration_report,
        denials_chart,
        denials_findings,
        html_table,
        report,
        subgroups_chart,
        subgroups_findings,
        sweep_chart,
        sweep_findings,
        truth_chart,
    )
    from simulations.runs import parameters
    from simulations.runs.run import simulate
    from simulations.scenario.loading import find_scenario
    from simulations.storage import checkpoint
    from simulations.studies import (
        alternatives,
        denials,
        examination,
        gap_drivers,
        medicare,
        sensitivity,
        simulated_truth,
        subgroups,
        sweep,
    )
    from simulations.studies.caseload import Caseload, cases_of
    from simulations.studies.comparison import Study, ask
    from simulations.studies.draft_impact import DraftImpact
    from simulations.studies.impact import Impact, compare, measure
else:
    _NAMES = {
        "runs.run": "simulate", "scenario.loading": "find_scenario", "studies.caseload": "Caseload cases_of",
        "studies.comparison": "Study ask", "studies.draft_impact": "DraftImpact",
        "studies.impact": "Impact compare measure",
    }  # fmt: skip
    _MODULES = {
        "population": "calibration feasibility virtual_trial",
        "reports": "alternatives_chart alternatives_findings calibration_chart calibration_findings calibration_report"
        " denials_chart denials_findings html_table report subgroups_chart subgroups_findings sweep_chart"
        " sweep_findings truth_chart",
        "runs": "parameters",
        "storage": "checkpoint",
        "studies": "alternatives denials examination gap_drivers medicare sensitivity simulated_truth subgroups sweep",
    }
    _NAME_IN = {name: home for home, names in _NAMES.items() for name in names.split()}
    _MODULE_IN = {name: room for room, names in _MODULES.items() for name in names.split()}

    def __getattr__(name):
        """Imported when it is asked for: a command that checks a file need not wait for what draws figures."""
        if name == "population":
            return import_module("simulations.population")
        if name in _MODULE_IN:
            return import_module(f"simulations.{_MODULE_IN[name]}.{name}")
        if name not in _NAME_IN:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"simulations.{_NAME_IN[name]}"), name)

    def __dir__():
        return __all__


__all__ = [
    "Caseload", "DraftImpact", "Impact", "Study", "alternatives", "alternatives_chart", "alternatives_findings",
    "ask", "calibration", "calibration_chart", "calibration_findings", "calibration_report", "cases_of",
    "checkpoint", "compare", "denials", "denials_chart", "denials_findings", "examination", "feasibility",
    "find_scenario", "gap_drivers", "html_table", "measure", "medicare", "parameters", "population", "report",
    "sensitivity", "simulate", "simulated_truth", "subgroups", "subgroups_chart", "subgroups_findings", "sweep",
    "sweep_chart", "sweep_findings", "truth_chart", "virtual_trial",
]  # fmt: skip
