"""What can be proven about two readings without any data: which of them is stricter, pathway by pathway.

Strictness (contract 1): not_met, mismatch and out_of_scope are strictest, then pend and review, then met. The proof
runs both readings on every kind of case there can be (enumeration.py says why none is left out).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from policy.authoring.enumeration import Row, Space, enumerate_cases
from policy.model import OUTCOMES, Settings

LENIENCY = np.array([2, 0, 1, 1, 0, 0], dtype=np.int8)  # of each word of OUTCOMES
RELATIONS = ("equal", "never stricter", "never looser", "mixed")


@dataclass(frozen=True)
class Witness:
    """One case and its outcome under both readings."""

    case: Row
    before: str
    after: str

    def text(self) -> str:
        """'dx M54.2, cpt 64405, ...: met -> not_met'."""
        return ", ".join(f"{k} {v}" for k, v in self.case.items()) + f": {self.before} -> {self.after}"


@dataclass(frozen=True)
class Relation:
    """How the second reading stands to the first; the witnesses are the smallest cases that show each direction.

    `reworded`: a case whose outcome word changes without a change in strictness (pend and review).
    """

    stricter: Witness | None
    looser: Witness | None
    reworded: Witness | None
    kinds: int

    @property
    def word(self) -> str:
        """equal, never stricter, never looser or mixed."""
        return RELATIONS[(self.looser is not None) + 2 * (self.stricter is not None)]

    def text(self) -> str:
        """The word; equal in strictness is told from equal in every outcome."""
        return self.word + (" in strictness, with other outcome words" if self.same_strictness_only else "")

    @property
    def same_strictness_only(self) -> bool:
        """Whether outcome words change although strictness never does."""
        return self.word == "equal" and self.reworded is not None

    def witnesses(self) -> dict[str, Witness]:
        """The directions that occur, each with its smallest case."""
        found = {"stricter": self.stricter, "looser": self.looser, "same strictness, other word": self.reworded}
        return {name: case for name, case in found.items() if case}


@dataclass(frozen=True)
class Proof:
    """The relation of two readings in each pathway (of the first reading that has one) and overall."""

    overall: Relation
    pathways: dict[str, Relation]


def prove(before: Settings, after: Settings, pathways: Iterable[str] | None = None) -> Proof:
    """How `after` stands to `before`, proven by enumeration; ProblemsFound where the rules cannot be enumerated."""
    space = enumerate_cases([before, after], None if pathways is None else list(pathways))
    outcomes = space.outcomes()
    names = np.array([cell.name for cell in space.cells], dtype=object)
    every = np.arange(len(names))
    ways = {name: _relation(space, outcomes, every[names == name]) for name in dict.fromkeys(names)}
    return Proof(_relation(space, outcomes, every), ways)


def _relation(space: Space, outcomes: np.ndarray, rows: np.ndarray) -> Relation:
    before, after = outcomes[rows, 0], outcomes[rows, -1]
    change = LENIENCY[after] - LENIENCY[before]

    def first(mask: np.ndarray) -> Witness | None:
        found = rows[mask]
        if not len(found):
            return None
        row = int(min(found, key=lambda i: (len(space.rows[i]), i)))
        return Witness(space.case(row), OUTCOMES[outcomes[row, 0]], OUTCOMES[outcomes[row, -1]])

    return Relation(first(change < 0), first(change > 0), first((change == 0) & (before != after)), len(rows))
