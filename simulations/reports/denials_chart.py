"""Pictures of refusals and open requests, drawn as figure.py draws."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import pandas as pd

from simulations.reports.denials_findings import in_words, label
from simulations.reports.figure import (
    AFTER,
    BEFORE,
    FAINT,
    INK,
    OFF,
    RULE,
    Picture,
    picture,
    rows,
    silent_picture,
    titled_axes,
    under,
)
from simulations.statistics.disclosure_control import SMALL
from simulations.statistics.number_format import percent
from simulations.studies.comparison import Study
from simulations.studies.denials import Anatomy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 12  # criteria or columns in a picture
_LINES = 4  # levers whose distances are drawn
_REACH = 8  # steps on either side; what lies beyond is added to the last bar


def anatomy_unless_silent(draw: Callable[[Study, Anatomy], Picture]) -> Callable[[Study, Anatomy], Picture]:
    """Draws why nothing is told instead, where that is so."""

    @wraps(draw)
    def drawn(study: Study, found: Anatomy) -> Picture:
        return silent_picture(study, draw.__name__.removesuffix("_figure"), found.silent) or draw(study, found)

    return drawn


@anatomy_unless_silent
def criteria_figure(study: Study, found: Anatomy) -> Picture:
    """Refusals by failing criterion: with others, alone, and of these those that would be met."""
    title = in_words(found)
    table = [row for row in found.criteria().to_dict("records") if row["fails"]][:_MOST]
    refused = found.outcomes()["not_met"]

    def draw(figure: "Figure") -> None:
        lines = under(study, f"Of {found.told(refused)} cases not met; a case can fail several criteria")
        axes = titled_axes(figure, study, title, lines, left=0.4, right=0.9, above=1.45, below=0.65)
        top = max((row["fails"] for row in table), default=1)
        styles: list[dict[str, Any]] = [
            {"facecolor": BEFORE, "edgecolor": FAINT, "linewidth": 0.8},
            {"facecolor": "#7FB8D8", "edgecolor": FAINT, "linewidth": 0.8, "hatch": "////"},
            {"facecolor": AFTER, "edgecolor": FAINT, "linewidth": 0.8},
        ]
        for i, row in enumerate(table):
            for name, style in zip(("fails", "alone", "alone_met"), styles, strict=True):
                axes.barh(i, row[name], height=0.56, **style)
            told = found.told(row["fails"])
            told += "" if found.people else f" ({percent(row['fails'] / refused)})"
            axes.text(row["fails"] + 0.012 * top, i, told, va="center", fontsize=10)
        rows(
            axes,
            [textwrap.fill(textwrap.shorten(label(found, r["criterion"]), 88, placeholder=" …"), 46) for r in table],
        )
        _bare(axes, top * 1.2)
        names = ("Fails with others", "Alone", "Alone, and met if it were met")
        _key(figure, axes.patches[:3], names)

    numbers = "; ".join(
        f"{label(found, r['criterion'])}: {found.told(r['fails'])}, alone {found.told(r['alone'])}, "
        f"then met {found.told(r['alone_met'])}"
        for r in table
    )
    height = 2.6 + 0.5 * max(1, len(table))
    return picture("criteria", draw, height, title, f"Bars. {title}. Cases: {numbers or 'none'}.")


def _bare(axes: "Axes", right: float) -> None:
    axes.set_xlim(0, right)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _key(figure: "Figure", handles: Any, names: tuple[str, ...]) -> None:
    """A legend in a line of its own below the subtitle."""
    if len(handles) < len(names):
        return
    lines = figure.texts[0].get_text().count("\n")
    place = 1 - (0.88 + 0.26 * lines) / figure.get_figheight()
    figure.legend(handles, names, loc="upper left", bbox_to_anchor=(0.012, place), ncols=3, frameon=False, fontsize=10)


@anatomy_unless_silent
def distance_figure(study: Study, found: Anatomy) -> Picture:
    """For the lines that most cases lie near, how many facts lie how many steps from them."""
    picked = [tuple(row[k] for k in ("criterion", "lever", "field")) for row in found.bunching().to_dict("records")]
    every = found.distances()
    parts = [
        (key, every[(every["criterion"] == key[0]) & (every["lever"] == key[1]) & (every["field"] == key[2])])
        for key in picked[:_LINES]
    ]
    title = _distance_finding(found)

    def draw(figure: "Figure") -> None:
        what = "Cases by distance of the documented fact from its line, in steps of the lever"
        axes = titled_axes(figure, study, title, [study.asks(), f"{what}."], left=0.06, above=1.1, below=0.7)
        axes.set_axis_off()
        height = figure.get_figheight()
        each = (height - 2.05) / max(1, len(parts))
        for i, (key, table) in enumerate(parts):
            bottom = height - 1.45 - (i + 1) * each + 0.62
            panel = figure.add_axes((0.09, bottom / height, 0.88, (each - 0.95) / height))
            _panel(panel, found, key, table)
        if not parts:
            axes.text(0.5, 0.5, "No fact lies within one step of a line", transform=axes.transAxes, ha="center")

    numbers = "; ".join(
        f"{_fields(found, field)}: just fails {found.told(_near(table, -1))}, just passes {found.told(_near(table, 0))}"
        for (*_, field), table in parts
    )
    return picture("distances", draw, 2.2 + 2.1 * max(1, len(parts)), title, f"Histograms. {title}. {numbers}.")


def _distance_finding(found: Anatomy) -> str:
    table = found.bunching().to_dict("records")
    if found.people:  # no test is made of rounded counts
        return "Cases near their lines, in shares of rounded counts"
    uneven = [row for row in table if row["low"] > 50 or row["high"] < 50]
    if not uneven:
        return "No line has clearly more cases on one side than on the other within one step"
    row = max(uneven, key=lambda r: r["below"] + r["above"])
    lever = found.policy.levers[row["lever"]]
    side, count = ("just pass", row["above"]) if row["share_above"] > 50 else ("just fail", row["below"])
    near = row["above"] + row["below"]
    here = lever.in_words(found.settings[row["lever"]])
    said = f"{lever.label} ({here}): {count:,} of {near:,} cases within one step of the line {side}"
    exact = row["at_line"] and side == "just pass"
    return f"{said}, {row['at_line']:,} of them lie exactly on it" if exact else said


def _panel(panel: "Axes", found: Anatomy, key: tuple[str, ...], table: pd.DataFrame) -> None:
    """One histogram: what fails is orange and hatched, what passes blue; the ends hold all that lies beyond."""
    _, lever, field = key
    known = found.policy.levers[lever]
    counts: dict[int, int] = {}
    for row in table.to_dict("records"):
        at = max(-_REACH, min(_REACH - 1, int(row["step"])))
        counts[at] = counts.get(at, 0) + int(row["cases"])
    for at, count in counts.items():
        colour, hatch = (OFF, "////") if at < 0 else (AFTER, "")
        panel.bar(at + 0.5, count, width=0.92, facecolor=colour, edgecolor="white", hatch=hatch, linewidth=0)
        panel.text(at + 0.5, count, found.told(count).removeprefix("about "), ha="center", va="bottom", fontsize=8.5)
    top = max(counts.values(), default=1)
    panel.axvline(0, color=INK, linewidth=1.4)
    panel.set_xlim(-_REACH, _REACH)
    panel.set_ylim(0, 1.25 * top)
    panel.yaxis.set_visible(False)
    step = known.domain.step if known.domain else 1
    ticks = range(-_REACH, _REACH + 1, 2)
    ends = {-_REACH: f"≤ {-_REACH * step}", _REACH: f"≥ +{_REACH * step}"}
    panel.set_xticks(
        list(ticks), [ends.get(t, f"{t * step:+d}" if t else "line").replace("-", "−") for t in ticks], fontsize=9
    )
    panel.tick_params(length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(RULE)
    name = _fields(found, field)
    unit = (known.unit or "").replace("_", " ")
    many = "about % of all cases" if found.people else f"n = {sum(counts.values()):,}"
    told = f"{name}, from the line at {known.in_words(found.settings[lever])} ({unit}; {many})"
    panel.set_title(told, loc="left", fontsize=10.5, fontweight="bold")


def _fields(found: Anatomy, field: str) -> str:
    """The facts of a line by their labels."""
    return " and ".join(found.policy.fields_[part].label for part in field.split("+"))


def _near(table: pd.DataFrame, step: int) -> int:
    return int(table.loc[table["step"] == step, "cases"].sum())


def _papers_title(found: Anatomy, table: Sequence[Mapping[Any, Any]]) -> str:
    """How many open requests one paper would settle, and the field that does so most often."""
    price = found.price()
    if not table or not price["open"]:
        return f"At most {SMALL} requests wait for information" if found.people else "No request waits for information"
    share, label, alone = found.share(price["one_paper"], price["open"]), table[0]["label"], table[0]["alone"]
    title = f"One paper would settle {price['one_paper']:,} of {price['open']:,} open requests ({share})"
    if found.people:
        title = f"One paper would settle {share} of the open requests"
    return f"{title}; most often: {label[0].lower()}{label[1:]} ({found.told(alone)})" if alone else title


@anatomy_unless_silent
def papers_figure(study: Study, found: Anatomy) -> Picture:
    """What open requests wait for: asked with others, alone, and of these those that could be met."""
    price = found.price()
    table = found.fields().to_dict("records")[:_MOST]
    title = _papers_title(found, table)

    def draw(figure: "Figure") -> None:
        lines = under(study, f"Of {found.told(price['open'])} open requests; one can wait for several")
        axes = titled_axes(figure, study, title, lines, left=0.34, right=0.9, above=1.45, below=0.65)
        top = max((row["asked"] for row in table), default=1)
        styles: list[dict[str, Any]] = [
            {"facecolor": BEFORE, "edgecolor": FAINT, "linewidth": 0.8},
            {"facecolor": "#7FB8D8", "edgecolor": FAINT, "linewidth": 0.8, "hatch": "////"},
            {"facecolor": AFTER, "edgecolor": FAINT, "linewidth": 0.8},
        ]
        for i, row in enumerate(table):
            for name, style in zip(("asked", "alone", "could_be_met"), styles, strict=True):
                axes.barh(i, row[name], height=0.56, **style)
            axes.text(
                row["asked"] + 0.012 * top,
                i,
                f"{found.told(row['asked'])}, alone {found.told(row['alone'])}",
                va="center",
                fontsize=10,
            )
        rows(axes, [textwrap.fill(row["label"], 38) for row in table])
        _bare(axes, top * 1.25)
        _key(figure, axes.patches[:3], ("Asked for with others", "Alone settles it", "Alone, and could then be met"))

    numbers = "; ".join(
        f"{r['label']}: {found.told(r['asked'])}, alone {found.told(r['alone'])}, "
        f"could be met {found.told(r['could_be_met'])}"
        for r in table
    )
    height = 2.6 + 0.42 * max(1, len(table))
    return picture("papers", draw, height, title, f"Bars. {title}. Requests: {numbers or 'none'}.")
