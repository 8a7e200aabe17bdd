"""A population with other shares of one variable: the mix of requests is an assumption that anybody may replace."""

from collections.abc import Mapping
from typing import Any

from policy.problems import listed, nearest, refuse
from simulations.population_compiler import altered
from simulations.population_page import Page, Row, Table
from simulations.population_tables import Population


def with_shares(population: Population, shares: Mapping[str, object], variable: str = "diagnosis") -> Population:
    """The population with other shares of one variable without rows: by default the mix of requests by diagnosis.

    `shares` are per cent by value, as on the page, and add up to 100; what is not named gets none. Raises
    ProblemsFound, also when a diagnosis falls to 0 that other rows speak of.
    """
    table = population.page.variables.get(variable)
    if table is None or len(table.rows) != 1 or table.rows[0].shares is None:
        simple = [n for n, v in population.page.variables.items() if len(v.rows) == 1 and v.rows[0].shares]
        message = f"is no variable with one row of shares; there is {listed(simple)}{nearest(variable, simple)}"
        raise refuse("mix", variable, message)
    known = table.rows[0].shares
    for name in shares.keys() - known.keys():
        raise refuse("mix", variable, f"{name} is none of {listed(known)}{nearest(name, known)}")
    row = _row({"shares": {name: str(shares.get(name, 0)) for name in known}}, variable)
    return altered(replaced(population.page, ("variables", variable), table.model_copy(update={"rows": (row,)})))


def _row(data: Mapping[str, object], place: str) -> Row:
    """A row of a table from its text; raises ProblemsFound."""
    try:
        return Row.model_validate(data)
    except ValueError as error:
        raise refuse("mix", place, str(error.errors()[0]["msg"]) if hasattr(error, "errors") else str(error)) from None


def replaced(page: Page, path: tuple[str, ...], table: Table) -> Page:
    """The page with one table put in the place of another."""
    section, name, *inner = path
    entries: dict[str, Any] = dict(getattr(page, section))
    entries[name] = entries[name].model_copy(update={"documented": table}) if inner else table
    return page.model_copy(update={section: entries})
