"""What the subgroups of a study show, in sentences and tables for people; as HTML and as text."""

from typing import Any

import pandas as pd

from simulations.reports.html_table import Shown, bullets, card, folded, tabulated
from simulations.reports.notices import about_people
from simulations.reports.table_cells import count
from simulations.reports.withholding import unless_silent
from simulations.statistics.disclosure_control import ALONE, REASON
from simulations.statistics.number_format import (
    change_called,
    fixed,
    percent,
    percent_within,
    points,
    points_within,
    shares_told,
)
from simulations.statistics.simultaneous import LEAST
from simulations.studies.subgroups import ALIKE, APPROVED, AS_THEY_ARE, REFUSED, SETTINGS, UNKNOWN, Subgroups
from simulations.studies.truth_dependence import CANNOT_TELL, change_told

MODEL = "refused though the model says it would help"
NO_COLUMN = (
    "No rule of the policy reads any of these columns. A gap says that groups differ in what they ask for, in what is "
    "documented or in how ill they are; it is a reason to look, and no finding about anyone's conduct."
)
WITHHELD_CELLS = (
    "These cases may be people: counts of 1 to 10 are withheld (–), and so is every other count from which one could "
    "be worked out, also by subtracting one result from the other. No lever's effect is given in numbers, as each "
    f"would be one more result to subtract, and nothing by diagnosis and procedure. {ALONE}"
)
SIMULATED = (
    f"“{MODEL[0].upper()}{MODEL[1:]}” rests on a simulated truth: whether a procedure would help is an assumption of "
    "the population. No real patient's benefit is known."
)
METHOD_OF_GAPS = (
    "An interval of a share is Wilson's; of a difference, Newcombe's (1998), also between two paired changes (Zou and "
    "Donner 2008); of a ratio, MOVER-R (Donner and Zou 2012), which leaves out 1 exactly where that of the difference "
    "leaves out 0; of how a ratio moves, from Bonett and Price's for pairs (2006). For the same requests the reference "
    "is standardised to the group's own mix of diagnosis and procedure; what then remains is the part of a gap that "
    "the mix does not explain (Kitagawa 1955)."
)
ENOUGH = (
    f"Shares are compared where each is of at least {LEAST} cases, as the US National Center for Health Statistics "
    "asks (Parker and others 2017)."
)
ASSUMED = (
    "Other gaps are what the population assumes, seen through the policy; drawing more cases narrows their intervals "
    "and makes no assumption truer. Nothing here says how real groups fare."
)
BEHIND = "These made-up cases were read from a file: which gaps their population makes possible is not known here."
COMPLETE = (
    "If these are all the requests of their time, a gap is what it is, and no interval is needed to say so. The "
    "intervals speak of other requests that come about in the same way, each for itself: requests of one member or one "
    "provider go together, which makes the intervals too narrow and is not known here."
)
UNKNOWN_TRUTH = "Not known here: no truth is simulated for these cases, or small cells are withheld."
QUESTIONS = {
    APPROVED: "Is any group approved more or less often than the largest of its column?",
    REFUSED: "Is any group refused more or less often though the model says it would help?",
}


def column_label(found: Subgroups, name: str) -> str:
    """A column in words."""
    kind = found.study.policy.fields_.get(name)
    return "Age" if name == "age_band" else kind.label if kind else name.removeprefix("group_").replace("_", " ")


def group_label(group: str) -> str:
    """A group in words."""
    return {UNKNOWN: "not documented", "true": "yes", "false": "no"}.get(group, group.replace("_", " "))


def luck(found: Subgroups) -> str:
    """What an interval speaks of."""
    return "chance" if found.study.cases.people else "the luck of drawing"


def in_words(found: Subgroups) -> str:
    """How many gaps lie beyond luck, in a sentence that names no group."""
    if found.silent:
        return found.silent.capitalize()
    now, withheld = found.some(), found.untold()
    told = len(now) - withheld
    if not told:
        return f"Comparisons of groups are withheld: {REASON}" if withheld else "No groups can be compared"
    verb = "is" if _beyond(now) == 1 else "are"
    said = f"Between groups {_some(_beyond(now))} of {told} gaps in approvals {verb} wider than {luck(found)} explains"
    alike = found.some(requests=ALIKE)
    if not alike.empty:
        said += f", and {_some(_beyond(alike))} of {len(alike)} for the same diagnosis and procedure"
    if found.suppressed:
        said += "; for the same diagnosis and procedure it is not told"
    return f"{said}{'; other comparisons are withheld' if withheld else ''}"


def answer(found: Subgroups) -> str:
    """Two sentences that can be read aloud: approvals and refusals of all cases, then the gaps."""
    return in_words(found) if found.silent else f"{approvals_in_words(found)}. {in_words(found)}"


def _beyond(rows: pd.DataFrame) -> int:
    return int(rows["beyond_luck"].fillna(False).astype(bool).sum())


def _some(count: int) -> str:
    return f"{count:,}" if count else "none"


def approvals_in_words(found: Subgroups) -> str:
    """What happens to approvals, and to refusals of those it would help, of all cases."""
    before, after, _ = found.study.shown.rates()
    said = f"Approvals are {percent(before.value)} of all cases before and {percent(after.value)} after"
    if refused := refusals(found):
        shares = [percent(hits / cases) for hits, cases in refused]
        said += f"; of those whom the model says it would help, {shares[0]} are refused before and {shares[1]} after"
        study = found.study
        if change_told(study.baseline, study.scenario, study.cases.population).blind:
            said += f", though the simulated truth {CANNOT_TELL}"
    return said


def refusals(found: Subgroups) -> list[tuple[int, int]]:
    """Not met before and after, each with the number of those it would help; nothing where truth is not known."""
    column = next((c for c in found.columns if c.helped is not None and c.helped.sum()), None)
    pairs = [] if column is None else [
        [column.among(i, setting, REFUSED) or (0, 0) for i in range(len(column.groups))] for setting in SETTINGS
    ]  # fmt: skip
    return [(sum(hits for hits, _ in groups), sum(cases for _, cases in groups)) for groups in pairs]


def headline(found: Subgroups) -> Shown:
    """The answer: approvals and refusals of all cases, and how many gaps lie beyond luck; no group is picked."""
    study = found.study
    over = f"{study.policy.titled}; {study.cases!r}.{about_people(study)}"
    if found.silent:
        return card(in_words(found), [], over)
    before, after, _ = study.shown.rates()
    tiles = [("Approved", f"{percent(before.value)} → {percent(after.value)}", "of all cases, before → after")]
    if refused := refusals(found):
        shares = " → ".join(percent(hits / cases) for hits, cases in refused)
        tiles.append(("Refused, would help", shares, f"of the {refused[0][1]:,} cases it would help, says the model"))
    for name, rows, note in (
        ("Gaps in approvals", found.some(), "after the change"),
        ("For the same requests", found.some(requests=ALIKE), "after, diagnosis and procedure held alike"),
        ("Gaps that the change moves", found.some(setting="change"), "in approvals"),
        ("Gaps in those refusals", found.some(REFUSED), "after the change"),
    ):
        told = int(rows["gap_points"].notna().sum())
        if told:
            tiles.append((name, f"{_beyond(rows)} of {told}", f"beyond {luck(found)}; {note}"))
    return card(answer(found), tiles, over)


@unless_silent
def whom(found: Subgroups) -> Shown:
    """Each gap that lies beyond luck, before or after or in how it moves, and what is left of it when the groups ask
    for the same."""
    said = []
    for measure, does in ((APPROVED, "approved"), (REFUSED, "refused though it would help,")):
        for rows in _grouped(found, measure):
            kinds = {(row["requests"], row["setting"]): row for row in rows}
            if any(row["beyond_luck"] for row in rows):
                said.append(_in_full(found, does, kinds))
    if said:
        return bullets(said)
    if found.untold():
        return bullets([f"Of the comparisons told none lies beyond {luck(found)}; others are withheld."])
    return bullets([f"No gap lies beyond {luck(found)}, and none moves beyond it."])


def _in_full(found: Subgroups, does: str, kinds: dict[tuple[str, str], dict[str, Any]]) -> str:
    """One comparison in words: before and after, for the same requests, and as a ratio where that tells otherwise."""
    before, after, change = (kinds[AS_THEY_ARE, setting] for setting in (*SETTINGS, "change"))
    column, (one, other) = column_label(found, after["column"]), (group_label(after[k]) for k in ("group", "reference"))
    words = ("before", before), ("after", after), ("and so does the change", change)
    marks = [word for word, row in words if row["beyond_luck"]]
    said = f"{column}, {one} against {other}: {does} {_often(before)} before, {_often(after)} after"
    said += f" (beyond luck {', '.join(marks)})" if marks else ""
    if (alike := kinds.get((ALIKE, "scenario"))) and not pd.isna(alike["gap_points"]):
        held = "beyond luck" if alike["beyond_luck"] else "within luck"
        said += f"; for the same requests {_often(alike)} after ({held})"
    ratios = [row["ratio"] for row in (before, after)]
    if not any(pd.isna(one) for one in ratios) and change["gap_points"]:
        nearer = abs(after["gap_points"]) < abs(before["gap_points"])
        told = [fixed(one, 2) for one in ratios]
        if nearer != (abs(ratios[1] - 1) < abs(ratios[0] - 1)) and told[0] != told[1]:
            way = ("narrower in points, wider as a ratio", "wider in points, narrower as a ratio")[not nearer]
            within = "" if change["beyond_luck"] else ", within luck"
            said += f". The gap gets {way} ({told[0]} → {told[1]}{within})"
    return f"{said}."


def _often(row: dict[str, Any]) -> str:
    """'6.4 points less often'."""
    if pd.isna(row["gap_points"]):
        return "(withheld)"
    size = points(abs(row["gap_points"]) / 100).lstrip("+")
    return "as often" if size == "0.0" else f"{size} points {'less' if row['gap_points'] < 0 else 'more'} often"


def cannot(found: Subgroups) -> list[str]:
    """What these cases cannot show, read off the population where there is one."""
    said = []
    by = {kind: [column_label(found, c.name) for c in found.columns if found.dependence(c.name) == kind]
          for kind in ("none", "requests")}  # fmt: skip
    if by["none"]:
        said.append(
            f"{', '.join(by['none'])}: in this population nothing that decides a case depends on it, so no gap of "
            "these groups can be real here: however wide, it is luck of drawing."
        )
    if by["requests"]:
        said.append(
            f"{', '.join(by['requests'])}: in this population it goes with what is asked for and with nothing else, so "
            "for the same diagnosis and procedure no gap of these groups can be real here."
        )
    cases = found.study.cases
    said.append(ASSUMED if cases.drawn else COMPLETE if cases.people else BEHIND)
    if few := _few(found):
        said.append(f"Fewer than {LEAST} cases to divide by, so shown and not compared: {'; '.join(few)}.")
    if found.absent:
        names = ", ".join(column_label(found, name) for name in found.absent)
        said.append(f"Nothing is documented in any case about: {names}.")
    return [*said, NO_COLUMN]


def _few(found: Subgroups) -> list[str]:
    """Groups that are told and not compared: 'Sex other (14 of those it would help)'."""
    said = []
    every = found.gaps()
    for column in found.columns:
        for measure in (APPROVED, REFUSED) if column.helped is not None else (APPROVED,):
            mine = every[(every["column"] == column.name) & (every["measure"] == measure)]
            for i, group in enumerate(column.groups):
                told = column.cases(i) if measure == APPROVED else (column.among(i, "baseline", measure) or (0, 0))[1]
                if group not in {UNKNOWN, *mine["group"], *mine["reference"]} and told is not None and told < LEAST:
                    among = "" if measure == APPROVED else " of those it would help"
                    said.append(f"{column_label(found, column.name)} {group_label(group)} ({told:,}{among})")
    return said


def _grouped(found: Subgroups, measure: str) -> list[list[dict[str, Any]]]:
    """The rows of each comparison together."""
    gaps = found.gaps()
    parts = gaps[gaps["measure"] == measure].groupby(["column", "group"], sort=False)
    return [[{str(k): v for k, v in row.items()} for row in part.to_dict("records")] for _, part in parts]


def files(found: Subgroups, drivers: pd.DataFrame | None) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables to write, and what summary.json says of the subgroups."""
    tables = {"subgroups": found.rates(), "gaps": found.gaps()}
    tables |= {"gap_levers": drivers} if drivers is not None else {}
    dependences = {column.name: found.dependence(column.name) for column in found.columns}
    said = {
        "small_cells_withheld": found.suppressed,
        "intervals": found.family,
        "least_denominator": LEAST,
        "gaps_beyond_luck": None if found.silent else _beyond(found.some()),
        "gap_followed": found.widest(),
        **({"depends": dependences} if found.study.cases.drawn else {}),
        **({"withheld": REASON, "comparisons_withheld": found.untold()} if found.untold() else {}),
        "not_documented": list(found.absent),
    }
    return tables, {"subgroups": said}


def notes(found: Subgroups) -> Shown:
    """How to read these tables."""
    sentences = []
    if found.family:
        sentences.append(
            f"All {found.family:,} intervals of gaps in this report are one family: they are so wide that in 95% of "
            f"draws every one of them holds (Šidák 1967). A gap whose interval leaves 0 out lies beyond {luck(found)}; "
            "which groups those are is no pick of the luckiest. A share of its own has a 95% interval of its own."
        )
    sentences += [METHOD_OF_GAPS, ENOUGH]
    sentences += [WITHHELD_CELLS] if found.suppressed else []
    sentences += [SIMULATED] if any(column.helped is not None for column in found.columns) else []
    return bullets(sentences)


@unless_silent
def rates(found: Subgroups) -> Shown:
    """Cases, approvals and refusals of those it would help, of each group before and after, with 95 % intervals."""
    truth = any(column.helped is not None for column in found.columns)
    rows = []
    every = []
    for column in found.columns:
        for row in column.rates():
            every.append(row)
            cells = [count(row["cases"])]
            for setting in SETTINGS:
                cells.append(
                    f"{count(row[f'{setting}_met'])} · {_rate(row, setting)}"
                    if row[f"{setting}_pct"] is not None
                    else "–"
                )
            cells.append(points(row["change_points"] / 100) if row["change_points"] is not None else "–")
            if truth:
                pair = [row[f"{setting}_{REFUSED}_pct"] for setting in SETTINGS]
                cells.append(
                    "–" if None in pair else f"{fixed(pair[0])} → {percent(pair[1] / 100)} of {row['would_help']:,}"
                )
            group = group_label(UNKNOWN if row["group"] == "not documented" else row["group"])
            rows.append((column_label(found, column.name), group, *cells))
    called = change_called(map(shares_told, every))
    header = ["Column", "Group", "Cases", "Baseline met · rate (95%)", "Scenario met · rate (95%)", called]
    header += ["Refused, of those it would help"] if truth else []
    return tabulated("Approval rate of each group: share of met among all its cases", header, rows, words=2)


@unless_silent
def gaps(found: Subgroups, measure: str = APPROVED, requests: str = AS_THEY_ARE) -> Shown:
    """Each group against the largest of its column in points: before, after, and how the gap moves."""
    rows = []
    if measure == REFUSED and all(column.helped is None for column in found.columns):
        return bullets([UNKNOWN_TRUTH])
    if requests == ALIKE and all(column.requests is None for column in found.columns):
        return bullets(["Not told by diagnosis and procedure, as counts of a few people would be among them."])
    for part in _grouped(found, measure):
        told = {row["setting"]: row for row in part if row["requests"] == requests}
        if told:
            crude = next(r for r in part if (r["requests"], r["setting"]) == (AS_THEY_ARE, "scenario"))
            cells = [_gap(told[setting]) for setting in (*SETTINGS, "change")]
            if requests == ALIKE:
                cells.append(points((crude["gap_points"] - told["scenario"]["gap_points"]) / 100))
            rows.append((*_names(found, told["scenario"]), *cells, _marks(told)))
    what = {APPROVED: "approval rate", REFUSED: f"share {MODEL}"}[measure]
    header = ["Column", "Group", "Before, points", "After, points", "The gap moves by"]
    header += ["Other requests, after"] if requests == ALIKE else []
    title = f"Gaps of the {what}{', diagnosis and procedure held alike' if requests == ALIKE else ''}"
    return tabulated(f"{title} (simultaneous 95% intervals)", [*header, "Beyond luck"], rows, words=2)


@unless_silent
def ratios(found: Subgroups, measure: str = APPROVED) -> Shown:
    """The same gaps as ratios; folded away on a page."""
    if measure == REFUSED and all(column.helped is None for column in found.columns):
        return bullets([UNKNOWN_TRUTH])
    rows = []
    for part in _grouped(found, measure):
        for requests in (AS_THEY_ARE, ALIKE):
            told = {row["setting"]: row for row in part if row["requests"] == requests}
            if told:
                column, names = _names(found, told["scenario"])
                kind = "" if requests == AS_THEY_ARE else ", same requests"
                rows.append((column, names + kind, *(_ratio(told[setting]) for setting in (*SETTINGS, "change"))))
    title = f"The same gaps {'in approvals' if measure == APPROVED else 'in these refusals'}, as ratios"
    header = ("Column", "Group", "Before", "After", "After over before")
    return folded(title, tabulated(f"{title}; 1 is no gap, simultaneous 95% intervals", header, rows, words=2))


def _names(found: Subgroups, row: dict[str, Any]) -> tuple[str, str]:
    """'Age, against 35-49' and '65-79, n = 636', in two lines each: the cases that the share is of."""
    cases = "–" if pd.isna(row["cases"]) else f"{int(row['cases']):,}"
    column = f"{column_label(found, row['column'])}\nagainst {group_label(row['reference'])}"
    return column, f"{group_label(row['group'])}\nn = {cases}"


def _marks(told: dict[str, dict[str, Any]]) -> str:
    """Which of the three lie beyond luck; the verdict of the ratio is the same."""
    if all(row["beyond_luck"] is None or pd.isna(row["beyond_luck"]) for row in told.values()):
        return "–"
    words = {"baseline": "before", "scenario": "after", "change": "moves"}
    return ", ".join(word for setting, word in words.items() if told[setting]["beyond_luck"]) or "no"


@unless_silent
def drivers_table(found: Subgroups, drivers: pd.DataFrame | None, most: int = 12) -> Shown:
    """The levers that move the gap that is followed (`Subgroups.widest`), the strongest first."""
    if drivers is None and found.untold():
        return bullets(["No lever is named, as comparisons of groups are withheld."])
    if drivers is None:
        return bullets([f"No gap lies beyond {luck(found)}, so there is none for a lever to move."])
    if found.suppressed:
        rows = [(row["label"], row["now"]) for row in drivers.head(most).to_dict("records")]
        return tabulated("Levers that move this gap, the strongest first", ("Lever", "Now"), rows, words=2)
    rows = []
    for row in drivers.head(most).to_dict("records"):
        ends = [f"{points(row[end] / 100)} at {row[f'{end}_at']}" for end in ("least", "most")]
        back = points(row["back"] / 100) if not pd.isna(row["back"]) else "not moved"
        rows.append((row["label"], row["now"], points(row["swing"] / 100).lstrip("+"), *ends, back))
    header = ("Lever", "Now", "Swing, points", "Gap nearest to 0", "Gap farthest from 0", "Gap with this lever back")
    inert = int((drivers["swing"] == 0).sum())
    caption = f"How far each lever alone moves this gap over its whole domain; {inert} of {len(drivers)} do not move it"
    return tabulated(caption, header, rows, words=2)


def _rate(row: dict[str, Any], name: str) -> str:
    value, low, high = (row[f"{name}_{part}"] for part in ("pct", "low", "high"))
    return "–" if value is None else percent_within(value, low, high, between="–")


def _points(row: dict[str, Any]) -> str:
    return "–" if pd.isna(row["gap_points"]) else points(row["gap_points"] / 100)


def _gap(row: dict[str, Any]) -> str:
    low, high = row["gap_low"], row["gap_high"]
    return "–" if pd.isna(row["gap_points"]) else points_within(row["gap_points"], low, high)


def _ratio(row: dict[str, Any]) -> str:
    if pd.isna(row["ratio"]):
        return "–"
    high = "no limit" if pd.isna(row["ratio_high"]) else fixed(row["ratio_high"], 2)
    return f"{fixed(row['ratio'], 2)} ({fixed(row['ratio_low'], 2)} to {high})"
