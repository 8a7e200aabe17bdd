"""What every page of the notebooks shares: its look, its marks, and its text for whoever cannot see it.

A page is HTML made of escaped text (`esc`); `page` adds the look and derives the plain text, so both say the same.
Lab takes the look away until the notebook has run, so marks are set apart by the words round them, too.
Lab reads mathematics between dollar signs in whatever HTML a cell shows: the class mathjax_ignore keeps text text.
"""

import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

from policy.model import OUTCOMES, Evidence
from simulations.reports.html_table import Shown, esc, wide
from simulations.reports.table_cells import LABELS

__all__ = [
    "STYLE",
    "Shown",
    "bullets",
    "codes",
    "esc",
    "evidence_mark",
    "mark",
    "origin_mark",
    "outcome_mark",
    "page",
    "plain",
    "table",
]

# Lab's own colours where there are any, so that a dark theme stays dark.
STYLE = """<style>
.nbw{--ink:var(--jp-content-font-color1,#1b1f24);--faint:var(--jp-content-font-color2,#57606a);
--rule:var(--jp-border-color2,#d0d5db);--soft:var(--jp-layout-color2,#f2f4f6);--paper:var(--jp-layout-color1,#fff);
color:var(--ink);font:14px/1.5 var(--jp-content-font-family,system-ui,sans-serif);
max-width:1040px;overflow-wrap:break-word}
.nbw :is(h2,h3,h4){margin:1.4em 0 .35em;line-height:1.3;font-weight:650}.nbw :is(h2,h3){font-size:1.22em}
.nbw h4{font-size:1.04em}.nbw p{margin:.35em 0 .6em}
.nbw ul,.nbw ol{margin:.3em 0 .7em;padding-left:1.3em}.nbw li{margin:.2em 0}
.nbw .faint{color:var(--faint)}.nbw small{font-size:.88em}
.nbw .mark{display:inline-block;border:1px solid var(--rule);border-radius:4px;padding:0 .45em;margin:.1em .2em .1em 0;
font-size:.84em;line-height:1.55;background:var(--paper);color:var(--ink)}
.nbw .contested,.nbw .retracted{border:2px dashed #b35900;font-weight:650}
.nbw .superseded{border-style:dotted}.nbw .moved{border:2px solid #0072b2;font-weight:650}
.nbw .origin{border-style:dotted;font-style:italic}
.nbw .outcome{border-radius:9px;font-weight:650}
.nbw .note{border-left:4px solid #b35900;background:var(--soft);padding:.5em .9em;margin:.6em 0;
border-radius:0 4px 4px 0}
.nbw .band{border-left:4px solid #0072b2;padding:.1em 0 .1em .9em;margin:.6em 0 1em}
.nbw.idle,.nbw .idle{color:var(--faint)}.nbw.idle b{font-weight:500}
.nbw table{border-collapse:collapse;width:100%;margin:.4em 0 1em;font-size:.93em;table-layout:auto}
.nbw caption{text-align:left;font-weight:650;padding:.2em 0 .4em;color:var(--ink)}
.nbw th,.nbw td{text-align:left!important;vertical-align:top;padding:.32em .6em;border:0;white-space:normal;
max-width:none;border-bottom:1px solid var(--rule)!important}
.nbw thead th{border-bottom:2px solid var(--ink)!important;vertical-align:bottom;font-weight:650}
.nbw tbody th{font-weight:500}.nbw tbody tr{background:none!important}
.nbw .n{text-align:right!important;font-variant-numeric:tabular-nums;white-space:nowrap}
.nbw details{margin:.3em 0}.nbw summary{cursor:pointer;color:var(--jp-content-link-color,#0060a0)}
.nbw dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em;margin:.3em 0 .6em}
.nbw dt{color:var(--faint)}.nbw dd{margin:0}
.nbw .wide{overflow-x:auto}
</style>"""

# A status is told by word and shape; the colour only repeats it.
_SHAPES = {"current": "●", "contested": "▲", "superseded": "◐", "retracted": "✕"}


def page(*parts: str) -> Shown:
    """Escaped parts as something to show: styled HTML, and the same as plain text."""
    body = "".join(parts)
    return Shown(plain(body), f'{STYLE}<div class="nbw mathjax_ignore">{body}</div>')


def mark(text: object, kind: str = "") -> str:
    """A short text in a frame."""
    return f'<span class="mark {kind}">{esc(text)}</span>'


def origin_mark(origin: str | None) -> str:
    """Where an element comes from when it is not the policy's source; nothing when it is."""
    return f" · {mark(origin, 'origin')}" if origin else ""


def outcome_mark(word: str) -> str:
    """An outcome word as people read it."""
    return mark(LABELS[word] if word in OUTCOMES else word.replace("_", " "), "outcome")


def evidence_mark(card: Evidence) -> str:
    """Source, strength and standing of a piece of evidence; contested evidence says so in capitals."""
    status = card.status if card.status == "current" else card.status.upper()
    year = f" {card.year}" if card.year.isdigit() and card.year not in card.source else ""
    source, strength = re.split(r",| \(", card.source)[0], re.split(r", ", card.strength)[0]
    source = "no source named" if source.startswith("none named") else source
    text = f"{_SHAPES[card.status]} {status}: {source}{year}, {_lowered(strength)}"
    more = f"{card.title}. {card.stance}. {card.strength}."
    return f'<span class="mark {card.status}" title="{esc(more)}">{esc(text)}</span>'


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def codes(names: Iterable[str]) -> str:
    """Statement ids and the like, separated by commas."""
    return ", ".join(esc(name) for name in names)


def bullets(items: Iterable[str]) -> str:
    """A list of ready HTML."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


_LEFT = ' style="text-align:left"'  # said in each cell: Lab aligns right what it does not trust


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table of ready HTML cells; the first cell of a row is its header."""
    head = "".join(f'<th scope="col"{_LEFT}>{name}</th>' for name in header)
    body = ""
    for first, *rest in rows:
        cells = "".join(f"<td{_LEFT}>{cell}</td>" for cell in rest)
        body += f'<tr><th scope="row"{_LEFT}>{first}</th>{cells}</tr>'
    title = f"<caption>{caption}</caption>" if caption else ""
    inside = f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return wide(inside, esc(plain(caption)) or "Table")


_LINES = {"p", "h2", "h3", "h4", "li", "tr", "caption", "div", "summary", "details", "ul", "ol", "dl", "dd", "table"}


class _Reader(HTMLParser):
    """Collects what a person would read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "svg")
        if tag == "svg":
            self.text.append(dict(attrs).get("aria-label") or "")
        start = {"li": "\n- ", "th": " | ", "td": " | ", "dt": "\n", "dd": ": "}
        self.text.append("\n" if tag in _LINES and tag not in start else start.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "svg")
        self.text.append("\n" if tag in _LINES else "")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)


def plain(html: str) -> str:
    """The words of a piece of HTML, a line for each paragraph, list item and table row."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()).removeprefix("| ") for line in "".join(reader.text).splitlines())
    return "\n".join(line for line in lines if line and line != "-")
