"""The three pictures of an impact: outcomes, approval by group, who moves where."""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from simulations.findings import LABELS, MEANS, group_labels, share, signed
from simulations.impact import percent
from simulations.picture_chart import (
    FAINT,
    INK,
    RULE,
    Picture,
    bar_style,
    legend,
    line_colour,
    marker_style,
    picture,
    rows,
    titled_axes,
    under,
)
from simulations.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def outcomes_figure(study: Study) -> Picture:
    """Counts of each outcome before and after, as pairs of bars."""
    table = study.overall.outcomes().to_dict("records")
    title = study.overall.finding()

    def draw(figure: "Figure") -> None:
        lines = under(study, "Number of cases and share of all cases")
        axes = titled_axes(figure, study, title, lines, left=0.255, above=1.28)
        top = max(max(row["baseline"], row["scenario"]) for row in table) or 1  # nobody, of a few
        for i, row in enumerate(table):
            for name, offset in (("baseline", -0.2), ("scenario", 0.2)):
                axes.barh(i + offset, row[name], height=0.36, **bar_style(name))
                label = f"{row[name]:,} ({share(row[name], study)})"
                axes.text(row[name] + top * 0.012, i + offset, label, va="center", fontsize=10)
        rows(axes, [f"{LABELS[row['outcome']]}\n{MEANS[row['outcome']]}" for row in table])
        axes.set_xlim(0, top * 1.2)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        legend(figure, [axes.patches[0], axes.patches[1]])

    numbers = "; ".join(f"{LABELS[r['outcome']]} {r['baseline']:,} → {r['scenario']:,}" for r in table)
    return picture(
        "outcomes", draw, 5.8, title, f"Bar chart. {title}. Cases by outcome, baseline → scenario: {numbers}."
    )


def groups_figure(study: Study) -> Picture:
    """Approval rate of each diagnosis x procedure before and after, with Wilson intervals."""
    every = study.shown.groups().to_dict("records")
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
        axes = titled_axes(figure, study, title, under(study, what), left=left, right=right, above=1.28, below=1.0)
        for y, row in zip(places, table, strict=True):
            for name, offset in (("baseline", -0.17), ("scenario", 0.17)):
                axes.plot(
                    [row[f"{name}_low"], row[f"{name}_high"]], [y + offset] * 2, color=line_colour(name), linewidth=2
                )
                axes.plot(row[f"{name}_pct"], y + offset, linestyle="none", clip_on=False, **marker_style(name))
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
        legend(figure, axes.lines[1:4:2])

    rates = [f"{row['baseline_pct']:.1f}% → {row['scenario_pct']:.1f}%" for row in table]
    numbers = [
        f"{', '.join(group_labels(study, row))} (n = {row['cases']:,}) {rate}"
        for row, rate in zip(table, rates, strict=True)
    ]
    alt = f"Dots with 95% intervals. {title}. Approval rate, baseline → scenario: {'; '.join(numbers) or 'none'}. "
    alt += left_out if rest else ""
    return picture("groups", draw, 2.75 + 0.52 * max(1.0, at), title, alt.strip())


def flow_figure(study: Study) -> Picture:
    """Who moves: counts by outcome before and after, shaded where cases move."""
    impact = study.shown
    counts = impact.flow().to_numpy()
    _, lost, gained, _ = impact.approvals()
    before, after = (impact.outcomes()[name] for name in ("baseline", "scenario"))
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
        lines = under(study, "Number of cases; grey stays, blue moves")
        axes = titled_axes(figure, study, title, lines, left=0.215, above=1.62)
        for i, row in enumerate(counts):
            for j, count in enumerate(row):
                _cell(axes, i, j, int(count), most)
        rows(axes, [f"{label}\n{count:,}" for label, count in zip(labels, before, strict=True)])
        arrivals = [f"{label}\n{count:,}" for label, count in zip(labels, after, strict=True)]
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
    return picture("flow", draw, 5.9, title, alt)


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


FIGURES = (outcomes_figure, groups_figure, flow_figure)
