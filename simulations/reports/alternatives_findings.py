"""The alternatives in sentences and tables for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policy.model import OUTCOMES
from simulations.reports import report
from simulations.reports.figure import Picture
from simulations.reports.html_table import Shown, bullets, esc, folded, tabulated
from simulations.reports.notices import about_people
from simulations.reports.table_cells import LABELS, signed
from simulations.reports.withholding import roughly, unless_silent
from simulations.statistics.disclosure_control import SMALL, rounded
from simulations.statistics.number_format import percent, percent_within, points, points_within
from simulations.studies.alternatives import STRICT, Alternative, Result, medicare, moves, results_table, sources
from simulations.studies.caseload import told_apart
from simulations.studies.comparison import Study
from simulations.studies.impact import OUTSIDE
from simulations.studies.medicare import MEANING, NONE, left_out, presets
from simulations.studies.sensitivity import one_set

_MOVES = {"gained": "gain", "lost": "lose", "moved": "move"}
MOST = 3  # ways to move that are shown of each alternative; all are in moves.csv


def number(results: Sequence[Result], count: object) -> str:
    """A count of requests; of people a rounded one as a share of all."""
    if count is None:
        return "–"
    if results[0].cases.guarded:
        return f"about {percent(min(1.0, int(str(count)) / rounded(results[0].cases.size)))}"
    return f"{int(str(count)):,}"


def cell_text(results: Sequence[Result], row: dict[str, Any], name: str) -> str:
    """A count of a row, likewise."""
    return number(results, row[name])


def cases_told(results: Sequence[Result], row: dict[str, Any]) -> str:
    """The number of all requests of a row."""
    return results[0].cases.told_size if results[0].cases.guarded else f"{row['cases']:,}"


def per_alternative(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each alternative together, populations in their order."""
    found: dict[str, list[Result]] = {}
    for one in results:
        found.setdefault(one.alternative.name, []).append(one)
    return list(found.values())


def names(results: Sequence[Result]) -> list[str]:
    """The populations in their order."""
    return list(dict.fromkeys(one.cases.name for one in results))


def called(results: Sequence[Result]) -> dict[str, str]:
    """Population -> what a person calls it, in their order."""
    return told_apart({one.cases.name: one.cases.short_label for one in results})


def finding(results: Sequence[Result]) -> str:
    """By how much the strict reading and the other alternatives change approvals, in one sentence."""
    if results[0].silent:
        return results[0].silent.capitalize()
    groups = per_alternative(results)[1:]
    strict = [one for group in groups for one in group if one.alternative.number == STRICT]
    others = [one for group in groups for one in group if one.alternative.number != STRICT]
    if not any(one.row()["moved"] for one in strict + others):
        return (
            f"No alternative changes the outcome of more than {SMALL} requests"
            if results[0].cases.guarded
            else "No alternative changes the outcome of any request"
        )
    if not strict or not others:
        return f"The alternatives change approvals by {_span(strict + others)} points"
    return (
        f"Read strictly, approvals change by {_span(strict)} points; other alternatives change them by {_span(others)}"
    )


def _span(results: Sequence[Result]) -> str:
    """'−9.1 to +0.7', the least first."""
    changes = sorted(one.row()["change_points"] for one in results)
    ends = dict.fromkeys(points(end / 100) for end in (changes[0], changes[-1]))
    return f"{'about ' if results[0].cases.guarded else ''}{' to '.join(ends)}"


def caveats(results: Sequence[Result]) -> list[str]:
    """What no result on these cases can show."""
    each = "Each alternative decides only what its source speaks of, so a small change can hide a strict rule on few."
    return [*one_set(names(results)), each]


def headline(study: Study, results: Sequence[Result]) -> Shown:
    """The answer: approval under the policy, and the largest changes either way."""
    if study.silent:
        return bullets([f"{study.silent.capitalize()}."])
    base = [one.row() for one in per_alternative(results)[0]]
    others = [one for one in results if one.alternative.number != "P0"]
    low, high = (pick(others, key=lambda one: one.row()["change_points"]) for pick in (min, max))
    rates = sorted(row["approval_pct"] for row in base)
    tiles = [
        (
            "Approval rate, the policy as it stands",
            roughly(study, " to ".join(dict.fromkeys(percent(rate / 100) for rate in (rates[0], rates[-1])))),
            f"one set of requests under {len(base)} assumptions" if len(base) > 1 else study.cases.short_label,
        ),
        (
            "Strictest",
            f"{roughly(study, points(low.row()['change_points'] / 100))} points",
            f"{low.alternative.called}{_interval(low.row())}, {low.cases.short_label}",
        ),
        (
            "Loosest",
            f"{roughly(study, points(high.row()['change_points'] / 100))} points",
            f"{high.alternative.called}{_interval(high.row())}, {high.cases.short_label}",
        ),
    ]
    said = finding(results) + "."
    over = f"{study.policy.titled}; "
    over += (
        f"each population {base[0]['cases']:,} requests, seed {study.cases.seed}."
        if study.cases.drawn
        else f"{study.cases!r}.{about_people(study)}"
    )
    text = "\n".join([said, *(f"{name}: {value} ({note})" for name, value, note in tiles), over])
    inside = "".join(f"<div><dt>{esc(a)}</dt><dd><b>{esc(b)}</b> <span>{esc(c)}</span></dd></div>" for a, b, c in tiles)
    card = f'<p class="finding">{esc(said)}</p><dl class="tiles">{inside}</dl><p>{esc(over)}</p>'
    return Shown(text, f'<div class="card">{card}</div>')


def _interval(row: dict[str, object]) -> str:
    return "" if row["change_low"] is None else f", 95% {_signed(row['change_low'])} to {_signed(row['change_high'])}"


def _signed(value: object) -> str:
    return points(float(str(value)) / 100, 2)


@unless_silent
def approvals(results: Sequence[Result]) -> Shown:
    """The one table: approval and change with intervals, populations side by side."""
    rows = []
    for group in per_alternative(results):
        cells = [group[0].alternative.called]
        for row in (one.row() for one in group):
            rate, change = f"about {percent(row['approval_pct'] / 100)}", f"about {points(row['change_points'] / 100)}"
            if row["approval_low"] is not None:
                rate = percent_within(*(row[f"approval_{part}"] for part in ("pct", "low", "high")))
                change = points_within(*(row[f"change_{part}"] for part in ("points", "low", "high")), decimals=2)
            cells.append(rate if row["preset"] == "P0" else f"{rate}\nby {change}")
        rows.append(cells)
    span = "from rounded counts" if results[0].cases.guarded else "each with its 95% interval"
    caption = f"Approval rate (met, of all requests) and by how many points it differs from P0, {span}"
    return tabulated(caption, ["Alternative", *called(results).values()], rows)


@unless_silent
def outcomes_by_alternative(results: Sequence[Result]) -> Shown:
    """Counts of every outcome of each alternative, one block a population."""
    rows = []
    for name, label in called(results).items():
        for one in (one for one in results if one.cases.name == name):
            row = one.row()
            counts = (cell_text(results, row, word) for word in OUTCOMES)
            rows.append([label, one.alternative.short, *counts, cases_told(results, row)])
    header = ["Population", "Alternative", *LABELS.values(), "All requests"]
    title = "Every outcome of every alternative (requests)"
    return folded(title, tabulated(title, header, rows, words=2))


@unless_silent
def decided(results: Sequence[Result]) -> Shown:
    """Among the requests that each alternative decides: how many are met before and after, and who moves."""
    rows = []
    for group in per_alternative(results)[1:]:
        found = [one.row() for one in group]
        requests = " / ".join(dict.fromkeys(cell_text(group, row, "spoken_of") for row in found))
        cells = [f"{group[0].alternative.called}\ndecides {requests} requests"]
        for row in found:
            before, after = (row[f"spoken_of_{word}"] / max(row["spoken_of"], 1) for word in ("met_before", "met"))
            moves = ", ".join(f"{cell_text(group, row, k)} {v}" for k, v in _MOVES.items())
            about = "about " if group[0].cases.guarded else ""
            cells.append(f"{about}{percent(min(before, 1.0))} → {about}{percent(min(after, 1.0))}\n{moves}")
        rows.append(cells)
    caption = "Share met of the requests that an alternative decides, P0 → alternative; who gains, loses or moves"
    return tabulated(caption, ["Alternative", *called(results).values()], rows)


@unless_silent
def movers(study: Study, results: Sequence[Result]) -> Shown:
    """Which requests move: of each alternative the largest ways, counts of all populations side by side."""
    table, populations = moves(results), names(results)
    if table.empty:
        return Shown("No request moves.", "<p>No request moves.</p>")
    keys = ["preset", "scenario", "diagnosis", "procedure", "from_outcome", "to_outcome"]
    wide = table.pivot_table(
        index=keys, columns="population", values="requests", fill_value=0, sort=False, aggfunc="sum"
    )
    wide["most"] = wide[populations].max(axis=1)
    wide = wide.reset_index().sort_values("most", ascending=False, kind="stable")
    rows = []
    for group in per_alternative(results):
        few = wide[wide["scenario"] == group[0].alternative.name].head(MOST).to_dict("records")
        for row in few:
            what = f"{_label(study, 'diagnoses', row['diagnosis'])} × {_label(study, 'procedures', row['procedure'])}"
            way = f"{LABELS[row['from_outcome']]} → {LABELS[row['to_outcome']]}"
            rows.append([group[0].alternative.called, what, way, *(number(results, row[name]) for name in populations)])
    caption = f"Which requests move: of each alternative the {MOST} largest ways, requests by population"
    return tabulated(
        caption, ["Alternative", "Diagnosis × procedure", "Outcome", *called(results).values()], rows, words=3
    )


def _label(study: Study, kind: str, name: str) -> str:
    return "outside the policy" if name == OUTSIDE else str(getattr(study.policy, kind)[name].label)


@unless_silent
def advantage(results: Sequence[Result]) -> Shown:
    """Medicare Advantage requests held against the Medicare-like presets, by alternative and population."""
    groups = per_alternative(results)
    base = [one.row() for one in groups[0]]
    if not presets(results[0].alternative.settings.policy):
        return bullets([NONE])
    if not base[0]["medicare_compared"]:
        return bullets(["No request says Medicare Advantage, so nothing is held against the Medicare-like presets."])
    rows, stricter = [], []
    for group in groups:
        cells = [group[0].alternative.called]
        for row, first in zip((one.row() for one in group), base, strict=True):
            more = row["medicare_stricter"] - first["medicare_stricter"]
            share = f"{cell_text(group, row, 'medicare_stricter')} of {cell_text(group, row, 'medicare_compared')}"
            against = "" if group[0].cases.guarded else f"\n{signed(more)} against P0"
            cells.append(share if row is first or group is groups[0] else f"{share}{against}")
            stricter += [group[0].alternative.called] if more > 0 else []
        rows.append(cells)
    who = "; ".join(dict.fromkeys(stricter))
    found = (
        f"Warning. Stricter on more requests than the policy as it stands: {who}."
        if who
        else "None is stricter on more requests than the policy as it stands."
    )
    caption = "Medicare Advantage requests judged more strictly than under the Medicare-like preset, of those compared"
    table = tabulated(caption, ["Alternative", *called(results).values()], rows)
    rest = [MEANING, *left_out(results[0].alternative.settings.policy)]
    below = "".join(f"<p>{esc(line)}</p>" for line in rest)
    return Shown("\n".join([found, table.text, *rest]), f"<p><b>{esc(found)}</b></p>{table.html}{below}")


def terms(alternatives: Sequence[Alternative]) -> Shown:
    """What each alternative was read to say: what it changes, source, when it was read, and what is not modelled."""
    rows = []
    for one in alternatives[1:]:
        plan, settings = one.plan, one.settings
        baseline = settings.policy.settings()
        levers = [
            f"{lever.label}: {lever.moves(baseline[name], settings[name])}"
            for name, lever in settings.policy.levers.items()
            if settings[name] != baseline[name]
        ]
        levers += one.edits()
        source = [plan.citation or "–"] if plan else ["the study"]
        source += [f"Read: {plan.read}"] if plan and plan.read else []
        source += [f"Status: {plan.status}"] if plan and plan.status else []
        cells = ["\n".join(f"• {x}" for x in cell) or "none" for cell in (levers, plan.not_modelled if plan else ())]
        rows.append([one.called, *cells, "\n".join(source)])
    header = ["Alternative", "What it changes", "Not modelled: cannot be computed", "Source, date read, status"]
    return tabulated("What was read, and what of it cannot be computed", header, rows, words=4)


def write_comparison(
    study: Study, results: Sequence[Result], pictures: Sequence[Picture], folder: str | Path, said: str
) -> None:
    """The tables, the pictures and summary.json, which holds every row of the first under `alternatives`."""
    every = list(dict.fromkeys(result.alternative.name for result in results))
    firsts = [next(result.alternative for result in results if result.alternative.name == name) for name in every]
    tables = {
        "alternatives": results_table(results),
        "moves": moves(results),
        "medicare": medicare(results),
        "sources": sources(firsts),
    }
    loads = {result.cases.fingerprint: result.cases.source() for result in results}
    rows = [result.row() for result in results]
    if study.rough:
        size = rounded(study.cases.size)
        tables |= {name: tables[name].assign(cases=size) for name in ("moves", "medicare")}
        table = report.marked(study, tables["alternatives"]).astype(object)
        rows = [{str(k): v for k, v in row.items()} for row in table.where(table.notna(), None).to_dict("records")]
    entries = {"populations": list(loads.values()), "alternatives": rows}
    report.write(study, folder, tables, pictures, said, entries)
