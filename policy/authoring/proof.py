"""What can be proven about two readings without any data: which of them is stricter, pathway by pathway.

Strictness: not_met, mismatch and out_of_scope are strictest, then pend and review, then met.
`prove_everywhere` covers all legal settings (levers.py says which), `prove` the settings as given. How a pathway is
proven: *reading*, both sides say the same; *reasoning*, what they share is replaced by a fact that may be anything, and
what can then change is shown by a case or ruled out (reduction.py and search.py say why this is sound); *enumeration*,
nothing is left out (everywhere.py and enumeration.py). What cannot be done within their limits is said to be not
proven. Every witness is determined again before it is shown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from policy.authoring.enumeration import Cell, a_request, cells, enumerate_cases
from policy.authoring.facts import read_by_one
from policy.authoring.levers import Levers, stays
from policy.authoring.once import Once
from policy.authoring.reduction import alike_criteria
from policy.authoring.search import Search
from policy.authoring.tree import alike_in_words
from policy.authoring.witness import Witness, all_confirmed
from policy.model import OUTCOMES, Settings
from policy.problems import refuse
from policy.trees.policies import codes_asked

RELATIONS = ("equal", "never stricter", "never looser", "mixed")
How = Literal["reading", "reasoning", "enumeration"]
_LEVERS = Once[tuple[Levers, set[str]]](8)  # of two readings, with the criteria that are alike in both


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

    `own`: levers that stay at each side's own value; `everywhere`: over all values of the others, not at one setting.
    `unread`: what only one side reads; a row that holds it is rejected by the other, and nothing is said of it.
    """

    overall: Relation
    pathways: dict[str, Relation]
    own: tuple[str, ...] = ()
    everywhere: bool = False
    unread: tuple[str, ...] = ()


# At one setting ------------------------------------------------------------------------------------------------------


def prove(before: Settings, after: Settings, pathways: Iterable[str] | None = None) -> Proof:
    """How `after` stands to `before` as they are set; ProblemsFound where the rules cannot be enumerated."""
    _both_take_requests(before, after)
    if not a_request(before.policy):
        return Proof(_overall({}), {})
    space = enumerate_cases([before, after], None if pathways is None else list(pathways))
    outcomes = space.outcomes().astype(int)
    changes = outcomes[:, 0] * len(OUTCOMES) + outcomes[:, -1]
    names = np.array([cell.name for cell in space.cells], dtype=object)
    ways = {}
    for name in dict.fromkeys(names):
        mine = np.flatnonzero(names == name)
        found: list[Witness] = []
        for change in np.unique(changes[mine][outcomes[mine, 0] != outcomes[mine, -1]]):
            row = int(min(mine[changes[mine] == change], key=lambda i: (len(space.rows[i]), i)))
            old, new = divmod(int(change), len(OUTCOMES))
            found.append(Witness(space.case(row), OUTCOMES[old], OUTCOMES[new]))
        sure = all_confirmed(found, [(before, after)] * len(found))
        gaps = [_doubt(witness) for witness, is_sure in zip(found, sure, strict=True) if not is_sure]
        ways[name] = _relation(found, len(mine), ["enumeration"], gaps)
    return Proof(_overall(ways), ways, unread=tuple(read_by_one(before.policy, after.policy)))


def _both_take_requests(before: Settings, after: Settings) -> None:
    """A document without codes can read no request, so nothing can be said of a case on both sides."""
    empty = [side.policy.name for side in (before, after) if not a_request(side.policy)]
    if len(empty) == 1:
        said = "has no diagnosis codes or no procedure codes yet, so there is no request that both sides can be asked"
        raise refuse("empty", empty[0], said)


def _doubt(witness: Witness) -> str:
    return f"a case that was found is not confirmed by its determination: {witness.text()}"


def _overall(ways: Mapping[str, Relation]) -> Relation:
    found = [witness for way in ways.values() for witness in way.witnesses().values()]
    how = [how for way in ways.values() for how in way.how]
    return _relation(found, sum(w.kinds for w in ways.values()), how, [gap for w in ways.values() for gap in w.open])


# At all settings -----------------------------------------------------------------------------------------------------


def prove_everywhere(
    before: Settings, after: Settings, pathways: Iterable[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Proof:  # fmt: skip
    """How `after` stands to `before` over all legal settings of the levers.

    `progress` is told how many pairs of codes are done, and of how many; what it raises ends the proof.
    Raises ProblemsFound where one side takes requests and the other has no codes yet.
    """
    ways: dict[str, list[Relation]] = {}
    for name, relation in relations(before, after, pathways, progress):
        ways.setdefault(name, []).append(relation)
    found = {name: _overall(dict(enumerate(every))) for name, every in ways.items()}  # type: ignore[arg-type]
    own = tuple(name for name, pairs in _levers(before, after)[0].pairs.items() if stays(pairs))
    unread = tuple(read_by_one(before.policy, after.policy))
    return Proof(_overall(found), found, own, everywhere=True, unread=unread)


def relations(
    before: Settings, after: Settings, pathways: Iterable[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[tuple[str, Relation]]:  # fmt: skip
    """The same, a pair of codes after the other, each with its pathway; see `prove_everywhere`."""
    _both_take_requests(before, after)
    (levers, alike), wanted = _levers(before, after), None if pathways is None else set(pathways)
    asked = [cell for cell in pairs_of_codes(levers) if wanted is None or wanted & set(cell.pathways)]
    for done, cell in enumerate(asked):
        if progress:
            progress(done, len(asked))
        yield cell.name, _cell(levers, cell, alike)


def _levers(before: Settings, after: Settings) -> tuple[Levers, set[str]]:
    """The levers of two readings and the criteria alike in both, made once where pathways are asked one by one."""

    def made() -> tuple[Levers, set[str]]:
        levers = Levers((before, after))
        return levers, alike_criteria(levers)

    return _LEVERS.of((before, after), (), made)


def pairs_of_codes(levers: Levers) -> Iterator[Cell]:
    """One diagnosis and procedure code for each kind of codes that the two sides may treat apart.

    A code with the same notice on both sides pends on both or is judged like a code without one: that stands for it.
    """
    named = {code for policy in levers.policies for code in codes_asked(policy)}
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


def _cell(levers: Levers, cell: Cell, alike: set[str]) -> Relation:
    if alike_in_words(levers, cell):
        return _relation([], 1, ["reading"])
    search = Search(levers, cell, alike).run()
    how: How = "enumeration" if search.closeness == 2 else "reasoning"
    return _relation(search.witnesses(), search.kinds, [how], search.gaps + search.doubts)
