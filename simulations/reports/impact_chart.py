"""The three pictures of an impact: outcomes, approval by group, who moves where."""

import textwrap
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from simulations.reports.figure import (
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
    silent_picture,
    titled_axes,
    under,
)
from simulations.reports.impact_findings import about_finding, about_outcomes, approving
from simulations.reports.table_cells import LABELS, MEANS, count, group_labels, records, share, signed, total_of
from simulations.statistics.number_format import percent
from simulations.studies.comparison import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _once(draw: Callable[[Study], Picture]) -> Callable[[Study], Picture]:
    """The figure is drawn when a study is first asked for it; a report shows it, and writes it later."""

    @wraps(draw)
    def figure(study: Study) -> Picture:
        kept: dict[str, Picture] = study.__dict__.setdefault("_figures", {})  # beside what cached_property keeps there
        if draw.__name__ not in kept:
            kept[draw.__name__] = draw(study)
        return kept[draw.__name__]

    return figure


@_once
def outcomes_figure(study: Study) -> Picture:
    """Counts of each outcome before and after, as pairs of bars; where a study is `about()`, shares of rounded ones."""
    if quiet := silent_picture(study, "outcomes", study.silent if study.rough else ""):
        return quiet
    title = about_finding(study) if study.rough else study.shown.finding()
    table = _bars(study)

    def draw(figure: "Figure") -> None:
        what = "Share of all cases, about" if study.rough else "Number of cases and share of all cases"
        axes = titled_axes(figure, study, title, under(study, what), left=0.255, above=1.28)
        top = max((bar.length for bars in table.values() for bar in bars), default=0) or 1
        for i, bars in enumerate(table.values()):
            for name, offset, bar in zip(("baseline", "scenario"), (-0.2, 0.2), bars, strict=True):
                axes.barh(i + offset, bar.length, height=0.36, **bar_style(name))
                axes.text(bar.length + top * 0.012, i + offset, bar.label, va="center", fontsize=10)
        rows(axes, [f"{LABELS[word]}\n{MEANS[word]}" for word in table])
        axes.set_xlim(0, top * 1.2)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        legend(figure, [axes.patches[0], axes.patches[1]])

    numbers = "; ".join(f"{LABELS[word]} {' → '.join(bar.said for bar in bars)}" for word, bars in table.items())
    return picture(
        "outcomes", draw, 5.8, title, f"Bar chart. {title}. Cases by outcome, baseline → scenario: {numbers}."
    )


class _Bar(NamedTuple):
    """How long it is (0 where that is withheld), what stands beside it, what is said of it."""

    length: float
    label: str
    said: str


def _bars(study: Study) -> dict[str, list[_Bar]]:
    """Outcome -> its bars before and after."""
    if study.rough:
        told = about_outcomes(study.impact)
        words = {word: ["–" if n is None else f"about {percent(n)}" for n in pair] for word, pair in told.items()}
        return {
            word: [_Bar(n or 0, said, said) for n, said in zip(pair, words[word], strict=True)]
            for word, pair in told.items()
        }
    return {
        row["outcome"]: [
            _Bar(n or 0, "withheld" if n is None else f"{n:,} ({share(n, study)})", count(n))
            for n in (row["baseline"], row["scenario"])
        ]
        for row in records(study.shown.outcomes())
    }


_HEADING: dict[str, Any] = {  # of the rows of one diagnosis
    "fontsize": 10, "fontweight": "bold", "va": "center",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 2},
}  # fmt: skip


def _placed(study: Study, table: Sequence[dict[str, Any]]) -> tuple[list[float], list[tuple[float, str]], float]:
    """Where each row stands from above, each diagnosis with its place, and where the last row ends."""
    places, headings, at = [], [], 0.0
    for i, row in enumerate(table):
        if i == 0 or row["diagnosis"] != table[i - 1]["diagnosis"]:
            headings.append((at, group_labels(study, row)[0]))
            at += 0.72
        places.append(at)
        at += 1.0
    return places, headings, at


def _draw_pair(axes: "Axes", y: float, row: dict[str, Any]) -> None:
    """The rates of a row before and after with their intervals, those that are not withheld, and in numbers."""
    for name, offset in (("baseline", -0.17), ("scenario", 0.17)):
        if row[f"{name}_pct"] is None:
            continue
        axes.plot([row[f"{name}_low"], row[f"{name}_high"]], [y + offset] * 2, color=line_colour(name), linewidth=2)
        axes.plot(row[f"{name}_pct"], y + offset, linestyle="none", clip_on=False, **marker_style(name))
    axes.text(1.02, y, _pair(row), transform=axes.get_yaxis_transform(), va="center", fontsize=10)


@_once
def groups_figure(study: Study) -> Picture:
    """Approval rate of each diagnosis x procedure before and after, with Wilson intervals."""
    every = records(study.shown.groups())
    table = [row for row in every if approving(row)]
    rest = [row for row in every if not approving(row)]
    title = _group_finding(study, table)
    silent = total_of([row["cases"] for row in rest])
    left_out = f"{len(rest)} other combinations ({silent} cases) have no approvals in either."
    places, headings, at = _placed(study, table)

    def draw(figure: "Figure") -> None:
        what = "Approval rate, % of the n requests of the row, with 95% intervals"
        left, right = 0.33, 0.85
        axes = titled_axes(figure, study, title, under(study, what), left=left, right=right, above=1.28, below=1.0)
        for y, row in zip(places, table, strict=True):
            _draw_pair(axes, y, row)
        for y, heading in headings:
            axes.text((0.02 - left) / (right - left), y, heading, transform=axes.get_yaxis_transform(), **_HEADING)
        names = [textwrap.shorten(group_labels(study, row)[1], 38, placeholder=" …") for row in table]
        axes.set_yticks(
            places, [f"{n}\nn = {count(row['cases'])}" for n, row in zip(names, table, strict=True)], fontsize=10
        )
        axes.set_ylim(max(at, 1.0) - 0.4, -0.5)
        axes.tick_params(axis="y", pad=10)  # a marker at 0 % must not touch its label
        top = max((row[f"{name}_high"] or 0 for row in table for name in ("baseline", "scenario")), default=90)
        axes.set_xlim(0, min(100, 10 * (top // 10 + 1)))
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        if not table:
            axes.text(0.5, 0.5, "No diagnosis and procedure has approvals", transform=axes.transAxes, ha="center")
        axes.set_xlabel(left_out if rest else "", fontsize=9, color=FAINT, loc="left", labelpad=8)
        drawn = {line.get_marker(): line for line in axes.lines}
        legend(figure, [drawn[marker] for marker in ("o", "D") if marker in drawn])

    numbers = [f"{', '.join(group_labels(study, row))} (n = {count(row['cases'])}) {_pair(row)}" for row in table]
    alt = f"Dots with 95% intervals. {title}. Approval rate, baseline → scenario: {'; '.join(numbers) or 'none'}. "
    alt += left_out if rest else ""
    return picture("groups", draw, 2.75 + 0.52 * max(1.0, at), title, alt.strip())


@_once
def flow_figure(study: Study) -> Picture:
    """Who moves: counts by outcome before and after, shaded where cases move."""
    impact = study.shown
    counts = [[None if pd.isna(n) else int(n) for n in row] for row in impact.flow().to_numpy().tolist()]
    before, after = (impact.outcomes()[name] for name in ("baseline", "scenario"))
    title = impact.finding()
    if impact.moved:
        share_moved = percent(impact.moved / study.cases.size)
        lost, gained = (f"{count(n)} {what}" for n, what in zip(impact.approvals(), _WAYS, strict=True))
        title = f"{impact.moved:,} of {study.cases.told_size} cases ({share_moved}) move: {lost}, {gained}"
    ways = [(i, j, n) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n != 0]
    most = max((n or 0 for *_, n in ways), default=0) or 1
    labels = list(LABELS.values())

    def draw(figure: "Figure") -> None:
        lines = under(study, "Number of cases; grey stays, blue moves")
        axes = titled_axes(figure, study, title, lines, left=0.215, above=1.62)
        for i, row in enumerate(counts):
            for j, n in enumerate(row):
                _cell(axes, i, j, n, most)
        rows(axes, [f"{label}\n{count(n)}" for label, n in zip(labels, before, strict=True)])
        arrivals = [f"{label}\n{count(n)}" for label, n in zip(labels, after, strict=True)]
        axes.set_xticks(range(len(labels)), arrivals, fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("Outcome under the scenario, all cases", fontsize=10, color=FAINT, labelpad=6)
        axes.xaxis.set_label_position("top")
        axes.set_ylabel("Outcome under the baseline, all cases", fontsize=10, color=FAINT, labelpad=10)

    moves = "; ".join(f"{labels[i]} to {labels[j]} {count(n)}" for i, j, n in ways)
    alt = f"Table of cases by outcome under baseline and scenario. {title}. Moves: {moves or 'none'}."
    return picture("flow", draw, 5.9, title, alt)


_WAYS = ("lose their approval", "gain one")


def _pair(row: dict[str, Any]) -> str:
    """'20.9% → 15.1%', with a dash for what is withheld."""
    told = [row[f"{name}_pct"] for name in ("baseline", "scenario")]
    return " → ".join("–" if rate is None else percent(rate / 100) for rate in told)


def _cell(axes: "Axes", i: int, j: int, number: int | None, most: int) -> None:
    """One field of the flow: white when empty, grey on the diagonal, the bluer the more cases move, – is withheld."""
    strength = (0.25 + 0.75 * number / most) if number and i != j else 0.0
    colour = tuple(1 - strength * (1 - part) for part in (0.0, 0.447, 0.698))  # from white to AFTER
    shade = "#ECEEF1" if i == j else colour
    axes.add_patch(_rectangle((j - 0.48, i - 0.46), 0.96, 0.92, facecolor=shade, edgecolor=RULE, linewidth=0.8))
    ink = FAINT if i == j or not number else "white" if strength > 0.85 else INK
    weight = "bold" if number and i != j else "normal"
    axes.text(
        j, i, "·" if number == 0 else count(number), ha="center", va="center", fontsize=11, color=ink, fontweight=weight
    )


def _rectangle(*place: Any, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(*place, **style)


def _group_finding(study: Study, table: list[dict[str, Any]]) -> str:
    told = [row for row in table if row["change_points"] is not None]
    most = max(told, key=lambda row: abs(row["scenario_met"] - row["baseline_met"]), default=None)
    if most is None or most["scenario_met"] == most["baseline_met"]:
        silent = len(told) < len(table) or study.cases.too_few
        withheld = "No change of an approval rate can be told; what is withheld may hide one"
        return withheld if silent else "No approval rate changes for any diagnosis and procedure"
    moved = signed(most["scenario_met"] - most["baseline_met"])
    change = " to ".join(percent(most[f"{name}_pct"] / 100) for name in ("baseline", "scenario")) + f", {moved} cases"
    withheld = " told" if len(told) < len(table) else ""
    return f"Largest part of the change{withheld}: {', '.join(group_labels(study, most))} ({change})"


FIGURES = (outcomes_figure, groups_figure, flow_figure)
