"""What a policy makes of some cases at any setting, answered in the cheapest exact way.

Look-ups where the moving levers fit into one count of levels; else weighted cases, where there are clearly fewer of
them; else every case anew. The ways agree exactly, and the object says which it takes, and why.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from policy.cases.reader import Cases
from policy.model import OUTCOMES, Settings, Value
from simulations.counting.data_cube import CLOSING, MOST_CELLS, Batch, DataCube, cells
from simulations.counting.grouping import Groups
from simulations.counting.profiles import Profiles, counted, each

FEWER = 4  # weighted cases must be so many times fewer than the cases to be worth their making


class Answers:
    """Counts of `cases` under `base` with any levers moved.

    `levers`: those likely to move, counted at once now; one that moves later is counted when it does. `groups`: columns
    that split the counts (grouping.py). Raises ProblemsFound for unknown levers and groups.
    """

    def __init__(
        self, base: Settings, cases: Cases | Batch, levers: Sequence[str] = (), groups: Sequence[str] = (),
        most_cells: int = MOST_CELLS,
    ) -> None:  # fmt: skip
        base.policy.settings(dict.fromkeys({*levers} - {*base}, ""))
        self.base, self.batch = base, cases if isinstance(cases, Batch) else Batch(cases)
        self.groups, self.most_cells = Groups(base.policy, tuple(groups)), most_cells
        self.batch.labels(self.groups)
        self.levels: DataCube | None = None
        self.profiles: Profiles | None = None
        self.too_many: list[frozenset[str]] = []  # levers that do not fit, nor do more of them
        self.alike: bool | None = None  # whether profiles are clearly fewer than the cases, once that is known
        self.why = "nothing was asked yet"
        self._prepare(list(levers))

    def __repr__(self) -> str:
        return f"{self.levels or self.profiles or f'Direct: {len(self.batch):,} cases'} ({self.why})"

    def at(self, settings: Settings) -> NDArray[np.int64]:
        """Counts of every group and outcome, int64 (groups, 6); `groups.frame()` has the labels."""
        if self.levels is None or not self.levels.covers(settings):
            self._prepare([k for k, v in settings.items() if v != self.base[k] and k != CLOSING])
        if self.levels is not None and self.levels.covers(settings):
            return self.levels.at(settings)
        return self.profiles.at(settings) if self.profiles else counted(self.batch, settings, self.groups)

    def counts(self, settings: Settings) -> dict[str, int]:
        """Number of cases for each outcome word."""
        return dict(zip(OUTCOMES, self.at(settings).sum(axis=0).tolist(), strict=True))

    def sweep(self, values: Mapping[str, Sequence[Value]]) -> NDArray[np.int64]:
        """Counts of each outcome at many settings, int64 (settings, 6); `values`: lever -> value at each setting."""
        moving = [lever for lever in values if lever != CLOSING]
        legal = all(value in self.base.policy.levers[k].values() for k, column in values.items() for value in {*column})
        if legal and not (self.levels and {*moving} <= {*self.levels.levers}):
            self._prepare(moving)
        if legal and self.levels and {*moving} <= {*self.levels.levers}:
            return self.levels.sweep(values)
        return np.array([self.at(settings).sum(axis=0) for settings in each(self.base, values)])

    def _prepare(self, moving: Sequence[str]) -> None:
        """Count levels for the moving levers, with those counted before when there is room; else find profiles."""
        before = self.levels.levers if self.levels else ()
        for levers, why in (
            (tuple(dict.fromkeys([*before, *moving])), "all levers that moved so far fit"),
            (tuple(moving), "only the levers being moved: with those moved before there would be too many cells"),
        ):
            if self._fits(levers):
                self.levels, self.why = DataCube.of(self.base, [self.batch], levers, self.groups), why
                return
        self.levels = None
        if self.alike is None:
            profiles = Profiles.of(self.base, [self.batch], groups=self.groups)
            self.alike = len(profiles) * FEWER <= len(self.batch.cases)
            self.profiles = profiles if self.alike else None
        many = f"{len(moving)} levers would need more than {self.most_cells:,} cells"
        self.why = many if self.profiles else f"{many}, and nearly every case is a profile of its own"

    def _fits(self, levers: Sequence[str]) -> bool:
        """Whether the counts for these levers fit; what does not is not worked out again."""
        if any(known <= {*levers} for known in self.too_many):
            return False
        fits = cells(self.base, self.batch, levers, self.groups) <= self.most_cells
        self.too_many += [] if fits else [frozenset(levers)]
        return fits
