"""Something to read, as text and as HTML: sentences, tables and an answer; every value is escaped in `esc`."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def esc(text: object) -> str:
    """Any text as HTML text or attribute: nothing in it can be a tag, an entity or the end of a quote."""
    return html.escape("".join(c if c.isprintable() or c == "\n" else "�" for c in str(text)), quote=True)


@dataclass(frozen=True)
class Shown:
    """Something to read: `text` for a terminal, a test or a screen reader, `html` for a page."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def card(finding: str, tiles: Sequence[tuple[str, str, str]], over: str) -> Shown:
    """An answer: the finding as a sentence without its full stop, tiles of (name, value, note), what it is about."""
    finding = f"{finding}."
    text = "\n".join([finding, *(f"{name}: {value} ({note})" for name, value, note in tiles), over])
    inside = "".join(f"<div><dt>{esc(a)}</dt><dd><b>{esc(b)}</b> <span>{esc(c)}</span></dd></div>" for a, b, c in tiles)
    body = f'<p class="finding">{esc(finding)}</p><dl class="tiles">{inside}</dl><p>{esc(over)}</p>'
    return Shown(text, f'<div class="card">{body}</div>')


def bullets(sentences: Sequence[str]) -> Shown:
    """Sentences as a list."""
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences)
    return Shown("\n".join(f"- {sentence}" for sentence in sentences), f"<ul>{items}</ul>")


def titled(title: str, sentences: Sequence[str]) -> Shown:
    """Sentences as a list under a title."""
    inside = bullets(sentences)
    return Shown(f"{title}\n{inside.text}", f"<h3>{esc(title)}</h3>{inside.html}")


def folded(title: str, shown: Shown) -> Shown:
    """The same, on a page only after a click on its title."""
    return Shown(shown.text, f"<details><summary>{esc(title)}</summary>{shown.html}</details>")


def tabulated(
    caption: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    words: int = 1,
    total: bool = False,
    links: Mapping[tuple[int, int], str] | None = None,
    anchors: Mapping[int, str] | None = None,
) -> Shown:
    """A table of texts; rows whose first cells are the same share one.

    The first `words` columns hold words, the others numbers; `total`: the last row sums up. A cell may have lines.
    `links`: (row, column) -> the name of a place on the page; `anchors`: row -> the name by which it can be linked to.
    """
    page, rows = rows, [[cell.replace("\n", "; ") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [c.ljust(w) if i < words else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(cells).rstrip()

    text = "\n".join([caption, line(header), *map(line, rows)])
    kinds = ["" if i < words else ' class="n"' for i in range(len(header))]
    head = "".join(f'<th scope="col"{kind}>{esc(name)}</th>' for name, kind in zip(header, kinds, strict=True))
    body = ""
    for number, row in enumerate(page):
        last = ' class="total"' if total and number == len(rows) - 1 else ""
        kind_of = [
            kind if cell != "0" else kind.replace('"n"', '"n zero"') for cell, kind in zip(row, kinds, strict=True)
        ]
        cells = "".join(
            f"<td{kind}>{_linked(_lines(cell), (links or {}).get((number, i)))}</td>"
            for i, (cell, kind) in enumerate(zip(row[1:], kind_of[1:], strict=True), start=1)
        )
        here = f' id="{esc(anchors[number])}"' if anchors and number in anchors else ""
        body += f"<tr{last}{here}>{_row_header(page, number, words)}{cells}</tr>"
    parts = f"<caption>{esc(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return Shown(text, wide(f"<table>{parts}</table>", esc(caption)))


def wide(table: str, label: str) -> str:
    """A table as ready HTML in a part of the page that scrolls sideways, by keys too, under its escaped name."""
    return f'<div class="wide" role="region" aria-label="{label}" tabindex="0">{table}</div>'


def _row_header(rows: Sequence[Sequence[str]], number: int, words: int) -> str:
    """The first cell of a row; where the next rows are about the same, one cell for all of them."""
    first = rows[number][0]
    if words > 1 and number and rows[number - 1][0] == first:
        return ""
    below = rows[number:]
    same = 1 if words == 1 else next((n for n, row in enumerate(below) if row[0] != first), len(below))
    span = f' scope="rowgroup" rowspan="{same}"' if same > 1 else ' scope="row"'
    return f"<th{span}>{_lines(first)}</th>"


def _linked(inside: str, name: str | None) -> str:
    return f'<a href="#{esc(name)}" title="examples of these cases">{inside}</a>' if name else inside


def _lines(cell: str) -> str:
    return esc(cell).replace("\n", "<br>")
