"""What a population is expected to hold, by going through its tables: exact, without drawing a case.

A `Tally` counts combinations of facts. `expected` fills it with probabilities, `drawn` with the cases of a seed; a
figure worked out from a tally is the same computation for both, so that one checks the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from policy.problems import refuse
from simulations.population.probability_tables import BITS, EMPTY, Choice, Codes, Decision, Population
from simulations.population.sampling import facts_of, needed

MOST_COMBINATIONS = 4_000_000
_SLICE = 1_000_000

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Distinct combinations of facts: `codes` by variable, int32 (n,), and the `weight` of each, float64 (n,).

    Weights are probabilities that add up to 1, or numbers of cases.
    """

    population: Population
    codes: dict[str, Codes]
    weight: Weights

    def where(self, wanted: Mapping[str, Iterable[str]]) -> NDArray[np.bool_]:
        """Which combinations fit a description by variable and values, as `when` has them on the page: bool (n,)."""
        chosen = np.ones(len(self.weight), dtype=np.bool_)
        for name, values in wanted.items():
            chosen &= np.isin(self.codes[name], self.population[name].codes(values))
        return chosen

    def total(self, among: NDArray[np.bool_]) -> float:
        """The weight of the combinations that a mask of shape (n,) keeps."""
        return float(self.weight[among].sum())

    def merged(self, names: Iterable[str]) -> "Tally":
        """The same weight by fewer variables."""
        codes = {name: self.codes[name] for name in names}
        return Tally(self.population, *_merged(codes, self.weight))


def expected(population: Population, names: Iterable[str], assign: Mapping[str, str] | None = None) -> Tally:
    """Probabilities of every combination of `names`, worked out from the tables; documentation aside.

    `assign` gives variables a value whatever they hang on, as in `facts_of`. Raises ProblemsFound when the facts hang
    on more than 4,000,000 combinations (durations in single days do).
    """
    wanted, assign = list(names), assign or {}
    decisions = needed(population, wanted, assign)
    codes: dict[str, Codes] = {}
    weight: Weights = np.ones(1)
    for place, decision in enumerate(decisions):
        if decision.name in assign:
            codes[decision.name] = np.full(len(weight), decision.code(assign[decision.name]), dtype=np.int32)
            continue
        codes, weight = _spread(decision, codes, weight)
        later = {parent for d in decisions[place + 1 :] if d.name not in assign for parent in d.parents}
        codes, weight = _merged({name: c for name, c in codes.items() if name in later or name in wanted}, weight)
    return Tally(population, {name: codes[name] for name in wanted}, weight)


def drawn(
    population: Population, names: Iterable[str], size: int, seed: int, assign: Mapping[str, str] | None = None
) -> Tally:
    """The same combinations counted in the cases of a seed."""
    wanted = list(names)
    parts = []
    for start in range(0, size, _SLICE):
        count = min(_SLICE, size - start)
        parts.append(_merged(facts_of(population, count, seed, start, wanted, assign), np.ones(count)))
    codes = {name: np.concatenate([part[name] for part, _ in parts]) for name in wanted}
    return Tally(population, *_merged(codes, np.concatenate([weight for _, weight in parts])))


def row_chances(choice: Choice, row: int) -> tuple[Codes, Weights]:
    """The values that row `row` of a table can give, and the chance of each; the words of a stream are uniform."""
    low, high = row << int(BITS), (row + 1) << int(BITS)
    inside = np.flatnonzero((choice.bounds > low) & (choice.bounds <= high))
    edges = np.concatenate([[low], choice.bounds[inside].astype(np.int64)])
    chances = np.diff(edges) / 2.0 ** int(BITS)
    values, shares = [], []
    for entry, chance in zip(inside, chances, strict=True):
        count = int(choice.count[entry])
        values.append(choice.lowest[entry] + choice.step[entry] * np.arange(count, dtype=np.int32))
        shares.append(np.full(count, chance / count))
    return np.concatenate(values).astype(np.int32), np.concatenate(shares)


def _spread(decision: Decision, codes: dict[str, Codes], weight: Weights) -> tuple[dict[str, Codes], Weights]:
    """Every combination with every value that the decision can then take."""
    rows = np.zeros(len(weight), dtype=np.intp)
    for lookup in decision.choice.lookups:
        rows += lookup.at(codes)
    pieces: list[tuple[NDArray[np.intp], Codes, Weights]] = []
    for row in np.unique(rows).tolist():
        values, chances = row_chances(decision.choice, row)
        here = np.flatnonzero(rows == row)
        if sum(len(piece[0]) for piece in pieces) + len(here) * len(values) > MOST_COMBINATIONS:
            message = f"hangs on more than {MOST_COMBINATIONS:,} combinations; draw cases instead"
            raise refuse("expectation", decision.name, message)
        pieces.append((np.repeat(here, len(values)), np.tile(values, len(here)), np.tile(chances, len(here))))
    source = np.concatenate([piece[0] for piece in pieces])
    value = np.concatenate([piece[1] for piece in pieces])
    chance = np.concatenate([piece[2] for piece in pieces])
    if decision.at_most is not None:
        value = np.minimum(value, codes[decision.at_most][source])
    spread = {name: known[source] for name, known in codes.items()}
    return spread | {decision.name: value.astype(np.int32)}, weight[source] * chance


def _merged(codes: dict[str, Codes], weight: Weights) -> tuple[dict[str, Codes], Weights]:
    """Equal combinations added up, in the order of their codes."""
    if not codes:
        return {}, np.array([weight.sum()])
    key = np.zeros(len(weight), dtype=np.int64)
    for column in codes.values():
        key = key * (int(column.max()) - EMPTY + 1) + (column - EMPTY)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    added: Weights = np.bincount(inverse, weights=weight).astype(np.float64)
    return {name: column[first] for name, column in codes.items()}, added


# What hangs together -------------------------------------------------------------------------------------------------


def linked(population: Population, facts: Iterable[str], other: str, given: Iterable[str]) -> list[str]:
    """Those of `facts` that can tell anything about `other` among cases alike in `given`, by the page's dependences.

    A fact of the case table is its value and whether it is written down. A fact is left out when it and `other` are
    separated by `given` in the moral graph of their ancestors (Lauritzen, Dawid, Larsen and Leimer 1990), which is
    d-separation (Pearl 1988): then no rule that reads it can tell who of the like cases has `other`. Names that the
    page does not draw tell nothing.
    """
    causes = _causes(population)
    blocked = {name for name in given if name in causes}
    found = []
    for fact in facts:
        nodes = {fact, f"{fact}/documented"} & causes.keys() - blocked
        if other in causes and any(_connected(causes, node, other, blocked) for node in nodes):
            found.append(fact)
    return found


@lru_cache(maxsize=8)
def _causes(population: Population) -> dict[str, set[str]]:
    """Each decision with those that its tables really hang on; `x/documented` is whether x is written down."""
    found: dict[str, set[str]] = {}
    for decision in population.decisions:
        found[decision.name] = hangs_on(decision.choice) | ({decision.at_most} if decision.at_most else set())
        paper = hangs_on(decision.documented) if decision.documented else set()
        if decision.only_with:
            paper |= {f"{decision.only_with}/documented"}
        if not decision.latent:
            found[f"{decision.name}/documented"] = paper
    return found


def hangs_on(choice: Choice) -> set[str]:
    """The facts along which the shares of a table differ; rows that say the same do not tell a fact apart."""
    found: set[str] = set()
    for number, lookup in enumerate(choice.lookups):
        rows = lookup.base
        if not number:
            shares = {
                row: str([part.tolist() for part in row_chances(choice, row)]) for row in np.unique(rows).tolist()
            }
            same = {text: place for place, text in enumerate(dict.fromkeys(shares.values()))}
            rows = np.array([same[shares[row]] for row in rows.tolist()])
        strides = [stride for _, stride in lookup.parents]
        shape = [above // below for above, below in zip([len(rows), *strides], strides, strict=False)]
        states = rows.reshape(shape)
        found |= {
            name for axis, (name, _) in enumerate(lookup.parents) if (states != states.take([0], axis=axis)).any()
        }
    return found


def _connected(causes: Mapping[str, set[str]], one: str, other: str, blocked: set[str]) -> bool:
    ancestors, ahead = set(), [one, other, *blocked]
    while ahead:
        name = ahead.pop()
        if name not in ancestors:
            ancestors.add(name)
            ahead += causes[name]
    near: dict[str, set[str]] = {name: set() for name in ancestors}
    for name in ancestors:
        family = {name, *causes[name]}
        for member in family:
            near[member] |= family
    reached, ahead = {one}, [one]
    while ahead:
        fresh = near[ahead.pop()] - reached - blocked
        reached |= fresh
        ahead += fresh
    return other in reached
