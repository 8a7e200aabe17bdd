"""Who moved it: the exact share of each provision in a change, whatever the order in which one would make them.

Every combination of the provisions is asked of the same cases. The share of a provision is its Shapley value, the mean
of what it adds over all orders of making the changes (Shapley 1953), in whole numbers over n!, so that the shares add
up exactly. The interaction of a pair is Grabisch and Roubens' index (1999): what two do together beyond each alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.bits.counting import kinds
from policy.bits.planes import bits_at
from policy.case_files.reader import Cases
from policy.determinations.layout import Planes
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.reading import closing_of
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import listed, nearest, refuse, shown
from policy.reading.scenario import Edit, edited
from policy.trees.policies import CLOSING, pathway_levers
from simulations.counting.grouping import Groups
from simulations.statistics.intervals import Interval, Z
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import Study
from simulations.studies.impact import under

MOST = 12  # provisions: 4,096 combinations
Game = NDArray[Any]  # (2 ** n, ...): the value of each coalition; bit i of its number says whether player i is in


def shapley(game: Game) -> Game:
    """Share of each player times n!, exact for whole numbers: object (n, ...).

    `game`: values of all 2 ** n coalitions; that of none is what the shares are counted from.
    """
    players = _players(game)
    values = np.asarray(game).astype(object)
    weights = [factorial(k) * factorial(players - k - 1) for k in range(players)]
    return np.array([_weighted(values, (i,), weights, players) for i in range(players)], dtype=object)


def interaction(game: Game) -> dict[tuple[int, int], Game]:
    """Pair of players -> their interaction times (n - 1)!, exact for whole numbers."""
    players = _players(game)
    values = np.asarray(game).astype(object)
    weights = [factorial(k) * factorial(players - k - 2) for k in range(players - 1)]
    return {pair: _weighted(values, pair, weights, players) for pair in combinations(range(players), 2)}


def _players(game: Game) -> int:
    size = len(game)
    if size < 2 or size & (size - 1):
        raise refuse("game", "game", f"{size} values are not those of all coalitions (2, 4, 8, ...)")
    return size.bit_length() - 1


def _weighted(values: Game, among: tuple[int, ...], weights: Sequence[int], players: int) -> Any:
    """Sum over the coalitions without `among` of what these add together, by the size of the coalition."""
    without = _without(players, among)
    gain = 0
    for chosen in range(1 << len(among)):
        mask = sum(1 << player for bit, player in enumerate(among) if chosen >> bit & 1)
        sign = (-1) ** (len(among) - chosen.bit_count())
        gain = gain + sign * values[without | mask]
    times = np.array([weights[int(c).bit_count()] for c in without], dtype=object)
    return (gain * times.reshape(-1, *[1] * (values.ndim - 1))).sum(axis=0)


def _without(players: int, among: tuple[int, ...]) -> NDArray[np.int64]:
    every = np.arange(1 << players)
    return every[(every & sum(1 << player for player in among)) == 0]


@dataclass(frozen=True)
class Attribution:
    """The same cases under every combination of some provisions.

    `patterns`: uint8 (P, 2 ** n), outcomes of a kind of case under each combination (bit i: provision i is made);
    `counts`: int64 (P, groups), how many cases of each group are of that kind.
    """

    policy: Policy
    provisions: tuple[str, ...]
    groups: Groups
    patterns: NDArray[np.uint8]
    counts: NDArray[np.int64]

    def __repr__(self) -> str:
        kinds = f"{len(self.patterns):,} kinds of cases"
        return f"Attribution: {len(self.provisions)} provisions over {self.cases:,} cases ({kinds})"

    @property
    def cases(self) -> int:
        """How many cases were asked."""
        return int(self.counts.sum())

    def rows(self, **group: str) -> NDArray[np.int64]:
        """Cases of each kind in a subgroup, e.g. rural='true'; all cases without one: int64 (P,)."""
        labels = self.groups.frame()
        for name, value in group.items():
            if name not in labels:
                raise refuse("group", name, f"was not counted by; there is {listed(labels) or 'no group'}")
            if value not in set(labels[name]):
                values = sorted(set(labels[name]))
                raise refuse("group", name, f"{shown(value)} is none of {listed(values)}{nearest(value, values)}")
        here = np.array([all(labels[n][i] == v for n, v in group.items()) for i in range(len(self.groups))], dtype=bool)
        found: NDArray[np.int64] = self.counts[:, here].sum(axis=1)
        return found

    def game(self, outcome: str = "met", **group: str) -> NDArray[np.int64]:
        """How many cases have an outcome under each combination: int64 (2 ** n,)."""
        weights = self.rows(**group)
        found: NDArray[np.int64] = weights @ (self.patterns == _code(outcome))
        return found

    def shares(self, outcome: str = "met", **group: str) -> dict[str, Fraction]:
        """Provision -> its share in the change of how many cases have an outcome; they add up to the change."""
        exact = shapley(self.game(outcome, **group))
        whole = factorial(len(self.provisions))
        return {name: Fraction(int(part), whole) for name, part in zip(self.provisions, exact, strict=True)}

    def frame(self, outcome: str = "met", **group: str) -> pd.DataFrame:
        """One row per provision, counts of cases: share with its 95 % interval; first_in, last_in, least and most.

        `first_in`: made alone; `last_in`: made after all others; `least`, `most`: over all orders. `share_points` with
        its interval is per cent of the cases of the group. The interval is of the luck of the draw.
        """
        game, weights = self.game(outcome, **group), self.rows(**group)
        cases, everyone = int(weights.sum()), len(game) - 1
        each = _per_case(self.patterns == _code(outcome))
        rows = []
        for i, (name, share) in enumerate(self.shares(outcome, **group).items()):
            without = _without(len(self.provisions), (i,))
            gains = game[without | 1 << i] - game[without]
            interval = _mean(each[:, i], weights, float(share))
            row = {"provision": name, "share": float(share), "first_in": int(game[1 << i] - game[0])}
            row |= {"last_in": int(game[everyone] - game[everyone ^ 1 << i])}
            row |= {"least": int(gains.min()), "most": int(gains.max()), "cases": cases}
            points = dict(zip(("share_points", "low", "high"), (100 * value for value in interval), strict=True))
            rows.append(row | {key: round(value, 6) for key, value in points.items()})
        return pd.DataFrame(rows)

    def interactions(self, outcome: str = "met", **group: str) -> pd.DataFrame:
        """One row per pair of provisions, the largest first: one, other, interaction (cases; 0 = they simply add)."""
        whole = factorial(len(self.provisions) - 1)
        found = interaction(self.game(outcome, **group))
        names = self.provisions
        rows = [(names[i], names[j], float(Fraction(int(value), whole))) for (i, j), value in found.items()]
        table = pd.DataFrame(rows, columns=["one", "other", "interaction"])
        return table.sort_values("interaction", key=abs, ascending=False, kind="stable", ignore_index=True)


def attribute(study: Study, groups: Sequence[str] = (), progress: Callable[[int], None] | None = None) -> Attribution:
    """What each provision of a study does, alone and with the others; `groups` as in grouping.py.

    Raises ProblemsFound without a provision, with more than 12, and for a column that cannot be grouped by.
    """
    edits = study.plan.criteria if study.plan else ()
    moves = {name: study.scenario[name] for name in study.policy.levers if study.scenario[name] != study.baseline[name]}
    return attributed(study.baseline, moves, edits, study.cases, groups, progress)


def attributed(
    baseline: Settings, moves: Mapping[str, Any], edits: Sequence[Edit], cases: Caseload,
    groups: Sequence[str] = (), progress: Callable[[int], None] | None = None,
) -> Attribution:  # fmt: skip
    """`attribute` for levers that move (lever -> value) and criteria that are edited."""
    names = (*moves, *map(str, edits))
    if not 0 < len(names) <= MOST:
        raise refuse("provisions", "attribution", f"{len(names)} provisions; 1 to {MOST} can be told apart")
    by = Groups(baseline.policy, tuple(groups))
    settings = _combinations(baseline, moves, edits)
    found = gathered(cases, lambda part: _patterns(part, settings, by), by, len(settings), progress)
    return Attribution(baseline.policy, names, by, *found)


Patterns = Iterator[tuple[bytes, NDArray[np.int64]]]


def gathered(
    cases: Caseload, patterns_of: Callable[[Cases], Patterns], by: Groups, size: int,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:  # fmt: skip
    """The patterns of all cases under `size` combinations, and how many cases of each group are of each pattern."""
    found: dict[bytes, NDArray[np.int64]] = {}
    done = 0
    for part in cases.slices():
        for pattern, counts in patterns_of(part):
            before = found.get(pattern, np.zeros(0, dtype=np.int64))
            found[pattern] = np.pad(before, (0, len(counts) - len(before))) + counts
        done += len(part)
        if progress:
            progress(done)
    kinds = sorted(found)
    patterns = np.frombuffer(b"".join(kinds), dtype=np.uint8).reshape(len(kinds), size)
    return patterns, np.array([np.pad(found[kind], (0, len(by) - len(found[kind]))) for kind in kinds])


def _combinations(baseline: Settings, moves: Mapping[str, Any], edits: Sequence[Edit]) -> list[Settings]:
    """The settings of every combination: bit i of its position says whether provision i is made."""
    policies = [
        edited(baseline.policy, [edit for i, edit in enumerate(edits) if chosen >> i & 1])
        for chosen in range(1 << len(edits))
    ]
    return [
        Settings(policy, {**baseline, **{lever: v for i, (lever, v) in enumerate(moves.items()) if chosen >> i & 1}})
        for policy in policies
        for chosen in range(1 << len(moves))
    ]


def _patterns(cases: Cases, settings: Sequence[Settings], by: Groups) -> Iterator[tuple[bytes, NDArray[np.int64]]]:
    """The outcomes of each kind of case under all settings, and how many of each group are of that kind."""
    policies = list(dict.fromkeys(one.policy for one in settings))
    laid_out = {policy: Planes(under(cases, policy)) for policy in policies}
    labels = by.of(cases)
    for number, (position, places, rows) in enumerate(laid_out[policies[0]].by_pathway):
        levers = {policy: (CLOSING, *pathway_levers(policy, position)) for policy in policies}
        keys = [(policies.index(one.policy), *(one[lever] for lever in levers[one.policy])) for one in settings]
        apart = dict(zip(keys, settings, strict=True))  # of those that this pathway reads alike, one is evaluated
        readings = [
            evaluate(Evaluation(one, laid_out[one.policy].by_pathway[number][2], asking=False), position)
            for one in apart.values()
        ]
        first, kind = kinds((plane for reading in readings for plane in reading.outcome.values()), rows.size)
        patterns = np.zeros((len(first), len(readings)), dtype=np.uint8)
        for i, (one, reading) in enumerate(zip(apart.values(), readings, strict=True)):
            for code, plane in reading.closed(closing_of(one)).items():
                patterns[:, i] += bits_at(plane, first).astype(np.uint8) * np.uint8(code)
        patterns = patterns[:, [[*apart].index(key) for key in keys]]
        key = kind * len(by) + (labels[places] if len(labels) else 0)
        counts = np.bincount(key, minlength=len(first) * len(by)).reshape(len(first), len(by))
        yield from zip((pattern.tobytes() for pattern in patterns), counts, strict=True)


def _per_case(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each kind of case's own shares: float (P, n)."""
    exact = shapley(hits.T.astype(np.int64))
    return np.asarray(exact.T, dtype=np.float64) / factorial(_players(hits.T))


def _mean(values: NDArray[np.float64], weights: NDArray[np.int64], total: float) -> Interval:
    """The mean of a value over weighted cases with its normal interval of 95 %; zeros for no case."""
    cases = int(weights.sum())
    if not cases:
        return Interval(0.0, 0.0, 0.0)
    mean = total / cases
    spread = float(weights @ (values - mean) ** 2) / max(cases - 1, 1)
    half = Z * sqrt(spread / cases)
    return Interval(mean, mean - half, mean + half)


def _code(outcome: str) -> int:
    if outcome not in OUTCOMES:
        raise refuse(
            "outcome", "outcome", f"{shown(outcome)} is none of {listed(OUTCOMES)}{nearest(outcome, OUTCOMES)}"
        )
    return OUTCOMES.index(outcome)
