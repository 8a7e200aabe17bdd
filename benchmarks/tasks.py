"""What everybody is asked to do, and that everybody does it right."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from simulations.counting.data_cube import Batch, DataCube
from simulations.counting.profiles import Profiles

import policy
from benchmarks.cases import POPULATION, Columns, drawn
from benchmarks.in_duckdb import Compiled, DuckDB
from benchmarks.in_numpy import Numpy, NumpyByPathway
from benchmarks.in_openfisca import OpenFisca
from benchmarks.in_pandas import Pandas
from benchmarks.in_polars import Polars, PolarsByPathway
from benchmarks.in_zen import ZenRules
from benchmarks.measuring import Timing, interleaved
from benchmarks.ours import Direct
from benchmarks.sweeps import LEVERS, random_settings, random_values
from policy.explanation.explanation import explain
from policy.model import Settings
from simulations import population
from simulations.counting.grouping import Groups
from simulations.counting.streaming import batches
from simulations.population.speed import plain

WHOLE = (Pandas, OpenFisca, Numpy, NumpyByPathway, Polars, PolarsByPathway, DuckDB, Compiled)
FEW = 1000  # cases for the engine that takes them one by one
GROUPS = ("diagnosis", "procedure", "sex", "truth_benefit")
LOOKED_UP = "this package, levels"


@dataclass
class Ground:
    """The cases of one size in everybody's encoding; `encoding`: seconds that it took each."""

    size: int
    rounds: int
    contenders: dict[str, Any] = field(default_factory=dict)
    encoding: list[Timing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policy = policy.load("nerve_blocks")
        self.base = self.policy.settings()
        self.cases = drawn(self.policy, self.size)
        self.groups = Groups(self.policy, GROUPS)
        self.columns = Columns.of(self.cases, self.groups)
        self.direct = self._made(Direct.name, lambda: Direct(self.cases, self.groups))
        for kind in WHOLE:
            self.contenders[kind.name] = self._made(kind.name, partial(kind, self.columns))
        self.few = np.arange(min(FEW, self.size))
        self.zen = ZenRules(self.columns.take(self.few))
        self.levels = DataCube.of(self.base, [self.direct.batch], LEVERS, self.groups)
        self.alone = DataCube.of(self.base, [self.direct.batch], LEVERS)
        self.weighted: dict[str, int] = {}  # weighted rows that stand for the cases, by which levers may move

    def _made(self, name: str, make: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        made = make()
        seconds = time.perf_counter() - begun
        self.encoding.append(Timing("encoding", name, seconds, seconds))
        return made

    def agreed(self, settings: Settings) -> None:
        """Raises AssertionError when a contender gives any case another outcome, or any group another count."""
        wanted, counts = self.direct.determine(settings), self.direct.counts(settings)
        for name, contender in self.contenders.items():
            found = getattr(contender, "in_order", contender.determine)(settings)
            assert np.array_equal(found, wanted), f"{name}: {(found != wanted).sum():,} outcomes differ at {settings!r}"
            assert np.array_equal(contender.counts(settings), counts), f"{name}: counts differ at {settings!r}"
        assert np.array_equal(self.zen.determine(settings), wanted[self.few]), (
            f"{self.zen.name} differs at {settings!r}"
        )
        if self.levels.covers(settings):
            assert np.array_equal(self.levels.at(settings), counts), f"levels differ at {settings!r}"


def asked(of: Callable[[Settings], object], settings: Sequence[Settings]) -> Callable[[int], object]:
    """A run that asks for the setting of its round."""
    return lambda number: of(settings[number])


def again(run: Callable[[], object], _: int) -> object:
    """A run that is the same in each round."""
    return run()


def determination(ground: Ground, _: DataCube) -> list[Timing]:
    """Encoded columns to the outcome code of every case, at the defaults."""
    runs: dict[str, Callable[[int], object]] = {Direct.name: lambda _: ground.direct.determine(ground.base)}
    runs |= {name: asked(c.determine, [ground.base] * ground.rounds) for name, c in ground.contenders.items()}
    for one in (*(ground.contenders[kind.name] for kind in (OpenFisca, DuckDB, Compiled)), ground.zen):
        ready = one.prepared(ground.base)
        runs[one.name] = partial(again, ready)
    part = {ground.zen.name: (ground.size / len(ground.few), f"{len(ground.few):,} cases")}
    return interleaved("determination", runs, ground.rounds, part)


def settings(ground: Ground, _: DataCube) -> list[Timing]:
    """Counts of each outcome at 1,000 settings of four moved levers, all that is collapsed being collapsed."""
    moved = random_settings(ground.policy, LEVERS, ground.rounds, seed=2)
    weighted = Profiles.of(ground.base, [ground.direct.batch], LEVERS)
    ground.weighted["four levers"] = len(weighted)
    few = Columns.of(weighted.batch.cases, Groups(ground.policy), weighted.batch.weights)
    collapsed = {f"{kind.name}, on weighted rows": kind(few) for kind in (PolarsByPathway, DuckDB)}
    totals = ground.direct.counts(moved[0]).sum(axis=0)
    for name, one in collapsed.items():
        assert np.array_equal(one.counts(moved[0]).sum(axis=0), totals), name
    assert np.array_equal(ground.alone.at(moved[0])[0], totals)
    sweeps = [random_values(ground.policy, LEVERS, 1000, i) for i in range(ground.rounds)]
    runs = {
        LOOKED_UP: lambda i: ground.alone.sweep(sweeps[i]),
        Direct.name: lambda i: ground.direct.counts(moved[i]),
    }
    runs |= {name: asked(c.counts, moved) for name, c in (ground.contenders | collapsed).items()}
    part = {name: (1000.0, "1 setting a round") for name in runs if name != LOOKED_UP}
    return interleaved("1,000 settings", runs, ground.rounds, part)


def one_lever(ground: Ground, small: DataCube) -> list[Timing]:
    """One lever moved: new counts of every outcome in every group."""
    lever = "conservative_weeks"
    values = ground.policy.levers[lever].values()
    moved = [Settings(ground.policy, {**ground.base, lever: value}) for value in values]
    runs: dict[str, Any] = {
        LOOKED_UP: lambda i: [ground.levels.at(s) for s in moved * 8],
        f"{LOOKED_UP}, 10,000 cases": lambda i: [small.at(s) for s in moved * 8],
        Direct.name: lambda i: ground.direct.counts(moved[i]),
    }
    runs |= {name: asked(c.counts, moved) for name, c in ground.contenders.items()}
    part = {name: (1 / (8 * len(moved)), "") for name in list(runs)[:2]}
    return interleaved("one lever moved", runs, ground.rounds, part)


def collapse(ground: Ground, _: DataCube) -> list[Timing]:
    """All cases counted once for four levers; for all levers; and what DuckDB takes for the same GROUP BY."""
    duck = ground.contenders[DuckDB.name]
    query = duck.collapse(ground.base, LEVERS)
    rows, weights = duck.collapsed(query)
    batch, at = Batch(ground.cases.take(rows), weights), random_settings(ground.policy, LEVERS, 3, seed=3)
    for moved in at:
        assert np.array_equal(DataCube.of(ground.base, [batch], LEVERS).at(moved), ground.alone.at(moved)), "GROUP BY"

    def every_lever(_: int) -> None:
        ground.weighted["all levers"] = len(Profiles.of(ground.base, [ground.direct.batch]))

    runs = {
        "this package, levels of one lever": lambda i: DataCube.of(ground.base, [ground.direct.batch], LEVERS[1:2]),
        "this package, levels of four levers": lambda i: DataCube.of(ground.base, [ground.direct.batch], LEVERS),
        "this package, weighted rows, four levers": lambda i: Profiles.of(ground.base, [ground.direct.batch], LEVERS),
        "this package, weighted rows, all levers": every_lever,
        f"{Direct.name}, one determination": lambda i: ground.direct.determine(ground.base),
        f"{DuckDB.name}, GROUP BY for four levers": lambda i: duck.collapsed(query),
    }
    return interleaved("collapse", runs, ground.rounds, {})


def explanation(ground: Ground, _: DataCube) -> list[Timing]:
    """Why one case has its outcome."""
    row = int(np.flatnonzero(ground.direct.determine(ground.base) == 2)[0])
    one = ground.columns.take(np.array([row]))
    fisca = OpenFisca(one).simulation(ground.base)
    fisca.trace = True
    zen = ZenRules(one)
    decision = zen.decision(ground.base)

    def traced(_: int) -> object:
        for name in fisca.tax_benefit_system.variables:
            if name not in ground.columns.facts | ground.columns.codes:
                fisca.delete_arrays(name)
        fisca.calculate("outcome", "2026")
        return fisca.tracer.computation_log.lines()

    runs = {
        "this package, words with distances and what would change": lambda _: explain(
            ground.policy, ground.cases, row, ground.base
        ).text(),
        f"{OpenFisca.name}, trace of its variables": traced,
        f"{zen.name}, trace of its nodes": lambda _: decision.evaluate(zen.rows[0], {"trace": True}),
    }
    return interleaved("one explanation", runs, ground.rounds, {})


def generation(ground: Ground, _: DataCube) -> list[Timing]:
    """Cases of the population made, a hundred thousand of them."""
    size, page = min(100_000, ground.size), population.load(POPULATION)
    runs = {
        "this package, case table": lambda i: population.generate(page, size, i),
        "this package, case table read and encoded": lambda i: list(batches(ground.base, page, size, i)),
        "plain numpy, codes from one generator, no table": lambda i: plain(page, size),
    }
    part = dict.fromkeys(runs, (ground.size / size, f"{size:,} cases")) if ground.size > size else {}
    return interleaved("generation", runs, ground.rounds, part)


TASKS = (determination, settings, one_lever, collapse, explanation, generation)
