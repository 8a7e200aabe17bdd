"""What the reader of a report knows of counts that it withholds, by linear programming; and how reports are run."""

import ast
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array

from simulations.runs.run import FOLDER

SMALL, STEP, OPEN = 10, 20, 3

SETTINGS = ("baseline", "scenario")
TEMPLATES = ("approval_impact", "subgroup_gaps", "lever_sweep", "denial_anatomy", "alternatives")
SAID = re.compile("withheld|about|ewer than|ore than|t most|not told")


@dataclass
class World:
    """Variables that are counts (0 or more), sums of them in a range, and the small sums that must stay open."""

    names: dict[Any, int] = field(default_factory=dict)
    known: list[tuple[dict[Any, float], float, float, str]] = field(default_factory=list)
    secrets: list[tuple[str, dict[Any, float], int]] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)  # what must not be told at all, and is

    def know(self, form: dict[Any, float], low: float, high: float | None = None, why: str = "") -> None:
        """That a sum lies in a range (is a number)."""
        self.known.append((form, low, low if high is None else high, why))

    def secret(self, name: str, form: dict[Any, float], value: float) -> None:
        """A sum or difference that must stay open where it comes to 1 to 10."""
        if 1 <= abs(value) <= SMALL:
            self.secrets.append((name, form, int(value)))

    def recovered(self, enough: int = 1_000_000) -> list[str]:
        """The small counts that are left fewer than three whole numbers; not looked for after so many."""
        for form, *_ in [(one[0],) for one in self.known] + [(one[1],) for one in self.secrets]:
            for name in form:
                self.names.setdefault(name, len(self.names))
        rows = [(form, high) for form, _, high, _ in self.known if np.isfinite(high)]
        rows += [({k: -v for k, v in form.items()}, -low) for form, low, *_ in self.known if np.isfinite(low)]
        if not self.secrets:
            return self.leaks
        matrix, most = self._sparse([form for form, _ in rows]), np.array([end for _, end in rows])
        forms = self._sparse([form for _, form, _ in self.secrets])
        least, greatest = np.full(len(self.secrets), np.inf), np.full(len(self.secrets), -np.inf)
        found = []
        for number, (name, _, value) in enumerate(self.secrets):
            if len(found) >= enough:
                break
            for sign in (1, -1):
                if room(least[number], greatest[number]) >= OPEN:  # seen open on the way to another
                    break
                end = linprog(sign * forms[[number]].toarray()[0], A_ub=matrix, b_ub=most, method="highs")
                if end.status == 2:
                    raise AssertionError(f"{name}: what is told contradicts itself")
                if end.status != 0:  # without end
                    least[number], greatest[number] = (
                        (-np.inf, greatest[number]) if sign > 0 else (least[number], np.inf)
                    )
                    continue
                seen = forms @ end.x
                least, greatest = np.minimum(least, seen), np.maximum(greatest, seen)
            if room(low := least[number], high := greatest[number]) < OPEN:
                found.append(f"{name} = {value}: {low:.3f} to {high:.3f}")
        return self.leaks + found

    def _sparse(self, forms: list[dict[Any, float]]) -> csr_array:
        places = [(i, self.names[name], times) for i, form in enumerate(forms) for name, times in form.items()]
        at, column, times = (np.array(part) for part in zip(*places, strict=True))
        return csr_array((times, (at, column)), shape=(len(forms), len(self.names)))


def room(low: float, high: float) -> float:
    """How many whole numbers lie between two ends."""
    if np.isinf(low) or np.isinf(high):
        return 0 if low > high else np.inf
    return np.floor(high + 1e-6) - np.ceil(low - 1e-6) + 1


# Running -------------------------------------------------------------------------------------------------------------


def told(name: str, out: Path, draw: bool = False, **question: Any) -> str:
    """The cells of a template run here, without a kernel; what it shows as text."""
    import simulations.reports.figure as chart

    out.mkdir(parents=True, exist_ok=True)
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]
    space: dict[str, Any] = {}
    shown = []
    quick = lambda name, draw, height, title, alt: chart.Picture(name, b"", alt)  # noqa: E731
    places = [m for m in list(sys.modules.values()) if getattr(m, "picture", None) is chart.picture] if not draw else []
    kept = chart.picture
    try:
        for number, cell in enumerate(cell for cell in cells if cell["cell_type"] == "code"):
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), space)
            if number == 1 and not draw:
                places = [m for m in list(sys.modules.values()) if getattr(m, "picture", None) is kept]
            for module in places:
                module.picture = quick  # type: ignore[attr-defined]
            if last is not None:
                shown.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
            space |= {"out": str(out), "draws": 0, **question} if not number else {}
    finally:
        for module in list(sys.modules.values()):  # those too that were imported in between
            if getattr(module, "picture", None) is quick:
                module.picture = kept  # type: ignore[attr-defined]
    return "\n".join(repr(one) for one in shown if one is not None)


def table(out: Path, name: str) -> pd.DataFrame:
    """A table as it was written; nothing where there is none."""
    path = out / f"{name}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.exists() else pd.DataFrame()


def text_of(value: Any) -> str:
    """A group as it was written; pandas reads a column of true and false alone as yes and no."""
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def has(value: Any) -> bool:
    return value is not None and not pd.isna(value)
