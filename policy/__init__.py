"""A medical-necessity policy: load it, set its levers, determine cases, explain one."""

from policy.cases import Cases, read_cases
from policy.document import change_in_words, load, shipped
from policy.evaluation import Determinations, determine
from policy.explanation import Explanation, explain
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound
from policy.scenario import Scenario, load_scenario

__all__ = [
    "OUTCOMES", "Cases", "Determinations", "Explanation", "Policy", "Problem", "ProblemsFound", "Scenario", "Settings",
    "change_in_words", "determine", "explain", "load", "load_scenario", "read_cases", "shipped",
]  # fmt: skip
