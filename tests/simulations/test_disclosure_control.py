"""Small cells, attacked: whatever is shown is added and subtracted, and no count of 1 to 10 may come out."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from simulations.statistics.disclosure_control import STEP, about, about_all, rounded, small, whole_numbers
from simulations.statistics.release import Withheld, of_columns, of_impact

WORDS = 6


def made(groups: int, cases: int, seed: int) -> np.ndarray:
    """Counts of groups whose outcomes move a little, int64 (groups, 6, 6); some groups are tiny."""
    luck = np.random.default_rng(seed)
    share = luck.dirichlet(np.full(groups, 0.6))
    chance = np.array([0.21, 0.31, 0.28, 0.16, 0.03, 0.01])
    label, before = luck.choice(groups, cases, p=share), luck.choice(WORDS, cases, p=chance)
    after = np.where((luck.random(cases) < 0.05) & (before != 1), 1, before)
    flow = np.zeros((groups, WORDS, WORDS), dtype=np.int64)
    np.add.at(flow, (label, before, after), 1)
    return flow[flow.sum(axis=(1, 2)) > 0]


class Reader:
    """Knows the sums that are shown, and looks for the least and greatest value of any other: its own algebra.

    The atoms are groups x outcome before x outcome after.
    """

    def __init__(self, flow: np.ndarray):
        self.flow, self.names = flow, np.arange(flow.size).reshape(flow.shape)
        self.sums: list[np.ndarray] = []
        self.know(self.names)

    def know(self, places: np.ndarray) -> None:
        self.sums.append(self.row(places))

    def told(self, everyone: Withheld, groups: list[Withheld]) -> "Reader":
        """Knows all that is not withheld."""
        for where, hidden in [(np.s_[:], everyone), *((np.s_[g : g + 1], one) for g, one in enumerate(groups))]:
            names = self.names[where]
            for word in range(WORDS):
                if not hidden.baseline[word]:
                    self.know(names[:, word, :])
                if not hidden.scenario[word]:
                    self.know(names[:, :, word])
            if not hidden.cases:
                self.know(names)
            if not hidden.change:
                self.know(names[:, 0, 0])
        for place in np.argwhere(~everyone.flow):
            self.know(self.names[:, place[0], place[1]])
        if not everyone.moved:
            self.know(self.names[:, ~np.eye(WORDS, dtype=bool)])
        return self

    def left(self, form: np.ndarray) -> int:
        """How many whole numbers a form may be."""
        known = np.array(self.sums)
        ends = [linprog(sign * form, A_eq=known, b_eq=known @ self.flow.ravel(), method="highs") for sign in (1, -1)]
        assert all(end.status == 0 for end in ends)
        return whole_numbers(ends[0].fun, -ends[1].fun)

    def secrets(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every sum, difference of the two results and move, of all and of a group, that comes to 1 to 10."""
        forms = []
        for g in ["all", *range(len(self.flow))]:
            names = self.names if g == "all" else self.names[g : g + 1]
            forms.append((f"cases {g}", self.row(names)))
            forms.append((f"moved {g}", self.row(names[:, ~np.eye(WORDS, dtype=bool)])))
            for w in range(WORDS):
                before, after = self.row(names[:, w]), self.row(names[:, :, w])
                forms += [(f"before {g} {w}", before), (f"after {g} {w}", after), (f"change {g} {w}", before - after)]
                forms += [(f"move {g} {w} {s}", self.row(names[:, w, s])) for s in range(WORDS) if s != w]
        for name, form in forms:
            if 1 <= abs(round(form @ self.flow.ravel())) <= 10:
                yield name, form

    def row(self, places: np.ndarray) -> np.ndarray:
        row = np.zeros(self.flow.size)
        row[np.ravel(places)] = 1
        return row

    def recovered(self) -> list[str]:
        return [name for name, form in self.secrets() if self.left(form) < 3]


SIZES = [(2, 80, 1), (3, 400, 2), (5, 2500, 3), (6, 80, 4)]


@pytest.mark.parametrize(("groups", "cases", "seed"), SIZES)
def test_nothing_small_of_groups_can_be_worked_out(groups: int, cases: int, seed: int):
    flow = made(groups, cases, seed)
    everyone, hidden = of_columns({"one": flow})
    assert Reader(flow).told(everyone, hidden["one"]).recovered() == []
    for counts, mask in zip(flow, hidden["one"], strict=True):
        assert mask.cases >= small(counts.sum())
        assert (mask.baseline >= small(counts.sum(axis=1))).all()
        assert (mask.scenario >= small(counts.sum(axis=0))).all()


@pytest.mark.parametrize(("groups", "cases", "seed"), SIZES)
def test_nothing_small_of_an_impact_can_be_worked_out(groups: int, cases: int, seed: int):
    flow = made(groups, cases, seed)
    flows = {(0, number): counts for number, counts in enumerate(flow)}
    everyone, parts, _ = of_impact(flows, [[place] for place in flows], {})
    assert Reader(flow).told(everyone, parts).recovered() == []


def test_the_reader_is_no_fool():
    """Were only the small cells themselves withheld, the same reader would work out many of them."""
    flow = made(5, 2500, 3)

    def alone(counts: np.ndarray) -> Withheld:
        moves = small(counts.sum(axis=0))
        lines = small(moves_of(counts, 1)), small(moves_of(counts, 0))
        return Withheld(*lines, moves, False, False, bool(small(counts.sum())), True)

    found = Reader(flow).told(alone(flow), [alone(one[None]) for one in flow]).recovered()
    assert {name.split()[0] for name in found} >= {"before", "after", "change", "move"}


def moves_of(counts: np.ndarray, axis: int) -> np.ndarray:
    return counts.sum(axis=0).sum(axis=axis)


def test_two_columns_of_the_same_cases_are_one_account():
    """Each column alone withholds what it must; what both tell of all cases together is still no small move."""
    for seed in range(2):
        one, luck = made(3, 100, seed), np.random.default_rng(seed)
        joint = luck.multivariate_hypergeometric(one.ravel(), 45).reshape(one.shape)
        both = np.stack([joint, one - joint])  # (2, groups, 6, 6): a second column of two groups, split at random
        everyone, hidden = of_columns({"one": one, "two": both.sum(axis=1)})
        atoms = both.reshape(-1, WORDS, WORDS)
        reader = Reader(atoms)
        names = reader.names.reshape(2, len(one), WORDS, WORDS)
        told = [(names[:, g], mask) for g, mask in enumerate(hidden["one"])]
        told += [(names[g], mask) for g, mask in enumerate(hidden["two"])]
        reader.told(everyone, [])
        for places, mask in told:
            for word in range(WORDS):
                for sums, gone in ((places[:, word], mask.baseline), (places[:, :, word], mask.scenario)):
                    if not gone[word]:
                        reader.know(sums)
            if not mask.cases:
                reader.know(places)
        forms = [(name, form) for name, form in reader.secrets() if " all" in name]
        forms += [("cases", reader.row(places)) for places, _ in told]
        for name, form in forms:
            if 1 <= abs(round(form @ atoms.ravel())) <= 10:
                assert reader.left(form) >= 3, name


def test_a_difference_of_two_results_is_a_count_too():
    """100 met before and 95 after: five people lost their approval, though neither number is small."""
    flow = np.zeros((3, WORDS, WORDS), dtype=np.int64)
    flow[:, 0, 0], flow[:, 1, 1] = (95, 300, 200), (100, 400, 300)
    flow[:, 0, 1] = (5, 60, 50)
    everyone, hidden = of_columns({"one": flow})
    assert hidden["one"][0].baseline[0] or hidden["one"][0].scenario[0]
    assert not everyone.baseline.any(), "what all cases tell is withheld last"
    flow[0, 0, 1], flow[0, 0, 0] = 0, 100
    everyone, hidden = of_columns({"one": flow})
    assert not any(mask.any for mask in (everyone, *hidden["one"])), "without small counts nothing is withheld"


def worlds(flow: np.ndarray, masks: list[Withheld], everyone: Withheld) -> np.ndarray:
    """All tables of whole numbers of two groups and two words that agree with what is shown: (worlds, 2, 2, 2)."""
    total = flow.sum(axis=0)
    cases = total.sum()
    wholes = np.array([w for w in product(range(cases + 1), repeat=4) if sum(w) == cases]).reshape(-1, 2, 2)
    for w in range(2):
        for axis, gone in ((2, everyone.baseline), (1, everyone.scenario)):
            if not gone[w]:
                wholes = wholes[wholes.sum(axis=axis)[:, w] == total.sum(axis=axis - 1)[w]]
    for place in np.argwhere(~everyone.flow[:2, :2]):
        wholes = wholes[wholes[:, place[0], place[1]] == total[tuple(place)]]
    found = []
    for whole in wholes:
        one = np.array(list(product(*(range(int(n) + 1) for n in whole.ravel())))).reshape(-1, 2, 2)
        every = np.stack([one, whole - one], axis=1)
        every = every[(every.sum(axis=(2, 3)) > 0).all(axis=1)]
        for g, mask in enumerate(masks):
            if not mask.cases:
                every = every[every[:, g].sum(axis=(1, 2)) == flow[g].sum()]
            for w in range(2):
                if not mask.baseline[w]:
                    every = every[every[:, g, w].sum(axis=1) == flow[g, w].sum()]
                if not mask.scenario[w]:
                    every = every[every[:, g, :, w].sum(axis=1) == flow[g, :, w].sum()]
        found.append(every)
    return np.concatenate(found)


@pytest.mark.parametrize("seed", [0, 3])
def test_every_small_count_is_open_among_all_whole_tables(seed: int):
    """By enumeration, with no algebra: at least three values agree with what is shown."""
    luck = np.random.default_rng(seed)
    few = luck.integers(0, 3, (2, 2, 2)) + np.array([[[2, 0], [0, 1]], [[1, 0], [0, 3]]])
    flow = np.zeros((2, WORDS, WORDS), dtype=np.int64)
    flow[:, :2, :2] = few
    everyone, hidden = of_columns({"one": flow})
    every = worlds(few, hidden["one"], everyone)
    for g, axis, w in product(range(2), (1, 2), range(2)):
        count = few[g].sum(axis=2 - axis)[w]
        if 1 <= count <= 10:
            assert len(np.unique(every[:, g].sum(axis=3 - axis)[:, w])) >= 3, (g, axis, w)


def test_moves_of_all_cases_hold_back_what_the_margins_would_tell():
    flow = np.diag([400, 300, 200, 100, 50, 20]).astype(np.int64)
    flow[0, 1], flow[2, 1], flow[0, 3] = 30, 4, 25
    everyone, _, _ = of_impact({(0, 0): flow}, [[(0, 0)]], {})
    assert everyone.flow[2, 1]
    assert everyone.flow.sum() >= 2, "a single gap in a row or column is filled by subtraction"
    clean = np.diag([400, 300, 200, 0, 0, 0]).astype(np.int64)
    everyone, _, _ = of_impact({(0, 0): clean}, [[(0, 0)]], {})
    assert not everyone.any
    few = clean.copy()
    few[0, 1] = 3
    everyone, _, _ = of_impact({(0, 0): few}, [[(0, 0)]], {})
    assert everyone.moved, "a number of moves of 1 to 10 is a small count"
    assert everyone.few_move, "which is said in words"


# About so much -------------------------------------------------------------------------------------------------------


def ends(told: int, cases: int) -> set[int]:
    """Every count that is told so."""
    return {n for n in range(cases + 1) if int(about(n, cases)) == told}


@given(st.integers(50, 400), st.data())
def test_rounded_counts_leave_every_count_open(cases: int, data: st.DataObject):
    """Each alone, and what is left when all are added up to the number of cases, which is known."""
    cuts = sorted(data.draw(st.lists(st.integers(0, cases), min_size=5, max_size=5)))
    counts = np.diff([0, *cuts, cases])
    told = about_all(counts, cases)
    assert all(n is None or n % STEP == 0 for n in told)
    classes = [range(cases + 1) if n is None else sorted(ends(n, cases)) for n in told]
    for place, one in enumerate(classes):
        others = [c for i, c in enumerate(classes) if i != place]
        least, most = (cases - sum(pick(c) for c in others) for pick in (max, min))
        assert sum(least <= n <= most for n in one) >= 3


@given(st.integers(50, 400), st.integers(0, 400), st.integers(0, 400))
def test_the_difference_of_two_rounded_counts_tells_no_few(cases: int, one: int, other: int):
    one, other = min(one, cases), min(other, cases)
    pair = [sorted(ends(int(about(n, cases)), cases)) for n in (one, other)]
    assert pair[0][-1] - pair[1][0] - (pair[0][0] - pair[1][-1]) >= 2
    assert abs(int(about(one, cases)) - one) <= 12


def test_rounding_is_to_the_nearest_twenty():
    counts = np.arange(211)
    near = rounded(counts)
    assert (abs(near - counts) <= 10).all()
    assert ((near == 0) == (counts <= 10)).all()
