"""Disclosure control: which numbers about people one output may tell, so that no count of 1 to 10 of them comes out.

Two ways, never mixed in one output. Counts are told exactly and some are *withheld* (`Ledger`): whoever adds and
subtracts all that is told must be left with at least three whole numbers for every count of 1 to 10, and for every
difference that comes to so few. Where every setting of a lever is one more result to subtract, shares of counts rounded
to 20 are told instead, as *about* so much (`about`).

What a count is of is modelled in release.py; cases made here, and the owner's own view, are exact.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

SMALL = 10  # counts from 1 to this are withheld; 0 is told
STEP = 2 * SMALL  # rounded counts are multiples of this
OPEN = 3  # whole numbers that a small count must be left with
LEAST_ABOUT = 50  # of fewer cases a count rounded to 20 says nothing
REASON = f"counts of 1 to {SMALL} people, and what would give one away by adding or subtracting"
TOO_FEW = f"fewer than {SMALL + 1} cases in all: nothing is shown"
TOO_FEW_ABOUT = f"fewer than {LEAST_ABOUT} cases: shares of counts rounded to {STEP} would say nothing"
ALONE = "Separate commands, and their outputs, are not protected against each other."
OWNERS = "not for release"

Counts = TypeVar("Counts", int, NDArray[np.int64])
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Row = dict[int, int]  # atom -> how often it counts
Name = Hashable


def small(values: NDArray[np.int64]) -> Mask:
    """Where a count, or the difference of two, is 1 to 10 either way."""
    return (np.abs(values) >= 1) & (np.abs(values) <= SMALL)


# About so much -------------------------------------------------------------------------------------------------------


def rounded(counts: Counts) -> Counts:
    """Counts (0 or more) to the nearest 20: 0 stands for 0 to 10, 20 for 11 to 30; no difference tells a few."""
    return (counts + SMALL - 1) // STEP * STEP


def about(counts: Counts, cases: int) -> Counts:
    """Counts of some of `cases` (50 or more), rounded; the last step is never so short that the number of cases fills
    in the rest."""
    near, top = rounded(counts), rounded(cases)
    if isinstance(near, np.ndarray):
        return np.where(counts >= cases - 2, top, near)
    return top if counts >= cases - 2 else near


def about_all(counts: NDArray[np.int64], cases: int) -> list[int | None]:
    """Counts that add up to the cases, as `about`; where their sum leaves one too little room, only the first is told.

    Each alone is open by 20; but all together may be at the lower or the upper ends of their steps.
    """
    told = [int(n) for n in about(counts, cases)]
    top = rounded(cases)
    low = [min(n - SMALL + 1, cases - 2) if n and n == top else n - SMALL + 1 if n else 0 for n in told]
    high = [cases if n == top else min(n + SMALL, cases) for n in told]
    if min(cases - sum(low), sum(high) - cases) >= OPEN - 1:
        return list(told)
    return [told[0], *[None] * (len(told) - 1)]


def about_flow(flow: NDArray[np.int64]) -> dict[str, int | None]:
    """Of a flow (6, 6) of 50 or more people the rounded counts: cases, met before (`before`), each outcome after by its
    place ("0" to "5"), and `moved`."""
    cases, after = int(flow.sum()), about_all(flow.sum(axis=0), int(flow.sum()))
    found: dict[str, int | None] = {"cases": rounded(cases), "before": about_all(flow.sum(axis=1), cases)[0]}
    found |= {str(place): count for place, count in enumerate(after)}
    return found | {"moved": int(about(cases - int(np.trace(flow)), cases))}


# Told exactly, or withheld -------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """A count that is told unless it is withheld; one of lower `rank` is withheld first.

    `needs`: names without which it is not told either.
    """

    row: Row
    value: int
    rank: int
    needs: tuple[Name, ...]


@dataclass
class Ledger:
    """All that one output tells, as sums over atoms (counts that nobody sees, none below 0) with their values.

    `ties`: sums that are 0 by their making; `bounds`: sums that are known to lie in a range, whatever is withheld;
    `guarded`: sums and differences that are not told and must stay open where they come to 1 to 10.
    """

    atoms: int = 0
    told: dict[Name, Told] = field(default_factory=dict)
    ties: list[Row] = field(default_factory=list)
    bounds: list[tuple[Row, float, float]] = field(default_factory=list)
    guarded: list[tuple[Row, int]] = field(default_factory=list)

    def new(self, count: int) -> range:
        """So many further atoms."""
        self.atoms += count
        return range(self.atoms - count, self.atoms)

    def tell(self, name: Name, row: Row, value: int, rank: int = 0, needs: Iterable[Name] = ()) -> None:
        """Tell a sum, unless it must be withheld."""
        self.told[name] = Told(row, int(value), rank, tuple(needs))

    def withheld(self) -> set[Name]:
        """Names of what must not be told."""
        return _Search(self).run()


class _Search:
    """Withholds what gives a small count away, one number at a time, until linear programming finds all open.

    Atoms that agree with what is told (witnesses) agree still when more is withheld, so each proves for good.
    """

    def __init__(self, ledger: Ledger):
        from scipy.sparse import csr_array  # here, because the command line must not wait for it

        self.ledger, self.names = ledger, list(ledger.told)
        self.place = {name: i for i, name in enumerate(self.names)}
        told = list(ledger.told.values())
        self.values = np.array([one.value for one in told], dtype=np.int64)
        self.hidden: Mask = small(self.values)
        rows = [one.row for one in told]
        secret = [(one.row, one.value) for one in told] + ledger.guarded
        forms = {tuple(sorted(row.items())): row for row, value in secret if 1 <= abs(value) <= SMALL and row}
        self.secrets = list(forms.values())
        self.matrix, self.forms = (_sparse(csr_array, r, ledger.atoms) for r in (rows, self.secrets))
        self.ties = _sparse(csr_array, ledger.ties, ledger.atoms)
        self.ranges = _sparse(csr_array, [row for row, *_ in ledger.bounds], ledger.atoms)
        self.low, self.high = (np.array([one[k] for one in ledger.bounds], dtype=float) for k in (1, 2))
        self.least, self.most = np.full(len(self.secrets), np.inf), np.full(len(self.secrets), -np.inf)
        self._follow()

    def run(self) -> set[Name]:
        self._wander()
        for number in range(len(self.secrets)):
            while not self._open(number):
                if not self._pressed(number):
                    break
        return {name for name, gone in zip(self.names, self.hidden, strict=True) if gone}

    def _open(self, number: int) -> bool:
        return whole_numbers(self.least[number], self.most[number]) >= OPEN

    def _wander(self) -> None:
        """Witnesses in random directions: most small counts are open anyway, many of them seen at once."""
        luck = np.random.default_rng(1)
        for _ in range(12):
            shut = [i for i in range(len(self.secrets)) if not self._open(i)]
            if not shut:
                return
            signs = luck.choice([-1.0, 1.0], len(shut))
            self._solve(signs @ self.forms[shut])

    def _pressed(self, number: int) -> bool:
        """Both ends of a small count; withholds one culprit more where they are too near; False when none is left."""
        form = self.forms[[number]].toarray()[0]
        weights = np.abs(self._solve(form)) + np.abs(self._solve(-form))
        if self._open(number):
            return True
        culprits = self._worst(weights)
        if culprits is None:  # what is told to be 0 was left out
            weights = np.abs(self._solve(form, zeros=True)) + np.abs(self._solve(-form, zeros=True))
            culprits = self._worst(weights)
        if culprits is None:
            return False
        self.hidden[culprits] = True
        self._follow()
        return True

    def _worst(self, weights: Floats) -> int | None:
        found = [i for i in np.flatnonzero(weights > 1e-7).tolist() if not self.hidden[i]]
        told = self.ledger.told
        key = [(told[self.names[i]].rank, self.values[i] == 0, abs(self.values[i]), i) for i in found]
        return min(key)[-1] if key else None

    def _follow(self) -> None:
        """Withhold what is not told without something that is withheld."""
        while True:
            before = int(self.hidden.sum())
            for i, name in enumerate(self.names):
                needs = self.ledger.told[name].needs
                self.hidden[i] |= any(self.hidden[self.place[other]] for other in needs)
            if int(self.hidden.sum()) == before:
                return

    def _solve(self, objective: Floats, zeros: bool = False) -> Floats:
        """Atoms that make the objective least, kept as a witness; the weight of every told number in that end."""
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        shown = np.flatnonzero(~self.hidden)
        free = np.ones(self.ledger.atoms, dtype=bool)
        if not zeros:  # a sum of 0 leaves nothing to its atoms
            nothing = shown[self.values[shown] == 0]
            plain = [i for i in nothing.tolist() if min(self.ledger.told[self.names[i]].row.values(), default=0) > 0]
            free[self.matrix[plain].indices] = False
            shown = np.setdiff1d(shown, plain)
        equal = vstack([self.matrix[shown], self.ties]).tocsr()[:, free]
        sums = np.concatenate([self.values[shown].astype(float), np.zeros(self.ties.shape[0])])
        ends = vstack([self.ranges, -self.ranges]).tocsr()[:, free]
        most = np.concatenate([self.high, -self.low])
        finite = np.isfinite(most)
        result = linprog(
            objective[free], A_eq=equal, b_eq=sums, A_ub=ends[finite] if finite.any() else None,
            b_ub=most[finite] if finite.any() else None, method="highs",
        )  # fmt: skip
        if result.status != 0:
            raise ArithmeticError(f"linear programming gave up: {result.message}")
        atoms = np.zeros(self.ledger.atoms)
        atoms[free] = result.x
        seen = self.forms @ atoms
        self.least, self.most = np.minimum(self.least, seen), np.maximum(self.most, seen)
        weights = np.zeros(len(self.names))
        weights[shown] = np.asarray(result.eqlin.marginals)[: len(shown)]
        return weights


def whole_numbers(low: float, high: float) -> int:
    """How many whole numbers lie between two ends."""
    return 0 if low > high else int(np.floor(high + 1e-6) - np.ceil(low - 1e-6)) + 1


def summed(*rows: Row, signs: Sequence[int] | None = None) -> Row:
    """Rows added up, or subtracted where the sign is -1."""
    found: Row = {}
    for row, sign in zip(rows, signs or [1] * len(rows), strict=True):
        for atom, times in row.items():
            found[atom] = found.get(atom, 0) + sign * times
    return {atom: times for atom, times in found.items() if times}


def _sparse(kind: type, rows: Sequence[Row], atoms: int):  # type: ignore[no-untyped-def]
    places = [(i, atom, times) for i, row in enumerate(rows) for atom, times in row.items()]
    where, atom, times = (np.array(part) for part in zip(*places, strict=True)) if places else (np.zeros(0, int),) * 3
    return kind((times.astype(float), (where, atom)), shape=(len(rows), atoms))
