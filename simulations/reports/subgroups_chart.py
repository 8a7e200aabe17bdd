"""Pictures of subgroups, drawn as figure.py draws: gaps in approvals, in refusals of those it would help, how
they move, and the levers behind one. A title is a question: which group lies farthest off is partly luck.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from simulations.reports.figure import (
    AFTER,
    FAINT,
    INK,
    OFF,
    RULE,
    Picture,
    legend,
    line_colour,
    marker_style,
    picture,
    rows,
    titled_axes,
    under,
)
from simulations.reports.subgroups_findings import QUESTIONS, column_label, group_label, luck
from simulations.statistics.number_format import percent, points
from simulations.studies.subgroups import ALIKE, APPROVED, AS_THEY_ARE, REFUSED, SETTINGS, Subgroups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LEVERS = 10
_OTHER: dict[str, Any] = {"marker": "s", "markerfacecolor": "white", "markeredgecolor": OFF, "markersize": 7}
Kinds = Mapping[tuple[str, str], Mapping[str, Any]]  # requests and setting -> a row of the gaps
Series = Sequence[tuple[tuple[str, str], str, dict[str, Any], str]]  # kind, colour, marker, name
_GAPS: Series = (
    ((AS_THEY_ARE, "baseline"), line_colour("baseline"), marker_style("baseline"), "Before"),
    ((AS_THEY_ARE, "scenario"), line_colour("scenario"), marker_style("scenario"), "After"),
)
_MOVES: Series = (
    ((AS_THEY_ARE, "change"), FAINT, {**_OTHER, "markeredgecolor": INK, "marker": "^"}, "Move"),
    ((ALIKE, "change"), OFF, _OTHER, "Move, same requests"),
)


def gaps_chart(found: Subgroups) -> Picture:
    """Each group's approval rate less that of the largest group of its column, before and after, and how it moves."""
    return _forest(found, APPROVED, "gaps", "Share approved less the largest group's, points")


def refused_chart(found: Subgroups) -> Picture:
    """The same for those whom the procedure would help by simulated truth: how many of them are not met."""
    return _forest(found, REFUSED, "refused_gaps", "Refused of those it would help, less the largest group's, points")


def _forest(found: Subgroups, measure: str, name: str, what: str) -> Picture:
    table, places, headings, height = _rows_of(found, measure)
    title = QUESTIONS[measure]
    mark = f"* beyond {luck(found)}: an interval, one of a family that holds at once in 95%, leaves 0 out"

    def draw(figure: "Figure") -> None:
        first = titled_axes(
            figure, found.study, title, [*under(found.study, what), mark], left=0.31, right=0.56, above=1.6, below=0.85
        )
        box = first.get_position()
        style: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "va": "center", "zorder": 5}
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        second = figure.add_axes((0.61, box.y0, 0.2, box.height))
        for y, heading in headings:
            first.text((0.02 - box.x0) / box.width, y, heading, transform=first.get_yaxis_transform(), **style)
        for axes, series, above in ((first, _GAPS, "The gap"), (second, _MOVES, "How the gap moves")):
            _panel(axes, series, table, places, height)
            axes.set_title(above, fontsize=10, color=INK, loc="left")
        second.text(1.04, 1, "Before → after", transform=second.transAxes, va="bottom", fontsize=10)
        first.set_yticks(places, [_label(next(iter(kinds.values()))) for kinds in table], fontsize=10)
        second.set_yticks([])
        for y, kinds in zip(places, table, strict=True):
            second.text(1.04, y, _both(kinds), transform=second.get_yaxis_transform(), va="center", fontsize=10)
        if not table:
            first.text(0.5, 0.5, "No groups can be compared", transform=first.transAxes, ha="center")
        for row, (axes, series) in ((0, (first, _GAPS)), (2, (second, _MOVES))):
            drawn = {line.get_label(): line for line in axes.lines}
            shown = [label for *_, label in series if label in drawn]
            legend(figure, [drawn[label] for label in shown], shown, row=row)

    numbers = "; ".join(_in_words(found, kinds) for kinds in table)
    alt = f"Dots with intervals. {title} {what}, before → after, – is withheld or empty; {mark}. {numbers or 'None'}."
    return picture(name, draw, 3.1 + 0.4 * max(1.0, height), title, alt)


def _rows_of(found: Subgroups, measure: str) -> tuple[list[Kinds], list[float], list[tuple[float, str]], float]:
    """The comparisons, their places from the top, the heading of each column with its place, and the height."""
    table: list[Kinds] = []
    places: list[float] = []
    headings: list[tuple[float, str]] = []
    at, every = 0.0, found.gaps()
    for column in found.columns:
        mine = every[(every["column"] == column.name) & (every["measure"] == measure)]
        if mine.empty:
            continue
        reference = str(mine["reference"].iloc[0])
        shares = [column.among(column.groups.index(reference), setting, measure) for setting in SETTINGS]
        rates = " → ".join(percent(one[0] / one[1]) if one and one[1] else "–" for one in shares)
        against = f"{column_label(found, column.name)}: against {group_label(reference)} ({rates})"
        headings.append((at, f"{against}{_unreal(found, column.name)}"))
        at += 0.8
        for _, part in mine.groupby("group", sort=False):
            rows_of = [{str(name): value for name, value in row.items()} for row in part.to_dict("records")]
            table.append({(row["requests"], row["setting"]): row for row in rows_of})
            places.append(at)
            at += 1.0
    return table, places, headings, at


def _unreal(found: Subgroups, column: str) -> str:
    """What the population says of the gaps of a column."""
    words = {"none": "; no gap can be real here", "requests": "; real only by what is asked for"}
    return words.get(str(found.dependence(column)), "")


def _panel(axes: "Axes", series: Series, table: Sequence[Kinds], places: Sequence[float], height: float) -> None:
    """Dots with intervals, one beside the other in each row."""
    for (kind, colour, marker, label), offset in zip(series, (-0.17, 0.17), strict=True):
        drawn = [(y + offset, kinds[kind]) for y, kinds in zip(places, table, strict=True) if kind in kinds]
        for y, row in drawn:
            if _points(row) == "–":
                continue
            axes.plot([row["gap_low"], row["gap_high"]], [y, y], color=colour, linewidth=2)
            axes.plot(row["gap_points"], y, linestyle="none", label=label, **marker)
    axes.set_ylim(max(height, 1.0) - 0.4, -0.5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, colors=INK)
    axes.axvline(0, color=FAINT, linewidth=1)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def _label(row: Mapping[str, Any]) -> str:
    cases = "–" if pd.isna(row["cases"]) else f"{int(row['cases']):,}"
    return f"{group_label(str(row['group']))}, n = {cases}"


def _points(row: Mapping[str, Any]) -> str:
    star = "*" if row["beyond_luck"] is True else ""
    return "–" if pd.isna(row["gap_points"]) else f"{points(row['gap_points'] / 100)}{star}"


def _both(kinds: Kinds) -> str:
    told = [_points(kinds[AS_THEY_ARE, setting]) for setting in SETTINGS]
    moves = "; moves*" if kinds[AS_THEY_ARE, "change"]["beyond_luck"] is True else ""
    return "withheld" if set(told) == {"–"} else f"{' → '.join(told)}{moves}"


def _in_words(found: Subgroups, kinds: Kinds) -> str:
    after = kinds[AS_THEY_ARE, "scenario"]
    column = str(after["column"])
    pair = f"{group_label(str(after['group']))} against {group_label(str(after['reference']))}"
    said = f"{column_label(found, column)}{_unreal(found, column)}, {pair} {_both(kinds)}"
    moves = [f"{name.lower()} {_points(kinds[kind])}" for kind, *_, name in _MOVES if kind in kinds]
    return f"{said}, {', '.join(moves)}" if moves else said


def drivers_chart(found: Subgroups, gap: Mapping[str, Any], drivers: pd.DataFrame) -> Picture:
    """How far each lever alone moves the gap that is followed: its range over the lever's domain, and as it is."""
    top = drivers[drivers["swing"] > 0].head(_MOST_LEVERS).to_dict("records")
    pair = f"{group_label(gap['group'])} against {group_label(gap['reference'])}"
    title = "Which levers move the gap that is followed, and how far?"
    what = f"Gap of {pair} in points over the domain of each lever, others as proposed"

    def draw(figure: "Figure") -> None:
        axes = titled_axes(
            figure, found.study, title, under(found.study, what), left=0.33, right=0.72, above=1.2, below=0.85
        )
        for y, row in enumerate(top):
            axes.plot(
                [row["lowest"], row["highest"]], [y, y], color=AFTER, linewidth=9, solid_capstyle="butt", alpha=0.45
            )
            axes.plot(row["gap_now"], y, linestyle="none", **marker_style("scenario"))
            ends = f"{points(row['least'] / 100)} at {row['least_at']}\n{points(row['most'] / 100)} at {row['most_at']}"
            axes.text(1.03, y, ends, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        rows(axes, [f"{row['label']}\nnow {row['now']}" for row in top])
        legend(figure, [line for line in axes.lines if line.get_marker() == "D"][:1], ["Gap as it is"])

    numbers = "; ".join(
        f"{r['label']}, now {r['now']}: {points(r['least'] / 100)} at {r['least_at']} to {points(r['most'] / 100)} at "
        f"{r['most_at']}"
        for r in top
    )
    alt = f"Bars. {title} {what}; as it is {points(gap['gap_points'] / 100)}. {numbers}."
    return picture("gap_levers", draw, 2.4 + 0.55 * max(1, len(top)), title, alt)


def pictures(found: Subgroups, drivers: pd.DataFrame | None) -> Sequence[Picture]:
    """Those that this study can show; no number of a lever where small cells are withheld."""
    shown = [gaps_chart(found)]
    if any(column.helped is not None for column in found.columns):
        shown.append(refused_chart(found))
    if drivers is not None and (gap := found.widest()) and not found.suppressed:
        shown.append(drivers_chart(found, gap, drivers))
    return shown
