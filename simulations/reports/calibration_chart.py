"""Pictures of a calibration, drawn as figure.py draws: the same bytes for the same numbers."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulations.population.calibration import BRIEFLY, SECTIONS, Found, agreeing, sections
from simulations.reports.figure import AFTER, FAINT, INK, OFF, RULE, Picture, picture, titled_axes
from simulations.statistics.number_format import fixed, points, points_within
from simulations.studies.comparison import Study
from simulations.studies.sensitivity import Spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _Bar:
    """One line of a chart: an interval, a point on it or beside it, a second mark or interval, whether they agree."""

    label: str
    low: float
    high: float
    point: float
    mark: float
    agreed: bool
    told: str
    inner: tuple[float, float] | None = None
    section: str = ""


def targets_chart(study: Study, found: Iterable[Found], called: str) -> Picture:
    """Each judged target by section: what counts as agreement (bar), published value (tick), expected figure (dot)."""
    every = list(found)
    counts = agreeing(every)
    bars = []
    for section, some in sections(every).items():
        for one in some:
            if one.target.between is not None and one.expected is not None:
                low, high = map(float, one.target.between)
                value = float(one.target.value)
                agreed, told = one.verdict == "pass", f"{fixed(one.expected)} ({value:g})"
                head = f"{SECTIONS[section]}: {counts[section][0]} of {counts[section][1]} agree"
                bars.append(_Bar(one.target.says, low, high, one.expected, value, agreed, told, section=head))
    title = f"Are the cases of “{called}” worth believing? {counted(counts)}"
    lines = [
        "Bar: what counts as agreement. Tick: published. Dot (square where outside): expected from the tables.",
        "In % (a gain in points); at the right expected, and published in brackets.",
    ]
    return _chart(f"targets_{study.cases.name.partition(',')[0]}", study, title, lines, bars)


def counted(counts: Mapping[str, tuple[int, int]]) -> str:
    """'Held out: 1 of 2 agree (fitted 2 of 2, put in 5 of 5)'; never all together."""
    parts = [
        f"{BRIEFLY[name].lower()} {hits} of {judged}" for name, (hits, judged) in counts.items() if name != "held_out"
    ]
    hits, judged = counts.get("held_out", (0, 0))
    first = f"Of the held-out figures {hits} of {judged} agree" if judged else "No published figure was held out"
    return f"{first} ({', '.join(parts)})" if parts else first


def spreads_chart(study: Study, spreads: Sequence[Spread]) -> Picture:
    """Each population and change: assumption range (thin bar), sampling interval (thick bar), the change (dot)."""
    bars = []
    for s in spreads:
        told = points_within(s.change, *s.sampling)
        bars.append(
            _Bar(
                f"{s.population}\n{textwrap.fill(s.scenario, 52)}",
                *(s.assumption or s.sampling)[:2],
                s.change,
                s.change,
                True,
                told,
                s.sampling,
            )
        )
    changes: dict[str, list[float]] = {}
    for s in spreads:
        changes.setdefault(s.scenario, []).append(s.change)
    ends = {name: dict.fromkeys(points(end(several) / 100) for end in (min, max)) for name, several in changes.items()}
    found = [f"{name} {' to '.join(both)}" for name, both in ends.items()]
    title = f"Change of the approval rate in points, over the populations: {'; '.join(found)}"
    some = spreads[0]
    lines = [
        f"Thin bar: 95% range of the assumptions ({some.draws} draws). Thick bar: 95% interval of sampling.",
        f"Percentage points of all {some.cases:,} requests of each population; at the right with sampling.",
    ]
    return _chart("spreads", study, title, lines, bars)


def _chart(name: str, study: Study, title: str, lines: Sequence[str], bars: Sequence[_Bar]) -> Picture:
    step = 0.22 + 0.14 * max(1 + bar.label.count("\n") for bar in bars)
    heads = [bar.section if i == 0 or bar.section != bars[i - 1].section else "" for i, bar in enumerate(bars)]
    places = [i + sum(1.1 for head in heads[: i + 1] if head) for i in range(len(bars))]

    def draw(figure: "Figure") -> None:
        axes = titled_axes(figure, study, title, lines, left=0.43, right=0.8, above=1.15, below=0.85)
        butt: dict[str, Any] = {"solid_capstyle": "butt"}  # a bar ends where its interval does
        for place, bar, head in zip(places, bars, heads, strict=True):
            if head:
                x = (0.02 - 0.43) / (0.8 - 0.43)
                axes.text(x, place - 0.95, head, transform=axes.get_yaxis_transform(), fontsize=10, fontweight="bold")
            colour = AFTER if bar.agreed else OFF  # a square too, where the others are dots
            axes.plot(
                [bar.low, bar.high], [place] * 2, color=colour, alpha=0.35, linewidth=2 if bar.inner else 8, **butt
            )
            if bar.inner:
                axes.plot(bar.inner, [place] * 2, color=colour, alpha=0.5, linewidth=7, **butt)
            else:
                axes.plot([bar.mark] * 2, [place - 0.32, place + 0.32], color=INK, linewidth=1.4)
            axes.plot(bar.point, place, marker="o" if bar.agreed else "s", markersize=7, color=colour, clip_on=False)
            axes.text(1.03, place, bar.told, transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_ylim(places[-1] + 0.6, -0.6)
        axes.set_yticks(places, [bar.label for bar in bars], fontsize=10)

    told = "; ".join(
        f"{f'{head}: ' if head else ''}{bar.label.replace(chr(10), ' ')} {bar.told}, "
        f"bar {fixed(bar.low)} to {fixed(bar.high)}"
        for bar, head in zip(bars, heads, strict=True)
    )
    return picture(name, draw, 2.4 + step * (places[-1] + 1), title, f"Dots on bars. {title}. {told}.")
