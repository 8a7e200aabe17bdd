"""Pictures of what levers can do, drawn as figure.py draws: one lever, two together, all ranked, the shares."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from policy.model import Lever, as_word
from simulations.reports.figure import (
    AFTER,
    FAINT,
    INK,
    OFF,
    RULE,
    Picture,
    marker_style,
    picture,
    picture_told_about,
    rows,
    titled_axes,
    under,
)
from simulations.reports.sweep_findings import (
    ROWS,
    grid_finding,
    provision_label,
    range_finding,
    ranking_finding,
    share_finding,
    shown,
    whose,
)
from simulations.reports.table_cells import signed
from simulations.reports.withholding import roughly
from simulations.statistics.disclosure_control import SMALL
from simulations.statistics.number_format import fixed, percent, points
from simulations.studies.comparison import Study
from simulations.studies.shapley import Attribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE = 10  # values of a lever in the picture of a grid; all of them are in grid.csv


@picture_told_about
def sweep_figure(study: Study, swept: pd.DataFrame, lever: str) -> Picture:
    """Approval rate at every value of one lever with Wilson's intervals; baseline and scenario marked."""
    title = range_finding(study, swept, lever)
    table = swept.to_dict("records")
    places = list(range(len(table)))
    numeric = study.policy.levers[lever].domain is not None

    def draw(figure: "Figure") -> None:
        what = (
            "Approval rate, % of all cases, about"
            if study.rough
            else "Approval rate, % of all cases, with 95% intervals"
        )
        axes = titled_axes(figure, study, title, under(study, what), left=0.075, above=1.25, below=1.25)
        rate = swept["approval_pct"].tolist()
        low, high = (rate if study.rough else swept[f"approval_{part}"].tolist() for part in ("low", "high"))
        if numeric:
            axes.fill_between(places, low, high, color=AFTER, alpha=0.22, linewidth=0)
            axes.plot(places, rate, color=AFTER, linewidth=2)
        else:
            axes.vlines(places, low, high, color=AFTER, linewidth=2)
        axes.plot(places, rate, linestyle="none", marker="o", markersize=4, color=AFTER)
        top = max(high) if max(high) else 1
        ends = [next(i for i, row in enumerate(table) if row[f"is_{name}"]) for name in ("baseline", "scenario")]
        near = abs(rate[ends[0]] - rate[ends[1]]) < 0.1 * top and abs(ends[0] - ends[1]) < 0.5 * len(table)
        for name, up, at in zip(("baseline", "scenario"), (1, -1 if near else 1), ends, strict=True):
            axes.plot(at, rate[at], linestyle="none", zorder=4, **marker_style(name))
            if name == "baseline" or not table[at]["is_baseline"]:
                said = f"{whose(study, table[at], lever)}, {table[at]['shown']}"
                told = f"{said}: {roughly(study, percent(rate[at] / 100))}"
                _name_point(axes, told[:1].upper() + told[1:], (at, rate[at]), up * 0.07 * top, len(table))
        _scale(axes, [_tick(study.policy.levers[lever], row["value"]) for row in table], top)
        axes.set_xlabel(_unit(study.policy.levers[lever]), fontsize=10, color=FAINT, labelpad=6)

    numbers = "; ".join(f"{row['shown']} " + roughly(study, percent(row["approval_pct"] / 100)) for row in table)
    what = "from rounded counts" if study.rough else "with 95% intervals"
    return picture("sweep", draw, 5.4, title, f"Line of approval rates {what}. {title}. {numbers}.")


def _tick(lever: Lever, word: str) -> str:
    """A value below an axis that names the unit."""
    return shown(lever, word) if lever.choices else word


def _unit(lever: Lever) -> str:
    return f"{lever.label}{f', {lever.measure.many}' if lever.unit else ''}".replace("_", " ")


@picture_told_about
def grid_figure(study: Study, table: pd.DataFrame, one: str, other: str) -> Picture:
    """Approval rate at pairs of values, as numbers in a field that is the darker the more are approved."""
    title = grid_finding(study, table, one, other)
    levers = study.policy.levers
    rates = {(row[one], row[other]): 100 * row["met"] / row["cases"] for row in table.to_dict("records")}
    keep = {name: _some(study, name, list(dict.fromkeys(table[name]))) for name in (one, other)}
    most = max(rates.values()) or 1
    settings = {"baseline": study.baseline, "scenario": study.scenario}
    marked = {name: tuple(as_word(s[k]) for k in (one, other)) for name, s in settings.items()}

    def draw(figure: "Figure") -> None:
        what = "% approved; framed: the values of the baseline (dashed) and of the scenario (solid)"
        what = f"About {what}" if study.rough else what
        axes = titled_axes(figure, study, title, under(study, what), left=0.2, above=1.72)
        for i, a in enumerate(keep[one]):
            for j, b in enumerate(keep[other]):
                _field(axes, i, j, rates[a, b], most, [name for name, at in marked.items() if at == (a, b)])
        rows(axes, [shown(levers[one], word) for word in keep[one]])
        words = ["\n".join(textwrap.wrap(shown(levers[other], w), 13)) for w in keep[other]]
        axes.set_xticks(range(len(words)), words, fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xlim(-0.5, len(words) - 0.5)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel(levers[other].label, fontsize=10, color=FAINT, labelpad=6)
        axes.xaxis.set_label_position("top")
        name = textwrap.fill(f"{levers[one].label} ↓", 24)
        axes.text(-0.02, 1.03, name, transform=axes.transAxes, ha="right", va="bottom", fontsize=10, color=FAINT)

    ends = "; ".join(
        f"{', '.join(shown(levers[n], w) for n, w in zip((one, other), pair, strict=True))} "
        + roughly(study, percent(rate / 100))
        for pair, rate in rates.items()
        if pair[0] in keep[one] and pair[1] in keep[other]
    )
    height = 2.6 + 0.38 * len(keep[one])
    return picture("grid", draw, height, title, f"Table of approval rates. {title}. {ends}.")


def _some(study: Study, name: str, words: list[str]) -> list[str]:
    """At most ten values: the ends, the baseline and the scenario, and others evenly between."""
    wanted = {as_word(s[name]) for s in (study.baseline, study.scenario)}
    fixed = {words.index(word) for word in wanted} | {0, len(words) - 1}
    step = max(1, -(-len(words) // (_SIDE - 2)))
    near = {i for i in range(0, len(words), step) if all(abs(i - at) > step // 2 for at in fixed)}
    return [words[i] for i in sorted(fixed | near)] if len(words) > _SIDE else words


def _field(axes: "Axes", i: int, j: int, rate: float, most: float, marks: list[str]) -> None:
    from matplotlib.patches import Rectangle

    strength = 0.92 * rate / most
    colour = tuple(1 - strength * (1 - part) for part in (0.0, 0.447, 0.698))  # from white to AFTER
    axes.add_patch(Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, facecolor=colour, edgecolor=RULE, linewidth=0.8))
    for name in marks:
        frame: dict[str, Any] = {"fill": False, "edgecolor": INK, "linewidth": 2.4, "zorder": 3}
        inset = 0.05 if name == "baseline" else 0.0
        place = (j - 0.46 + inset, i - 0.44 + inset)
        style = "--" if name == "baseline" else "-"
        axes.add_patch(Rectangle(place, 0.92 - 2 * inset, 0.88 - 2 * inset, linestyle=style, **frame))
    weight = "bold" if marks else "normal"
    axes.text(
        j, i, fixed(rate), ha="center", va="center", fontsize=10, color="white" if strength > 0.62 else INK,
        fontweight=weight,
    )  # fmt: skip


def _reach(study: Study, row: Mapping[Any, Any]) -> str:
    """'−1.2 to +3.4': how far one lever moves approvals, points."""
    return f"{roughly(study, points(row['down_points'] / 100))} to {points(row['up_points'] / 100)}"


def _scale(axes: "Axes", words: Sequence[str], top: float) -> None:
    """A place for each value of a lever, of many only some with words, and shares from 0 to a little above `top`."""
    step = max(1, len(words) // 14)
    places = range(0, len(words), step)
    axes.set_xticks(places, ["\n".join(textwrap.wrap(word, 18)) for word in words[::step]], fontsize=10)
    axes.set_xlim(-0.6, len(words) - 0.4)
    axes.set_ylim(0, top * 1.15)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def _name_point(axes: "Axes", told: str, at: tuple[int, float], up: float, many: int) -> None:
    """Words beside a point, on the side with more room; `up`: how far above the point, below 0 for under it."""
    left = at[0] > 0.6 * many
    aside = 0.4 if many > 6 else 0.04 * many
    place = (at[0] - aside if left else at[0] + aside, at[1] + up * (many > 6))
    axes.annotate(told, at, place, fontsize=10, ha="right" if left else "left", va="center", fontweight="bold")


def _below_ranking(study: Study, ranked: pd.DataFrame, rest: int) -> str:
    """What the ranking does not show: the levers that do less, and what its lines are."""
    inert = int((ranked["moved_most"] == 0).sum())
    none = f"of which move at most {SMALL} cases" if study.rough else "of them nothing"
    lines_say = "" if study.rough else "Black lines: 95% intervals for pairs."
    others = f"{rest} other levers do less, {inert} {none}. " if rest else ""
    return f"{others}{lines_say}".strip()


@picture_told_about
def ranking_figure(study: Study, ranked: pd.DataFrame) -> Picture:
    """How far each of the strongest levers alone can move approvals, down and up from the scenario."""
    title = ranking_finding(study, ranked)
    table = ranked[ranked["moved_most"] > 0].head(ROWS).to_dict("records")
    if study.rough:  # no interval: the bars are their own ends
        ends = {f"{way}_{end}": f"{way}_points" for way in ("down", "up") for end in ("low", "high")}
        table = [{**row, **{end: row[bar] for end, bar in ends.items()}} for row in table]

    def draw(figure: "Figure") -> None:
        lines = under(
            study, f"{'About: change' if study.rough else 'Change'} in points of the approval rate by each lever alone"
        )
        axes = titled_axes(figure, study, title, lines, left=0.31, right=0.93, above=1.05, below=0.95)
        widest = max((row["swing_points"] for row in table), default=1) or 1
        for i, row in enumerate(table):
            for way, colour, hatch in (("down", OFF, "////"), ("up", AFTER, "")):
                value = row[f"{way}_points"]
                axes.barh(i, value, height=0.5, facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0)
                if not study.rough:
                    axes.plot([row[f"{way}_low"], row[f"{way}_high"]], [i, i], color=INK, linewidth=1.4)
                if value:
                    told = f"{roughly(study, points(value / 100))}  {row[f'{way}_at']}"
                    far = min(row["down_low"], 0) if way == "down" else max(row["up_high"], 0)
                    off, align = (-0.015, "right") if way == "down" else (0.015, "left")
                    axes.text(far + off * widest, i, told, ha=align, va="center", fontsize=9.5)
        axes.axvline(0, color=INK, linewidth=1)
        rows(axes, [f"{row['label']}\nnow {row['here']}" for row in table])
        axes.set_xlim(
            min([row["down_low"] for row in table], default=0) - 0.62 * widest,
            max([row["up_high"] for row in table], default=0) + 0.62 * widest,
        )
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        below = _below_ranking(study, ranked, len(ranked) - len(table))
        axes.set_xlabel(below, fontsize=9, color=FAINT, loc="left", labelpad=8)

    told = "; ".join(f"{r['label']} {_reach(study, r)}" for r in table)
    return picture("ranking", draw, 2.4 + 0.5 * max(1, len(table)), title, f"Bars. {title}. Points: {told}.")


def share_figure(study: Study, found: Attribution) -> Picture:
    """The share of each provision in the change of approvals, with the least and the most over all orders."""
    title = share_finding(study, found)
    table = sorted(found.frame().to_dict("records"), key=lambda row: -abs(row["share"]))
    per = 100 / found.cases

    def draw(figure: "Figure") -> None:
        lines = under(study, "Share in the change, in points of all cases; thin line: over all orders")
        axes = titled_axes(figure, study, title, lines, left=0.36, right=0.9, above=1.05, below=0.95)
        for i, row in enumerate(table):
            value = row["share_points"]
            colour, hatch = (OFF, "////") if value < 0 else (AFTER, "")
            axes.barh(i, value, height=0.5, facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0)
            ends = [per * row["least"], per * row["most"]]
            axes.plot(ends, [i, i], color=INK, linewidth=1.4, marker="|", markersize=9)
            axes.text(1.015, i, points(value / 100, 2), transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.axvline(0, color=INK, linewidth=1)
        names = [provision_label(study, row["provision"]).replace(": ", "\n", 1) for row in table]
        rows(axes, names)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        total = sum(row["share"] for row in table)
        note = f"The shares add up to the change: {signed(int(fixed(total, 0)))} of {found.cases:,} cases met."
        axes.set_xlabel(note, fontsize=9, color=FAINT, loc="left", labelpad=8)

    told = "; ".join(f"{provision_label(study, r['provision'])} {points(r['share_points'] / 100, 2)}" for r in table)
    return picture("attribution", draw, 2.3 + 0.58 * len(table), title, f"Bars. {title}. Points: {told}.")
