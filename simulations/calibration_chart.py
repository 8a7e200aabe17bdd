"""Pictures of a calibration, drawn as picture_chart.py draws: the same bytes for the same numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulations.assumptions import Spread
from simulations.calibration import Found
from simulations.impact import points
from simulations.picture_chart import AFTER, FAINT, INK, OFF, RULE, Picture, picture, titled_axes
from simulations.study import Study

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


def targets_chart(study: Study, found: Iterable[Found]) -> Picture:
    """Each judged target: what counts as agreement (bar), the published value (tick), the expected figure (dot)."""
    bars = []
    for one in found:
        if one.target.between is not None and one.expected is not None:
            low, high = map(float, one.target.between)
            value = float(one.target.value)
            told = f"{one.expected:.1f} ({value:g})"
            bars.append(_Bar(one.target.says, low, high, one.expected, value, one.verdict == "pass", told))
    outside = [bar.label for bar in bars if not bar.agreed]
    title = f"{study.cases.name}: {len(bars) - len(outside)} of {len(bars)} published figures agree" + (
        f"; outside: {', '.join(outside)}" if outside else ""
    )
    lines = [
        "Bar: what counts as agreement. Tick: published. Dot (square where outside): expected from the tables.",
        "In % (a gain in points); at the right expected, and published in brackets.",
    ]
    return _chart(f"targets_{study.cases.name.partition(',')[0]}", study, title, lines, bars)


def spreads_chart(study: Study, spreads: Sequence[Spread]) -> Picture:
    """Each population and change: assumption range (thin bar), sampling interval (thick bar), the change (dot)."""
    bars = []
    for s in spreads:
        told = f"{points(s.change / 100)} ({points(s.sampling[0] / 100)} to {points(s.sampling[1] / 100)})"
        bars.append(
            _Bar(f"{s.population}\n{s.scenario}", *s.assumption[:2], s.change, s.change, True, told, s.sampling)
        )
    changes: dict[str, list[float]] = {}
    for s in spreads:
        changes.setdefault(s.scenario, []).append(s.change)
    found = [f"{name} {points(min(values) / 100)} to {points(max(values) / 100)}" for name, values in changes.items()]
    title = f"Change of the approval rate in points, over the populations: {'; '.join(found)}"
    some = spreads[0]
    lines = [
        f"Thin bar: 95% range of the assumptions ({some.draws} draws). Thick bar: 95% interval of sampling.",
        f"Percentage points of all {some.cases:,} requests of each population; at the right with sampling.",
    ]
    return _chart("spreads", study, title, lines, bars)


def _chart(name: str, study: Study, title: str, lines: Sequence[str], bars: Sequence[_Bar]) -> Picture:
    step = 0.5 if any("\n" in bar.label for bar in bars) else 0.36

    def draw(figure: "Figure") -> None:
        axes = titled_axes(figure, study, title, lines, left=0.43, right=0.8, above=1.15, below=0.85)
        butt: dict[str, Any] = {"solid_capstyle": "butt"}  # a bar ends where its interval does
        for place, bar in enumerate(bars):
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
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=10)

    told = "; ".join(
        f"{bar.label.replace(chr(10), ' ')} {bar.told}, bar {bar.low:.1f} to {bar.high:.1f}" for bar in bars
    )
    return picture(name, draw, 2.4 + step * len(bars), title, f"Dots on bars. {title}. {told}.")
