"""What everybody is asked to do, and that everybody does it right."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

import policy
from benchmarks.cases import BLOCKS, POPULATION, Columns, drawn
from benchmarks.in_duckdb import Compiled, DuckDB, OnParquet
from benchmarks.in_numpy import Numpy, NumpyByPathway
from benchmarks.in_openfisca import OpenFisca
from benchmarks.in_pandas import Pandas
from benchmarks.in_polars import Polars, PolarsByPathway
from benchmarks.in_zen import ZenRules
from benchmarks.measuring import Timing, Told, interleaved
from benchmarks.ours import ANEW, AT_HAND, COUNTED, ONCE, READ, READ_FILE, READ_OWN, Ours, PlainReads
from benchmarks.previous import CHANGED, DIRECT, VERSION, Previous, alike
from benchmarks.previous import ONCE as ONCE_BEFORE
from policy.determinations.determination import determine
from policy.explanation.explanation import explain
from policy.model import Settings
from policy.reading.loading import policy_file
from simulations import population
from simulations.counting.grouping import Groups
from simulations.counting.streaming import batches
from simulations.population.speed import plain

WHOLE = (Pandas, OpenFisca, Numpy, NumpyByPathway, Polars, PolarsByPathway, DuckDB, OnParquet, Compiled)
MANY = (Polars, PolarsByPathway, NumpyByPathway, DuckDB)  # those that are asked for hundreds of settings
FEW = 1000  # cases for the engine that takes them one by one
BULK = 10_000  # cases that are explained together
PROVISIONS = (
    "conservative_weeks", "relief_pct", "pain_duration_months", "conservative_modalities_min",
    "diagnostic_blocks_required", "repeat_min_weeks", "radiculopathy_action", "generic_gate_scope",
)  # fmt: skip
MINE, BEFORE = "this package", f"version {VERSION}"
ZEN_TRACE = f"{ZenRules.name}, trace of its nodes"
WORDS, TRACE = f"{MINE}, words with distances and what would change", f"{MINE}, trace of criteria, truths and values"
TOGETHER = f"{MINE}, truths, reasons and what is asked for, of each of {BULK:,} at once"


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
        self.groups = Groups(self.policy, (BLOCKS,))
        self.columns = Columns.of(self.cases, self.groups)
        self.ours = self._made(MINE, lambda: Ours(self.cases, self.groups))
        for kind in WHOLE:
            self.contenders[kind.name] = self._made(kind.name, partial(kind, self.columns))
        self.before = Previous(self.policy, self.size, policy_file("nerve_blocks"))
        self.encoding.append(Timing("encoding", BEFORE, [self.before.encoding]))
        self.contenders[DIRECT] = self.before
        self.engines = [name for name in self.contenders if name != DIRECT]
        self.few = np.arange(min(FEW, self.size))
        self.zen = ZenRules(self.columns.take(self.few))
        self.ours.counts(self.base)
        self.ours.alone.at(self.base)
        reads = PlainReads(self.columns, self.ours)
        self.plain = {READ: reads.every, READ_OWN: reads.by_pathway}
        self.levers = {name: list(lever.values()) for name, lever in self.policy.levers.items()}

    def _made(self, name: str, make: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        made = make()
        self.encoding.append(Timing("encoding", name, [time.perf_counter() - begun]))
        return made

    def agreed(self, settings: Settings) -> None:
        """Raises AssertionError when a contender gives any case another outcome, or any group another count."""
        wanted = self.ours.once(settings)
        assert np.array_equal(self.ours.determine(settings), wanted), f"planes at hand differ at {settings!r}"
        for name in self.engines:
            self._agreed(name, settings)
        self._agreed(DIRECT, alike(settings))
        assert np.array_equal(self.zen.determine(settings), wanted[self.few]), (
            f"{self.zen.name} differs at {settings!r}"
        )

    def _agreed(self, name: str, settings: Settings) -> None:
        wanted, counts, one = self.ours.once(settings), self.ours.counts(settings), self.contenders[name]
        found = getattr(one, "in_order", one.determine)(settings)
        assert np.array_equal(found, wanted), f"{name}: {(found != wanted).sum():,} outcomes differ at {settings!r}"
        assert np.array_equal(one.counts(settings), counts), f"{name}: counts differ at {settings!r}"

    def moved(self, number: int) -> list[Settings]:
        """Each lever in turn at another value than its default, another one in each round where it has more."""
        found = []
        for lever, values in self.levers.items():
            others = [value for value in values if value != self.base[lever]]
            found.append(Settings(self.policy, {**self.base, lever: others[number % len(others)]}))
        return found

    def counting(self, kinds: Sequence[str], settings: Sequence[Settings]) -> dict[str, Callable[[int], object]]:
        """Runs of some engines that count at the setting of the round."""
        return {name: partial(_asked, self.contenders[name].counts, settings) for name in kinds}


def _asked(of: Callable[[Settings], object], settings: Sequence[Settings], number: int) -> object:
    return of(settings[number])


def again(run: Callable[[], object], _: int) -> object:
    """A run that is the same in each round."""
    return run()


def determination(ground: Ground) -> list[Timing]:
    """Encoded columns to the outcome code of every case, at the defaults."""
    ours, base = ground.ours, ground.base
    mine = {ONCE: ours.once, ANEW: ours.anew, AT_HAND: ours.determine, COUNTED: ours.counts}
    runs: dict[str, Callable[[int], object]] = {name: partial(again, partial(run, base)) for name, run in mine.items()}
    runs |= {name: partial(again, partial(ground.contenders[name].determine, base)) for name in ground.engines}
    for one in (*(ground.contenders[kind.name] for kind in (OpenFisca, DuckDB, OnParquet, Compiled)), ground.zen):
        runs[one.name] = partial(again, one.prepared(base))
    for name, once in ((DIRECT, False), (ONCE_BEFORE, True)):
        runs[name] = partial(again, partial(ground.before.seconds, "determine", settings=dict(base), once=once))
    runs |= {name: partial(again, read) for name, read in ground.plain.items()}
    part = {ground.zen.name: (ground.size / len(ground.few), f"{len(ground.few):,} cases")}
    with tempfile.TemporaryFile(buffering=0) as file:
        held = np.stack([values.clip(-1, 127).astype(np.int8) for values in ground.columns.facts.values()])
        file.write(held.tobytes())
        room: Any = held.reshape(-1)

        def bytes_read() -> None:
            file.seek(0)
            assert file.readinto(room) == room.nbytes

        runs[READ_FILE] = partial(again, bytes_read)
        return interleaved("determination", runs, ground.rounds, part)


def one_lever(ground: Ground) -> list[Timing]:
    """One lever moved: new counts of every outcome in every group."""
    ours, before = ground.ours, ground.before
    moved = [ground.moved(number) for number in range(ground.rounds)]
    for one in map(alike, moved[0]):
        assert np.array_equal(ours.counts(one), before.counts(one)), f"counts differ at {one!r}"
    turns = [several[7 * number % len(several)] for number, several in enumerate(moved)]

    def before_moved(number: int) -> Told:
        seconds = before.seconds("counts", settings=[dict(one) for one in moved[number]])
        return Told(seconds / len(moved[number]))

    runs: dict[str, Callable[[int], object]] = {MINE: lambda i: ours.by_group.moved(moved[i]), DIRECT: before_moved}
    runs |= {name: partial(again, read) for name, read in ground.plain.items()} | ground.counting(ground.engines, turns)
    return interleaved("one lever moved", runs, ground.rounds, {})


def sweep(ground: Ground) -> list[Timing]:
    """Counts of each outcome at every value of every lever, one lever moved at a time."""
    same = np.array([lever != CHANGED for lever, values in ground.levers.items() for _ in values])
    found: dict[str, Any] = {}

    def mine(_: int) -> None:
        found[MINE] = ground.ours.sweep(ground.levers)[same]

    def before(_: int) -> Told:
        seconds, counts = ground.before.sweep(ground.levers)
        found[BEFORE] = counts[same]
        return seconds

    runs = {MINE: mine, f"{BEFORE}, a cube of each lever": before}
    return _against_few(ground, "sweep", runs, found, len(same), "1 setting a round")


def shares(ground: Ground) -> list[Timing]:
    """How many cases are met under all combinations of eight provisions, for their exact Shapley shares."""
    moves = {lever: next(v for v in ground.levers[lever] if v != ground.base[lever]) for lever in PROVISIONS}
    found: dict[str, Any] = {}

    def mine(_: int) -> None:
        found[MINE] = ground.ours.shares(moves)

    def before(_: int) -> Told:
        seconds, found[BEFORE] = ground.before.asked("shares", moves=moves)
        return seconds

    runs = {MINE: mine, BEFORE: before}
    return _against_few(ground, "Shapley shares", runs, found, 2 ** len(moves), "1 combination a round")


def _against_few(
    ground: Ground, task: str, runs: dict[str, Any], found: dict[str, Any], times: int, of: str
) -> list[Timing]:
    """Runs of this package and of the version before, which must find the same, beside engines that run a part."""
    few = ground.counting([kind.name for kind in MANY], ground.moved(0)[: ground.rounds])
    timings = interleaved(task, runs | few, ground.rounds, dict.fromkeys(few, (float(times), of)))
    assert np.array_equal(found[MINE], found[BEFORE]), f"{task} of {BEFORE} differs"
    return timings


def explanation(ground: Ground) -> list[Timing]:
    """Why one case has its outcome."""
    row = int(np.flatnonzero(ground.ours.determine(ground.base) == 2)[0])
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

    def traced_here(_: int) -> object:
        found = determine(ground.policy, ground.cases.take(np.array([row])), ground.base)
        facts = {name: ground.policy.criteria[name].test.facts() for name in found.truths}
        values = {name: [found.cases.facts[fact][0] for fact in several] for name, several in facts.items()}
        return found.outcome, found.truths, found.ask, values

    def together(_: int) -> Told:
        many = ground.cases.take(slice(0, BULK))  # type: ignore[arg-type]
        begun = time.perf_counter()
        found = determine(ground.policy, many, ground.base)
        assert len(found.frame()) == len(many) and found.truths
        return Told((time.perf_counter() - begun) / len(many))

    runs: dict[str, Callable[[int], object]] = {
        WORDS: lambda _: explain(ground.policy, ground.cases, row, ground.base).text(),
        TRACE: traced_here,
        TOGETHER: together,
        f"{BEFORE}, the same": lambda _: ground.before.seconds("explain", row=row),
        f"{OpenFisca.name}, trace of its variables": traced,
        ZEN_TRACE: lambda _: decision.evaluate(zen.rows[0], {"trace": True}),
    }
    return interleaved("one explanation", runs, ground.rounds, {})


def generation(ground: Ground) -> list[Timing]:
    """Cases of the population made, a hundred thousand of them."""
    size, page, before = min(100_000, ground.size), population.load(POPULATION), ground.before
    given = {"name": POPULATION, "size": size}
    runs: dict[str, Callable[[int], object]] = {
        f"{MINE}, case table": lambda i: population.generate(page, size, i),
        f"{MINE}, case table read and encoded": lambda i: list(batches(ground.base, page, size, i)),
        f"{BEFORE}, case table": lambda i: before.seconds("generate", **given, seed=i),
        f"{BEFORE}, case table read and encoded": lambda i: before.seconds("generate", **given, seed=i, encoded=True),
        "plain numpy, codes from one generator, no table": lambda i: plain(page, size),
    }
    part = dict.fromkeys(runs, (ground.size / size, f"{size:,} cases")) if ground.size > size else {}
    return interleaved("generation", runs, ground.rounds, part)


TASKS = (determination, one_lever, sweep, shares, explanation, generation)
