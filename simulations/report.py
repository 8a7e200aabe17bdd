"""A study as a report: its pictures, its tables as files, summary.json; its sentences come from `findings`."""

import base64
import io
import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from policy.files import save
from policy.model import OUTCOMES
from simulations.findings import (
    LABELS,
    MEANS,
    NOT_MET,
    all_notices,
    changes,
    examples,
    flow,
    group_labels,
    group_outcomes,
    groups,
    headline,
    notices,
    outcomes,
    share,
    signed,
    stamp,
)  # fmt: skip
from simulations.impact import percent
from simulations.study import Study
from simulations.tables import table_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Picture", "changes", "examples", "flow", "flow_figure", "group_outcomes", "groups", "groups_figure", "headline",
    "notices", "outcomes", "outcomes_figure", "stamp", "summary", "write",
]  # fmt: skip

SOFTWARE = ("nerve-block-workbook", "numpy", "pandas", "pyarrow", "pydantic", "matplotlib", "papermill", "nbconvert")

# Okabe and Ito's palette, told apart by everybody; lightness, hatch and marker say the same again.
BEFORE, AFTER, INK, FAINT, RULE = "#C9CCD1", "#0072B2", "#1B1F24", "#57606A", "#D9DDE2"
DPI = 160
_EXTRA = 0.26  # inches that a further line of a title takes


@dataclass(frozen=True)
class Picture:
    """A figure as PNG bytes, the same for the same numbers, with the text that says what it shows."""

    name: str
    png: bytes
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.alt}


def outcomes_figure(study: Study) -> Picture:
    """Counts of each outcome before and after, as pairs of bars."""
    table = study.impact.outcomes().to_dict("records")
    title = study.impact.finding()

    def draw(figure: "Figure") -> None:
        axes = _axes(figure, study, title, "Number of cases and share of all cases", left=0.255, above=1.28)
        top = max(max(row["baseline"], row["scenario"]) for row in table)
        for i, row in enumerate(table):
            for name, offset in (("baseline", -0.2), ("scenario", 0.2)):
                axes.barh(i + offset, row[name], height=0.36, **_bar(name))
                label = f"{row[name]:,} ({share(row[name], study)})"
                axes.text(row[name] + top * 0.012, i + offset, label, va="center", fontsize=10)
        _rows(axes, [f"{LABELS[row['outcome']]}\n{MEANS[row['outcome']]}" for row in table])
        axes.set_xlim(0, top * 1.2)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        _legend(figure, [axes.patches[0], axes.patches[1]])

    numbers = "; ".join(f"{LABELS[r['outcome']]} {r['baseline']:,} → {r['scenario']:,}" for r in table)
    return _picture(
        "outcomes", draw, 5.8, title, f"Bar chart. {title}. Cases by outcome, baseline → scenario: {numbers}."
    )


def groups_figure(study: Study) -> Picture:
    """Approval rate of each diagnosis x procedure before and after, with Wilson intervals."""
    every = study.impact.groups().to_dict("records")
    table = [row for row in every if row["baseline_met"] or row["scenario_met"]]
    rest = [row for row in every if not (row["baseline_met"] or row["scenario_met"])]
    title = _group_finding(study, table)
    left_out = (
        f"{len(rest)} other combinations ({sum(row['cases'] for row in rest):,} cases) have no approvals in either."
    )
    places, headings, at = [], [], 0.0
    for i, row in enumerate(table):
        if i == 0 or row["diagnosis"] != table[i - 1]["diagnosis"]:
            headings.append((at, group_labels(study, row)[0]))
            at += 0.72
        places.append(at)
        at += 1.0

    def draw(figure: "Figure") -> None:
        what = "Approval rate, % of the n requests of the row, with 95% intervals"
        left, right = 0.33, 0.85
        axes = _axes(figure, study, title, what, left=left, right=right, above=1.28, below=1.0)
        for y, row in zip(places, table, strict=True):
            for name, offset in (("baseline", -0.17), ("scenario", 0.17)):
                axes.plot([row[f"{name}_low"], row[f"{name}_high"]], [y + offset] * 2, color=_line(name), linewidth=2)
                axes.plot(row[f"{name}_pct"], y + offset, linestyle="none", clip_on=False, **_marker(name))
            rates = f"{row['baseline_pct']:.1f}% → {row['scenario_pct']:.1f}%"
            axes.text(1.02, y, rates, transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        for y, heading in headings:
            style: dict[str, Any] = {
                "fontsize": 10,
                "fontweight": "bold",
                "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 2},
            }
            axes.text(
                (0.02 - left) / (right - left), y, heading, transform=axes.get_yaxis_transform(), va="center", **style
            )
        names = [textwrap.shorten(group_labels(study, row)[1], 38, placeholder=" …") for row in table]
        axes.set_yticks(
            places, [f"{n}\nn = {row['cases']:,}" for n, row in zip(names, table, strict=True)], fontsize=10
        )
        axes.set_ylim(max(at, 1.0) - 0.4, -0.5)
        axes.tick_params(axis="y", pad=10)  # a marker at 0 % must not touch its label
        top = max([row[f"{name}_high"] for row in table for name in ("baseline", "scenario")], default=90)
        axes.set_xlim(0, min(100, 10 * (top // 10 + 1)))
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        if not table:
            axes.text(0.5, 0.5, "No diagnosis and procedure has approvals", transform=axes.transAxes, ha="center")
        axes.set_xlabel(left_out if rest else "", fontsize=9, color=FAINT, loc="left", labelpad=8)
        _legend(figure, axes.lines[1:4:2])

    rates = [f"{row['baseline_pct']:.1f}% → {row['scenario_pct']:.1f}%" for row in table]
    numbers = [
        f"{', '.join(group_labels(study, row))} (n = {row['cases']:,}) {rate}"
        for row, rate in zip(table, rates, strict=True)
    ]
    alt = f"Dots with 95% intervals. {title}. Approval rate, baseline → scenario: {'; '.join(numbers) or 'none'}. "
    alt += left_out if rest else ""
    return _picture("groups", draw, 2.75 + 0.52 * max(1.0, at), title, alt.strip())


def flow_figure(study: Study) -> Picture:
    """Who moves: counts by outcome before and after, shaded where cases move."""
    impact = study.impact
    counts = impact.flow().to_numpy()
    lost, gained = counts[0].sum() - counts[0, 0], counts[:, 0].sum() - counts[0, 0]
    share = percent(impact.moved / impact.cases)
    title = (
        f"{impact.moved:,} of {impact.cases:,} cases ({share}) move: {lost:,} lose their approval, {gained:,} gain one"
    )
    if not impact.moved:
        title = impact.finding()
    ways = [(int(i), int(j), int(counts[i, j])) for i, j in np.argwhere(counts) if i != j]
    most = max([count for *_, count in ways], default=1)
    labels = list(LABELS.values())

    def draw(figure: "Figure") -> None:
        axes = _axes(figure, study, title, "Number of cases; grey stays, blue moves", left=0.215, above=1.62)
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                _cell(axes, i, j, int(count), most)
        _rows(axes, [f"{label}\n{row.sum():,}" for label, row in zip(labels, counts, strict=True)])
        arrivals = [f"{label}\n{row.sum():,}" for label, row in zip(labels, counts.T, strict=True)]
        axes.set_xticks(range(len(labels)), arrivals, fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("Outcome under the scenario, all cases", fontsize=10, color=FAINT, labelpad=6)
        axes.xaxis.set_label_position("top")
        axes.set_ylabel("Outcome under the baseline, all cases", fontsize=10, color=FAINT, labelpad=10)

    moves = "; ".join(f"{labels[i]} to {labels[j]} {count:,}" for i, j, count in ways)
    alt = f"Table of cases by outcome under baseline and scenario. {title}. Moves: {moves or 'none'}."
    return _picture("flow", draw, 5.9, title, alt)


def _cell(axes: "Axes", i: int, j: int, count: int, most: int) -> None:
    """One field of the flow: white when empty, grey on the diagonal, the bluer the more cases move."""
    strength = (0.25 + 0.75 * count / most) if count and i != j else 0.0
    colour = tuple(1 - strength * (1 - part) for part in (0.0, 0.447, 0.698))  # from white to AFTER
    shade = "#ECEEF1" if i == j else colour
    axes.add_patch(_rectangle((j - 0.48, i - 0.46), 0.96, 0.92, facecolor=shade, edgecolor=RULE, linewidth=0.8))
    ink = FAINT if i == j or not count else "white" if strength > 0.85 else INK
    weight = "bold" if count and i != j else "normal"
    axes.text(j, i, f"{count:,}" if count else "·", ha="center", va="center", fontsize=11, color=ink, fontweight=weight)


def _rectangle(*place: Any, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(*place, **style)


def _group_finding(study: Study, table: list[dict[Any, Any]]) -> str:
    most = max(table, key=lambda row: abs(row["scenario_met"] - row["baseline_met"]), default=None)
    if most is None or most["scenario_met"] == most["baseline_met"]:
        return "No approval rate changes for any diagnosis and procedure"
    moved = signed(most["scenario_met"] - most["baseline_met"])
    change = f"{most['baseline_pct']:.1f}% to {most['scenario_pct']:.1f}%, {moved} cases"
    return f"Largest part of the change: {', '.join(group_labels(study, most))} ({change})"


def _axes(
    figure: "Figure",
    study: Study,
    title: str,
    what: str,
    left: float,
    above: float,
    right: float = 0.97,
    below: float = 0.62,
) -> "Axes":
    """Axes under a title that says the finding, over the notices that travel with the picture; spaces in inches."""
    height = figure.get_figheight()
    lines = textwrap.wrap(title, 82)
    above += _EXTRA * (len(lines) - 1)
    figure.text(0.02, 1 - 0.14 / height, "\n".join(lines), fontsize=14, fontweight="bold", va="top")
    sentences = [study.asks(), f"{what}; {study.cases!r}."]
    under = "\n".join(textwrap.shorten(sentence, 112, placeholder=" …") for sentence in sentences)
    place = 1 - (0.46 + _EXTRA * (len(lines) - 1)) / height
    figure.text(0.02, place, under, fontsize=10, va="top", color=FAINT, linespacing=1.45)
    cases, policy = study.cases, study.policy
    source = f"{policy.name} {policy.fingerprint[:12]} · population {cases.fingerprint[:12]}"
    notice = f"{policy.notice} {NOT_MET}\n{source}"
    figure.text(0.02, 0.12 / height, notice, fontsize=8, va="bottom", color=FAINT, linespacing=1.4)
    axes = figure.add_axes((left, below / height, right - left, 1 - (above + below) / height))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, colors=INK)
    return axes


def _rows(axes: "Axes", labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels, fontsize=10)
    axes.set_ylim(len(labels) - 0.45 if labels else 0.5, -0.55)


def _legend(figure: "Figure", handles: Sequence[Any]) -> None:
    """In the right upper corner, level with the subtitle."""
    if len(handles) == 2:
        place = 1 - (0.4 + _EXTRA * figure.texts[0].get_text().count("\n")) / figure.get_figheight()
        style: dict[str, Any] = {
            "frameon": False,
            "fontsize": 10,
            "ncols": 2,
            "columnspacing": 1.2,
            "handletextpad": 0.5,
        }
        figure.legend(handles, ["Baseline", "Scenario"], loc="upper right", bbox_to_anchor=(0.985, place), **style)


def _bar(name: str) -> dict[str, Any]:
    if name == "baseline":
        return {"facecolor": BEFORE, "edgecolor": FAINT, "hatch": "////", "linewidth": 0.8}
    return {"facecolor": AFTER, "edgecolor": AFTER, "linewidth": 0.8}


def _line(name: str) -> str:
    return FAINT if name == "baseline" else AFTER


def _marker(name: str) -> dict[str, Any]:
    if name == "baseline":
        return {
            "marker": "o",
            "markersize": 8,
            "markerfacecolor": "white",
            "markeredgecolor": FAINT,
            "markeredgewidth": 1.8,
        }
    return {"marker": "D", "markersize": 8, "markerfacecolor": AFTER, "markeredgecolor": AFTER}


def _picture(name: str, draw: Callable[["Figure"], None], height: float, title: str, alt: str) -> Picture:
    """Draw with settings of our own, whatever the user's, and without a clock: the same numbers give the same bytes."""
    import matplotlib  # here, because the command line must not wait for it
    from matplotlib.figure import Figure

    ours: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if "backend" not in k}
    ours |= {"text.parse_math": False, "font.family": "DejaVu Sans", "hatch.linewidth": 0.6, "text.color": INK}
    with matplotlib.rc_context(ours):
        figure = Figure(figsize=(10.5, height), facecolor="white")
        draw(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Title": title, "Description": alt, "Software": None})
    return Picture(name, buffer.getvalue(), alt)


FIGURES = (outcomes_figure, groups_figure, flow_figure)

# Files ---------------------------------------------------------------------------------------------------------------


def summary(study: Study) -> dict[str, Any]:
    """The result for a program: the same inputs give the same content; no clock, host or path, no NaN."""
    impact, policy = study.impact, study.policy
    before, after, change = impact.rates()
    counts, flow = impact.outcomes(), impact.flow().to_numpy().tolist()
    return {
        "schema": "summary/1",
        "notice": policy.notice,
        "notices": all_notices(study),
        "policy": {"id": policy.id, "version": policy.version, "fingerprint": policy.fingerprint},
        "scenario": {"id": study.name, "provisions": study.provisions(), "changes": impact.changes()},
        "population": study.cases.source(),
        **({"expect": study.expectations()} if study.expectations() else {}),
        "outcomes": {
            name: dict(zip(OUTCOMES, counts[name].tolist(), strict=True)) for name in ("baseline", "scenario")
        },
        "approval_rate": {
            "baseline": round(before.value, 9),
            "scenario": round(after.value, 9),
            "change": round(change.value, 9),
            "low": round(change.low, 9),
            "high": round(change.high, 9),
        },
        "finding": impact.finding(),
        "moved": impact.moved,
        "flow": {word: dict(zip(OUTCOMES, row, strict=True)) for word, row in zip(OUTCOMES, flow, strict=True)},
        "software": _versions(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a plain checkout: nothing is claimed
            continue
    return found


def write(study: Study, folder: str | Path) -> None:
    """Tables (.csv), pictures (.png) and, last, summary.json into a folder that exists; raises ProblemsFound."""
    folder = Path(folder)
    moved = [name for name in study.policy.levers if study.scenario[name] != study.baseline[name]]
    shown = [[n, *(study.policy.levers[n].show(s[n]) for s in (study.baseline, study.scenario))] for n in moved]
    levers = pd.DataFrame(shown, columns=["lever", "baseline", "scenario"], dtype="str")
    levers["in_words"] = pd.Series(study.impact.changes(), dtype="str")
    tables = {
        "outcomes": study.impact.outcomes(),
        "groups": study.impact.groups(),
        "flow": study.impact.flow().reset_index(),
        "examples": study.impact.examples,
        "levers": levers,
    }
    for name, table in tables.items():
        save(folder / f"{name}.csv", table_bytes(table, Path(f"{name}.csv")))
    for figure in FIGURES:
        picture = figure(study)
        save(folder / f"{picture.name}.png", picture.png)
    save(folder / "summary.json", json_bytes(summary(study)))


def json_bytes(content: dict[str, Any]) -> bytes:
    """As UTF-8 JSON in the order given; a number that JSON does not know is an error."""
    return f"{json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()
