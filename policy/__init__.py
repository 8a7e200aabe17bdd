"""A medical-necessity policy: load it, set its levers, determine cases, explain one."""

from importlib import import_module
from typing import TYPE_CHECKING

from policy.checking.loading import load
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound
from policy.reading.loading import change_in_words, shipped
from policy.reading.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from policy.authoring.draft import Draft
    from policy.case_files.reader import CaseReader, Cases, read_cases
    from policy.case_files.stretches import Calendar
    from policy.checking.in_time import calendar
    from policy.determinations.determination import determine
    from policy.determinations.results import Determinations
    from policy.explanation.explanation import Explanation, explain
    from policy.history.facts import PlanHistory
else:
    _LATER = {
        "Draft": "authoring.draft",
        "Calendar": "case_files.stretches", "CaseReader": "case_files.reader", "Cases": "case_files.reader",
        "read_cases": "case_files.reader",
        "calendar": "checking.in_time",
        "Determinations": "determinations.results", "determine": "determinations.determination",
        "Explanation": "explanation.explanation", "explain": "explanation.explanation",
        "PlanHistory": "history.facts",
    }  # fmt: skip

    def __getattr__(name):
        """What needs pandas is imported on first use, so that a command that only checks a file starts quickly."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"policy.{_LATER[name]}"), name)

    def __dir__():
        return __all__


__all__ = [
    "OUTCOMES", "Calendar", "CaseReader", "Cases", "Determinations", "Draft", "Explanation", "PlanHistory", "Policy",
    "Problem", "ProblemsFound", "Scenario", "Settings", "calendar", "change_in_words", "determine", "explain", "load",
    "load_scenario", "read_cases", "shipped",
]  # fmt: skip
