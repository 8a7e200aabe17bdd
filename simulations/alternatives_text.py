"""The alternatives in sentences and tables for people."""

from collections.abc import Sequence

from policy.model import OUTCOMES
from simulations.alternatives import Alternative, Result, moves, sources
from simulations.findings import LABELS, Shown, bullets, esc, tabulated
from simulations.impact import OUTSIDE, percent, points
from simulations.medicare import MEANING
from simulations.study import Study

MOST = 4  # ways to move that are shown of each alternative; all are in moves.csv


def per_alternative(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each alternative together, populations in their order."""
    found: dict[str, list[Result]] = {}
    for one in results:
        found.setdefault(one.alternative.name, []).append(one)
    return list(found.values())


def names(results: Sequence[Result]) -> list[str]:
    """The populations in their order."""
    return list(dict.fromkeys(one.cases.name for one in results))


def finding(results: Sequence[Result]) -> str:
    """Which alternative moves approvals most, in one sentence made from the numbers."""
    groups = [g for g in per_alternative(results) if any(one.row()["moved"] for one in g)]
    if not groups:
        return "No alternative changes the outcome of any request"
    most = max(groups, key=lambda g: max(abs(one.row()["change_points"]) for one in g))
    changes = [one.row()["change_points"] for one in most]
    low, high = points(min(changes, key=abs) / 100), points(max(changes, key=abs) / 100)
    span = low if low == high else f"{low} to {high}"
    others = len(per_alternative(results)) - 1 - len(groups)
    silent = f"; {others} of {len(per_alternative(results)) - 1} change nothing" if others > 0 else ""
    one = most[0].alternative
    return f"{one.number} ({one.label}) moves approvals most: {span} points{silent}"


def headline(study: Study, results: Sequence[Result]) -> Shown:
    """The answer: approval under the policy, and the largest changes either way."""
    base = [one.row() for one in per_alternative(results)[0]]
    rows = [one.row() for one in results if one.row()["preset"] != "P0"]
    low, high = (pick(rows, key=lambda row: row["change_points"]) for pick in (min, max))
    moved = max(rows, key=lambda row: row["moved"])
    rates = sorted(row["approval_pct"] for row in base)
    tiles = [
        (
            "Approval rate, the policy as it stands",
            " to ".join(dict.fromkeys(f"{rate:.1f}%" for rate in (rates[0], rates[-1]))),
            f"{len(base)} populations",
        ),
        (
            "Strictest",
            f"{points(low['change_points'] / 100)} points",
            f"{low['preset']}, {_interval(low)}, {low['population']}",
        ),
        (
            "Loosest",
            f"{points(high['change_points'] / 100)} points",
            f"{high['preset']}, {_interval(high)}, {high['population']}",
        ),
        (
            "Most requests moved",
            percent(moved["moved"] / moved["cases"]),
            f"{moved['preset']}, {moved['moved']:,} of {moved['cases']:,}, {moved['population']}",
        ),
    ]
    said = finding(results) + "."
    over = f"Policy {study.policy.name}; each population {base[0]['cases']:,} requests, seed {study.cases.seed}."
    text = "\n".join([said, *(f"{name}: {value} ({note})" for name, value, note in tiles), over])
    inside = "".join(f"<div><dt>{esc(a)}</dt><dd><b>{esc(b)}</b> <span>{esc(c)}</span></dd></div>" for a, b, c in tiles)
    card = f'<p class="finding">{esc(said)}</p><dl class="tiles">{inside}</dl><p>{esc(over)}</p>'
    return Shown(text, f'<div class="card">{card}</div>')


def _interval(row: dict[str, object]) -> str:
    return f"95% {_signed(row['change_low'])} to {_signed(row['change_high'])}"


def _signed(value: object) -> str:
    return points(float(str(value)) / 100, 2)


def approvals(results: Sequence[Result]) -> Shown:
    """The one table: approval and change with intervals, populations side by side."""
    populations = names(results)
    header = ["", "Alternative"]
    for name in populations:
        header += [f"Approved, {name} (95%)", "Change in points (95%)"]
    rows = []
    for group in per_alternative(results):
        cells = [group[0].alternative.number, group[0].alternative.label]
        for row in (one.row() for one in group):
            cells.append(f"{row['approval_pct']:.1f}% ({row['approval_low']:.1f} to {row['approval_high']:.1f})")
            change = f"{_signed(row['change_points'])} ({_signed(row['change_low'])} to {_signed(row['change_high'])})"
            cells.append(change if row["preset"] != "P0" else "–")
        rows.append(cells)
    caption = "Approval rate (share of all requests) and its change against P0, with 95% intervals"
    return tabulated(caption, header, rows, words=2)


def outcomes(results: Sequence[Result]) -> Shown:
    """Counts of every outcome of each alternative, one block a population."""
    rows = []
    for name in names(results):
        for row in (one.row() for one in results if one.cases.name == name):
            rows.append([name, row["preset"], *(f"{row[word]:,}" for word in OUTCOMES), f"{row['cases']:,}"])
    header = ["Population", "Alternative", *LABELS.values(), "All requests"]
    return tabulated("Requests by outcome", header, rows, words=2)


def decided(results: Sequence[Result]) -> Shown:
    """Among the requests that each alternative decides: how many are met before and after, and who moves."""
    rows = []
    for group in per_alternative(results):
        for row in (one.row() for one in group):
            if row["preset"] == "P0":
                continue
            rates = [
                f"{percent(row[k] / row['spoken_of'])}" if row["spoken_of"] else "–"
                for k in ("spoken_of_met_before", "spoken_of_met")
            ]
            counts = [f"{row[key]:,}" for key in ("gained", "lost", "moved")]
            rows.append([row["preset"], row["population"], f"{row['spoken_of']:,}", *rates, *counts])
    header = [
        "Alternative",
        "Population",
        "Requests it decides",
        "Met, P0",
        "Met there",
        "Gain approval",
        "Lose it",
        "Outcome moves",
    ]
    return tabulated("Among the requests that the source of each alternative speaks of", header, rows, words=2)


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
            rows.append([group[0].alternative.number, what, way, *(f"{int(row[name]):,}" for name in populations)])
    caption = f"Which requests move: of each alternative the {MOST} largest ways, requests by population"
    return tabulated(caption, ["", "Diagnosis × procedure", "Outcome", *populations], rows, words=3)


def _label(study: Study, kind: str, name: str) -> str:
    return "outside the policy" if name == OUTSIDE else str(getattr(study.policy, kind)[name].label)


def advantage(results: Sequence[Result]) -> Shown:
    """Medicare Advantage requests held against the Medicare-like presets, by alternative and population."""
    populations = names(results)
    rows = []
    for group in per_alternative(results):
        found = [one.row() for one in group]
        if not found[0]["medicare_compared"]:
            return bullets(
                ["No request says Medicare Advantage, so nothing is held against the Medicare-like presets."]
            )
        cells = [f"{r['medicare_stricter']:,} of {r['medicare_compared']:,}" for r in found]
        mark = "stricter" if any(r["medicare_stricter"] for r in found) else ""
        rows.append([group[0].alternative.number, group[0].alternative.label, mark, *cells])
    caption = "Medicare Advantage requests judged more strictly than under the Medicare-like presets"
    table = tabulated(caption, ["", "Alternative", "Warning", *populations], rows, words=3)
    return Shown(f"{table.text}\n{MEANING}", f"{table.html}<p>{esc(MEANING)}</p>")


def terms(alternatives: Sequence[Alternative]) -> Shown:
    """What each alternative was read to say: levers moved, source, when it was read, and what no lever expresses."""
    rows = []
    for row in sources(alternatives).to_dict("records"):
        if row["preset"] == "P0":
            continue
        source = "; ".join(part for part in (row["citation"], row["read"], row["status"]) if part) or "–"
        levers = row["levers"].replace(" -> ", " → ") or "none"
        rows.append([row["preset"], row["label"], levers, row["not_modelled"] or "–", source])
    header = ["", "Alternative", "Levers that move", "Not modelled: no lever expresses it", "Source, date read, status"]
    return tabulated("What was read, and what of it no lever expresses", header, rows, words=5)
