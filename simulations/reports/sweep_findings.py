"""What levers can do, in sentences and tables for people; as HTML and as text."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from policy.model import Lever
from policy.problems import refuse
from policy.reading.scenario import edited
from simulations.reports.first_page import assumed
from simulations.reports.html_table import Shown, bullets, card, tabulated
from simulations.reports.notices import about_people
from simulations.reports.table_cells import LABELS, signed
from simulations.reports.withholding import roughly, told_about
from simulations.statistics.disclosure_control import SMALL
from simulations.statistics.intervals import wilson
from simulations.statistics.number_format import fixed, percent, percent_within, points, points_within
from simulations.studies.bootstrap import bootstrap
from simulations.studies.comparison import Study
from simulations.studies.edits import edits_in_words
from simulations.studies.paired_rates import paired_rates
from simulations.studies.shapley import MOST, Attribution, attribute
from simulations.studies.sweep import known_lever

ROWS = 12  # of a ranking, shown


def chosen(study: Study, ranked: pd.DataFrame, lever: str = "", other: str = "") -> tuple[str, str]:
    """Two levers to look at: those named, else the strongest that moves, and the strongest of the others."""
    for name in filter(None, (lever, other)):
        known_lever(study.policy, name)
    if lever and lever == other:
        raise refuse("lever", "other", f"is {lever} again; a grid needs two levers")
    moved = [name for name in ranked["lever"] if study.scenario[name] != study.baseline[name]]
    order = [name for name in [*moved, *ranked["lever"]] if name != other]
    lever = lever or order[0]
    return lever, other or next(name for name in ranked["lever"] if name != lever)


def range_finding(study: Study, swept: pd.DataFrame, lever: str) -> str:
    """'Least exercise: approvals run from 22.6% (0 weeks) to 2.1% (26 weeks)' and where it is steepest."""
    label = study.policy.levers[lever].label
    if study.silent:
        return f"{label}: {study.silent}"
    top, low = _ends(swept)
    if top["met"] == low["met"]:
        moves = "" if swept["moved"].nunique() > 1 or study.rough else ", and no other outcome changes"
        same = "about the same" if study.rough else "the same"
        return f"{label}: every value gives {same} approvals, {_of(study, top)} of all cases{moves}"
    ends = [f"{_of(study, row)} ({row['shown']})" for row in (top, low)]
    said = f"{label}: approvals run from {ends[0]} to {ends[1]}"
    steep = "" if study.rough else steepest(study.policy.levers[lever], swept)
    return f"{said}; the steepest step is {steep}" if steep else said


def steepest(lever: Lever, swept: pd.DataFrame) -> str:
    """'6 weeks → 7 weeks (−3.6 points)' for the step of a numeric lever that changes approvals most, or nothing."""
    if lever.domain is None:
        return ""
    table = [row for row in swept.to_dict("records") if row["value"] != "off"]
    steps = [(before, after, _share(after) - _share(before)) for before, after in pairwise(table)]
    before, after, change = max(steps, key=lambda step: abs(step[2]))
    return f"{before['shown']} → {after['shown']} ({points(change)} points)" if change else ""


def alone(study: Study, lever: str) -> bool:
    """Whether nothing but this lever moves: then the scenario with the baseline's value of it is the baseline."""
    return len(study.impact.changes()) <= (study.scenario[lever] != study.baseline[lever])


def whose(study: Study, row: Mapping[Any, Any], lever: str) -> str:
    """What the row of a sweep is: the baseline, the scenario, or the scenario with the baseline's value; else nothing.

    All other levers stay as in the scenario, so the row at the baseline's value is the baseline only where no other
    provision moves.
    """
    names = ["baseline"] * (row["is_baseline"] and alone(study, lever)) + ["scenario"] * row["is_scenario"]
    if row["is_baseline"] and not names:
        return "scenario with the baseline’s value"
    return " and ".join(names)


@told_about
def headline(study: Study, swept: pd.DataFrame, lever: str) -> Shown:
    """What the lever can do; the rates of the baseline and the scenario, and what putting this lever back would do."""
    marked = swept[swept["is_baseline"] | swept["is_scenario"]].to_dict("records")
    if study.rough:
        said = [(whose(study, row, lever), row) for row in marked]
        tiles = [
            (
                f"Approval rate, {name}, at {row['shown']}",
                _of(study, row),
                "of all cases, from rounded counts",
            )
            for name, row in said
        ]
    else:
        met, cases = int(study.impact.outcomes()["baseline"][0]), int(swept["cases"][0])
        before, luck = wilson(met, cases), "luck of drawing" if study.cases.drawn else "interval"
        tiles = [_tile(luck, "Approval rate, baseline", met, cases, 100 * before.value, before.low, before.high)]
        for row in marked:
            if whose(study, row, lever).startswith("baseline"):
                continue
            name = "Approval rate, scenario" if row["is_scenario"] else "Scenario with this lever alone put back"
            where = f"{name}, at {row['shown']}"
            ends = (row[f"approval_{end}"] / 100 for end in ("low", "high"))
            tiles.append(_tile(luck, where, row["met"], row["cases"], row["approval_pct"], *ends))
    moved = len(study.impact.changes())
    rest = "All other levers stay as in the scenario" + (f", in which {moved} provisions move." if moved > 1 else ".")
    over = f"{rest} {study.policy.titled}; {study.cases!r}."
    return card(range_finding(study, swept, lever), tiles, over + about_people(study))


def _tile(luck: str, name: str, met: int, cases: int, rate: float, low: float, high: float) -> tuple[str, str, str]:
    luck += f" {fixed(100 * low)} to {fixed(100 * high)} (95%)"
    return name, percent(rate / 100, 2), f"{met:,} of {cases:,} cases met; {luck}"


@told_about
def sweep_table(
    study: Study, swept: pd.DataFrame, lever: str, words: Sequence[str] = ("met", "not_met", "pend", "review")
) -> Shown:
    """Every value of the lever: outcomes (`words`), approval and its change from the baseline."""
    rows = []
    for row in swept.to_dict("records"):
        mark = whose(study, row, lever)
        rate, change = _of(study, row), f"about {points(row['change_points'] / 100)}"
        outcomes = [_about(row, word) for word in words]
        if not study.rough:
            rate = percent_within(*(row[f"approval_{part}"] for part in ("pct", "low", "high")))
            outcomes, change = [f"{row[word]:,}" for word in words], _change(row)
        value = row["shown"] + (f" ({mark})" if mark else "")
        rows.append((value, *outcomes, rate, change))
    bounds = "" if study.rough else " (95%)"
    outcomes = [LABELS[word] for word in words]
    header = ("Value", *outcomes, f"Approval rate{bounds}", f"Change in points{bounds}")
    title = f"{study.policy.levers[lever].label}: all {len(rows)} values, the same {study.cases.told_size} cases"
    return tabulated(title, header, rows)


def grid_finding(study: Study, table: pd.DataFrame, one: str, other: str) -> str:
    """How far the two levers together carry approvals."""
    names = " and ".join(study.policy.levers[name].label for name in (one, other))
    if study.silent:
        return study.silent
    top, low = _ends(table)
    if top["met"] == low["met"]:
        return f"{names}: no pair of values changes approvals ({_of(study, top)} of all cases)"
    ends = [
        f"{_of(study, row)} ({', '.join(shown(study.policy.levers[name], row[name]) for name in (one, other))})"
        for row in (low, top)
    ]
    return f"{names} together: approvals from {ends[0]} to {ends[1]}"


def shown(lever: Lever, word: str) -> str:
    """A value of a lever, as `--set` takes it, in words."""
    return lever.in_words(lever.check(word))


def ranking_finding(study: Study, ranked: pd.DataFrame) -> str:
    """Which lever does most, and how many do nothing."""
    inert = int((ranked["moved_most"] == 0).sum())
    first = ranked.iloc[0]
    if study.rough:
        few = f"{inert} of {len(ranked)} levers change the outcome of at most {SMALL} cases"
        return f"{first['label']} can move approvals most, by about {fixed(first['swing_points'])} points; {few}"
    if not first["swing_points"]:
        return f"No lever alone changes approvals; {inert} of {len(ranked)} change no outcome at all"
    rest = f"{inert} of {len(ranked)} levers change nothing" if inert else f"all {len(ranked)} levers change something"
    return f"{first['label']} can move approvals most, by {fixed(first['swing_points'])} points; {rest}"


@told_about
def ranking_table(study: Study, ranked: pd.DataFrame) -> Shown:
    """The strongest levers, each moved alone over its whole domain."""
    rows = [
        (
            row["label"],
            row["here"],
            f"{roughly(study, points(row['down_points'] / 100))} ({_end(row, 'down')})",
            f"{roughly(study, points(row['up_points'] / 100))} ({_end(row, 'up')})",
            *(
                "–" if pd.isna(row[f"{way}_points"]) else roughly(study, fixed(row[f"{way}_points"]))
                for way in ("swing", "cited", "step")
            ),
            _about(row, "moved_most") if study.rough else f"{row['moved_most']:,}",
        )
        for row in ranked.head(ROWS).to_dict("records")
    ]
    rest = ranked.iloc[ROWS:]
    if len(rest):
        inert = int((rest["moved_most"] == 0).sum())
        none = f"of which move at most {SMALL} cases" if study.rough else "without effect"
        most = rest["swing_points"].max()
        rows.append(
            (f"{len(rest)} other levers, {inert} {none}", "", "", "", f"≤ {roughly(study, fixed(most))}", "", "", "")
        )
    header = (
        "Lever",
        "Now",
        "Fewest approvals, points",
        "Most approvals, points",
        "Swing",
        "In the cited range",
        "One step",
        "Most cases moved",
    )
    return tabulated(
        "Levers by what each can do alone over its whole domain (swing, points); all others stay", header, rows, words=2
    )


def _end(row: Mapping[Any, Any], way: str) -> str:
    return "now" if row[f"{way}_at"] == row["here"] else str(row[f"{way}_at"])


# Attribution ---------------------------------------------------------------------------------------------------------


def parted(study: Study) -> Attribution | None:
    """The shares of the provisions, where there are at least two and not too many to be told apart.

    None for a case table: every share is worked out from differences of a few cases.
    """
    return attribute(study) if not study.guarded and 1 < provisions(study) <= MOST else None


def provisions(study: Study) -> int:
    """How many provisions the scenario makes."""
    edits = study.plan.criteria if study.plan else ()
    return sum(study.scenario[name] != study.baseline[name] for name in study.policy.levers) + len(edits)


def provision_label(study: Study, name: str) -> str:
    """A provision in words."""
    if name not in study.policy.levers:
        edits = [edit for edit in (study.plan.criteria if study.plan else ()) if str(edit) == name]
        return "; ".join(edits_in_words(study.policy, edited(study.policy, edits).settings())) or name
    lever = study.policy.levers[name]
    return f"{lever.label}: {lever.moves(study.baseline[name], study.scenario[name])}"


def share_finding(study: Study, found: Attribution) -> str:
    """Which provision has the largest share of the change in approvals."""
    game = found.game()
    change = int(game[-1] - game[0])
    frame = found.frame()
    first = max(frame.to_dict("records"), key=lambda row: abs(row["share"]))
    if not first["share"]:
        return f"None of the {len(frame)} provisions has a share: approvals do not change"
    name = first["provision"]
    label = study.policy.levers[name].label if name in study.policy.levers else provision_label(study, name)
    part, total = points(first["share"] / found.cases), points(change / found.cases)
    return f"Of the change of {total} points, {part} are the share of one provision: {label}"


def share_table(study: Study, found: Attribution | None) -> Shown:
    """Each provision's share of the change in approvals with its bounds; they add up to the change."""
    if found is None and study.guarded:
        return bullets(["Not shared out: these cases may be people, and a share can come from a few of them."])
    if found is None:
        count = provisions(study)
        few = "no provision moves" if not count else "one provision moves, and the whole change is its own"
        many = f"{count} provisions move; the shares of at most {MOST} can be told apart"
        return bullets([f"Nothing to share out: {few if count < 2 else many}."])
    frame = found.frame()
    rows = [
        (
            provision_label(study, row["provision"]),
            signed(int(fixed(row["share"], 0))),
            points_within(row["share_points"], row["low"], row["high"], decimals=2),
            signed(row["first_in"]),
            signed(row["last_in"]),
            f"{signed(row['least'])} to {signed(row['most'])}",
        )
        for row in frame.to_dict("records")
    ]
    game = found.game()
    change = int(game[-1] - game[0])
    rows.append(("All together", signed(change), f"{points(change / found.cases, 2)}", "", "", ""))
    header = ("Provision", "Share, cases", "In points (95%)", "Alone", "After all others", "Over all orders")
    caption = f"Change in cases met, of {found.cases:,}, shared out among the provisions (mean over all orders)"
    return tabulated(caption, header, rows, total=True)


def interaction_table(study: Study, found: Attribution | None) -> Shown:
    """The pairs of provisions that do more, or less, together than each alone."""
    if study.guarded:
        return bullets(["Not worked out for a case table, for the same reason."])
    pairs = found.interactions().head(6) if found else pd.DataFrame()
    pairs = pairs[pairs["interaction"].abs() >= 0.5] if len(pairs) else pairs
    if not len(pairs):
        return bullets(["No two provisions do more or less together than each by itself."])
    rows = [
        (provision_label(study, r["one"]), provision_label(study, r["other"]), signed(int(fixed(r["interaction"], 0))))
        for r in pairs.to_dict("records")
    ]
    caption = "What two provisions do together beyond each alone (cases met; mean over what else is made)"
    return tabulated(caption, ("Provision", "With", "Together"), rows, words=2)


# How sure ------------------------------------------------------------------------------------------------------------


def sure(study: Study) -> Shown:
    """The change of the approval rate with the luck of the draw and the assumptions told apart."""
    if study.guarded:
        return bullets(["No interval: these cases may be people, and every setting is one more result to subtract."])
    _, _, change = paired_rates(study.impact.counts.sum(axis=(0, 1)), study.impact.same, way=study.impact.way)
    ends = assumed(study, "met")
    rows = []
    method = "Clopper and Pearson's exact" if study.impact.way else "Newcombe's paired"
    if ends is not None and study.assumed is not None:
        label = f"Assumptions: {study.assumed.draws} populations drawn from the ranges of the page"
        span = " to ".join(
            f"{points(e / 100, 2)} (±{fixed(d, 2)})" for e, d in ((ends[0], ends[2]), (ends[1], ends[3]))
        )
        rows.append((label, points(change.value, 2), span))
    rows.append((f"Luck of drawing: {method} interval", points(change.value, 2), _span(*change[1:])))
    drawn = next(r for r in bootstrap(study.impact).to_dict("records") if r["measure"] == "met_change")
    label = f"Luck of drawing: {drawn['replicates']:,.0f} bootstrap replicates of the joint outcomes"
    rows.append((label, points(drawn["value"] / 100, 2), _span(drawn["low"] / 100, drawn["high"] / 100)))
    header = ("Kind of uncertainty", "Change in points", "95% range")
    return tabulated("Change of the approval rate: two kinds of uncertainty that do not mix", header, rows)


def entries(study: Study, lever: str, other: str, ranked: pd.DataFrame, found: Attribution | None) -> dict[str, Any]:
    """What summary.json says of the levers."""
    content: dict[str, Any] = {"levers": [lever, other]}
    if study.silent:
        return content
    few = "levers_that_move_at_most_10_cases" if study.rough else "inert_levers"
    content["strongest_lever"] = ranked["lever"][0]
    content[few] = sorted(ranked[ranked["moved_most"] == 0]["lever"])
    if found:
        frame = found.frame()
        content["attribution"] = {row["provision"]: round(row["share"], 6) for row in frame.to_dict("records")}
    return content


def tables(study: Study, found: Attribution | None) -> dict[str, pd.DataFrame]:
    """The tables of what is sure, and of the shares where there are any; none for a case table."""
    made = {} if study.guarded else {"bootstrap": bootstrap(study.impact)}
    return made if found is None else made | {"attribution": found.frame(), "interactions": found.interactions()}


def _ends(table: pd.DataFrame) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The rows with the most and with the fewest approvals, the first of each."""
    found = table.to_dict("records")
    return max(found, key=lambda row: row["met"]), min(found, key=lambda row: row["met"])


def _share(row: Mapping[Any, Any]) -> float:
    return float(row["met"] / row["cases"])


def _of(study: Study, row: Mapping[Any, Any]) -> str:
    """The share of met of a row, of people about so much."""
    return roughly(study, percent(_share(row)))


def _about(row: Mapping[Any, Any], name: str) -> str:
    """A rounded count as a share of all cases."""
    return "–" if row[name] is None or pd.isna(row[name]) else f"about {percent(row[name] / row['cases'])}"


def _span(low: float, high: float) -> str:
    return f"{points(low, 2)} to {points(high, 2)}"


def _change(row: Mapping[Any, Any]) -> str:
    if not row["change_points"] and not row["moved"]:
        return "0.0"
    return points_within(*(row[f"change_{part}"] for part in ("points", "low", "high")))
