"""What a calibration found, in tables for people; see findings.py."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from simulations.assumptions import Spread
from simulations.calibration import Found
from simulations.impact import points
from simulations.shown import Shown, tabulated


def said(found: Mapping[str, Iterable[Found]]) -> str:
    """The outcome in a sentence: how many published figures each population meets."""
    parts = []
    for name, targets in found.items():
        verdicts = [one.verdict for one in targets]
        parts.append(f"{name} {verdicts.count('pass')} of {verdicts.count('pass') + verdicts.count('fail')}")
    return f"Published figures that agree: {', '.join(parts)}"


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several populations one after the other."""
    return pd.concat(frames, ignore_index=True)


def targets(name: str, found: Iterable[Found]) -> Shown:
    """Each target of a population: published, agreement, expected, generated, verdict, source."""
    rows = []
    for one in found:
        target = one.target
        span = f"{target.between[0]} to {target.between[1]}" if target.between else "not judged"
        numbers = ["–" if value is None else f"{value:.2f}" for value in (one.expected, one.generated)]
        basis = ", ".join([*target.source, *target.statements]) or "assumption"
        unit = " points" if target.metric == "cut_off_gain" else "%"
        rows.append((target.says, basis, one.verdict, f"{target.value}{unit}", span, *numbers, f"{one.cases:,}"))
    header = ("Figure", "Source", "Verdict", "Published", "Agreement", "Expected", "Generated", "Of cases")
    return tabulated(f"{name}: published, expected from the tables, generated", header, rows, words=3)


def worth(values: pd.DataFrame) -> Shown:
    """Chance of facet pain after one and two positive blocks, in %."""
    rows = [
        (
            row["population"],
            str(row["blocks"]),
            *(
                f"{row[name]:.1f}%"
                for name in ("prevalence", "sensitivity", "false_positive", "closed_form", "expected")
            ),
            f"{row['generated']:.1f} ± {row['error']:.1f}",
            points(row["correlation"] / 100),
        )
        for row in values.to_dict("records")
    ]
    header = (
        "Population", "Blocks", "Facet pain", "Sensitivity of the last block", "Its false positives", "Closed form",
        "Expected", "Generated (± standard error)", "Correlation, points",
    )  # fmt: skip
    return tabulated(
        "Facet pain among patients with positive blocks: independent errors against shared readiness", header, rows
    )


def curve(values: pd.DataFrame) -> Shown:
    """The arms of the virtual trial at each cut-off, in % (`by_cut_off`)."""
    keys = ("positive", "helped", "success_per_ablation")
    rows = []
    for (name, cut), pair in values.groupby(["population", "cut_off"], sort=False):
        one, two = pair.sort_values("blocks").to_dict("records")
        rows.append((str(name), f"{cut}%", *(f"{arm[key]:.1f}%" for key in keys for arm in (one, two))))
    header = ("Population", "Relief from", "Positive, 1 block", "2 blocks", "Helped, 1 block", "2 blocks",
              "Success per ablation, 1 block", "2 blocks")  # fmt: skip
    return tabulated("Who passes, who is helped (of all patients), and success per ablation", header, rows)


def spreads(found: Iterable[Spread]) -> Shown:
    """The change of the approval rate with both ranges, in percentage points."""
    rows = []
    for s in found:
        ranges = [f"{points(low / 100)} to {points(high / 100)}" for low, high, *_ in (s.assumption, s.sampling)]
        rows.append((s.population, s.scenario, f"{s.cases:,}", f"{s.approval:.1f}%", points(s.change / 100), *ranges))
    header = (
        "Population",
        "Change",
        "Requests",
        "Approved before",
        "Points",
        "Assumptions, 95%",
        "Luck of drawing, 95%",
    )
    return tabulated("Change of the approval rate: assumptions and the luck of drawing apart", header, rows, words=2)


def truths(values: pd.DataFrame) -> Shown:
    """Counts and predictive values by simulated truth, in each population (`Truth.row`)."""
    rows = []
    for row in values.to_dict("records"):
        counts = [f"{row[name]:,}" for name in ("cases", "met", "appropriate", "unhelpful", "wrongful", "waiting")]
        rates = [_rate(row, name) for name in ("ppv", "npv", "facet_ppv")]
        rows.append((row["population"], str(row.get("value", row.get("setting"))), *counts, *rates))
    header = ("Population", "Setting", "Requests", "Met", "Met, would help", "Met, would not", "Not met, would help",
              "Waiting, would help", "Would help, of those met", "Would not, of those not met",
              "Facet pain, of facet procedures met")  # fmt: skip
    return tabulated("By simulated truth; shares with 95% intervals of sampling", header, rows)


def _rate(row: Mapping[Any, Any], name: str) -> str:
    if pd.isna(row[f"{name}_pct"]):
        return "–"
    return f"{row[f'{name}_pct']:.1f}% ({row[f'{name}_low']:.1f}–{row[f'{name}_high']:.1f})"
