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
    from policy.cases.reader import Calendar, CaseReader, Cases, read_cases
    from policy.checking.in_time import calendar
    from policy.evaluation.determination import determine
    from policy.evaluation.results import Determinations
    from policy.explanation.explanation import Explanation, explain
    from policy.history.facts import PlanHistory
else:
    _LATER = {
        "Draft": "authoring.draft",
        "Calendar": "cases.reader", "CaseReader": "cases.reader", "Cases": "cases.reader", "read_cases": "cases.reader",
        "calendar": "checking.in_time",
        "Determinations": "evaluation.determination", "determine": "evaluation.determination",
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
