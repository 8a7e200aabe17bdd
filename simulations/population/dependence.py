"""Which facts of a population can go together at all, read off its page: whatever is drawn, and however many cases.

A page is a directed graph: each variable depends on those that its tables name, and what is written down of it on those
that its habit names. Two sets of variables are independent given a third wherever the graph separates them (Pearl 1988;
tested on the moral graph of their ancestors, Lauritzen et al. 1990). The converse does not hold: what is connected may
be independent all the same, so only independence is ever claimed.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Literal

from policy.evaluation.pathways import diagnosis_group
from policy.model import Policy
from policy.sql.case_table import readable
from simulations.population import Population

Node = tuple[Literal["fact", "seen"], str]  # a variable as it is, and as it is written down
Dependence = Literal["none", "requests", "possible"]


def dependence(population: Population, policy: Policy, column: str, others: Iterable[str]) -> Dependence:
    """How outcomes, and the simulated truth, can depend on a column of the page that tells groups apart.

    `none`: not at all, so that every gap is luck of drawing; `requests`: only through the diagnosis and procedure asked
    for; `possible`: otherwise. `others`: further group columns, which count only where a rule of the policy reads them.
    """
    reads = {*readable(policy)}
    apart = {name for name in (column, *others) if name not in reads}
    facts: set[Node] = {
        ("fact" if d.name in population.truths else "seen", d.name) for d in population.decisions
        if d.name not in apart and not d.latent
    }  # fmt: skip
    seen: Node = ("seen", column)
    if seen in facts:
        return "possible"
    if separated(population, {seen}, facts, set()):
        return "none"
    asked: set[Node] = {("fact", name) for name in _told_by_request(population, policy)}
    return "requests" if separated(population, {seen}, facts, asked) else "possible"


def separated(population: Population, ones: set[Node], others: set[Node], given: set[Node]) -> bool:
    """Whether the page makes two sets of variables independent, given a third."""
    causes = _causes(population)
    ahead = [*ones, *others, *given]
    family: set[Node] = set()
    while ahead:
        node = ahead.pop()
        if node not in family:
            family.add(node)
            ahead += causes[node]
    near: dict[Node, set[Node]] = {node: set() for node in family}
    for node in family:
        for one, other in combinations([node, *causes[node]], 2):
            near[one].add(other)
            near[other].add(one)
    ahead, reached = list(ones - given), set(given)
    while ahead:
        node = ahead.pop()
        if node in others:
            return False
        if node not in reached:
            reached.add(node)
            ahead += near[node] - reached
    return True


def _causes(population: Population) -> Mapping[Node, list[Node]]:
    """What each variable, and what is written down of it, is made from."""
    found: dict[Node, list[Node]] = {}
    for decision in population.decisions:
        name = decision.name
        found["fact", name] = [("fact", parent) for parent in decision.parents]
        habit = decision.documented.parents if decision.documented else ()
        found["seen", name] = [("fact", parent) for parent in dict.fromkeys([name, *habit])]
        found["seen", name] += [("seen", decision.only_with)] if decision.only_with else []
    return found


def _told_by_request(population: Population, policy: Policy) -> set[str]:
    """Variables that have one value in every diagnosis, or in every procedure, that the policy covers.

    Codes outside the policy need no telling apart: their outcome is out of scope, whoever asks.
    """
    families = {code: name for name, found in policy.procedures.items() for code in found.codes}
    known: set[str] = set()
    for column in ("dx", "cpt"):
        variable = population.page.variables.get(column)
        if variable is None or variable.documented != "always":
            continue
        causes = population[column].parents
        values: dict[tuple[str, str], set[str]] = {}  # cause, diagnosis or procedure -> values that go with it
        for row in variable.rows:
            codes = [str(code) for code, share in row.parts() if share]
            places = {families.get(c) if column == "cpt" else diagnosis_group(policy, c) for c in codes}
            for place in places - {None}:
                for cause in causes:
                    values.setdefault((cause, str(place)), set()).update(
                        row.when.get(cause, population[cause].values or ("", "any"))
                    )
        known |= {c for c in causes if all(len(found) == 1 for (cause, _), found in values.items() if cause == c)}
    return known
