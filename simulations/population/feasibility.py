"""Which published figures cannot hold together in one population, whatever its tables say.

Truth, the results of two tests and benefit make a finite number of kinds of patient; a target with its interval is a
pair of linear limits on their shares. A set of targets that no shares satisfy is found by linear programming:
nothing of how the shipped populations are built enters, only that shares are shares. Premises are stated and are
members of a set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from simulations.population.expectation import Tally, expected
from simulations.population.loading import load_document, shipped
from simulations.population.page import ANCHORS, GAINS, Target, TrialWords, VirtualTrial
from simulations.population.probability_tables import Codes, Population
from simulations.population.virtual_trial import (
    Mask,
    among_whom,
    described_trial,
    has,
    positive,
    ratios,
)

LARGEST_SET = 3
_LEAST = 0.005  # share of patients below which a ratio means nothing

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Conflict:
    """A smallest set of targets (page/target, with what each says and its interval) that no population can meet."""

    targets: tuple[tuple[str, Target], ...]
    premises: tuple[str, ...] = ()

    def line(self, names: Mapping[str, str] | None = None) -> str:
        """'A 4 to 7.7 % (S20) with B 49 to 61 % (R14), if two positive tests mean ...'.

        `names`: what a person calls a page, where that is not its id.
        """
        parts = []
        for name, target in self.targets:
            low, high = _interval(target)
            span = f"{low:g} to {high:g} %" if low < high else f"{low:g} %"
            basis = ", ".join([*target.source, *target.statements]) or "assumption"
            page = name.partition("/")[0]
            parts.append(f"{target.says} {span} ({(names or {}).get(page, page)}, {basis})")
        return " with ".join(parts) + (f", if {' and '.join(self.premises)}" if self.premises else "")


def conflicts(
    populations: Iterable[Population] = (), exactly: bool = False, only: Iterable[str] = ()
) -> tuple[Conflict, ...]:
    """The smallest sets (of up to three) among the targets of all shipped populations that cannot hold together.

    `only`: of these shipped populations in the place of all. What is held out and is of all patients is of others than
    those of the trial, and left out.

    With `populations` their targets are added and only sets with one of theirs are given. `exactly` asks for the
    published values themselves in place of their intervals. A gain is no share and left out.
    """
    own = list(populations)
    others = [load_document(name) for name in only or shipped()]
    pages = [p for p in {p.id: p for p in [*own, *others]}.values() if p.page.virtual_trial]
    if not pages or (own and not any(p.page.virtual_trial for p in own)):
        return ()
    pages = [page for page in pages if page.policy.id == pages[0].policy.id]
    cells, (confirmed, alike) = _cells(pages[0]), premises(described_trial(pages[0]).words)
    targets = _linear(pages, exactly)
    members: dict[str, list[Rows]] = {name: _limits(cells, target) for name, target in targets.items()}
    members[confirmed] = _confirmed(cells)
    found = _smallest_impossible(cells, members)
    mine = {page.id for page in own}
    result = [
        Conflict(
            tuple((n, targets[n]) for n in members if n in names and n in targets), (confirmed,) * (confirmed in names)
        )
        for names in found
    ] + _unlike(targets, alike)
    return tuple(c for c in result if not mine or any(name.partition("/")[0] in mine for name, _ in c.targets))


def premises(words: TrialWords) -> tuple[str, str]:
    """What a set may suppose: that the test finds its condition, and that both tests are alike."""
    found = f"two positive {words.test}s mean {words.condition} more often than not"
    return found, f"both {words.test}s are alike and have only the patient in common"


def _smallest_impossible(cells: Tally, members: dict[str, list[Rows]]) -> list[frozenset[str]]:
    """Sets of names whose limits no shares satisfy together, none inside another."""
    found: list[frozenset[str]] = []
    known: list[Rows] = []  # shares that satisfy some set: most sets are settled by one of them
    for size in range(1, LARGEST_SET + 1):
        for names in combinations(members, size):
            chosen = frozenset(names)
            rows = np.array([row for name in names for row in members[name]])
            if any(less <= chosen for less in found) or any((rows @ shares <= 1e-9).all() for shares in known):
                continue
            shares = _satisfying(cells, rows)
            if shares is None:
                found.append(chosen)
            else:
                known.append(shares)
    return found


def _linear(pages: Sequence[Population], exactly: bool) -> dict[str, Target]:
    """'page/target' -> target, each once, of those that are shares of the patients of the trial."""
    chosen: dict[str, Target] = {}
    seen = set()
    for page in pages:
        trial = described_trial(page)
        for name, target in page.page.targets.items():
            other = target.metric in (*ANCHORS, *GAINS) or (
                target.metric == "share" and target.share_of != _true(trial)
            )
            other = other or (target.use == "held_out" and not target.stratum)
            if other or set(target.stratum) - set(trial.among):
                continue
            key = (target.metric, target.tests, str(sorted(target.stratum.items())), target.value, target.between)
            if key not in seen:
                seen.add(key)
                limits = (target.value, target.value) if exactly else target.between
                chosen[f"{page.id}/{name}"] = target.model_copy(update={"between": limits})
    return chosen


def _true(trial: VirtualTrial) -> dict[str, tuple[str, ...]]:
    return {trial.truth: ("true",)}


def _cells(population: Population) -> Tally:
    """Every kind of patient of the trial; the weights hold the share of each group of the trial, spread evenly."""
    trial = described_trial(population)
    bands = (0, trial.loosest, trial.cut_off)
    groups = among_whom(trial, expected(population, trial.among, trial.assign))
    kinds = list(product((0, 1), bands, bands, (0, 1)))
    names = (trial.truth, *trial.tests, trial.benefit)
    codes: dict[str, Codes] = {n: np.repeat(c, len(kinds)).astype(np.int32) for n, c in groups.codes.items()}
    for position, name in enumerate(names):
        codes[name] = np.tile(np.array([kind[position] for kind in kinds], dtype=np.int32), len(groups.weight))
    weight = np.repeat(groups.weight / groups.weight.sum() / len(kinds), len(kinds))
    return Tally(population, codes, weight)


def _limits(cells: Tally, target: Target) -> list[Rows]:
    """Rows r with r @ shares <= 0 (the last entry is taken off): what the interval asks for."""
    ((counted, among),) = ratios(cells, target)
    low, high = _interval(target)
    num, den = counted.astype(float), among.astype(float)
    some = np.append(-den, -_LEAST)  # den >= _LEAST
    return [np.append(num - high / 100 * den, 0.0), np.append(low / 100 * den - num, 0.0), some]


def _confirmed(cells: Tally) -> list[Rows]:
    """In each group of the trial at least half of those with two positive tests have the condition."""
    rows, trial = [], described_trial(cells.population)
    first, second = positive(cells, trial.cut_off)
    for group in _groups(cells):
        both = group & first & second
        rows.append(np.append(0.5 * both - (both & has(cells, trial.truth)), 0.0))
    return rows


def _groups(cells: Tally) -> list[Mask]:
    names = described_trial(cells.population).among
    keys = np.stack([cells.codes[name] for name in names])
    return [(keys == key[:, None]).all(axis=0) for key in np.unique(keys, axis=1).T]


def _satisfying(cells: Tally, rows: Rows) -> Rows | None:
    """Shares (and -1 at the end) that keep every row, None when there are none; groups keep their size."""
    from scipy.optimize import linprog  # here, because the command line must not wait for it

    groups = _groups(cells)
    result = linprog(
        np.zeros(len(cells.weight)),
        A_ub=rows[:, :-1],
        b_ub=rows[:, -1],
        A_eq=np.array(groups, dtype=float),
        b_eq=[cells.total(group) for group in groups],
        method="highs",
    )
    if result.status not in (0, 2):
        raise ArithmeticError(f"linear programming gave up: {result.message}")
    return np.append(result.x, -1.0) if result.status == 0 else None


def _unlike(targets: dict[str, Target], alike: str) -> list[Conflict]:
    """Two tests that are alike, given the patient, are both positive at least as often as one is, squared.

    With D positive twice and the rate F this says D + F (1 - D) <= sqrt(D), so F is at most sqrt(D) / (1 + sqrt(D)).
    """
    found = []
    for (one, dual), (other, single) in product(targets.items(), repeat=2):
        same = dual.metric == "dual_positive" and single.metric == "single_test_false_positive"
        if same and dual.stratum == single.stratum:
            root = sqrt(_interval(dual)[1] / 100)
            if _interval(single)[0] / 100 > root / (1 + root):
                found.append(Conflict(((one, dual), (other, single)), (alike,)))
    return found


def _interval(target: Target) -> tuple[float, float]:
    assert target.between is not None
    return float(target.between[0]), float(target.between[1])
