"""What a policy does to many cases: draw them or read them, determine them twice, and say what changed."""

from simulations import population, report
from simulations.caseload import Caseload, cases_of
from simulations.impact import Impact, compare, measure
from simulations.run import simulate
from simulations.scenario import find_scenario
from simulations.study import Study, ask

__all__ = [
    "Caseload", "Impact", "Study", "ask", "cases_of", "compare", "find_scenario", "measure",
    "population", "report", "simulate",
]  # fmt: skip
