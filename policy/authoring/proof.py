"""What can be proven about two readings without any data: which of them is stricter, pathway by pathway.

Strictness (contract 2): not_met, mismatch and out_of_scope are strictest, then pend and review, then met.
`prove_everywhere` covers all legal settings (levers.py says which), `prove` the settings as given. A pathway that both
sides read in the same words is equal by reading; any other is enumerated exactly (everywhere.py and enumeration.py say
why nothing is left out). What cannot be done within their limits is said to be not proven. Every witness is determined
again before it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from policy.authoring.enumeration import Cell, Row, as_cases, cells, codes_of_requirements, enumerate_cases
from policy.authoring.everywhere import MOVED, Everywhere, Kinds, Outcomes
from policy.authoring.levers import ABSENT, Levers, Pair, Pairs, stays
from policy.authoring.tree import alike_in_words
from policy.evaluation import determine
from policy.model import OUTCOMES, Settings
from policy.problems import ProblemsFound

LENIENCY = np.array([2, 0, 1, 1, 0, 0], dtype=np.int8)  # of each word of OUTCOMES
RELATIONS = ("equal", "never stricter", "never looser", "mixed")
How = Literal["reading", "enumeration"]


@dataclass(frozen=True)
class Witness:
    """One case and its outcome under both readings; `levers`: what is set besides, on the first and the second side."""

    case: Row
    before: str
    after: str
    levers: Mapping[str, Pair] = field(default_factory=dict)

    def text(self) -> str:
        """'with relief_pct=70: dx M54.2, cpt 64405, ...: met -> not_met'."""
        told = ", ".join(f"{k} {v}" for k, v in self.case.items()) + f": {self.before} -> {self.after}"
        return f"with {', '.join(_set(*lever) for lever in self.levers.items())}: {told}" if self.levers else told

    @property
    def change(self) -> int:
        """By how much the second reading is looser, from -2 to 2."""
        one, other = (int(LENIENCY[OUTCOMES.index(word)]) for word in (self.before, self.after))
        return other - one

    @property
    def rank(self) -> tuple[int, ...]:
        """The worst transition first: what becomes met out of a refusal, or stops being met, before any pend."""
        one, other = (int(LENIENCY[OUTCOMES.index(word)]) for word in (self.before, self.after))
        return (-max(one, other), min(one, other), len(self.levers), len(self.case))


def _set(name: str, pair: Pair) -> str:
    words = ["off" if value is None else str(value) for value in pair]
    if ABSENT in pair:
        return f"{name}={words[pair[0] == ABSENT]} (a lever of the {'second' if pair[0] == ABSENT else 'first'} alone)"
    return f"{name}={words[0]}" if pair[0] == pair[1] else f"{name}={words[0]} in the first, {words[1]} in the second"


@dataclass(frozen=True)
class Relation:
    """How the second reading stands to the first; the witnesses show the worst change each way, on a smallest case.

    `reworded`: a case whose outcome word changes without a change in strictness (pend and review). `open`: why nothing
    is proven beyond the witnesses, where something could not be worked out.
    """

    stricter: Witness | None
    looser: Witness | None
    reworded: Witness | None
    kinds: int
    how: frozenset[How] = frozenset(("enumeration",))
    open: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """equal, never stricter, never looser, mixed or not proven."""
        if self.open and not (self.looser and self.stricter):
            return "not proven"
        return RELATIONS[(self.looser is not None) + 2 * (self.stricter is not None)]

    def text(self) -> str:
        """The word; equal in strictness is told from equal in every outcome."""
        if self.word == "not proven":
            return f"not proven ({'; '.join(self.open)})"
        return self.word + (" in strictness, with other outcome words" if self.same_strictness_only else "")

    @property
    def same_strictness_only(self) -> bool:
        """Whether outcome words change although strictness never does."""
        return self.word == "equal" and self.reworded is not None

    def witnesses(self) -> dict[str, Witness]:
        """The directions that occur, each with its worst change."""
        found = {"stricter": self.stricter, "looser": self.looser, "same strictness, other word": self.reworded}
        return {name: case for name, case in found.items() if case}


def _relation(witnesses: Iterable[Witness], kinds: int, how: Iterable[How], gaps: Iterable[str] = ()) -> Relation:
    found = sorted(witnesses, key=lambda w: w.rank)

    def worst(way: int) -> Witness | None:
        return next((w for w in found if (w.change > 0) - (w.change < 0) == way), None)

    return Relation(worst(-1), worst(1), worst(0), kinds, frozenset(how), tuple(dict.fromkeys(gaps)))


@dataclass(frozen=True)
class Proof:
    """The relation of two readings in each pathway (of the first reading that has one) and overall.

    `own`: levers that stay at each side's own value; `settings`: over how many ways of setting the others, None: one.
    """

    overall: Relation
    pathways: dict[str, Relation]
    own: tuple[str, ...] = ()
    everywhere: bool = False


def confirmed(witness: Witness, settings: tuple[Settings, Settings]) -> bool:
    """Whether the ordinary determination makes of a case what a witness says."""
    found = []
    for side in settings:
        cases = as_cases([witness.case], side.policy)
        found.append(OUTCOMES[determine(side.policy, cases, side, asking=False).outcome[0]])
    return found == [witness.before, witness.after]


# At one setting ------------------------------------------------------------------------------------------------------


def prove(before: Settings, after: Settings, pathways: Iterable[str] | None = None) -> Proof:
    """How `after` stands to `before` as they are set; ProblemsFound where the rules cannot be enumerated."""
    space = enumerate_cases([before, after], None if pathways is None else list(pathways))
    outcomes = space.outcomes().astype(int)
    changes = outcomes[:, 0] * len(OUTCOMES) + outcomes[:, -1]
    names = np.array([cell.name for cell in space.cells], dtype=object)
    ways = {}
    for name in dict.fromkeys(names):
        mine = np.flatnonzero(names == name)
        found, gaps = [], []
        for change in np.unique(changes[mine][outcomes[mine, 0] != outcomes[mine, -1]]):
            row = int(min(mine[changes[mine] == change], key=lambda i: (len(space.rows[i]), i)))
            old, new = divmod(int(change), len(OUTCOMES))
            witness = Witness(space.case(row), OUTCOMES[old], OUTCOMES[new])
            found.append(witness)
            gaps += [] if confirmed(witness, (before, after)) else [_doubt(witness)]
        ways[name] = _relation(found, len(mine), ["enumeration"], gaps)
    return Proof(_overall(ways), ways)


def _doubt(witness: Witness) -> str:
    return f"a case that was found is not confirmed by its determination: {witness.text()}"


def _overall(ways: Mapping[str, Relation]) -> Relation:
    found = [witness for way in ways.values() for witness in way.witnesses().values()]
    how = [how for way in ways.values() for how in way.how]
    return _relation(found, sum(w.kinds for w in ways.values()), how, [gap for w in ways.values() for gap in w.open])


# At all settings -----------------------------------------------------------------------------------------------------


def prove_everywhere(before: Settings, after: Settings, pathways: Iterable[str] | None = None) -> Proof:
    """How `after` stands to `before` over all legal settings of the levers, as contract 2 says."""
    levers = Levers((before, after))
    ground = Everywhere(levers)
    own = tuple(name for name, pairs in levers.pairs.items() if stays(pairs))
    wanted = None if pathways is None else set(pathways)
    ways: dict[str, list[Relation]] = {}
    for cell in pairs_of_codes(levers):
        if wanted is None or wanted & set(cell.pathways):
            ways.setdefault(cell.name, []).append(_cell(ground, cell))
    found = {name: _overall(dict(enumerate(relations))) for name, relations in ways.items()}  # type: ignore[arg-type]
    return Proof(_overall(found), found, own, everywhere=True)


def pairs_of_codes(levers: Levers) -> Iterator[Cell]:
    """One diagnosis and procedure code for each kind of codes that the two sides may treat apart.

    A code with the same notice on both sides pends on both or is judged like a code without one: that stands for it.
    """
    named = {code for policy in levers.policies for code in codes_of_requirements(policy)}
    plain: set[object] = set()
    later = []
    for cell in cells(levers.sides):
        key, notices = (cell.pathways, cell.dx if cell.dx in named else ""), _notices(levers, cell)
        if any(notices):
            later.append((cell, key, notices))
        elif key not in plain:
            plain.add(key)
            yield cell
    for cell, key, notices in later:
        alike = notices[0] == notices[1] and all(a == b for name, _ in notices[0] for a, b in levers.pairs[name])
        if not alike or key not in plain:
            yield cell


def _notices(levers: Levers, cell: Cell) -> list[list[tuple[str, tuple[str, ...]]]]:
    return [[(n.lever, n.pend_while) for n in s.policy.code_notices if n.code == cell.dx] for s in levers.sides]


def _cell(ground: Everywhere, cell: Cell) -> Relation:
    if alike_in_words(ground.levers, cell):
        return _relation([], 1, ["reading"])
    found = Changes(ground.levers)
    try:
        kinds = ground.explore(cell, found.leaf)
    except ProblemsFound as problems:
        gaps = [str(problem) for problem in problems.problems]
        return _relation(found.witnesses(), 0, ["enumeration"], gaps + found.doubts)
    return _relation(found.witnesses(), kinds, ["enumeration"], found.doubts)


class Changes:
    """The simplest case and setting of each change of the outcome that is met with."""

    def __init__(self, levers: Levers):
        self.levers = levers
        self.best: dict[tuple[int, int], tuple[int, Kinds, int, Pairs]] = {}
        self.doubts: list[str] = []

    def leaf(self, kinds: Kinds, rows: np.ndarray, chosen: Pairs, _: object, before: Outcomes, after: Outcomes) -> None:
        """Note what changes at one path through the rules."""
        if (before == after).all():
            return
        change = before.astype(int) * len(OUTCOMES) + after
        for code in np.unique(change[before != after]):
            mine = rows[change == code]
            row = int(mine[np.argmin(kinds.costs[mine])])
            cost, key = int(kinds.costs[row]), divmod(int(code), len(OUTCOMES))
            if key in self.best and cost >= self.best[key][0]:
                continue
            known = kinds.chosen(row)
            cost += MOVED * self.levers.moved({name: pair for name, pair in chosen.items() if name not in known})
            if key not in self.best or cost < self.best[key][0]:
                self.best[key] = (cost, kinds, row, chosen)

    def witnesses(self) -> list[Witness]:
        """One for each change, determined again; what that does not confirm goes to `doubts`."""
        found = []
        for (old, new), (_, kinds, row, chosen) in self.best.items():
            levers = {**chosen, **kinds.chosen(row)}
            told = {n: p for n, p in levers.items() if p != self.levers.pairs[n][0] or ABSENT in p}
            witness = Witness(in_order(kinds.row(row), self.levers), OUTCOMES[old], OUTCOMES[new], told)
            if confirmed(witness, self.levers.settings(levers)):
                found.append(witness)
            else:
                self.doubts.append(_doubt(witness))
        return found


def in_order(row: Row, levers: Levers) -> Row:
    """A case with its columns in the order of the document."""
    order = [name for settings in levers.sides for name in settings.policy.fields_]
    return {name: row[name] for name in sorted(row, key=order.index)}
