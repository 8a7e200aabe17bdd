"""A data cube over the settings of some levers: cases are counted once, and every setting is then a look-up.

A numeric lever that only ever makes a policy stricter is an axis: of its values in order, lenient to strict, a test
passes the first so many, and that number is its level. The same tree of tests is evaluated in levels by minimum and
maximum, once with what is missing failing and once with it passing. A case then is a region of settings under which
it is met, within a region under which it is not refused; counted by corner (bincount) and added up along each axis
(cumulate), the regions give the counts at all settings. Other levers that move (choices, stances) multiply: one count
for each value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from policy.cases.reader import Cases
from policy.evaluation.determination import BLOCK, CODE, Evaluation, Memory
from policy.model import OUTCOMES, Policy, Settings, Value
from policy.problems import refuse
from simulations.counting.axes import Roles, in_order
from simulations.counting.grouping import Groups
from simulations.counting.regions import Region, Regions, Tables, outcomes

MOST_CELLS = 1 << 25  # counts held at a time, 8 bytes each
CLOSING = "undocumented_action"  # always free to move: what is open is counted apart


@dataclass
class Batch:
    """Some cases to be counted; `weights`: int64 (n,), how many cases each stands for (None: itself)."""

    cases: Cases
    weights: NDArray[np.int64] | None = None
    _labelled: tuple[Groups, NDArray[np.intp]] | None = field(default=None, repr=False)

    @cached_property
    def memory(self) -> Memory:
        """The cases laid out for evaluation, once."""
        return Memory(self.cases)

    def __len__(self) -> int:
        return len(self.cases) if self.weights is None else int(self.weights.sum())

    def labels(self, groups: Groups) -> NDArray[np.intp]:
        """What `Groups.of` says of the cases, asked once."""
        if self._labelled is None or self._labelled[0] is not groups:
            self._labelled = (groups, groups.of(self.cases))
        return self._labelled[1]


Members = tuple[NDArray[np.int32] | None, NDArray[np.intp]]  # of each row (None: all in one), their places in a cube


@dataclass
class PathwayCube:
    """Counts for the pathways that read the same levers, at every setting: one array for each value of the choices.

    `members`: the groups that occur, with their places; `counts`: values of the choices -> int64 (7 outcomes with
    OPEN, cells, members). While counting, a cell is a corner and a level can be 0; `finish` makes it (values of each
    axis..., members, 7).
    """

    axes: dict[str, list[Value]]
    choices: dict[str, list[Value]]
    members: dict[int, int] = field(default_factory=dict)
    counts: dict[tuple[Value, ...], NDArray[np.int64]] = field(default_factory=dict)

    @property
    def shape(self) -> list[int]:
        """Levels of each axis; one level where there is no axis."""
        return [len(values) + 1 for values in self.axes.values()] or [2]

    def members_of(self, labels: NDArray[np.intp], rows: NDArray[np.intp]) -> Members:
        """The members that occur in some rows, new ones added."""
        if not labels.size:
            self.members[0] = 0
            return None, np.zeros(1, dtype=np.intp)
        mine = labels[rows]
        present = np.flatnonzero(np.bincount(mine))
        own = np.zeros(int(present[-1]) + 1, dtype=np.int32)
        own[present] = np.arange(len(present))
        places = [self.members.setdefault(label, len(self.members)) for label in present.tolist()]
        return own[mine], np.array(places, dtype=np.intp)

    def add(
        self, group: Evaluation, position: int, members: Members, weights: NDArray[np.int64] | None, tables: Tables
    ) -> None:
        """Count the rows of one group that `Memory.groups` found."""
        strictest = {lever: values[-1] for lever, values in self.axes.items()}
        for combination in product(*self.choices.values()):
            chosen = dict(zip(self.choices, combination, strict=True))
            settings = Settings(group.policy, {**group.settings, **strictest, **chosen})
            rows = replace(group, settings=settings, known={}, entries={})
            self._count(self._held(combination), rows, position, members, weights, tables)

    def _held(self, combination: tuple[Value, ...]) -> NDArray[np.int64]:
        """The counts so far, with room for all members."""
        held = self.counts.get(combination, np.zeros((len(OUTCOMES) + 1, prod(self.shape), 0), dtype=np.int64))
        if held.shape[2] < len(self.members):
            held = np.pad(held, ((0, 0), (0, 0), (0, len(self.members) - held.shape[2])))
        self.counts[combination] = held
        return held

    def _count(
        self, held: NDArray[np.int64], rows: Evaluation, position: int,
        members: Members, weights: NDArray[np.int64] | None, tables: Tables,
    ) -> None:  # fmt: skip
        member, places = members
        alike: dict[tuple[tuple[int, int], ...], list[tuple[NDArray[np.int32], NDArray[np.intp]]]] = {}  # by change
        for start in range(0, len(rows.rows), BLOCK):
            part = slice(start, start + BLOCK)
            for region, change in outcomes(Regions(rows.block(part), self.axes, tables), position):
                cell = self._cell(region)
                cell = cell if member is None else cell * np.int32(len(places)) + member[part]
                cell = np.broadcast_to(cell, len(rows.rows[part]))
                alike.setdefault(tuple(sorted(change.items())), []).append((cell, rows.rows[part]))
        for changes, counted in alike.items():
            times = None if weights is None else np.concatenate([weights[which] for _, which in counted])
            where, found = _tally(np.concatenate([cell for cell, _ in counted]), times, prod(self.shape) * len(places))
            cells, own = np.divmod(where, len(places))
            for outcome, by in changes:
                held[outcome, cells, places[own]] += by * found

    def _cell(self, region: Region) -> NDArray[np.int32]:
        cell = np.asarray(np.int32(0))
        for levels, size in zip(region, self.shape, strict=True):
            cell = cell * np.int32(size) + levels
        return cell

    @property
    def cells(self) -> int:
        """How many counts are held, or will be."""
        return (len(OUTCOMES) + 1) * prod([*self.shape, *map(len, self.choices.values()), len(self.members)])

    @cached_property
    def place(self) -> dict[str, dict[Value, int]]:
        """Position of each value on its axis."""
        return {lever: {value: i for i, value in enumerate(values)} for lever, values in self.axes.items()}

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """The groups by their places."""
        return np.array(list(self.members), dtype=np.intp)

    @cached_property
    def totals(self) -> dict[tuple[Value, ...], NDArray[np.int64]]:
        """The finished counts of all groups together."""
        return {combination: counts.sum(axis=-2) for combination, counts in self.counts.items()}

    def sweep(
        self, total: NDArray[np.int64], where: Mapping[str, NDArray[np.intp]], values: Mapping[str, Sequence[Value]]
    ) -> None:
        """Add the counts at many settings to `total` (settings, 7); `where`: lever -> position on its axis."""
        places = [where[lever] for lever in self.axes]
        if not self.choices:
            total += self.totals[()][tuple(places)]
            return
        chosen = list(zip(*(values[lever] for lever in self.choices), strict=True))
        for combination in set(chosen):
            rows = np.array([c == combination for c in chosen])
            total[rows] += self.totals[combination][tuple(place[rows] for place in places) if places else 0]

    def finish(self) -> None:
        """From corners to counts: the cases whose level is at least p + 1 on every axis pass at position p."""
        for combination, held in self.counts.items():
            cube = held.reshape(len(OUTCOMES) + 1, *self.shape, len(self.members))
            for axis in range(1, len(self.shape) + 1):
                backwards = np.flip(cube, axis)
                np.cumsum(backwards, axis, out=backwards)
                cube = cube[(slice(None),) * axis + (slice(1, None),)]
            self.counts[combination] = np.ascontiguousarray(np.moveaxis(cube, 0, -1))


@dataclass(frozen=True)
class DataCube:
    """Counts of some cases at every value of `levers`; the other levers stay as in `base`.

    `groups`: what the counts are split by; `fixed`: int64 (groups, 7), cases that no lever of these moves.
    """

    base: Settings
    levers: tuple[str, ...]
    groups: Groups
    fixed: NDArray[np.int64]
    cubes: tuple[PathwayCube, ...]

    @classmethod
    def of(
        cls, base: Settings, batches: Iterable[Batch], levers: Sequence[str], groups: Groups | None = None
    ) -> "DataCube":
        """Count the cases of all batches; raises ProblemsFound for unknown levers and for too many cells."""
        policy = base.policy
        policy.settings(
            {lever: base[lever] for lever in levers if lever in base} | dict.fromkeys({*levers} - {*base}, "")
        )
        by = Groups(policy) if groups is None else groups
        cubes: dict[Roles, PathwayCube] = {}
        tables: Tables = {}
        for batch in batches:
            for group, position, cube, members in members_in(cubes, batch, base, levers, by):
                cube.add(group, position, members, batch.weights, tables)
        return cls(base, tuple(levers), by, *_finished(cubes.values(), len(by)))

    def __repr__(self) -> str:
        settings = prod(len(self.base.policy.levers[lever].values()) for lever in self.levers)
        return (
            f"DataCube: {self.cases:,} cases counted once at {settings:,} settings of {len(self.levers)} levers"
            f" ({self.cells:,} cells, {len(self.groups)} groups); every setting is a look-up"
        )

    @property
    def cells(self) -> int:
        """How many counts are held."""
        return sum(cube.cells for cube in self.cubes)

    @property
    def cases(self) -> int:
        """How many cases were counted."""
        anywhere = [
            next(iter(cube.counts.values())).reshape(-1, len(cube.members), len(OUTCOMES) + 1)[0] for cube in self.cubes
        ]
        return int(self.fixed.sum() + sum(counts.sum() for counts in anywhere))

    def covers(self, settings: Settings) -> bool:
        """Whether only levers that were counted differ from the base."""
        free = {*self.levers, CLOSING}
        return all(value == self.base[lever] or lever in free for lever, value in settings.items())

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, int64 (groups, 6), as determining all the cases would give.

        Raises ProblemsFound when a lever moved that was not counted.
        """
        if not self.covers(settings):
            moved = [k for k, v in settings.items() if v != self.base[k] and k not in self.levers]
            raise refuse("frozen", "levels", f"lever {', '.join(moved)} was frozen when the cases were counted")
        total = self.fixed.copy()
        for cube in self.cubes:
            counts = cube.counts[tuple(settings[lever] for lever in cube.choices)]
            total[cube.order] += counts[tuple(cube.place[lever][settings[lever]] for lever in cube.axes) or (0,)]
        return _closed(total, settings[CLOSING])

    def counts(self, settings: Settings) -> dict[str, int]:
        """Number of cases for each outcome word."""
        return dict(zip(OUTCOMES, self.at(settings).sum(axis=0).tolist(), strict=True))

    def sweep(self, values: Mapping[str, Sequence[Value]]) -> NDArray[np.int64]:
        """Counts of each outcome at many settings, int64 (settings, 6); `values`: lever -> value at each setting."""
        size = len(next(iter(values.values()))) if values else 1
        frozen = [lever for lever in values if lever not in (*self.levers, CLOSING)]
        if frozen or len({len(column) for column in values.values()} | {size}) != 1:
            raise refuse("frozen", "levels", f"columns differ in length, or these were frozen: {', '.join(frozen)}")
        total = np.tile(self.fixed.sum(axis=0), (size, 1))
        every = {lever: values.get(lever, [self.base[lever]] * size) for lever in (*self.levers, CLOSING)}
        place = {lever: cube.place[lever] for cube in self.cubes for lever in cube.axes}
        where = {lever: np.array([at[value] for value in every[lever]], dtype=np.intp) for lever, at in place.items()}
        for cube in self.cubes:
            cube.sweep(total, where, every)
        closing = every[CLOSING]
        for word in set(closing):
            rows = np.array([value == word for value in closing])
            total[rows, :-1] = _closed(total[rows], word)
        return total[:, :-1]


def grouped(batch: Batch, base: Settings, levers: Sequence[str]) -> Iterator[tuple[Evaluation, tuple[int, Roles]]]:
    """The groups of a batch, each with the position of its pathway and the parts that the levers play."""
    policy, rules = base.policy, [pathway.rule for pathway in base.policy.pathways.values()]
    notices = {notice.code: notice.lever for notice in policy.code_notices}
    known: dict[tuple[int, str | None], Roles] = {}
    for position, group in batch.memory.groups(base):
        key = (position, notices.get(str(batch.cases.dx[group.rows[0]])))
        if key not in known:
            named = [key[1]] if key[1] else []
            known[key] = Roles.of(policy, rules[position], levers, named) if position >= 0 else Roles((), ())
        yield replace(group, settings=base), (position, known[key])


def members_in(
    cubes: dict[Roles, PathwayCube], batch: Batch, base: Settings, levers: Sequence[str], groups: Groups,
    most: int | None = MOST_CELLS,
) -> list[tuple[Evaluation, int, PathwayCube, Members]]:  # fmt: skip
    """The groups of a batch, each with its pathway, its cube and the members in it; new cubes and members are added.

    Raises ProblemsFound when all cubes together would hold more than `most` counts.
    """
    labels, found = batch.labels(groups), []
    for group, (position, roles) in grouped(batch, base, levers):
        cube = cubes[roles] = cubes.get(roles) or new_cube(base.policy, roles)
        found.append((group, position, cube, cube.members_of(labels, group.rows)))
    if most is not None and sum(cube.cells for cube in cubes.values()) > most:
        raise refuse("cells", "levels", f"{', '.join(levers)}: too many combinations to count at once")
    return found


def cells(base: Settings, batch: Batch, levers: Sequence[str], groups: Groups) -> int:
    """How many counts `DataCube.of` would hold."""
    cubes: dict[Roles, PathwayCube] = {}
    members_in(cubes, batch, base, levers, groups, most=None)
    return sum(cube.cells for cube in cubes.values())


def new_cube(policy: Policy, roles: Roles) -> PathwayCube:
    """An empty cube."""
    axes = {lever: in_order(policy, lever) for lever in roles.axes}
    return PathwayCube(axes, {lever: policy.levers[lever].values() for lever in roles.choices})


def _tally(
    key: NDArray[np.int32], times: NDArray[np.int64] | None, size: int
) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The numbers below `size` that occur, and how often: by counting, or by sorting where most do not occur."""
    if size <= 4 * len(key):
        found = np.bincount(key, times)
        where = np.flatnonzero(found)
        return where, found[where].astype(np.int64)
    where, inverse = np.unique(key, return_inverse=True)
    return where, np.bincount(inverse, times).astype(np.int64)


def _finished(cubes: Iterable[PathwayCube], groups: int) -> tuple[NDArray[np.int64], tuple[PathwayCube, ...]]:
    """The cubes at every setting; what no lever moves is one fixed array."""
    fixed = np.zeros((groups, len(OUTCOMES) + 1), dtype=np.int64)
    moving = []
    for cube in cubes:
        cube.finish()
        if cube.axes or cube.choices:
            moving.append(cube)
        else:
            fixed[cube.order] += cube.counts[()][0]
    return fixed, tuple(moving)


def _closed(counts: NDArray[np.int64], word: Value) -> NDArray[np.int64]:
    """(..., 7) to (..., 6): what is open is what closing the file makes of it."""
    closed = counts[..., :-1].copy()
    closed[..., CODE[str(word)]] += counts[..., -1]
    return closed
