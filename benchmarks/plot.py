"""The plot of the page: times of all contenders, and how counting grows. Every bar carries its number."""

import io
from typing import Any

from matplotlib.figure import Figure

OURS, OTHERS = "#0072b2", "#9a9a9a"  # told apart without colour too: ours stand first and are bold
TASKS = {
    "determination": "One full determination",
    "1,000 settings": "1,000 settings of four moved levers",
    "one lever moved": "One lever moved, counts of all groups",
    "collapse": "Counted once, ahead of all settings",
}
WAYS = {"levels": "o", "weighted rows": "s", "direct": "^"}


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
    from benchmarks.page import shown

    times = sorted(times, key=lambda one: -one["seconds"])
    ours = ["this package" in one["contender"] for one in times]
    seconds = [one["seconds"] for one in times]
    ax.barh(range(len(times)), seconds, color=[OURS if own else OTHERS for own in ours], height=0.72)
    ax.set_xscale("log")
    ax.set_xlim(min(seconds) / 3, max(seconds) * 6)
    ax.set_yticks(range(len(times)), [one["contender"] for one in times], fontsize=9)
    for place, (one, own, label) in enumerate(zip(times, ours, ax.get_yticklabels(), strict=True)):
        weight = "bold" if own else "normal"
        label.set_fontweight(weight)
        text = f" {shown(one['seconds'])}{' *' if one['of'] else ''}"
        ax.text(one["seconds"], place, text, va="center", fontsize=9, fontweight=weight)
    star = "; * run in part and multiplied" if any(one["of"] for one in times) else ""
    ax.set_title(f"{title} (seconds, logarithmic{star})", loc="left", fontsize=10.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="x", labelsize=8)


def _growth(ax: Any, grown: dict[str, Any]) -> None:
    for groups, colour in zip((1, 144, 864), ("#0072b2", "#d55e00", "#444444"), strict=True):
        rows = [row for row in grown["rows"] if row["groups"] == groups]
        for key, style in (("build", "-"), ("answer", ":")):
            levers, seconds = [row["levers"] for row in rows], [row[key] for row in rows]
            ax.plot(levers, seconds, style, color=colour, linewidth=1.6)
            for row in rows:
                ax.plot(row["levers"], row[key], WAYS[row["way"]], color=colour)
            word = "to build" if key == "build" else "one answer"
            ax.annotate(
                f"{groups} group{'s' * (groups > 1)}, {word}", (levers[-1], seconds[-1]), xytext=(8, 0),
                textcoords="offset points", va="center", fontsize=8.5, color=colour,
            )  # fmt: skip
    ax.set_yscale("log")
    ax.set_xticks([4, 8, 12], ["4 levers", "8 levers", "12 levers"])
    ax.set_xlim(3.5, 14.5)
    ax.set_ylabel("seconds, logarithmic", fontsize=9)
    marks = ", ".join(f"{mark} {way}" for way, mark in (("levels", "●"), ("weighted rows", "■"), ("direct", "▲")))
    ax.set_title(f"Growth, {grown['size']:,} cases: {marks}", loc="left", fontsize=10.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8.5)
