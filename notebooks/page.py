"""What every page of the notebooks shares: its look, its marks, and its text for whoever cannot see it.

A page is HTML made of escaped text (`esc`); `page` adds the look and derives the plain text, so both say the same.
Lab takes the look away until the notebook has run, so marks are set apart by the words round them, too.
Lab reads mathematics between dollar signs in whatever HTML a cell shows: the class mathjax_ignore keeps text text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

from notebooks.look import look
from policy.entries.sources import Evidence
from policy.model import OUTCOMES, Policy
from simulations.reports.html_table import Shown, esc, wide
from simulations.reports.table_cells import LABELS

__all__ = [
    "STYLE",
    "Shown",
    "bullets",
    "codes",
    "dated",
    "esc",
    "evidence_mark",
    "evidence_marks",
    "mark",
    "origin_mark",
    "outcome_mark",
    "page",
    "paste",
    "plain",
    "table",
]

STYLE = look("page")

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


def evidence_mark(card: Evidence, titled: bool = False, alike: bool = False) -> str:
    """Source, strength and standing of a piece of evidence; contested evidence says so in capitals.

    Where no source is named, or another card has the same mark (`alike`), its title is what tells it apart, unless
    that stands beside the mark (`titled`).
    """
    more = f"{card.title}. {card.stance}. {card.strength}."
    return f'<span class="mark {card.status}" title="{esc(more)}">{esc(_marked(card, titled, alike))}</span>'


def evidence_marks(policy: Policy, keys: Iterable[str]) -> str:
    """The marks of cards of a policy, side by side, each as no other card of it has."""
    told = Counter(map(_marked, policy.evidence.values()))
    cards = [policy.evidence[key] for key in keys]
    return " ".join(evidence_mark(card, alike=told[_marked(card)] > 1) for card in cards)


def _marked(card: Evidence, titled: bool = False, alike: bool = False) -> str:
    status = card.status if card.status == "current" else card.status.upper()
    year = f" {card.year}" if card.year.isdigit() and card.year not in card.source else ""
    source, strength = re.split(r",| \(", card.source)[0], re.split(r", ", card.strength)[0]
    if source.startswith("none named"):
        source, alike = "no source named", not titled
    title = f"{card.title}, " if alike else ""
    return f"{_SHAPES[card.status]} {status}: {title}{source}{year}, {_lowered(strength)}"


def dated(card: Evidence) -> str:
    """Its source, with the year where it has one that the source does not tell already: 'BMJ 2025', 'ASPN, 2022'."""
    return f"{card.source}, {card.year}" if card.year[:1].isdigit() and card.year not in card.source else card.source


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def codes(names: Iterable[str]) -> str:
    """Statement ids and the like, separated by commas."""
    return ", ".join(esc(name) for name in names)


def bullets(items: Iterable[str]) -> str:
    """A list of ready HTML."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def paste(text: str) -> str:
    """Text that is made to be pasted elsewhere, whole; the page puts a button beside it that copies it (names.js)."""
    return f'<pre class="paste" tabindex="0">{esc(text)}</pre>'


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
