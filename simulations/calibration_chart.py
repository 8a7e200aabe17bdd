"""Pictures of a calibration, drawn with the settings of picture_chart.py: the same bytes for the same numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulations.assumptions import Spread
from simulations.calibration import Found
from simulations.picture_chart import AFTER, FAINT, INK, OFF, Picture, picture

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
    inner: tuple[float, float] | None = None


def targets_chart(title: str, found: Iterable[Found]) -> Picture:
    """Each judged target: what counts as agreement (bar), the published value (tick), the expected figure (dot)."""
    bars = []
    for one in found:
        if one.target.between is not None and one.expected is not None:
            low, high = map(float, one.target.between)
            agreed = one.verdict == "pass"
            bars.append(_Bar(one.target.says, low, high, one.expected, float(one.target.value), agreed))
    outside = [bar.label for bar in bars if not bar.agreed]
    told = f"{len(bars) - len(outside)} of {len(bars)} figures agree" + (
        f"; outside: {', '.join(outside)}" if outside else ""
    )
    return _chart("targets", title, "% or points; bar: agreement, tick: published, dot: from the tables", bars, told)


def spreads_chart(title: str, spreads: Sequence[Spread]) -> Picture:
    """Each population and change: assumption range (thin bar), sampling interval (thick bar), the change (dot)."""
    bars = [_Bar(f"{s.population}: {s.scenario}", *s.assumption, s.change, s.centre, True, s.sampling) for s in spreads]
    told = "; ".join(
        f"{s.population} {s.scenario} {s.change:.1f} (sampling {s.sampling[0]:.1f} to {s.sampling[1]:.1f}, "
        f"assumptions {s.assumption[0]:.1f} to {s.assumption[1]:.1f})"
        for s in spreads
    )
    under = "percentage points of all cases; thin bar: assumptions, thick bar: sampling, dot: the page as it stands"
    return _chart("spreads", title, under, bars, told)


def _chart(name: str, title: str, under: str, bars: Sequence[_Bar], told: str) -> Picture:
    height = 1.3 + 0.36 * len(bars)

    def draw(figure: "Figure") -> None:
        axes = figure.add_axes((0.43, 0.7 / height, 0.5, (height - 1.3) / height))
        for place, bar in enumerate(bars):
            colour = AFTER if bar.agreed else OFF  # a square too, where the others are dots
            axes.plot([bar.low, bar.high], [place] * 2, color=colour, alpha=0.35, linewidth=2 if bar.inner else 8)
            if bar.inner:
                axes.plot(bar.inner, [place] * 2, color=colour, alpha=0.5, linewidth=7)
            else:
                axes.plot([bar.mark] * 2, [place - 0.32, place + 0.32], color=INK, linewidth=1.4)
            axes.plot(bar.point, place, marker="o" if bar.agreed else "s", markersize=7, color=colour)
            axes.text(1.02, place, f"{bar.point:.1f}", transform=axes.get_yaxis_transform(), va="center", fontsize=10)
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=10)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(left=False)
        figure.text(0.02, 1 - 0.3 / height, title, fontsize=13, weight="bold", va="center")
        figure.text(0.02, 0.18 / height, under, fontsize=9.5, color=FAINT, va="center")

    return picture(name, draw, height, title, f"{title}: {told}")
