"""Populations by name or from a file: read, checked and compiled; and pages changed in memory, compiled again."""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from policy.problems import Finding, ProblemsFound, listed, nearest, refuse, shown
from policy.reading import loading
from policy.reading.yaml import located, read_text
from simulations.population.compiler import compile_page, cumulative_shares
from simulations.population.page import (
    FOLDER,
    Page,
    Table,
)
from simulations.population.page_lines import Lines
from simulations.population.probability_tables import (
    Choice,
    Decision,
    Population,
)


def shipped() -> tuple[str, ...]:
    """Names of the populations that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_document(name_or_path: str | Path) -> Population:
    """A shipped population by name, or one from a YAML file; raises ProblemsFound with every problem of the page."""
    name = str(name_or_path)
    known = shipped()
    path = FOLDER / f"{name}.yaml" if name in known else Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        message = f"is no population that ships ({listed(known)}) and no .yaml file{nearest(name, known)}"
        raise refuse("unknown-population", shown(name), message)
    if path.is_relative_to(FOLDER):
        return parse(read_text(path), path.name)
    own = parse(read_text(path), name)
    if own.id in known and own.fingerprint != load_document(own.id).fingerprint:  # results go by the name
        return replace(own, page=own.page.model_copy(update={"id": f"{own.id} (own page)"}))
    return own


@lru_cache(maxsize=32)  # one report reads the same page up to thirty times; a page that is checked never changes
def parse(text: str, name: str) -> Population:
    """The population written in `text`; `name` stands for the file in messages. Raises ProblemsFound."""
    own, node = loading.parse(text, name, Page)
    if own.based_on is None:
        return Population(own, *compile_page(own, Lines(name, node)), _digest(node.plain()))
    known = shipped()
    if own.based_on not in known or own.based_on == own.id:
        message = f"{shown(own.based_on)} is no other population that ships"
        raise ProblemsFound(located([Finding("based-on", ("based_on",), message, own.based_on, known)], name, node))
    file = f"{own.based_on}.yaml"
    base, under = loading.parse(read_text(FOLDER / file), file, Page)
    if base.based_on is not None:
        message = f"{own.based_on} is itself based on {base.based_on}; name that one"
        raise ProblemsFound(located([Finding("based-on", ("based_on",), message)], name, node))
    page = own.over(base)
    compiled = compile_page(page, Lines(name, node, Lines(file, under)))
    return Population(page, *compiled, _digest([node.plain(), under.plain()]))


def altered(page: Page) -> Population:
    """A page that was changed in memory (shares moved within their ranges), compiled again; raises ProblemsFound.

    Its fingerprint is that of the changed content, so it is never taken for the page it came from.
    """
    return Population(page, *compile_page(page, Lines(page.id)), _digest(page.model_dump(mode="json", by_alias=True)))


def reshared(population: Population, page: Page) -> Population:
    """The population with the shares of a page that differs from its own in shares alone, none of them 0 on one side.

    Everything else, effects included, stays as it is, and nothing is checked again: for many draws whose fingerprint
    nobody asks for.
    """
    mine, habits = population.page.variables, population.page.habits

    def again(choice: Choice, before: Table, after: Table) -> Choice:
        if after.rows == before.rows:
            return choice
        effects = [effect for effect in before.effects if effect.odds_percent != 100]
        return replace(
            choice, bounds=np.array([bound for bound, _ in cumulative_shares(after, effects)], dtype=np.uint64)
        )

    def told(decision: Decision) -> Choice | None:
        before, after = mine[decision.name].documented, page.variables[decision.name].documented
        if decision.documented is None or isinstance(before, Table) is not isinstance(after, Table):
            return decision.documented
        if isinstance(before, Table) and isinstance(after, Table):
            return again(decision.documented, before, after)
        return again(decision.documented, habits[str(before)], page.habits[str(after)])

    decisions = tuple(
        replace(d, choice=again(d.choice, mine[d.name], page.variables[d.name]), documented=told(d))
        for d in population.decisions
    )
    return replace(population, page=page, decisions=decisions, fingerprint=f"shares of {population.fingerprint} moved")


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
