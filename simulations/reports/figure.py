"""How every picture here is drawn: one palette, a title that says the finding, the notice inside, the same bytes."""

import base64
import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simulations.reports.notices import NOT_MET
from simulations.statistics.disclosure_control import OWNERS
from simulations.studies.comparison import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by everybody; lightness, hatch and marker say the same again.
BEFORE, AFTER, OFF, INK, FAINT, RULE = "#C9CCD1", "#0072B2", "#D55E00", "#1B1F24", "#57606A", "#D9DDE2"
WIDTH = 10.5  # inches
DPI = 160
COLOURS = 64
_WIDEST = 160  # characters of a notice below a picture
_EXTRA = 0.26  # inches that a further line of a title takes


@dataclass(frozen=True)
class Picture:
    """A figure as PNG bytes, the same for the same numbers, with the text that says what it shows.

    `again(kind, more)` draws it as a file of its own, "png" or "svg", in which `more` stands after that text.
    """

    name: str
    png: bytes
    alt: str
    again: Callable[..., bytes] = field(default=lambda kind, more="": b"", repr=False, compare=False)

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.alt}


def displayed(pictures: Sequence[Picture]) -> None:
    """Several pictures as the output of one cell of a notebook."""
    from IPython.display import display  # here, because the command line must not wait for it

    display(*pictures)


def picture(name: str, draw: Callable[["Figure"], None], height: float, title: str, alt: str) -> Picture:
    """What `draw` puts on an empty figure of WIDTH x `height` inches, drawn with settings of our own and no clock.

    `name` is the file without its suffix, `title` goes into the file, `alt` says the finding and every number shown.
    """

    def again(kind: str, more: str = "") -> bytes:
        return _drawn(draw, height, kind, {"Title": title, "Description": "\n".join(filter(None, (alt, more)))})

    return Picture(name, again("png"), alt, again)


def _drawn(draw: Callable[["Figure"], None], height: float, kind: str, words: dict[str, str]) -> bytes:
    """The figure as "png" or "svg"; in both the letters are drawn, so that it looks the same without our font."""
    import matplotlib  # here, because the command line must not wait for it
    from matplotlib.figure import Figure

    ours: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if "backend" not in k}
    ours |= {"text.parse_math": False, "font.family": "DejaVu Sans", "hatch.linewidth": 0.6, "text.color": INK}
    ours |= {"svg.hashsalt": "workbook"}  # else names inside it are drawn by lot
    with matplotlib.rc_context(ours):
        figure = Figure(figsize=(WIDTH, height), facecolor="white")
        draw(figure)
        buffer = io.BytesIO()
        if kind == "svg":
            figure.savefig(buffer, format="svg", metadata={**words, "Date": None})
            return buffer.getvalue()
        figure.savefig(buffer, format="png", dpi=DPI)
    return _small(buffer, words)


def _small(drawn: io.BytesIO, words: dict[str, str]) -> bytes:
    """The picture in its COLOURS most used, a third of the size: plain areas and lines need no more."""
    from PIL import Image, PngImagePlugin  # here, because the command line must not wait for it

    info = PngImagePlugin.PngInfo()
    for key, text in words.items():
        info.add_text(key, text) if text.isascii() else info.add_itxt(key, text)
    full = np.asarray(Image.open(drawn).convert("RGB")).astype(np.int32)
    place, colours = pd.factorize((full[..., 0] << 16 | full[..., 1] << 8 | full[..., 2]).ravel())
    parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    order = np.lexsort((colours, -np.bincount(place)))
    most = parts[order[:COLOURS]]  # exactly as drawn; the others are the nearest of these
    nearest = ((parts[:, None] - most) ** 2).sum(axis=2).argmin(axis=1)
    few = Image.fromarray(nearest[place].reshape(full.shape[:2]).astype(np.uint8), "P")
    few.putpalette(most.ravel().tolist())
    packed = io.BytesIO()
    few.save(packed, "PNG", pnginfo=info, dpi=(DPI, DPI))
    return packed.getvalue()


def silent_picture(study: Study, name: str, why: str) -> Picture | None:
    """A picture that says why nothing is told; none where something is."""
    if not why:
        return None

    def said(figure: "Figure") -> None:
        titled_axes(figure, study, f"{why[0].upper()}{why[1:]}", [study.asks()], left=0.02, above=1.1).set_axis_off()

    return picture(name, said, 2.2, why, f"No picture: {why}.")


def picture_unless_silent(draw: Callable[..., Picture]) -> Callable[..., Picture]:
    """Draws why nothing is told instead, where that is so; the study is the first argument."""

    @wraps(draw)
    def drawn(study: Study, *args: Any, **options: Any) -> Picture:
        name = draw.__name__.removesuffix("_figure").removesuffix("_chart")
        return silent_picture(study, name, study.silent) or draw(study, *args, **options)

    return drawn


def picture_told_about(draw: Callable[..., Picture]) -> Callable[..., Picture]:
    """As `picture_unless_silent`, where every setting is one more result to subtract: the study is `about()`."""
    return wraps(draw)(lambda study, *args, **options: picture_unless_silent(draw)(study.about(), *args, **options))


def under(study: Study, what: str) -> list[str]:
    """The lines below a title: the change that is asked about, then what is drawn and over which cases."""
    return [study.asks(), f"{what}; {study.cases!r}."]


def titled_axes(
    figure: "Figure",
    study: Study,
    title: str,
    lines: Sequence[str],
    left: float,
    above: float,
    right: float = 0.97,
    below: float = 0.62,
    cases: str | None = None,
) -> "Axes":
    """Axes under a title that says the finding and the lines below it, over the notices that travel with the picture.

    `left` and `right` are shares of the width, `above` and `below` inches beside a title of one line; `cases`: the
    fingerprints of what is drawn, where that is not the cases of the study.
    """
    height = figure.get_figheight()
    wrapped = textwrap.wrap(title, 82)
    extra = _EXTRA * (len(wrapped) - 1)
    figure.text(0.02, 1 - 0.14 / height, "\n".join(wrapped), fontsize=14, fontweight="bold", va="top")
    short = "\n".join(textwrap.shorten(line, 112, placeholder=" …") for line in lines)
    figure.text(0.02, 1 - (0.46 + extra) / height, short, fontsize=10, va="top", color=FAINT, linespacing=1.45)
    policy = study.policy
    source = f"{policy.name} {policy.fingerprint[:12]} · population {cases or study.cases.fingerprint[:12]}"
    if study.cases.people:
        told = "shares of rounded counts, about" if study.rough else "small counts are withheld (–)"
        source += f" · {OWNERS.upper()}: exact" if study.cases.exact else f" · may be people: {told}"
    said = policy.notice_of(study.cases.people)
    notice = f"{said} {NOT_MET}\n{source}"
    if len(notice.partition("\n")[0]) > _WIDEST:
        notice = f"{said}\n{NOT_MET} {source}"
    figure.text(0.02, 0.12 / height, notice, fontsize=8, va="bottom", color=FAINT, linespacing=1.4)
    axes = figure.add_axes((left, below / height, right - left, 1 - (above + extra + below) / height))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, colors=INK)
    return axes


def rows(axes: "Axes", labels: Sequence[str]) -> None:
    """One row for each label, the first on top."""
    axes.set_yticks(range(len(labels)), labels, fontsize=10)
    axes.set_ylim(len(labels) - 0.45 if labels else 0.5, -0.55)


def legend(
    figure: "Figure", handles: Sequence[Any], labels: Sequence[str] = ("Baseline", "Scenario"), row: int = 0
) -> None:
    """At the right, level with a row of the lines below the title; none when there is nothing to tell apart."""
    if len(handles) != len(labels):
        return
    place = 1 - (0.4 + 0.21 * row + _EXTRA * figure.texts[0].get_text().count("\n")) / figure.get_figheight()
    style: dict[str, Any] = {"frameon": False, "fontsize": 10, "columnspacing": 1.2, "handletextpad": 0.5}
    figure.legend(handles, labels, loc="upper right", bbox_to_anchor=(0.985, place), ncols=len(labels), **style)


def bar_style(name: str) -> dict[str, Any]:
    """How a bar of the baseline or of the scenario looks."""
    if name == "baseline":
        return {"facecolor": BEFORE, "edgecolor": FAINT, "hatch": "////", "linewidth": 0.8}
    return {"facecolor": AFTER, "edgecolor": AFTER, "linewidth": 0.8}


def line_colour(name: str) -> str:
    """The colour of an interval of the baseline or of the scenario."""
    return FAINT if name == "baseline" else AFTER


def marker_style(name: str) -> dict[str, Any]:
    """How a point of the baseline or of the scenario looks."""
    if name == "baseline":
        style = {"marker": "o", "markerfacecolor": "white", "markeredgecolor": FAINT, "markeredgewidth": 1.8}
    else:
        style = {"marker": "D", "markerfacecolor": AFTER, "markeredgecolor": AFTER}
    return {"markersize": 8, **style}
