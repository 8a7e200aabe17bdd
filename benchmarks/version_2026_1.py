"""Version 2026.1.0 of this package, asked from outside: run in an environment of its own, see previous.py.

A line of JSON in, {"task": ..., what it needs}; a line out, {"seconds": of the task alone, "found": ...}. Arrays are
saved at the path "out" instead. Modules are those of that version, so that nothing here is checked against this one's.
"""
# mypy: ignore-errors

import gc
import json
import sys
import time

import numpy as np
import pandas as pd
from policy.document import load
from simulations.attribution import attributed
from simulations.grouping import Groups
from simulations.levels import Batch, Levels
from simulations.profiles import counted
from simulations.streaming import batches

from policy.cases import AT_LEAST_ONE, Cases
from policy.evaluation import determine
from policy.explanation import explain
from policy.model import OUTCOMES, Settings
from simulations import population

SLICE = 250_000  # cases that `attributed` is handed at a time, as by the command of that version


class Served:
    """The cases, laid out once; then one task after the other."""

    def cases(self, path, policy, words, group, groups):
        """Read the cases that the benchmark keeps, number their groups in turn and lay them out."""
        self.policy = load(policy)
        with np.load(path) as held:
            facts = {name: held[name] for name in held}
        texts = {name: _categorical(facts.pop(name), found) for name, found in words.items()}
        size = len(facts["diagnostic_blocks_done"])
        done = facts["diagnostic_blocks_done"]
        facts["diagnostic_blocks_done"] = np.where(
            done == AT_LEAST_ONE - 1, done.dtype.type(2), done
        )  # at least 2 of 2
        blocks = {group: _categorical(np.arange(size) % groups, [f"{i}" for i in range(groups)])}
        ids = np.broadcast_to(np.array("", dtype=object), size)
        cases = Cases(self.policy, ids, texts["dx"], texts["cpt"], facts, blocks)
        self.batch, self.alone = Batch(cases), Batch(cases)
        self.by, self.all = Groups(self.policy, (group,)), Groups(self.policy)
        begun = time.perf_counter()
        self.batch.labels(self.by)
        self.alone.labels(self.all)
        self.determine(self.policy.settings())
        self.alone.memory = self.batch.memory
        return time.perf_counter() - begun, f"numpy {np.__version__}, pandas {pd.__version__}"

    def determine(self, settings, once=False):
        """The outcome code of every case; `once`: from the columns as they were read, nothing laid out."""
        at, memory = Settings(self.policy, settings), None if once else self.batch.memory
        return timed(lambda: determine(self.policy, self.batch.cases, at, memory=memory, asking=False).outcome)

    def counts(self, settings):
        """Counts by group at each of some settings, every case determined anew: (settings, groups, 6)."""
        several = [Settings(self.policy, one) for one in settings]
        seconds, found = timed(lambda: [counted(self.batch, one, self.by) for one in several])
        return seconds, np.array(found)

    def sweep(self, levers):
        """Counts of each outcome at every value of each lever, each lever counted once into a cube: (settings, 6)."""
        base = self.policy.settings()

        def swept():
            found = []
            for lever, values in levers.items():
                cube = Levels.of(base, [self.alone], [lever], self.all)
                found += [cube.at(Settings(self.policy, {**base, lever: value}))[0] for value in values]
            return np.array(found)

        return timed(swept)

    def shares(self, moves):
        """How many cases are met under each combination of some moved levers: (2 ** n,)."""
        seconds, found = timed(lambda: attributed(self.policy.settings(), moves, [], Slices(self.batch.cases)))
        return seconds, found.game()

    def explain(self, row):
        """Why one case has its outcome."""
        seconds, found = timed(lambda: explain(self.policy, self.batch.cases, row, self.policy.settings()).text())
        return seconds, len(found)

    def generate(self, name, size, seed, encoded=False):
        """Cases of a population made as a table; `encoded`: and read."""
        page = population.load(name)
        if encoded:
            return timed(lambda: sum(len(batch.cases) for batch in batches(self.policy.settings(), page, size, seed)))
        seconds, found = timed(lambda: population.generate(page, size, seed))
        return seconds, len(found)


class Slices:
    """Cases as `attributed` asks for them."""

    def __init__(self, cases):
        self.cases = cases

    def slices(self):
        """The cases, so many at a time."""
        for start in range(0, len(self.cases), SLICE):
            yield self.cases.take(slice(start, start + SLICE))


def _categorical(codes, words):
    return pd.Categorical.from_codes(codes, categories=pd.Index(words, dtype=object))


def timed(run):
    """Seconds of a run, and what it found."""
    gc.collect()
    gc.disable()
    begun = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - begun
    gc.enable()
    return seconds, found


def main():
    """Answer line by line until there are no more."""
    served = Served()
    for line in sys.stdin:
        given = json.loads(line)
        task, out = given.pop("task"), given.pop("out", None)
        seconds, found = getattr(served, task)(**given)
        if isinstance(found, np.ndarray):
            if out:
                np.save(out, found)
            found = np.bincount(found, minlength=len(OUTCOMES)) if task == "determine" else found
            found = found.tolist() if found.size <= 4096 else int(found.sum())
        print(json.dumps({"seconds": seconds, "found": found}), flush=True)


if __name__ == "__main__":
    main()
