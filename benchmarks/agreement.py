"""Every way to the same answer on many near-miss cases: with reasons, counted in planes, DuckDB, its collapse.

    python -m benchmarks.agreement [CASES] [SETTINGS]    (1,000,000 and 200; the first settings take each stance)

Row by row for DuckDB (outcome, criteria, what to ask for, reasons), counts for the others. Prints the differences.
"""

import sys

import numpy as np
import pandas as pd
from tqdm import tqdm

import policy
from policy.determinations.layout import Planes
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import Groups
from simulations.statistics.number_format import percent
from simulations.warehouse.engines import DuckDB, collapse, determinations
from tests.policy.near_misses import Draws, settings_with_every_value
from tests.simulations.undocumented import as_warehouse, chosen, moved, nerve_blocks, undocumented_table

SPREAD = 200  # settings that the cases are near misses of


def main(size: int = 1_000_000, settings: int = 200) -> int:
    """Number of differences; each is printed."""
    document, draws = nerve_blocks(), Draws(20261127)
    every = settings_with_every_value(document, draws)
    stances = [s for s in every if any(s[k] != document.settings()[k] for k in ("axial_spine_stance", "rfa_stance"))]
    under = (stances + [draws.one(every) for _ in range(settings)])[:settings]
    near = [draws.one(every) for _ in range(SPREAD)]
    parts = [undocumented_table(s, size // SPREAD, i) for i, s in enumerate(tqdm(near, "cases", disable=None))]
    frame = pd.concat(parts, ignore_index=True)
    frame["case_id"] = [f"{i:08}" for i in range(len(frame))]
    cases = policy.Cases.from_frame(frame, document)
    engine, planes, different = DuckDB(as_warehouse(frame), document), Planes(cases), 0
    counted = Counts.of([Batch(cases)], Groups(document))
    seen = np.zeros(len(policy.OUTCOMES), dtype=np.int64)
    for number, one in enumerate(tqdm(under, "settings", disable=None)):
        direct = policy.determine(document, cases, one, planes=planes)
        wanted, counts = direct.frame(), list(direct.counts().values())
        seen += counts
        found = pd.concat(list(determinations(engine, one)), ignore_index=True)
        found = found.sort_values("case_id", ignore_index=True).fillna("")
        wrong = np.zeros(len(frame), dtype=bool)
        for column in wanted:
            wrong |= found[column].to_numpy(object) != wanted[column].to_numpy(object)
        levers = chosen(draws, 2, 1)
        elsewhere = moved(one, levers, draws)
        answers = {"planes": counted.at, "collapse in DuckDB": collapse(engine, elsewhere, levers).at}
        off = [name for name, at in answers.items() if at(one).sum(axis=0).tolist() != counts]
        different += int(wrong.sum()) + len(off)
        if wrong.any() or off:
            print(f"setting {number}: {int(wrong.sum())} rows in DuckDB; counts of {off}; {one.provisions()}")
    shares = ", ".join(f"{word} {percent(n / seen.sum())}" for word, n in zip(policy.OUTCOMES, seen, strict=True))
    print(f"{different} differences: {len(frame):,} cases at {len(under)} settings ({shares})")
    return different


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
