"""The live answer as HTML: big numbers, bars and a table, made of text small enough to redraw at every key press."""

from collections.abc import Sequence

from notebooks.look import look
from notebooks.page import STYLE, esc, plain
from notebooks.tweaks import Answer
from policy.model import OUTCOMES
from simulations.reports.html_table import wide
from simulations.reports.impact_findings import live
from simulations.reports.notices import LIVE_ONLY
from simulations.reports.table_cells import LABELS, MEANS
from simulations.statistics.number_format import change_called, percent, points
from simulations.studies.impact import Impact

__all__ = ["HANDS", "LOOK", "STANDS", "headline", "in_words", "numbers", "stale", "table_of_requests"]

LOOK, HANDS, STANDS = STYLE + look("answer"), look("hands"), look("stands")
BEFORE, NOW = "#9aa1a9", "#0072b2"
_ROW, _LABEL, _BAR, _WIDTH = 27, 98, 262, 560


def headline(answer: Answer, over: str, picture: bool = True) -> str:
    """Approval rate from the baseline to now, the finding, and a bar for each outcome (words without `picture`)."""
    if answer.guarded:
        return live(answer.impact).html
    finding = f'<p class="finding" role="status" aria-live="polite">{esc(_finding(answer))}</p>'
    return finding + numbers(answer.impact, not answer.stands, over, picture=picture)


def numbers(impact: Impact, moved: bool, over: str, guarded: bool = False, picture: bool = True) -> str:
    """Approval rate from the baseline to now, and a bar for each outcome; `moved`: whether there is a now."""
    if guarded:
        return live(impact).html
    before, now, change = impact.rates()
    tiles = [("baseline", percent(before.value), f"{percent(before.low)} to {percent(before.high)}")]
    if moved:
        tiles.append(("now", percent(now.value), f"{percent(now.low)} to {percent(now.high)}"))
        told = change_called([(before.value, now.value, change.value)], "change, points")
        tiles.append((told, points(change.value), f"{points(change.low)} to {points(change.high)}"))
    cells = "".join(
        f'<div><span class="faint">{esc(a)}</span> <b>{esc(b)}</b> <span class="faint">95%: {esc(c)}</span></div>'
        for a, b, c in tiles
    )
    shown = bars(impact, moved) if picture else f"<p>{esc(counts_in_words(impact, moved))}</p>"
    caption = f'<p class="faint"><small>Approval rate: share of met among all {esc(over)}.</small></p>'
    return f"<div class='rate'>{cells}</div>{shown}{caption}"


def _finding(answer: Answer) -> str:
    if answer.nothing:
        if answer.stands:
            return "No lever is moved: this is the policy as it stands."
        return f"This changes nothing, because {answer.nothing}."
    return answer.impact.finding() + "."


def bars(impact: Impact, moved: bool) -> str:
    """Counts of each outcome, baseline above now, with the numbers beside; the same numbers are its accessible name."""
    flow = impact.counts.sum(axis=(0, 1))
    before, now = flow.sum(axis=1).tolist(), flow.sum(axis=0).tolist()
    longest, cases = max(*before, *now, 1), impact.cases
    parts = []
    for i, word in enumerate(OUTCOMES):
        y, change = i * _ROW, now[i] - before[i]
        difference = f" ({change:+,})".replace("-", "−") if change else ""
        number = f"{now[i]:,} · {percent(now[i] / cases)}{difference}"
        parts.append(
            f'<text x="0" y="{y + 19}">{LABELS[word]}<title>{MEANS[word]}</title></text>'
            + _bar(y + 5, before[i] / longest, "url(#nbw-before)", BEFORE)
            + (_bar(y + 16, now[i] / longest, NOW, NOW) if moved else "")
            + f'<text x="{_LABEL + _BAR + 10}" y="{y + 19}">{number}</text>'
        )
    pattern = (
        '<pattern id="nbw-before" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="{BEFORE}" fill-opacity=".35"/><rect width="1.6" height="5" fill="{BEFORE}"/>'
        "</pattern>"
    )
    height = _ROW * len(OUTCOMES) + (22 if moved else 2)
    key = _key(height - 8) if moved else ""
    return (
        f'<svg role="img" aria-label="{esc(counts_in_words(impact, moved))}" viewBox="0 0 {_WIDTH} {height}">'
        f"<defs>{pattern}</defs>{''.join(parts)}{key}</svg>"
    )


def counts_in_words(impact: Impact, moved: bool) -> str:
    """'Cases by outcome, baseline to now: Met 2,086 → 1,513; ...': what the bars show."""
    flow = impact.counts.sum(axis=(0, 1))
    pairs = zip(OUTCOMES, flow.sum(axis=1).tolist(), flow.sum(axis=0).tolist(), strict=True)
    said = [f"{LABELS[word]} {f'{a:,} → ' if a != b else ''}{b:,}" for word, a, b in pairs]
    return f"Cases by outcome{', baseline to now' if moved else ''}: {'; '.join(said)}."


def _bar(y: int, share: float, fill: str, edge: str) -> str:
    width = max(share * _BAR, 0.8)
    return (
        f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="9" fill="{fill}" stroke="{edge}" stroke-width=".8"/>'
    )


def _key(y: int) -> str:
    boxes = ((_LABEL, "url(#nbw-before)", BEFORE, "baseline"), (_LABEL + 90, NOW, NOW, "now"))
    return "".join(
        f'<rect x="{x}" y="{y - 9}" width="16" height="9" fill="{fill}" stroke="{edge}" stroke-width=".8"/>'
        f'<text class="dim" x="{x + 22}" y="{y}">{text}</text>'
        for x, fill, edge, text in boxes
    )


def table_of_requests(answer: Answer) -> str:
    """Every outcome by diagnosis and procedure, now, with its change from the baseline; changed rows are marked."""
    impact = answer.impact
    if answer.guarded:
        return f"<p>{esc(LIVE_ONLY)}</p>"
    policy, counts = impact.policy, impact.counts
    before, now = counts.sum(axis=3), counts.sum(axis=2)
    used = [i for i in range(len(OUTCOMES)) if before[..., i].any() or now[..., i].any()]
    diagnoses = [*(g.label for g in policy.diagnoses.values()), "Other diagnosis"]
    families = [*(f.label for f in policy.procedures.values()), "Other procedure"]
    header = ("Request", "Cases", "Approval rate", *(LABELS[OUTCOMES[i]] for i in used))
    body = ""
    for d, label in enumerate(diagnoses):
        rows = [_request(families[f], before[d, f].tolist(), now[d, f].tolist(), used) for f in range(len(families))]
        shown = "".join(row for row in rows if row)
        if shown:
            body += f'<tr><th scope="rowgroup" colspan="{len(header)}"><b>{esc(label)}</b></th></tr>{shown}'
    head = "".join(f'<th scope="col"{" class=n" if i else ""}>{esc(h)}</th>' for i, h in enumerate(header))
    caption = "Cases by outcome now, with the change from the baseline; rows that change are shaded"
    inside = f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return wide(f"<table>{inside}</table>", caption)


def _request(label: str, before: Sequence[int], now: Sequence[int], used: Sequence[int]) -> str:
    cases = sum(before)
    if not cases:
        return ""
    was, rate = percent(before[0] / cases), percent(now[0] / cases)
    shown = f"{was} → <em>{rate}</em>" if before[0] != now[0] else rate
    cells = "".join(f'<td class="n">{_count(before[i], now[i])}</td>' for i in used)
    kind = ' class="changed"' if list(before) != list(now) else ""
    return (
        f'<tr{kind}><th scope="row">{esc(label)}</th><td class="n">{cases:,}</td><td class="n">{shown}</td>{cells}</tr>'
    )


def _count(before: int, now: int) -> str:
    if before == now:
        return f"{now:,}" if now else "·"
    return f"<em>{now:,}</em> ({now - before:+,})".replace("-", "−")


def stale(html: str) -> str:
    """The same numbers, greyed, because they no longer belong to the levers beside them."""
    return html.replace(
        'class="nbw mathjax_ignore live"', 'class="nbw mathjax_ignore live stale" aria-disabled="true"', 1
    )


def in_words(answer: Answer, over: str) -> str:
    """The answer as text: what is moved, the finding, the rates and the counts."""
    changes = [f"Moved: {c}" for c in answer.changes.values()] + [f"Changed: {c}" for c in answer.edits]
    return "\n".join([*(changes or ["No lever is moved."]), plain(headline(answer, over))])
