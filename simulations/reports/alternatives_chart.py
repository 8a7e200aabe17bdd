"""The alternatives as one picture: what each does to approvals, on every population, with intervals."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulations.reports.alternatives_findings import called, finding, number, per_alternative
from simulations.reports.figure import (
    AFTER,
    FAINT,
    OFF,
    RULE,
    Picture,
    legend,
    picture,
    picture_unless_silent,
    titled_axes,
)
from simulations.reports.withholding import roughly
from simulations.statistics.number_format import percent, points
from simulations.studies.alternatives import Alternative, Result
from simulations.studies.comparison import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# One colour, one marker and one place in the row for each population, so that none hangs on colour alone.
_LOOKS = (("o", AFTER), ("s", OFF), ("^", "#009E73"), ("D", FAINT))
_ROOM = 0.26  # of a row, between the populations in it


def _label_rows(axes: "Axes", rows: Sequence[Sequence[Result]]) -> None:
    """The alternatives at the side, and a line where nothing changes."""
    axes.axvline(0, color=FAINT, linewidth=0.9)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    labels = [f"{wrapped(g[0].alternative)}\n{_speaks(g)}" for g in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=10)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", pad=8)
    axes.set_xlabel("← fewer approvals     percentage points     more approvals →", fontsize=9, color=FAINT)


def _in_numbers(study: Study, group: Sequence[Result]) -> str:
    """One alternative with the change of each population, for those who cannot see the picture."""
    found = [one.row() for one in group]
    said = (
        f"{one.cases.short_label} {roughly(study, points(row['change_points'] / 100))}"
        for one, row in zip(group, found, strict=True)
    )
    return f"{group[0].alternative.called}: {', '.join(said)}"


@picture_unless_silent
def changes_chart(study: Study, results: Sequence[Result]) -> Picture:
    """Change of the approval rate against P0 in percentage points: one row an alternative, one mark a population."""
    rows = [group for group in per_alternative(results) if group[0].alternative.number != "P0"]
    populations = [*called(results).values()]
    title = finding(results)
    several = len(populations) > 1
    above = 1.62 if several else 1.12  # a legend, and the marks over the columns of numbers
    height = 1.28 + above + 0.6 * len(rows)
    base = per_alternative(results)[0]
    spans = "from rounded counts" if study.rough else "with 95% intervals"
    lines = _held_against(study, base, spans)
    prints = ", ".join(one.cases.fingerprint[:12] for one in base)

    def draw(figure: "Figure") -> None:
        axes = titled_axes(figure, study, title, lines, left=0.4, right=0.74, above=above, below=0.95, cases=prints)
        across = axes.get_yaxis_transform()
        handles: list[Any] = [None] * len(populations)
        for place, group in enumerate(rows):
            for place_in, (one, (marker, colour)) in enumerate(zip(group, _LOOKS, strict=False)):
                row, y = one.row(), place + _ROOM * (place_in - (len(group) - 1) / 2)
                if row["change_low"] is not None:
                    axes.plot([row["change_low"], row["change_high"]], [y, y], color=colour, linewidth=2)
                style: dict[str, Any] = {"marker": marker, "color": colour, "markersize": 6, "linestyle": "none"}
                (handles[place_in],) = axes.plot(row["change_points"], y, **style)
                at = 1.13 + 0.22 * place_in
                if not place and several:  # the mark of a population heads its column of numbers
                    axes.plot(at - 0.04, -0.85, transform=across, clip_on=False, **style)
                change = roughly(study, points(row["change_points"] / 100))
                axes.text(at, place, change, transform=across, va="center", ha="right", fontsize=10)
        _label_rows(axes, rows)
        if several:
            legend(figure, handles, populations, row=2)

    said = "; ".join(_in_numbers(study, group) for group in rows)
    alt = f"Dots {spans}. {title}. Change of the approval rate in percentage points: {said}."
    return picture("alternatives", draw, height, title, alt)


def _held_against(study: Study, base: Sequence[Result], spans: str) -> list[str]:
    """The lines below the title: what the changes are from, and of which requests."""
    rates = ", ".join(roughly(study, percent(one.row()["approval_pct"] / 100)) for one in base)
    each = "each population" if len(base) > 1 else f"“{base[0].cases.short_label}”"
    drawn = f"{base[0].row()['cases']:,} requests of {each}, seed {study.cases.seed}."
    over = drawn if study.cases.drawn else f"{study.cases!r}."
    return [f"Difference from the policy as it stands (P0 approves {rates}), {spans};", over]


def wrapped(one: Alternative) -> str:
    """Number and label, in two lines at most."""
    return textwrap.fill(one.called, 52, max_lines=2, placeholder=" …")


def _speaks(group: Sequence[Result]) -> str:
    one = group[0].alternative
    if not one.settings.provisions() and not one.edits():
        return "no term of it can be computed"
    counts = sorted({one.row()["spoken_of"] for one in group})
    return f"decides {' to '.join(number(group, n) for n in (counts[0], counts[-1])[: len(counts)])} requests"
