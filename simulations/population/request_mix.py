"""The mix of requests as a lever: `NAME,asthma=60` is that population with 60 % of requests for asthma.

`asthma.inhaler=20` likewise sets what is asked for among the requests of one diagnosis. What is not named
keeps its proportions in what is left. No published mix was found: show a result that hangs on it at several.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from policy.model import Policy
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from simulations.population import loading
from simulations.population.page import Page, Row
from simulations.population.probability_tables import Population

DIAGNOSES, PROCEDURES = "diagnosis", "procedure"
_LEAST = Decimal("0.000001")
_MIXED = re.compile(r"([a-z][a-z0-9_]*)((?:,[^,=]+=[^,=]*)+)")


def load(name_or_path: str | Path, policy: Policy | None = None) -> Population:
    """A population by name, with its mix of requests changed or not, or one from a YAML file.

    `policy`: the one that is asked. Raises ProblemsFound. The page of a file is changed in the file: `based_on` and the
    entry `diagnosis` are enough.
    """
    found = _MIXED.fullmatch(str(name_or_path))
    if not found:
        return loading.load_document(name_or_path, policy)
    population = loading.load_document(found[1], policy)
    pairs = [pair.split("=") for pair in found[2][1:].split(",")]
    twice = sorted({name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1})
    if twice:
        raise refuse("mix", f"population {shown(str(name_or_path))}", f"sets {listed(twice)} twice")
    return with_mix(population, dict(pairs))


def with_mix(population: Population, shares: Mapping[str, object]) -> Population:
    """The population with other shares of requests, in % of all (`asthma`) or of a diagnosis (`asthma.inhaler`).

    Those not named share what is left, in the proportions that they have. Its name and notice say what was changed.
    Raises ProblemsFound with every share that cannot be.
    """
    page = population.page
    problems: list[Problem] = []
    groups: dict[str, dict[str, object]] = {}
    for name, share in shares.items():
        diagnosis, dot, procedure = name.partition(".")
        groups.setdefault(diagnosis if dot else "", {})[procedure or diagnosis] = share
    for diagnosis, given in groups.items():
        with collecting(problems):
            page = _mixed(page, diagnosis, given)
    if problems:
        raise ProblemsFound(problems)
    said = ",".join(f"{name}={share}" for name, share in shares.items())
    notice = f"{page.notice} The mix of requests was changed by the user: {said.replace(',', ', ')} (%)."
    short = (
        f"{page.short_label}, {', '.join(f'{share} % {_asked(population.policy, n)}' for n, share in shares.items())}"
    )
    changed = page.model_copy(update={"id": f"{page.id},{said}", "short": short, "notice": notice})
    return loading.altered(changed, population.policy)


def _asked(policy: Policy, name: str) -> str:
    """'a diagnosis', or 'a procedure of a diagnosis': a share of requests by the labels of the policy."""
    diagnosis, _, procedure = name.partition(".")
    known = {name: one.label for name, one in policy.procedures.items()}
    known |= {name: one.label for name, one in policy.diagnoses.items()}
    return " of ".join(known.get(one, one.replace("_", " ")).partition(",")[0] for one in (procedure, diagnosis) if one)


def _mixed(page: Page, diagnosis: str, given: Mapping[str, object]) -> Page:
    """The page with the shares of all diagnoses, or of the procedures of one, moved."""
    name = PROCEDURES if diagnosis else DIAGNOSES
    table = page.variables.get(name)
    wanted = {DIAGNOSES: (diagnosis,)} if diagnosis else {}
    row = next((r for r in table.rows if r.when == wanted and r.shares), None) if table else None
    if table is None or row is None:
        known = list(page.variables[DIAGNOSES].rows[0].shares or ()) if DIAGNOSES in page.variables else []
        raise refuse("mix", f"{page.id}: {diagnosis or name}", f"has no shares to move{nearest(diagnosis, known)}")
    moved = row.model_copy(update={"shares": _moved(f"{page.id}: {name} {diagnosis}".strip(), row, given)})
    rows = tuple(moved if one is row else one for one in table.rows)
    return page.model_copy(update={"variables": page.variables | {name: table.model_copy(update={"rows": rows})}})


def _moved(place: str, row: Row, given: Mapping[str, object]) -> dict[str, Decimal]:
    """Shares that add up to 100, those of `given` as they are."""
    assert row.shares is not None
    problems = [
        f"{shown(n)} is none of {listed(row.shares)}{nearest(n, row.shares)}" for n in given if n not in row.shares
    ]
    fixed: dict[str, Decimal] = {}
    for name, share in given.items():
        text = str(share)
        if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text) or not _LEAST <= Decimal(text) <= 100:
            problems.append(f"{name} {shown(text)} is no share from 0.000001 to 100 % (rows of the page speak of each)")
        else:
            fixed[name] = Decimal(text)
    rest = {name: share for name, share in row.shares.items() if name not in given}
    left = 100 - sum(fixed.values())
    if not problems and (left < _LEAST * len(rest) or (left and not rest)):
        wanted = f"must leave something for {listed(rest)}" if rest else "must add up to 100"
        problems.append(f"shares add up to {100 - left} %; they {wanted}")
    if problems:
        raise ProblemsFound([Problem("mix", place, text) for text in problems])
    total = sum(rest.values())
    scaled = {name: (left * share / total).quantize(_LEAST) for name, share in rest.items()} if rest else {}
    if scaled:
        scaled[max(scaled, key=lambda name: scaled[name])] += left - sum(scaled.values())
    return {name: fixed.get(name, scaled.get(name, Decimal(0))) for name in row.shares}


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
    for name in sorted(shares.keys() - known.keys()):
        raise refuse("mix", variable, f"{name} is none of {listed(known)}{nearest(name, known)}")
    row = _row({"shares": {name: str(shares.get(name, 0)) for name in known}}, variable)
    variables = population.page.variables | {variable: table.model_copy(update={"rows": (row,)})}
    return loading.altered(population.page.model_copy(update={"variables": variables}), population.policy)


def _row(data: Mapping[str, object], place: str) -> Row:
    """A row of a table from its text; raises ProblemsFound."""
    try:
        return Row.model_validate(data)
    except ValueError as error:
        raise refuse("mix", place, str(error.errors()[0]["msg"]) if hasattr(error, "errors") else str(error)) from None
