"""What a policy does to many cases: draw them or read them, determine them twice, and say what changed."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulations import population, report
    from simulations.caseload import Caseload, cases_of
    from simulations.impact import Impact, compare, measure
    from simulations.run import simulate
    from simulations.scenario import find_scenario
    from simulations.study import Study, ask
else:
    _LATER = {
        "Caseload": "caseload", "cases_of": "caseload", "Impact": "impact", "compare": "impact", "measure": "impact",
        "simulate": "run", "find_scenario": "scenario", "Study": "study", "ask": "study",
    }  # fmt: skip

    def __getattr__(name):
        """Imported when it is asked for: a command that checks a file need not wait for what draws figures."""
        if name in ("population", "report"):
            return import_module(f"simulations.{name}")
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"simulations.{_LATER[name]}"), name)

    def __dir__():
        return __all__


__all__ = [
    "Caseload", "Impact", "Study", "ask", "cases_of", "compare", "find_scenario", "measure",
    "population", "report", "simulate",
]  # fmt: skip
