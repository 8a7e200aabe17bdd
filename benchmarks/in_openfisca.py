"""OpenFisca-Core: each criterion two variables, surely and possibly met, as it knows no missing value."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from benchmarks.cases import Columns
from benchmarks.in_numpy import counts
from benchmarks.walk import Walk
from policy.model import Settings

PERIOD = "2026"
Read = Callable[[str], Any]  # a variable's values
Pair = Callable[[Read], tuple[Any, Any]]  # surely, possibly met
Known = Callable[[Read], Any]


class Formulas:
    """Truths, conditions and codes as functions of the variables they read; a fact is -1 where it is missing."""

    def __init__(self) -> None:
        self.criteria: dict[str, Pair] = {}

    def reached(self, name: str, least: int) -> Pair:
        return lambda read: ((read(name) >= least), (read(name) >= least) | (read(name) < 0))

    def among(self, name: str, codes: Sequence[int]) -> Pair:
        hit = self.coded(name, codes)
        return lambda read: (hit(read), hit(read) | (read(name) < 0))

    def stated(self, name: str, codes: Sequence[int]) -> Pair:
        hit = self.coded(name, codes)
        return lambda read: (hit(read), np.True_)

    def filed(self, name: str) -> Known:
        return lambda read: read(name) >= 0

    def coded(self, name: str, codes: Sequence[int]) -> Known:
        return lambda read: np.logical_or.reduce([read(name) == code for code in codes])

    def total(self, names: Sequence[str], missing: Sequence[int], least: int) -> Known:
        both = list(zip(names, missing, strict=True))
        return lambda read: sum(np.where(read(n) < 0, m, read(n)) for n, m in both) >= least

    def all_of(self, parts: Sequence[Any]) -> Pair:
        return lambda read: _joined(np.logical_and, [as_pair(part(read)) for part in parts])

    def any_of(self, parts: Sequence[Any]) -> Pair:
        return lambda read: _joined(np.logical_or, [as_pair(part(read)) for part in parts])

    def negated(self, part: Any) -> Pair:
        def opposite(read: Read) -> tuple[Any, Any]:
            surely, possibly = as_pair(part(read))
            return ~possibly, ~surely

        return opposite

    def between(self, low: Known, high: Known) -> Pair:
        return lambda read: (low(read), high(read))

    def true(self, part: Any) -> Known:
        return lambda read: as_pair(part(read))[0]

    def false(self, part: Any) -> Known:
        return lambda read: ~as_pair(part(read))[1]

    def possible(self, part: Any) -> Known:
        return lambda read: as_pair(part(read))[1]

    def tally(self, parts: Sequence[Known], least: int) -> Known:
        return lambda read: np.add.reduce([part(read) for part in parts], dtype=np.int8) >= least

    def equal(self, codes: Sequence[Any]) -> Known:
        return lambda read: np.logical_and.reduce([value(codes[0], read) == value(code, read) for code in codes[1:]])

    def chosen(self, pairs: Sequence[tuple[Known, Any]], otherwise: Any) -> Known:
        def found(read: Read) -> Any:
            conditions = [np.atleast_1d(condition(read)) for condition, _ in pairs]
            return np.select(conditions, [value(code, read) for _, code in pairs], value(otherwise, read))

        return found

    def named(self, name: str, part: Pair) -> Pair:
        self.criteria[name] = part
        return lambda read: (read(f"{name}_surely"), read(f"{name}_possibly"))


def as_pair(part: Any) -> tuple[Any, Any]:
    """A condition as a truth that is never missing."""
    return part if isinstance(part, tuple) else (part, part)


def _joined(operator: np.ufunc, pairs: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    surely, possibly = pairs[0]
    for more_surely, more_possibly in pairs[1:]:
        surely, possibly = operator(surely, more_surely), operator(possibly, more_possibly)
    return surely, possibly


def _one_of(part: Pair, place: int, read: Read) -> Any:
    return part(read)[place]


def value(code: Any, read: Read) -> Any:
    """An outcome code, the same for all rows or for each."""
    return np.int8(code) if isinstance(code, int) else code(read)


class OpenFisca:
    """One simulation with the facts as inputs; what was computed is forgotten before each run."""

    name = "OpenFisca-Core"

    def __init__(self, columns: Columns):
        self.columns, self.inputs = columns, columns.facts | columns.codes
        self.case = build_entity("case", "cases", "A request", is_person=True)
        self.systems: dict[tuple[Any, ...], TaxBenefitSystem] = {}

    def system(self, settings: Settings) -> TaxBenefitSystem:
        """The policy under one setting as a system of variables."""
        key = tuple(settings.values())
        if key not in self.systems:
            formulas = Formulas()
            outcome = Walk(settings, formulas).outcomes()
            self.systems = {key: TaxBenefitSystem([self.case])}
            add = self.systems[key].add_variable
            for name in self.inputs:
                add(self.variable(name, int))
            for name, part in formulas.criteria.items():
                for place, word in enumerate(("surely", "possibly")):
                    add(self.variable(f"{name}_{word}", bool, partial(_one_of, part, place)))
            add(self.variable("outcome", int, outcome))
        return self.systems[key]

    def variable(self, name: str, kind: type, rule: Known | None = None) -> type[Variable]:
        """A variable; `rule` is its formula."""
        body: dict[str, Any] = {"value_type": kind, "entity": self.case, "definition_period": DateUnit.ETERNITY}
        body |= {"label": name}
        if rule:
            body["formula"] = lambda case, period: rule(lambda other: case(other, period))
        return type(name, (Variable,), body)

    def simulation(self, settings: Settings) -> Any:
        """The simulation of one setting, with its inputs."""
        simulation = SimulationBuilder().build_default_simulation(self.system(settings), len(self.columns))
        for name, values in self.inputs.items():
            simulation.set_input(name, PERIOD, values)
        return simulation

    def prepared(self, settings: Settings) -> Callable[[], NDArray[np.int8]]:
        """One determination, the inputs being set."""
        simulation = self.simulation(settings)

        def run() -> NDArray[np.int8]:
            for name in simulation.tax_benefit_system.variables:
                if name not in self.inputs:
                    simulation.delete_arrays(name)
            return np.asarray(simulation.calculate("outcome", PERIOD), dtype=np.int8)

        return run

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        return self.prepared(settings)()

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counts(self.determine(settings), self.columns)
