"""Populations by name or from a file: read, checked and compiled; and pages changed in memory, compiled again."""

import hashlib
import json
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from policy.model import Policy
from policy.problems import Finding, ProblemsFound, listed, nearest, refuse, shown
from policy.reading import loading
from policy.reading.workspace import saved
from policy.reading.yaml import Node, located, read_text
from simulations.population.compiler import compile_page, cumulative_shares
from simulations.population.page import FOLDER, TABLES, Page, Table
from simulations.population.page_lines import Lines
from simulations.population.probability_tables import (
    Choice,
    Decision,
    Population,
)


def shipped() -> tuple[str, ...]:
    """Names of the populations that come with the workbook."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def named() -> dict[str, Path]:
    """Name -> file of every population that can be called by name: what ships, else what lies in the workspace."""
    return saved("populations") | {name: FOLDER / f"{name}.yaml" for name in shipped()}


def is_table(name_or_path: str | Path) -> bool:
    """Whether it is a case table: a file by its ending, or a folder of Parquet files that no population is called."""
    path, name = Path(name_or_path), str(name_or_path).strip()
    if path.suffix.lower() in TABLES:
        return True
    return bool(name) and name not in named() and path.is_dir() and any(path.rglob("*.parquet"))


def population_file(name_or_path: str | Path) -> Path:
    """The file of a population; raises ProblemsFound for a name that neither ships nor lies in the workspace."""
    name, known = str(name_or_path), named()
    path = known.get(name, Path(name_or_path))
    if path.suffix not in (".yaml", ".yml"):
        own = sorted(known.keys() - set(shipped()))
        there = f", none in the workspace ({listed(own)})" if own else ""
        message = f"is no population that ships ({listed(shipped())}){there} and no .yaml file{nearest(name, known)}"
        raise refuse("unknown-population", shown(name), message)
    return path


def load_document(name_or_path: str | Path, policy: Policy | None = None) -> Population:
    """A population by name (shipped or saved), or one from a YAML file; raises ProblemsFound with every problem of it.

    `policy`: the one that is asked; a page that names it, or whose own policy is not there, has its columns.
    """
    path, known = population_file(name_or_path), shipped()
    if path.is_relative_to(FOLDER):
        return parse(read_text(path), path.name, None, policy)
    own = parse(read_text(path), str(path), path.resolve().parent, policy)
    if own.id in known and own.fingerprint != load_document(own.id).fingerprint:  # results go by the name
        return replace(own, page=own.page.model_copy(update={"id": f"{own.id} (own page)"}))
    return own


@lru_cache(maxsize=32)  # one report reads the same page up to thirty times; a page that is checked never changes
def parse(text: str, name: str, folder: Path | None = None, policy: Policy | None = None) -> Population:
    """The population written in `text`; `name` stands for the file in messages. Raises ProblemsFound.

    `folder`: where a path to its policy starts; `policy` as in `load_document`.
    """
    own, node = loading.parse(text, name, Page)
    if own.based_on is None:
        lines = Lines(name, node)
        columns = _policy_of(own, lines, folder or Path(), policy)
        return Population(own, columns, compile_page(own, lines, columns), _digest(_content(node)))
    known = shipped()
    if own.based_on not in known or own.based_on == own.id:
        message = f"{shown(own.based_on)} is no other population that ships"
        raise ProblemsFound(located([Finding("based-on", ("based_on",), message, own.based_on, known)], name, node))
    file = f"{own.based_on}.yaml"
    base, under = loading.parse(read_text(FOLDER / file), file, Page)
    if base.based_on is not None:
        message = f"{own.based_on} is itself based on {base.based_on}; name that one"
        raise ProblemsFound(located([Finding("based-on", ("based_on",), message)], name, node))
    page, lines = own.over(base), Lines(name, node, Lines(file, under))
    columns = _policy_of(page, lines, FOLDER, policy)
    return Population(page, columns, compile_page(page, lines, columns), _digest([_content(node), _content(under)]))


def _policy_of(page: Page, lines: Lines, folder: Path, asked: Policy | None) -> Policy:
    """The policy whose columns a page makes: by name, or by a path from the page's own folder."""
    if asked is not None and page.policy in (asked.id, asked.name):
        return asked
    written = Path(page.policy)
    path = folder / written if written.suffix in (".yaml", ".yml") else None
    names = loading.shipped() | saved("policies")
    known = {*names, *(name.partition("@")[0] for name in names)}
    if asked is not None and path is not None and not path.exists():  # the page came here without it
        return asked
    if asked is not None and path is None and page.policy not in known:
        message = f"is a population of {page.policy}, but its cases are to be read by {asked.name}: the ids differ"
        raise ProblemsFound(lines.located([Finding("policy", ("policy",), message)]))
    try:
        return loading.outline(path or page.policy)
    except ProblemsFound as error:
        said = [f"{p.place.replace(str(path), page.policy)}: {p.message}" for p in error.problems]
        raise ProblemsFound(lines.located([Finding("policy", ("policy",), one) for one in said])) from None


def altered(page: Page, policy: Policy | None = None) -> Population:
    """A page that was changed in memory (shares moved within their ranges), compiled again; raises ProblemsFound.

    `policy`: that of the population that it was, by default the one that the page names.

    Its fingerprint is that of the changed content, so it is never taken for the page it came from.
    """
    lines = Lines(page.id)
    policy = policy or _policy_of(page, lines, Path(), None)
    compiled = compile_page(page, lines, policy)
    return Population(page, policy, compiled, _digest(page.model_dump(mode="json", by_alias=True, exclude={"short"})))


# Of one policy -------------------------------------------------------------------------------------------------------


def default_for(policy: Policy) -> str:
    """The population of a policy where none is named: the one page that ships for it and stands alone, else is saved.

    Raises ProblemsFound where there is none, or more than one.
    """
    for names in (shipped(), tuple(saved("populations"))):
        found = [name for name in names if _stands_alone(named()[name], policy)]
        if policy.id in found:
            return policy.id
        if len(found) > 1:
            raise refuse("population", policy.id, f"has {len(found)} populations: name one of {listed(found)}")
        if found:
            return found[0]
    known = any(name.partition("@")[0] == policy.id for name in loading.shipped() | saved("policies"))
    drafted = policy.id if known else "FILE-OF-THE-POLICY"
    write = f"workbook population --draft {drafted} --out workspace/populations/{policy.id}.yaml"
    message = f"no population ships or is saved for this policy; name one, or write a first one: {write}"
    raise refuse("population", policy.id, message)


def _stands_alone(file: Path, policy: Policy) -> bool:
    """Whether a page is for the policy and based on no other; a page with faults is for none."""
    try:
        text = read_text(file)
    except ProblemsFound:
        return False
    said = dict(re.findall(r"^(policy|based_on): *[\"']?([^\"'#\n]*?)[\"']? *(?:#.*)?$", text, re.M))
    meant = said.get("policy", loading.DEFAULT)
    if "based_on" in said or meant in (policy.id, policy.name):
        return "based_on" not in said
    if not meant.endswith((".yaml", ".yml")):
        return False
    try:
        return loading.outline(file.resolve().parent / meant).id == policy.id
    except ProblemsFound:
        return False


def compared_for(policy: Policy) -> tuple[str, ...]:
    """The populations that reports show beside each other for a policy; none where it has no default."""
    try:
        first = default_for(policy)
        return (first, *load_document(first, policy).page.compare_with)
    except ProblemsFound:
        return ()


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


def _content(node: Node) -> dict[str, Any]:
    """What a page says, but for the short label, which changes no case."""
    return {key: value for key, value in node.plain().items() if key != "short"}


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
