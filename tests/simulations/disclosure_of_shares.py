"""What shares of rounded counts give away of the counts of a few people."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from policy.model import OUTCOMES
from tests.simulations.disclosure_bounds import STEP, World, has, table


def stands_for(share: float, cases: int) -> tuple[float, float]:
    """The counts that are told as a share of the rounded number of cases."""
    top = (cases + 9) // STEP * STEP
    count = round(share * top / 100 / STEP) * STEP
    low = 0 if count == 0 else count - 9
    return (min(low, cases - 2), cases) if count == top else (low, min(count + 10, cases))


NESTED = (
    ("fails", "reads"), ("missing", "reads"), ("alone", "fails"), ("alone_met", "alone"), ("fails", "refused"),
    ("within_step", "fails"), ("met", "within_step"), ("alone", "asked"), ("could_be_met", "alone"), ("asked", "open"),
    ("could_be_refused", "alone"), ("gained", "moved"), ("lost", "moved"), ("moved", "spoken_of"),
    ("stricter", "requests"), ("refused", "cases"),
)  # fmt: skip


@dataclass
class Worlds:
    """Several worlds that have nothing in common; of equal ones only one is looked at."""

    parts: dict[Any, World] = field(default_factory=dict)

    def recovered(self, enough: int = 1_000_000) -> list[str]:
        """As of one world."""
        return [line for world in self.parts.values() for line in world.recovered(enough)]


def of_shares(out: Path, exact: Path) -> Worlds:
    """Every table of shares: each row beside the next (a sweep), what is part of what, and what adds up to all."""
    worlds, size = Worlds(), json.loads((exact / "summary.json").read_text())["population"]["size"]
    for path in sorted(out.glob("*.csv")):
        mine, truth = table(out, path.stem), table(exact, path.stem)
        counts = [c for c in mine if re.fullmatch("about_.*_pct", c) and c[6:-4] in truth and "approval" not in c]
        keys = [c for c in mine if not str(c).startswith("about_") and c in truth and c not in ("withheld", "release")]
        if not counts or mine.empty:
            continue
        mine, truth = (frame.astype(dict.fromkeys(keys, str)) for frame in (mine, truth))
        pairs = mine.merge(truth, on=keys, how="left") if keys else mine.join(truth)
        rows = [
            {c[6:-4]: (stands_for(row[c], size), row[c[6:-4]]) for c in counts if has(row[c]) and has(row[c[6:-4]])}
            for row in pairs.to_dict("records")
        ]
        neighbours = path.stem in ("sweep", "alternatives", "distances")
        for before, row in zip([{}, *rows], rows, strict=False):
            two = [row, before] if neighbours and before else [row]
            key = (path.stem, *(tuple(sorted(one.items())) for one in two))
            worlds.parts.setdefault(key, of_rows(path.stem, two, size))
    return worlds


def of_rows(name: str, rows: list[dict[str, Any]], size: int) -> World:
    """One row of shares, with the one before where they are neighbours."""
    world = World()
    for place, row in enumerate(rows):
        for column, (ends, value) in row.items():
            world.know({(place, column): 1.0}, *ends)
            if not place:
                world.secret(f"{name} {column}", {(0, column): 1.0}, value)
        if set(OUTCOMES) <= set(row):
            world.know({(place, word): 1.0 for word in OUTCOMES}, size)
        for part, whole in NESTED:
            if part in row and whole in row:
                world.know({(place, part): 1.0, (place, whole): -1.0}, -np.inf, 0)
        if {"stricter", "same", "looser", "requests"} <= set(row):
            ways = {(place, way): 1.0 for way in ("stricter", "same", "looser")}
            world.know(ways | {(place, "requests"): -1.0}, 0)
    for column in rows[0].keys() & rows[-1].keys() if len(rows) > 1 else ():
        change = {(0, column): 1.0, (1, column): -1.0}
        world.secret(f"{name} {column} less the one before", change, rows[0][column][1] - rows[1][column][1])
    return world
