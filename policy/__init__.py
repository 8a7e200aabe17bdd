"""A medical-necessity policy: load it, set its levers, determine cases, explain one."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy.authoring.draft import Draft
    from policy.case_files.reader import CaseReader, Cases, read_cases
    from policy.case_files.stretches import Calendar
    from policy.checking.in_time import calendar
    from policy.checking.loading import load
    from policy.determinations.determination import determine
    from policy.determinations.results import Determinations
    from policy.explanation.explanation import Explanation, explain
    from policy.history.facts import PlanHistory
    from policy.model import OUTCOMES, Policy, Settings
    from policy.problems import Problem, ProblemsFound
    from policy.reading.loading import change_in_words, shipped
    from policy.reading.scenario import Scenario, load_scenario
else:
    _NAMES = {
        "authoring.draft": "Draft", "case_files.reader": "CaseReader Cases read_cases",
        "case_files.stretches": "Calendar", "checking.in_time": "calendar", "checking.loading": "load",
        "determinations.determination": "determine", "determinations.results": "Determinations",
        "explanation.explanation": "Explanation explain", "history.facts": "PlanHistory",
        "model": "OUTCOMES Policy Settings", "problems": "Problem ProblemsFound",
        "reading.loading": "change_in_words shipped", "reading.scenario": "Scenario load_scenario",
    }  # fmt: skip
    _NAME_IN = {name: home for home, names in _NAMES.items() for name in names.split()}

    def __getattr__(name):
        """Imported on first use: who lists the verbs waits for no model, who checks a file not for pandas."""
        if name not in _NAME_IN:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"policy.{_NAME_IN[name]}"), name)

    def __dir__():
        return __all__


__all__ = [
    "OUTCOMES", "Calendar", "CaseReader", "Cases", "Determinations", "Draft", "Explanation", "PlanHistory", "Policy",
    "Problem", "ProblemsFound", "Scenario", "Settings", "calendar", "change_in_words", "determine", "explain", "load",
    "load_scenario", "read_cases", "shipped",
]  # fmt: skip
