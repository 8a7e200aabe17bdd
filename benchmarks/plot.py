"""The plot of the page: times of all contenders, and how counting grows. Every bar carries its number."""

import io
from typing import Any

from matplotlib.figure import Figure

from benchmarks.measuring import middle, shown

OURS, OTHERS = "#0072b2", "#9a9a9a"  # told apart without colour too: ours stand first and are bold
TASKS = {
    "determination": "One full determination",
    "one lever moved": "One lever moved, counts of all groups",
    "sweep": "Every value of every lever",
    "Shapley shares": "Exact Shapley shares of eight provisions",
}
GROUPS = {1: "#0072b2", 144: "#d55e00", 864: "#444444"}


def drawn(runs: list[dict[str, Any]], grown: dict[str, Any] | None) -> bytes:
    """A PNG of the largest run, and of the growth."""
    run = runs[-1]
    held = [[one for one in run["timings"] if one["task"] == task] for task in TASKS]
    heights = [len(times) + 2.5 for times in held] + ([11] if grown else [])
    figure = Figure(figsize=(11, sum(heights) * 0.29 + 1), layout="constrained")
    figure.suptitle(f"The same {run['size']:,} cases under the same policy, by contender", fontsize=14, weight="bold")
    axes = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for ax, times, title in zip(axes, held, TASKS.values(), strict=False):
        _bars(ax, times, title)
    if grown:
        _growth(axes[-1], grown)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def _bars(ax: Any, times: list[dict[str, Any]], title: str) -> None:
    times = sorted(times, key=lambda one: -middle(one))
    ours = ["this package" in one["contender"] for one in times]
    seconds = [middle(one) for one in times]
    ax.barh(range(len(times)), seconds, color=[OURS if own else OTHERS for own in ours], height=0.72)
    ax.set_xscale("log")
    ax.set_xlim(min(seconds) / 3, max(seconds) * 6)
    ax.set_yticks(range(len(times)), [one["contender"] for one in times], fontsize=9)
    for place, (one, own, label) in enumerate(zip(times, ours, ax.get_yticklabels(), strict=True)):
        weight = "bold" if own else "normal"
        label.set_fontweight(weight)
        text = f" {shown(middle(one))}{' *' if one['of'] else ''}"
        ax.text(middle(one), place, text, va="center", fontsize=9, fontweight=weight)
    star = "; * run in part and multiplied" if any(one["of"] for one in times) else ""
    ax.set_title(f"{title} (seconds, logarithmic{star})", loc="left", fontsize=10.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", labelsize=8)


def _growth(ax: Any, grown: dict[str, Any]) -> None:
    levers = sorted({row["levers"] for row in grown["rows"]})
    for groups, colour in GROUPS.items():
        for moved, style in ((levers[0], "o-"), (levers[-1], "s:")):
            rows = [row for row in grown["rows"] if (row["groups"], row["levers"]) == (groups, moved)]
            label = f"{groups} group{'s' * (groups > 1)}, {moved} lever{'s' * (moved > 1)} moved"
            ax.plot([r["cases"] for r in rows], [r["answer"] for r in rows], style, color=colour, label=label)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("cases, logarithmic", fontsize=9)
    ax.set_ylabel("seconds, logarithmic", fontsize=9)
    ax.legend(fontsize=8.5, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.45, -0.22))  # below the lines
    ax.set_title("Growth: one answer in all groups, nothing counted before", loc="left", fontsize=10.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8.5)
