"""What one output tells of people, as sums for disclosure_control.py: an impact with its groups and the Medicare guard,
or subgroups by several columns. Nothing here is shown; it says which numbers are withheld.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES
from simulations.statistics.disclosure_control import SMALL, Ledger, Mask, Name, Row, summed

WORDS = len(OUTCOMES)
SETTINGS = ("baseline", "scenario")
WAYS = ("stricter", "same", "looser")

Flow = NDArray[np.int64]  # outcome before by outcome after: (6, 6), or more dimensions before these


@dataclass(frozen=True)
class Withheld:
    """What is withheld of a flow: counts of the outcomes of both results, moves, and how many move at all.

    `few_move`: 1 to 10 move, which is said. `cases`: their number; `change`: the interval of the change of approvals.
    """

    baseline: Mask
    scenario: Mask
    flow: Mask
    moved: bool
    few_move: bool
    cases: bool
    change: bool

    @classmethod
    def everything(cls) -> "Withheld":
        """Of fewer than 11 cases."""
        line = np.ones(WORDS, dtype=np.bool_)
        return cls(line, line, np.ones((WORDS, WORDS), dtype=np.bool_), True, False, True, True)

    @classmethod
    def nothing(cls) -> "Withheld":
        """Of cases that are nobody, and in the owner's own view."""
        line = np.zeros(WORDS, dtype=np.bool_)
        return cls(line, line, np.zeros((WORDS, WORDS), dtype=np.bool_), False, False, False, False)

    @property
    def any(self) -> bool:
        """Whether anything is withheld."""
        masks = (self.baseline, self.scenario, self.flow)
        return self.moved or self.cases or self.change or any(bool(mask.any()) for mask in masks)


def of_impact(
    flows: Mapping[tuple[int, int], Flow], parts: Sequence[Sequence[tuple[int, int]]], medicare: Mapping[Name, Any]
) -> tuple[Withheld, list[Withheld], set[Name]]:
    """What is withheld of all cases, of each part, and of the Medicare guard.

    `flows`: flow of each diagnosis x procedure that occurs; `parts`: which of these are told together; `medicare`:
    see `Guard.told`.
    """
    ledger = Ledger()
    atoms = {place: _block(ledger) for place in flows}
    total = sum(flows.values(), start=np.zeros((WORDS, WORDS), dtype=np.int64))
    _tell(ledger, "all", _added(list(atoms.values())), total, ranks=(2, 3), public=True)
    for number, part in enumerate(parts):
        block, flow = _added([atoms[place] for place in part]), sum(flows[place] for place in part)
        _tell(ledger, number, block, np.asarray(flow), ranks=(0, 0), public=False, moves=False)
        for place in part if len(part) > 1 else ():
            ledger.guarded.append((summed(*_rows(atoms[place])), int(flows[place].sum())))
    held = [_hold_against(ledger, atoms, one) for one in medicare.values()]
    every = {key: [row for rows in held for row in rows[key]] for key in (held[0] if held else ())}
    sums = {setting: sum(np.asarray(one[setting]) for one in medicare.values()) for setting in SETTINGS}
    for name, rows, one in (
        *zip(medicare, held, medicare.values(), strict=True),
        *([("all", every, sums)] if held else ()),
    ):
        _tell_held(ledger, name, rows, one)
    gone = ledger.withheld()
    few: set[Name] = {name for name in gone if isinstance(name, tuple) and name[0] == "medicare"}
    return _read(gone, "all", total), [_read(gone, i, None) for i in range(len(parts))], few


def of_columns(flows: Mapping[str, Flow]) -> tuple[Withheld, dict[str, list[Withheld]]]:
    """What is withheld of all cases, and of each group of several columns: column -> flows (groups, 6, 6).

    The columns split the same cases, so what one tells of all of them is known beside the others.
    """
    ledger = Ledger()
    block = _block(ledger)
    total = next(iter(flows.values())).sum(axis=0)
    _tell(ledger, "all", block, total, ranks=(2, 3), public=True)
    for column, counts in flows.items():
        groups = [_block(ledger) for _ in counts]
        for place, whole in np.ndenumerate(block):
            ledger.ties.append(summed(whole, *(group[place] for group in groups), signs=[1] + [-1] * len(groups)))
        for number, (group, flow) in enumerate(zip(groups, counts, strict=True)):
            _tell(ledger, (column, number), group, flow, ranks=(0, 0), public=False, moves=False)
    gone = ledger.withheld()
    return _read(gone, "all", total), {
        column: [_read(gone, (column, number), None) for number in range(len(counts))]
        for column, counts in flows.items()
    }


Block = Any  # array (6, 6) of rows, one for each move


def _block(ledger: Ledger) -> Block:
    block = np.empty((WORDS, WORDS), dtype=object)
    for atom, place in zip(ledger.new(WORDS * WORDS), np.ndindex(WORDS, WORDS), strict=True):
        block[place] = {atom: 1}
    return block


def _added(blocks: Sequence[Block]) -> Block:
    found = np.empty((WORDS, WORDS), dtype=object)
    for place in np.ndindex(WORDS, WORDS):
        found[place] = summed(*(block[place] for block in blocks))
    return found


def _rows(block: Block) -> list[Row]:
    return list(block.ravel())


def _tell(
    ledger: Ledger, who: Name, block: Block, flow: Flow, ranks: tuple[int, int], public: bool, moves: bool = True
) -> None:
    """Both results of some cases; `public`: their number is known anyway; `moves`: the flow is told, too."""
    off = [block[place] for place in np.ndindex(WORDS, WORDS) if place[0] != place[1]]
    cases, moved = int(flow.sum()), int(flow.sum() - np.trace(flow))
    everyone, movers = summed(*_rows(block)), summed(*off)
    if public:
        ledger.bounds.append((everyone, cases, cases))
    else:
        ledger.tell((who, "cases"), everyone, cases, ranks[0])
        ledger.bounds.append((everyone, 1, np.inf))  # a group is listed because it is there
    needs = () if public else ((who, "cases"),)
    margins = [[summed(*block[i]) for i in range(WORDS)], [summed(*block[:, i]) for i in range(WORDS)]]
    for axis, (setting, rank) in enumerate(zip(SETTINGS, (ranks[1], ranks[0]), strict=True)):
        for i, count in enumerate(flow.sum(axis=1 - axis)):
            ledger.tell((who, setting, i), margins[axis][i], int(count), rank, needs)
    for before, after, change in zip(*margins, flow.sum(axis=1) - flow.sum(axis=0), strict=True):
        ledger.guarded.append((summed(before, after, signs=(1, -1)), int(change)))
    both = ((who, "baseline", 0), (who, "scenario", 0))
    # the interval of the change tells who stays met
    ledger.tell((who, "change"), block[0, 0], int(flow[0, 0]), -1, both)
    for place in np.ndindex(WORDS, WORDS):
        if moves:
            ledger.tell((who, "flow", *place), block[place], int(flow[place]), ranks[0] - 1)
        else:
            ledger.guarded.append((block[place], int(flow[place])))
    for rest in (np.s_[0, 1:], np.s_[1:, 0]):  # those who lose an approval, and who gain one
        ledger.guarded.append((summed(*block[rest]), int(flow[rest].sum())))
    if public:
        ledger.tell((who, "moved"), movers, moved, ranks[0] - 1)
        if 1 <= moved <= SMALL:  # which is said
            ledger.bounds.append((movers, 1, SMALL))
    else:
        ledger.guarded.append((movers, moved))


def _read(gone: set[Name], who: Name, total: Flow | None) -> Withheld:
    """The masks of one flow."""
    lines = [np.array([(who, setting, i) in gone for i in range(WORDS)]) for setting in SETTINGS]
    flow = np.zeros((WORDS, WORDS), dtype=np.bool_)
    for place in np.ndindex(WORDS, WORDS):
        flow[place] = (who, "flow", *place) in gone
    moved = 0 if total is None else int(total.sum() - np.trace(total))
    few = 1 <= moved <= SMALL
    return Withheld(
        lines[0], lines[1], flow, (who, "moved") in gone, few, (who, "cases") in gone, (who, "change") in gone
    )


Held = dict[tuple[str, int], list[Row]]


def _hold_against(ledger: Ledger, atoms: Mapping[tuple[int, int], Block], one: Mapping[str, Any]) -> Held:
    """Atoms of some cases of the places `one["places"]`, held against a yardstick that judges each as one of three
    ranks: (setting, way) -> those judged so."""
    rows: Held = {(setting, way): [] for setting in SETTINGS for way in range(3)}
    for place in one["places"]:
        for where in np.ndindex(WORDS, WORDS):
            held, rest = ledger.new(3), ledger.new(1)[0]
            whole = atoms[place][where]
            ledger.ties.append(summed(whole, dict.fromkeys(held, 1), {rest: 1}, signs=(1, -1, -1)))
            for rank, atom in enumerate(held):
                for setting, word in zip(SETTINGS, where, strict=True):
                    rows[setting, int(np.sign(LENIENCY[word] - rank)) + 1].append({atom: 1})
    return rows


def _tell_held(ledger: Ledger, name: Name, held: Held, one: Mapping[str, Any]) -> None:
    """Tell how both settings judge them; `one`: {"baseline": (3,), "scenario": (3,)}, stricter, the same and looser."""
    cases = summed(*(row for way in range(3) for row in held["scenario", way]))
    ledger.tell(("medicare", name, "cases"), cases, int(sum(one["scenario"])))
    for way, word in enumerate(WAYS):
        pair = [summed(*held[setting, way]) for setting in SETTINGS]
        counts = [int(one[setting][way]) for setting in SETTINGS]
        for setting, row, count in zip(SETTINGS, pair, counts, strict=True):
            ledger.tell(("medicare", name, setting, word), row, count, 0, [("medicare", name, "cases")])
        ledger.guarded.append((summed(*pair, signs=(1, -1)), counts[0] - counts[1]))
