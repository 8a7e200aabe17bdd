"""Pictures of what a policy does to those whom a procedure would help, drawn as figure.py draws."""

import textwrap
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
    marker_style,
    picture,
    titled_axes,
)
from simulations.statistics.number_format import fixed, percent
from simulations.studies.comparison import Study
from simulations.studies.sensitivity import one_set, under_each
from simulations.studies.simulated_truth import Compared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURES = {
    "appropriate": "Met, and would help",
    "unhelpful": "Met, would not help",
    "refused_would_help": "Refused, would help",
    "waiting": "Waiting, though it would help",
}
_TOLD = "Truth is simulated."


def compared_chart(study: Study, populations: Sequence[Compared]) -> Picture:
    """Each population: approvals that would help or not, refusals and waits of what would help, before and after."""
    table = [(one.population, one.truth(False).row(), one.truth(True).row()) for one in populations]
    blind = {one.population: one.telling.sentence().partition(":")[0] for one in populations}
    title = _spread("Refused though the model says it would help:", [(before, after) for _, before, after in table])
    title += _cannot(blind)
    rows = [(name, key, before, after) for name, before, after in table for key in MEASURES]
    places = [i + 0.9 * (i // len(MEASURES) + 1) for i in range(len(rows))]
    left, right = 0.28, 0.74

    def draw(figure: "Figure") -> None:
        lines = [study.asks(), f"% of the {study.cases.size:,} requests, one set under each assumption. {_TOLD}"]
        axes = titled_axes(figure, study, title, lines, left=left, right=right, above=1.1, below=0.9)
        for y, (name, key, before, after) in zip(places, rows, strict=True):
            if key == "appropriate":
                style: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "va": "center"}
                axes.text((0.02 - left) / (right - left), y - 0.85, name, transform=axes.get_yaxis_transform(), **style)
            ends = [100 * row[key] / row["cases"] for row in (before, after)]
            axes.plot(ends, [y, y], color=RULE, linewidth=3, zorder=1)
            for which, value in zip(("baseline", "scenario"), ends, strict=True):
                axes.plot(value, y, linestyle="none", clip_on=False, **marker_style(which))
            told = f"{before[key]:,} → {after[key]:,} ({fixed(ends[0])} → {percent(ends[1] / 100)})"
            axes.text(1.02, y, told, transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.set_yticks(places, [MEASURES[key] for _, key, *_ in rows], fontsize=10)
        axes.set_ylim(places[-1] + 0.6, -0.6)
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", pad=10)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        legend(figure, axes.lines[1:3])

    numbers = "; ".join(
        f"{name}: {', '.join(f'{label.lower()} {b[key]:,} → {a[key]:,}' for key, label in MEASURES.items())}"
        for name, b, a in table
    )
    alt = f"Dots by population, baseline → scenario. {title}. {_TOLD} {' '.join([*one_set(table), numbers])}."
    return picture("truth", draw, 2.4 + 0.36 * (places[-1] + 1), title, alt)


_LINES: dict[str, dict[str, Any]] = {  # measure -> how its line is drawn
    "appropriate": {"color": AFTER, "marker": "D"},
    "unhelpful": {"color": FAINT, "marker": "o", "linestyle": "--", "markerfacecolor": "white"},
    "refused_would_help": {"color": OFF, "marker": "s"},
    "waiting": {"color": INK, "marker": "^", "linestyle": ":"},
}


def by_setting_chart(study: Study, lever: str, table: pd.DataFrame) -> Picture:
    """One panel for each population: the same four shares of all requests at every value of a lever (`by_setting`)."""
    asked = study.policy.levers[lever]
    populations = list(dict.fromkeys(table["population"]))
    parts = {name: table[table["population"] == name] for name in populations}
    values = [str(value) for value in parts[populations[0]]["value"]]
    ends = [(part.iloc[0].to_dict(), part.iloc[-1].to_dict()) for part in parts.values()]
    title = f"{asked.label}, {values[0]} to {values[-1]}: " + _spread("refused, would help:", ends)
    able = dict(zip(table["population"], table["can_tell"], strict=True))
    title += _cannot(
        {name: "" if can else "The simulated truth cannot tell whether this lever helps" for name, can in able.items()}
    )
    left, gap = 0.06, 0.025
    width = (0.78 - gap * len(populations)) / len(populations)

    def draw(figure: "Figure") -> None:
        what = f"% of all requests at each value ({asked.unit or 'setting'}), other levers as in the policy. {_TOLD}"
        lines = [f"{study.policy.titled}; {study.cases.size:,} requests, one set under each assumption", what]
        first = titled_axes(figure, study, title, lines, left=left, right=left + width, above=1.3, below=0.9)
        box = first.get_position()
        top = max(100 * table[key].max() / table["cases"].max() for key in MEASURES)
        for i, (name, part) in enumerate(parts.items()):
            axes = first if i == 0 else figure.add_axes((box.x0 + i * (width + gap), box.y0, width, box.height))
            for key, style in _LINES.items():
                shares = (100 * part[key] / part["cases"]).tolist()
                axes.plot(range(len(values)), shares, markersize=5, **style)
            axes.set_ylim(0, 1.1 * top)
            step = max(1, len(values) * len(populations) // 18)
            axes.set_xticks(range(0, len(values), step), values[::step], fontsize=9)
            axes.set_title(textwrap.fill(name, 84 // len(parts)), fontsize=10, loc="left")
            _plain(axes, labelled=i == 0)
        _name_lines(axes, part, top)

    told = [f"{name}, of {part.iloc[0]['cases']:,}: {_numbers(part)}" for name, part in parts.items()]
    return picture("truth_by_setting", draw, 5.6, title, f"Lines by population. {title}. {_TOLD} {'. '.join(told)}.")


def _plain(axes: "Axes", labelled: bool) -> None:
    """No frame but the line below, no ticks; the scale at the side only where `labelled`."""
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, labelleft=labelled, colors=INK)


def _name_lines(axes: "Axes", part: pd.DataFrame, top: float) -> None:
    """The name of each line beside its end in the last panel, which shows `part`; `top`: the highest share in %."""
    last = [100 * part.iloc[-1][key] / part.iloc[-1]["cases"] for key in _LINES]
    for (key, style), y in zip(_LINES.items(), _apart(last, 0.11 * top), strict=True):
        words = MEASURES[key].replace(", ", ",\n")
        axes.text(1.02, y / (1.1 * top), words, transform=axes.transAxes, color=style["color"], fontsize=9, va="center")


def _numbers(part: pd.DataFrame) -> str:
    """The counts of one panel in words, value by value."""
    return "; ".join(
        f"{row['value']}: {', '.join(f'{MEASURES[key].lower()} {row[key]:,}' for key in MEASURES)}"
        for row in part.to_dict("records")
    )


def _apart(values: Sequence[float], least: float) -> list[float]:
    """Places for labels in the order of the values, at least so far from each other, none below 0."""
    places = [0.0] * len(values)
    below = -least
    for i in sorted(range(len(values)), key=lambda i: values[i]):
        places[i] = below = max(values[i], below + least)
    return places


def _cannot(said: Mapping[str, str]) -> str:
    """What the truth cannot tell, and under which populations where that is not all of them; a sentence to be added."""
    words: dict[str, list[str]] = {}
    for population, sentence in said.items():
        words.setdefault(sentence, []).append(population)
    where = {text: "" if len(names) == len(said) else f" {under_each(names)}" for text, names in words.items()}
    return "".join(f". {text}{where[text]}" for text in words if text)


def _spread(what: str, ends: Sequence[tuple[dict[Any, Any], dict[Any, Any]]]) -> str:
    """'Refused, would help: from 10.9–11.4% to 28.7–31.6% of requests'; a range over the populations."""
    shares = [[100 * row["refused_would_help"] / row["cases"] for row in rows] for rows in zip(*ends, strict=True)]
    before, after = (_range(values) for values in shares)
    changes = [b - a for a, b in zip(*shares, strict=True)]
    where = "under every assumption" if len(ends) > 1 else "in the population"
    if not any(changes):
        return f"{what} {before} of requests before and after"
    if min(changes) >= 0 or max(changes) <= 0:
        return f"{what} from {before} to {after} of requests {where}"
    return f"{what} from {before} to {after} of requests, not the same way {where}"


def _range(values: Sequence[float]) -> str:
    low, high = fixed(min(values)), fixed(max(values))
    return f"{low}%" if low == high else f"{low}–{high}%"
