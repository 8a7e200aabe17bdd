"""Small cells, attacked: whatever is shown is added and subtracted, and no count of 1 to 10 may come out."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from simulations.suppression import of_flow, of_groups, small


def made(groups: int, cases: int, seed: int, words: int = 6) -> np.ndarray:
    """Counts of groups whose outcomes move a little, int64 (groups, words, words); some groups are tiny."""
    luck = np.random.default_rng(seed)
    share = luck.dirichlet(np.full(groups, 0.6))
    chance = np.array([0.21, 0.31, 0.28, 0.16, 0.03, 0.01])[:words]
    label, before = luck.choice(groups, cases, p=share), luck.choice(words, cases, p=chance / chance.sum())
    after = np.where((luck.random(cases) < 0.05) & (before != 1), 1, before)
    flow = np.zeros((groups, words, words), dtype=np.int64)
    np.add.at(flow, (label, before, after), 1)
    return flow


class Reader:
    """Knows the sums that are shown, and looks for the least and greatest value of any other: its own algebra."""

    def __init__(self, flow: np.ndarray, hidden: tuple[np.ndarray, np.ndarray, np.ndarray] | None):
        groups, words, _ = flow.shape
        self.flow, self.size = flow, flow.size
        self.names = np.arange(flow.size).reshape(flow.shape)
        self.sums: list[np.ndarray] = []
        for word in range(words):
            self.know(self.names[:, word, :], self.names[:, :, word])
        hidden_moves, hidden_total = of_flow(flow.sum(axis=0))
        for b, s in np.argwhere(~hidden_moves):
            self.know(self.names[:, b, s])
        if not hidden_total:
            self.know(self.names[:, ~np.eye(words, dtype=bool)])
        if hidden is None:
            return
        for g in range(groups):
            if not hidden[0][g]:
                self.know(self.names[g])
            for word in range(words):
                if not hidden[1][g, word]:
                    self.know(self.names[g, word])
                if not hidden[2][g, word]:
                    self.know(self.names[g, :, word])

    def know(self, *sums: np.ndarray) -> None:
        for places in sums:
            row = np.zeros(self.size)
            row[places.ravel()] = 1
            self.sums.append(row)

    def reach(self, form: np.ndarray) -> float:
        """How far the value of a form is open."""
        known = np.array(self.sums)
        ends = [linprog(sign * form, A_eq=known, b_eq=known @ self.flow.ravel(), method="highs") for sign in (1, -1)]
        if any(end.status == 3 for end in ends):
            return float("inf")
        assert all(end.status == 0 for end in ends)
        return -ends[0].fun - ends[1].fun

    def secrets(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every sum, difference of the two results and move of a group that comes to 1 to 10."""
        groups, words, _ = self.flow.shape
        forms = []
        for g in range(groups):
            forms.append((f"cases {g}", self.row(self.names[g])))
            for w in range(words):
                before, after = self.row(self.names[g, w]), self.row(self.names[g, :, w])
                forms += [(f"before {g} {w}", before), (f"after {g} {w}", after), (f"change {g} {w}", before - after)]
                forms += [(f"move {g} {w} {s}", self.row(self.names[g, w, s])) for s in range(words) if s != w]
        for name, form in forms:
            if 1 <= abs(round(form @ self.flow.ravel())) <= 10:
                yield name, form

    def row(self, places: np.ndarray) -> np.ndarray:
        row = np.zeros(self.size)
        row[np.ravel(places)] = 1
        return row


def given_away(flow: np.ndarray, hidden: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[str]:
    """What the reader works out, beyond what the results of all cases tell anyway."""
    reader, beforehand = Reader(flow, hidden), Reader(flow, None)
    found = []
    for name, form in reader.secrets():
        if reader.reach(form) < 1 and beforehand.reach(form) >= 1:
            found.append(name)
    return found


@pytest.mark.parametrize(("groups", "cases", "seed"), [(2, 80, 1), (3, 400, 2), (5, 2500, 3), (9, 80, 4), (9, 400, 5)])
def test_nothing_small_can_be_worked_out(groups: int, cases: int, seed: int):
    flow = made(groups, cases, seed)
    hidden = of_groups(flow)
    assert given_away(flow, hidden) == []
    assert (hidden[0] >= small(flow.sum(axis=(1, 2)))).all()
    assert (hidden[1] >= small(flow.sum(axis=2))).all()
    assert (hidden[2] >= small(flow.sum(axis=1))).all()


def test_the_reader_is_no_fool():
    """Were only the small cells themselves withheld, the same reader would work out many of them."""
    flow = made(5, 2500, 3)
    alone = (small(flow.sum(axis=(1, 2))), small(flow.sum(axis=2)), small(flow.sum(axis=1)))
    found = given_away(flow, alone)
    assert {name.split()[0] for name in found} >= {"before", "after", "change"}


def test_a_difference_of_two_results_is_a_count_too():
    """100 met before and 95 after: five people lost their approval, though neither number is small."""
    flow = np.zeros((3, 2, 2), dtype=np.int64)
    flow[:, 0, 0], flow[:, 1, 1] = (95, 300, 200), (100, 400, 300)
    flow[:, 0, 1] = (5, 60, 50)
    hidden = of_groups(flow)
    assert hidden[1][0, 0] or hidden[2][0, 0]
    assert given_away(flow, hidden) == []
    flow[0, 0, 1], flow[0, 0, 0] = 0, 100
    assert not any(part.any() for part in of_groups(flow)), "without small counts nothing is withheld"


def integer_worlds(flow: np.ndarray, hidden: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """All tables of whole numbers of two groups and two words that agree with what is shown: (worlds, 2, 2, 2)."""
    total = flow.sum(axis=0)  # known whole: its margins are public, and the interval of the change tells who stays met
    one = np.array(list(product(*(range(int(n) + 1) for n in total.ravel())))).reshape(-1, 2, 2)
    every = np.stack([one, total - one], axis=1)
    for g in range(2):
        if not hidden[0][g]:
            every = every[every[:, g].sum(axis=(1, 2)) == flow[g].sum()]
        for w in range(2):
            if not hidden[1][g, w]:
                every = every[every[:, g, w].sum(axis=1) == flow[g, w].sum()]
            if not hidden[2][g, w]:
                every = every[every[:, g, :, w].sum(axis=1) == flow[g, :, w].sum()]
    return every


@pytest.mark.parametrize("seed", range(12))
def test_every_small_count_is_open_among_all_whole_tables(seed: int):
    """By enumeration, with no algebra: at least two values agree with what is shown."""
    luck = np.random.default_rng(seed)
    flow = luck.integers(0, 15, (2, 2, 2))
    worlds = integer_worlds(flow, of_groups(flow))
    free = integer_worlds(flow, (np.ones(2, bool), np.ones((2, 2), bool), np.ones((2, 2), bool)))
    sums = [("before", 3), ("after", 2)]
    checked = 0
    for (name, axis), g, w in product(sums, range(2), range(2)):
        count = flow[g].sum(axis=axis - 2)[w]
        if 1 <= count <= 10 and len(np.unique(free[:, g].sum(axis=axis - 1)[:, w])) > 1:
            assert len(np.unique(worlds[:, g].sum(axis=axis - 1)[:, w])) > 1, (name, g, w)
            checked += 1
    assert checked or (flow.sum(axis=1) > 10).any()


def test_moves_of_all_cases_hold_back_what_the_margins_would_tell():
    flow = np.diag([400, 300, 200, 100, 50, 20]).astype(np.int64)
    flow[0, 1], flow[2, 1], flow[0, 3] = 30, 4, 25
    hidden, _ = of_flow(flow)
    assert hidden[2, 1]
    assert hidden.sum() >= 2, "a single gap in a row or column is filled by subtraction"
    clean = np.diag([400, 300, 200]).astype(np.int64)
    assert not of_flow(clean)[0].any()
    few = clean.copy()
    few[0, 1] = 3
    assert of_flow(few)[1], "a number of moves of 1 to 10 is a small count"
