"""Pictures of subgroups, drawn as picture_chart.py draws: gaps, wrongful refusals, the levers behind the widest gap."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from simulations.impact import points
from simulations.picture_chart import (
    AFTER,
    FAINT,
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
from simulations.subgroups import SETTINGS, Subgroups
from simulations.subgroups_findings import column_label, group_label, in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LEVERS = 10


def gaps_chart(found: Subgroups) -> Picture:
    """Each group's approval rate less that of the largest group of its column, before and after, with intervals."""
    title = in_words(found)
    what = "Approval rate less the largest group's, points, 95% intervals"
    return _forest(found, "met", title, what)


def wrongful_chart(found: Subgroups) -> Picture:
    """The same for wrongful refusals: not met, of those whom the procedure would help by simulated truth."""
    title = in_words(found, "wrongful")
    what = "Wrongly refused of those it would help, less the largest group's; truth is simulated"
    return _forest(found, "wrongful", title, what)


def _forest(found: Subgroups, measure: str, title: str, what: str) -> Picture:
    table: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
    headings: list[tuple[float, str]] = []
    places: list[float] = []
    at = 0.0
    every = found.gaps()
    for column in found.columns:
        mine = every[(every["column"] == column.name) & (every["measure"] == measure)].to_dict("records")
        if not mine:
            continue
        reference = column.groups.index(mine[0]["reference"])
        rates = " → ".join(_share(column.among(reference, setting, measure)) for setting in SETTINGS)
        against = f"{column_label(found, column.name)}: against {group_label(column.groups[reference])} ({rates})"
        headings.append((at, against))
        at += 0.8
        for before, after in zip(mine[::2], mine[1::2], strict=True):
            table.append((str(before["group"]), dict(before), dict(after)))  # type: ignore[arg-type]
            places.append(at)
            at += 1.0
    sizes = {c.name: {g: c.cases(i) for i, g in enumerate(c.groups)} for c in found.columns}
    left, right = 0.31, 0.8

    def draw(figure: "Figure") -> None:
        axes = titled_axes(
            figure, found.study, title, under(found.study, what), left=left, right=right, above=1.2, below=0.85
        )
        across = axes.get_yaxis_transform()
        for y, (_, *pair) in zip(places, table, strict=True):
            for name, row, offset in zip(SETTINGS, pair, (-0.17, 0.17), strict=True):
                if pd.isna(row["gap_points"]):
                    continue
                axes.plot([row["gap_low"], row["gap_high"]], [y + offset] * 2, color=line_colour(name), linewidth=2)
                axes.plot(row["gap_points"], y + offset, linestyle="none", **marker_style(name))
            axes.text(1.02, y, _both(pair), transform=across, va="center", fontsize=10)
        for y, heading in headings:
            style: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "va": "center"}
            box = {"facecolor": "white", "edgecolor": "none", "pad": 2}
            axes.text((0.02 - left) / (right - left), y, heading, transform=across, bbox=box, **style)
        labels = [f"{group_label(g)}, n = {_n(sizes[str(row['column'])][g])}" for g, row, _ in table]
        axes.set_yticks(places, labels, fontsize=10)
        axes.set_ylim(max(at, 1.0) - 0.4, -0.5)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        if not table:
            axes.text(0.5, 0.5, "No groups can be compared", transform=axes.transAxes, ha="center")
        drawn = {line.get_marker(): line for line in axes.lines}
        legend(figure, [drawn[marker] for marker in ("o", "D") if marker in drawn])

    numbers = "; ".join(
        f"{column_label(found, str(a['column']))}, {group_label(g)} against {group_label(str(a['reference']))} "
        f"{_both((a, b))}"
        for g, a, b in table
    )
    alt = f"Dots with intervals, baseline → scenario, – is withheld or empty. {title}. {what}: {numbers or 'none'}."
    return picture("gaps" if measure == "met" else "wrongful_gaps", draw, 2.4 + 0.4 * max(1.0, at), title, alt)


def drivers_chart(found: Subgroups, gap: Mapping[str, Any], drivers: pd.DataFrame) -> Picture:
    """How far each lever alone moves the widest gap: its range over the lever's domain, and the gap as it is."""
    top = drivers[drivers["swing"] > 0].head(_MOST_LEVERS).to_dict("records")
    pair = f"{group_label(gap['group'])} against {group_label(gap['reference'])}"
    title = f"No lever moves the gap of {pair}"
    if top:
        title = (
            f"{top[0]['label']} moves the gap of {pair} most: {points(top[0]['least'] / 100)} at {top[0]['least_at']}, "
            f"{points(top[0]['most'] / 100)} at {top[0]['most_at']}"
        )
    what = "Gap in points over the whole domain of each lever, others as proposed"

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
    alt = f"Bars. {title}. {what}; as it is {points(gap['gap_points'] / 100)}. {numbers}."
    return picture("gap_levers", draw, 2.4 + 0.55 * max(1, len(top)), title, alt)


def pictures(found: Subgroups, drivers: pd.DataFrame | None) -> Sequence[Picture]:
    """Those that this study can show; no number of a lever where small cells are withheld."""
    shown = [gaps_chart(found)]
    if any(column.helped is not None for column in found.columns):
        shown.append(wrongful_chart(found))
    if drivers is not None and (gap := found.widest()) and not found.suppressed:
        shown.append(drivers_chart(found, gap, drivers))
    return shown


def _share(among: tuple[int, int] | None) -> str:
    return f"{100 * among[0] / among[1]:.1f}%" if among and among[1] else "–"


def _points(row: Mapping[str, Any]) -> str:
    return "–" if pd.isna(row["gap_points"]) else points(row["gap_points"] / 100)


def _both(pair: Sequence[Mapping[str, Any]]) -> str:
    told = [_points(row) for row in pair]
    return "withheld" if set(told) == {"–"} else " → ".join(told)


def _n(cases: int | None) -> str:
    return "–" if cases is None else f"{cases:,}"
