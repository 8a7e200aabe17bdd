"""Small cells: which counts of a table may be shown when its cases are people, so that no count of 1 to 10 comes out.

A table shows sums of counts that nobody sees (its atoms, none below 0). A reader may add and subtract what is shown,
here and in other results of the same cases. A count of 1 to 10 is safe when what is shown leaves it open, over all
atoms that agree; otherwise one more cell that gives it away is withheld.

That is for tables of which all that is shown is known. Where every setting of a lever is one more result to subtract,
counts are rounded instead, and everything else is worked out from the rounded ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SMALL = 10  # counts from 1 to this are withheld; 0 is shown
STEP = 2 * SMALL  # rounded counts are multiples of this
OPEN = 2.0  # a small count must be open by at least so much: three whole numbers

Counts = TypeVar("Counts", int, NDArray[np.int64])
Rows = NDArray[np.float64]
Mask = NDArray[np.bool_]


def rounded(counts: Counts) -> Counts:
    """Counts (0 or more) to the nearest 20: 0 stands for 0 to 10, 20 for 11 to 30; no difference tells a few."""
    return (counts + SMALL - 1) // STEP * STEP


def rounded_size(cases: int) -> int:
    """How many cases a share is of: rounded, too, unless they are so few that nothing of them is shown."""
    return rounded(cases) or cases


def small(values: NDArray[np.int64]) -> Mask:
    """Where a count, or the difference of two, is 1 to 10 either way."""
    return (np.abs(values) >= 1) & (np.abs(values) <= SMALL)


@dataclass
class Table:
    """Sums over `atoms` (n,) that are shown or withheld.

    `cells`: (m, n), those that can be withheld; `public`: (k, n), shown elsewhere whatever is done here; `delicate`:
    (d, n), sums and differences that must stay open where they come to 1 to 10 (the cells themselves always must).
    `tied`: for each cell the cell without which it is not shown either, -1 for none.
    """

    atoms: NDArray[np.int64]
    cells: Rows
    public: Rows
    delicate: Rows
    tied: NDArray[np.intp]
    witnesses: list[Rows] = field(default_factory=list)  # atoms that agree with what is shown

    def withheld(self) -> Mask:
        """Which cells are not shown: bool (m,)."""
        values = np.rint(self.cells @ self.atoms).astype(np.int64)
        hidden = small(values)
        self._tie(hidden)
        forms = np.concatenate([self.cells, self.delicate])
        for form in forms[small(np.rint(forms @ self.atoms).astype(np.int64))]:
            while not self._known_open(form):
                culprits = [row for row in self._given_away(form, hidden) if not hidden[row]]
                if not culprits:
                    break  # open, or given away by what is public anyway
                hidden[min(culprits, key=lambda row: (values[row] == 0, values[row], row))] = True
                self._tie(hidden)
        return hidden

    def _tie(self, hidden: Mask) -> None:
        hidden |= (self.tied >= 0) & hidden[self.tied]

    def _known_open(self, form: Rows) -> bool:
        seen = [float(form @ atoms) for atoms in self.witnesses]
        return bool(seen) and max(seen) - min(seen) >= OPEN

    def _given_away(self, form: Rows, hidden: Mask) -> Iterator[int]:
        """The shown cells that pin a form down; none when it is open."""
        shown = np.flatnonzero(~hidden)
        ends, weights = [], np.zeros(len(shown))
        for sign in (1, -1):
            end, atoms, dual = bound(sign * form, np.concatenate([self.cells[shown], self.public]), self.atoms)
            ends.append(end)
            if atoms is not None:
                self.witnesses.append(atoms)
            weights += np.abs(dual[: len(shown)])
        if ends[0] + ends[1] <= -OPEN:
            return iter(())
        return iter(shown[weights > 1e-7].tolist())


def bound(form: Rows, shown: Rows, atoms: NDArray[np.int64]) -> tuple[float, Rows | None, Rows]:
    """Least value of a form over all atoms, none negative, with the same shown sums; where; the weight of each sum."""
    from scipy.optimize import linprog  # here, because the command line must not wait for it
    from scipy.sparse import csr_array

    result = linprog(form, A_eq=csr_array(shown), b_eq=shown @ atoms, method="highs")
    if result.status == 3:  # open without end
        return -np.inf, None, np.zeros(len(shown))
    if result.status != 0:
        raise ArithmeticError(f"linear programming gave up: {result.message}")
    return float(result.fun), np.asarray(result.x), np.asarray(result.eqlin.marginals)


# Two results of the same cases ---------------------------------------------------------------------------------------


def of_flow(flow: NDArray[np.int64]) -> tuple[Mask, bool]:
    """Which moves of all cases are withheld, bool (words, words), and whether their number is; margins are public."""
    words = len(flow)
    each = np.eye(flow.size).reshape(words, words, flow.size)
    cells = np.concatenate([each.reshape(flow.size, -1), [_moved(words)]])
    public = np.concatenate([each.sum(axis=1), each.sum(axis=0)])
    untied = np.full(len(cells), -1, dtype=np.intp)
    hidden = Table(flow.ravel(), cells, public, cells[:0], untied).withheld()
    return hidden[:-1].reshape(words, words), bool(hidden[-1])


def of_groups(flow: NDArray[np.int64]) -> tuple[Mask, Mask, Mask]:
    """What may be shown of each group of the cases, from int64 (groups, words, words); the results of all are public.

    Three masks, True where withheld: the number of cases (groups,), outcomes of the baseline and of the scenario
    (groups, words). Besides small cells no small difference of the two results and no small move can be worked out.
    """
    groups, words, _ = flow.shape
    each = np.eye(flow.size).reshape(*flow.shape, flow.size)  # the atoms, one row each
    number = each.sum(axis=(1, 2))
    before, after = (each.sum(axis=axis).reshape(groups * words, -1) for axis in (2, 1))
    moves, moved = of_flow(flow.sum(axis=0))
    known = [each.sum(axis=(0, 2)), each.sum(axis=(0, 1)), each.sum(axis=0)[~moves]]
    known += [each[:, :1, :1].sum(axis=(0, 1))]  # met before and after: the interval of the change tells it
    public = np.concatenate([*known, *([] if moved else [np.tile(_moved(words), groups)[None]])])
    delicate = [before - after, each[:, ~np.eye(words, dtype=np.bool_)].reshape(-1, flow.size)]
    owner = np.concatenate([np.full(groups, -1), np.tile(np.repeat(np.arange(groups), words), 2)])
    cells = np.concatenate([number, before, after])
    hidden = Table(flow.ravel(), cells, public, np.concatenate(delicate), owner.astype(np.intp)).withheld()
    parts = np.split(hidden, [groups, groups + groups * words])
    return parts[0], parts[1].reshape(groups, words), parts[2].reshape(groups, words)


def _moved(words: int) -> Rows:
    """The sum of all moves, as a row over the atoms of one flow."""
    return 1.0 - np.eye(words).ravel()
