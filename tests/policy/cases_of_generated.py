"""Cases of a generated policy, as the cells of a table.

They lie at the decision: values at, just below and above what tests compare with, words of every kind, or nothing.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from tests.policy.interpreter import Reader

Tree = dict[str, Any]
Case = dict[str, str]


def values_of(lever: Tree) -> list[str]:
    """Every legal value of a lever as text."""
    if "choices" in lever:
        return list(lever["choices"])
    values = stepped(*(lever["domain"][key] for key in ("min", "max", "step")))
    return [*["off"] * (lever["off_allowed"] == "true"), *values]


def stepped(least: str, most: str, step: str) -> list[str]:
    """Every number of a range as text."""
    found, number = [], Decimal(least)
    while number <= Decimal(most):
        found.append(f"{number.normalize():f}")
        number += Decimal(step)
    return found


def random_levers(tree: Tree, luck: random.Random) -> dict[str, str]:
    """Some levers moved to any legal value."""
    share = luck.choice([0.2, 0.5, 0.9])
    return {name: luck.choice(values_of(lever)) for name, lever in tree["levers"].items() if luck.random() < share}


def marks(tree: Tree, name: str, levers: Mapping[str, str]) -> set[Decimal]:
    """The numbers that a field is compared with, in its own unit."""
    field = tree["fields"][name]
    found = {Decimal(field.get("min", 0)), Decimal(field.get("max", 0))}
    for lever, value in levers.items():
        if lever.startswith(f"least_{name}_") and value != "off":
            found.add(Decimal(value) * {"weeks": 7, "packs": 4}.get(tree["levers"][lever]["unit"], 1))
    return found | {Decimal(n) for n in plain_numbers(tree["criteria"], name)}


def plain_numbers(part: Any, name: str) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == name:
                yield from (v for v in ([value] if isinstance(value, str) else value) if numeric(v))
            elif key in ("mean", "sum") and name in value["of"]:
                yield from (v for v in value.values() if isinstance(v, str) and numeric(v))
            else:
                yield from plain_numbers(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from plain_numbers(value, name)


def numeric(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def options(tree: Tree, name: str, levers: Mapping[str, str]) -> list[str]:
    """The values of a column on both sides of everything that it is held against; '' is not documented."""
    field = tree["fields"][name]
    least, most = Decimal(field.get("min", 0)), Decimal(field.get("max", 0))
    if field["type"] == "boolean":
        return ["", "true", "false"]
    if field["type"] == "choice":
        return ["", *field["choices"]]
    if field["type"] == "date":
        return ["", "2024-01-31", "2024-02-29", "2024-04-30", "2024-05-01", "2024-07-31", "2024-08-15"]
    if field["type"] == "percent":
        near = [f"{n + Decimal(d) / 100:.2f}" for n in marks(tree, name, levers) for d in (-1, 0, 1)]
        return ["", *sorted({v for v in near if float(v) == 0 or 1 <= float(v) <= 100})]
    if field["type"] == "decimal":
        step = Decimal(field["step"])
        near = {n + d * step for n in marks(tree, name, levers) for d in (-1, 0, 1)}
        return ["", *(f"{n:f}" for n in sorted(near) if least <= n <= most and not n % step)]
    if name == "apart_days":
        unit = tree["fields"]["apart"]["unit"]
        days = [int(n) * 7 if unit == "weeks" else int(n) for n in marks(tree, "apart", levers)]
        if unit in ("months", "years"):
            days = [n * (12 if unit == "years" else 1) * 487 // 16 for n in days]
        return ["", *(str(n + d) for n in sorted({*days, 0, 90}) for d in (-1, 0, 1) if n + d >= 0)]
    if name == "lasted_days":
        return ["", "0", *(str(n * 487 // 16 + d) for n in (1, 3, 6) for d in (-1, 0, 1)), "29000"]
    near = sorted({n + d for n in marks(tree, name, levers) for d in (-1, 0, 1)})
    return ["", *(str(n) for n in near if least <= n <= most)]


def columns(tree: Tree) -> list[str]:
    """The columns of facts, without what is derived or simulated."""
    return [
        n
        for n, f in tree["fields"].items()
        if "required" not in f and "ignored" not in f and f["type"] not in ("months", "duration", "text")
    ]


def codes(tree: Tree) -> list[tuple[str, str]]:
    """Every diagnosis and procedure in scope, and two that are not."""
    dxs = [
        c
        for group in tree["diagnoses"].values()
        for c in (*group["codes"], *(f"{p}09" for p in group.get("prefixes", ())))
    ]
    cpts = [c for family in tree["procedures"].values() for c in family["codes"]]
    return [*itertools.product(dxs, cpts), ("Z99.9", cpts[0]), (dxs[0], "99213")]


def near_miss(tree: Tree, levers: Mapping[str, str], luck: random.Random) -> Case:
    """A case at the decision: the best of a few drawn at random, then one fact disturbed."""
    reader = Reader(tree, levers)
    pairs = codes(tree)
    dx, cpt = luck.choice(pairs[:-2] if luck.random() < 0.97 else pairs)
    missing, drawn = luck.choice([0.05, 0.2, 0.5]), []
    for _ in range(4):
        facts = {
            name: "" if luck.random() < missing else luck.choice(options(tree, name, levers)) for name in columns(tree)
        }
        drawn.append(legal({"dx": dx, "cpt": cpt, **{k: v for k, v in facts.items() if v}}))
    case = max(drawn, key=lambda one: reader.determine(one).outcome == "met")
    if luck.random() < 0.7:
        name = luck.choice(columns(tree))
        case = legal({**case, name: luck.choice(options(tree, name, levers))})
    return {k: v for k, v in case.items() if v}


def legal(case: Case) -> Case:
    """Without a first day after the last."""
    for first, last in (("began", "asked"), ("first_day", "last_day")):
        if case.get(first, "") > case.get(last, "9"):
            case = {k: v for k, v in case.items() if k != first}
    return case


def near_misses(tree: Tree, levers: Mapping[str, str], size: int, luck: random.Random) -> list[Case]:
    return [near_miss(tree, levers, luck) for _ in range(size)]


def frame(tree: Tree, cases: list[Case]) -> pd.DataFrame:
    """The cases as a table of text."""
    rows = [{"case_id": f"c{i}", **case} for i, case in enumerate(cases)]
    names = ["case_id", "dx", "cpt", *columns(tree)]
    return pd.DataFrame(rows, columns=names, dtype=object).fillna("").astype(str)
