"""Published figures and the populations that are held to them."""

from simulations import population
from simulations.population.page import Row
from simulations.population.probability_tables import Population

SEED, TRIAL, CLINIC = "seed_low_prevalence", "trial_10_15", "pain_clinic_dual_block"
NAMES = (SEED, TRIAL, CLINIC)


def with_rows(of: Population, variable: str, rows: list[dict[str, object]]) -> Population:
    """The population with other rows for one variable."""
    table = of.page.variables[variable].model_copy(update={"rows": tuple(Row.model_validate(row) for row in rows)})
    return population.altered(of.page.model_copy(update={"variables": of.page.variables | {variable: table}}))
