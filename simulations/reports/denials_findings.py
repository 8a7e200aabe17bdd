"""What refusals and open requests are made of, in sentences and tables for people; as HTML and as text."""

from typing import Any

import pandas as pd

from simulations.reports.html_table import Shown, bullets, card, tabulated
from simulations.reports.notices import about_people
from simulations.reports.table_cells import LABELS, in_shares
from simulations.reports.withholding import told_about, unless_silent
from simulations.statistics.disclosure_control import SMALL
from simulations.statistics.intervals import wilson
from simulations.statistics.number_format import fixed, percent, percent_within
from simulations.studies.comparison import Study
from simulations.studies.denials import Anatomy

CAUSES = {
    "criterion": "at least one criterion fails",
    "action": "all criteria are met, and the policy's position says not met",
    "closed": "something was missing when the file was closed",
}
BUNCHING = (
    "Were nothing written with the line in mind, cases within one step of it would lie on either side about as often "
    "(50%). The test is the exact binomial one (Cattaneo, Idrobo and Titiunik 2020). That people round to whole weeks, "
    "months and tens looks the same to it, and so does a true slope: it is a reason to look, and no finding about "
    "anyone's conduct. The p-values are not corrected for their number."
)

LEAST = "Shares are those of the least uneven counts that the rounded ones may stand for; no test is made of them."


def label(found: Anatomy, criterion: str) -> str:
    """The criterion's sentence under the settings."""
    return found.settings.says(criterion)


def in_words(found: Anatomy) -> str:
    """The commonest reason in a sentence made from the numbers."""
    refused = found.outcomes()["not_met"]
    if found.silent:
        return f"{found.silent[0].upper()}{found.silent[1:]}"
    if not refused:
        return f"At most {SMALL} cases are refused" if found.people else "No case is refused"
    first = found.criteria().to_dict("records")[:1]
    if not first or not first[0]["fails"]:
        none = f"at most {SMALL} cases" if found.people else "none of them"
        return f"{found.share(refused, found.cases)} of all cases are not met, {none} for a criterion that fails"
    row = first[0]
    share = found.share(row["fails"], refused)
    says = f"“{label(found, row['criterion'])}”"
    all_of_them = f"{found.share(refused, found.cases)} of all cases are not met"
    said = f"{all_of_them}; in {share} of these {says} fails, in {found.share(row['alone'], refused)} it alone"
    return f"{said[0].upper()}{said[1:]}"


@told_about
def headline(study: Study, found: Anatomy) -> Shown:
    """How many are refused, how many hang on one criterion, how many on one paper."""
    outcomes, price = found.outcomes(), found.price()
    refused, cases = outcomes["not_met"], found.cases
    # rounded counts need not add up
    alone, met = (min(refused, int(found.criteria()[k].sum())) if refused else 0 for k in ("alone", "alone_met"))
    among, waiting = f"of {found.told(refused)} not met", f"of {found.told(price['open'])} open requests"
    if found.people:  # each is a share of all cases
        among, waiting = "of all cases", "of all cases"
    tiles = [
        ("Not met", found.told(refused), f"of {study.cases.told_size} cases{_interval(found, refused, cases)}"),
        (
            "One criterion alone fails",
            found.told(alone),
            f"{among}{_interval(found, alone, refused)}; {found.told(met)} would be met with it",
        ),
        (
            "One paper would settle it",
            found.told(price["one_paper"]),
            waiting + _interval(found, price["one_paper"], price["open"]),
        ),
    ]
    over = f"{study.policy.titled}; {study.cases!r}; {study.title}."
    return card(in_words(found), tiles, over + about_people(study))


def _interval(about: Anatomy, hits: int, cases: int) -> str:
    """', 95% 30.2% to 32.0%'; nothing without cases, and of people."""
    if not cases or about.people:
        return ""
    value, low, high = (100 * part for part in wilson(hits, cases))
    return f", {percent(value / 100)} (95% {fixed(low)} to {fixed(high)})"


@told_about
def causes(study: Study, found: Anatomy) -> Shown:
    """Refusals by cause; they add up."""
    refused = found.outcomes()["not_met"]
    rows = [
        (CAUSES[cause], found.told(count), found.share(count, refused) if refused else "–")
        for cause, count in found.causes().items()
    ]
    rows.append(("All not met", found.told(refused), "100%" if refused else "–"))
    return tabulated("Why cases are not met", ("Cause", "Cases", "Share"), rows, total=True)


@told_about
def criteria(study: Study, found: Anatomy) -> Shown:
    """Each criterion that is read: how often it fails, alone, is missing."""
    refused = found.outcomes()["not_met"]
    rows = [
        (
            label(found, row["criterion"]),
            found.told(row["reads"]),
            found.told(row["fails"]),
            _rate(found, row["fails"], refused),
            found.told(row["alone"]),
            found.told(row["alone_met"]),
            found.told(row["missing"]),
        )
        for row in found.criteria().to_dict("records")
        if row["fails"] or row["missing"]
    ]
    header = ("Criterion", "Read in", "Fails", f"Of not met{_span(found)}", "Fails alone", "Then met", "Not documented")
    caption = f"Criteria by how many of {found.told(refused)} cases not met they fail; a case can fail several"
    return tabulated(caption, header, rows)


def _rate(about: Anatomy, hits: int, cases: int) -> str:
    if not cases:
        return "–"
    if about.people:
        return about.share(hits, cases)
    return percent_within(*(100 * part for part in wilson(hits, cases)))


@unless_silent
def steps(found: Anatomy) -> Shown:
    """Refusals within one step of a line."""
    rows = [
        (
            label(found, row["criterion"]),
            f"{row['now']} → {row['looser']}",
            found.told(row["fails"]),
            found.told(row["within_step"]),
            _rate(found, row["within_step"], row["fails"]),
            found.told(row["met"]),
        )
        for row in found.steps().to_dict("records")
        if row["within_step"]
    ]
    if not rows:
        few = f"At most {SMALL} cases that are not met lie" if found.people else "No case that is not met lies"
        return bullets([f"{few} within one step of a line."])
    header = ("Criterion", "One step looser", "Fails", "No longer fails", f"Share{_span(found)}", "Then met")
    return tabulated("Cases not met within one step of the line", header, rows, words=2)


@unless_silent
def bunching(found: Anatomy) -> Shown:
    """Counts on either side of each line with the test, and what it can and cannot tell."""
    rows = [
        (
            label(found, row["criterion"]),
            _fact(found, row["field"]),
            found.told(row["below"]),
            found.told(row["above"]),
            found.told(row["at_line"]),
            *_test(found, row),
        )
        for row in found.bunching().to_dict("records")
    ]
    if not rows:
        few = f"At most {SMALL} facts lie" if found.people else "No fact lies"
        return bullets([f"{few} within one step of a line."])
    passes = f"Passes{_span(found)}"
    header = ("Criterion", "Fact", "Just fails", "Just passes", "On the line", passes, "p, against 50%")
    made = tabulated("Within one step of the line, on either side", header, rows, words=2)
    note = bullets([BUNCHING, *([LEAST] if found.people else [])])
    return Shown(f"{made.text}\n{note.text}", made.html + note.html)


def _span(found: Anatomy) -> str:
    return "" if found.people else " (95%)"


def _test(found: Anatomy, row: dict[Any, Any]) -> tuple[str, str]:
    """The share that passes with its interval, and the p-value; of people about so much, and no test."""
    if found.people:
        return f"about {percent(row['share_above'] / 100, 0)}", "–"
    value = "< 0.001" if row["p_value"] < 0.001 else fixed(row["p_value"], 3)
    return percent_within(row["share_above"], row["low"], row["high"]), value


def _fact(found: Anatomy, field: str) -> str:
    return " and ".join(found.policy.fields_[name].label for name in field.split("+"))


@told_about
def price(study: Study, found: Anatomy) -> Shown:
    """What closing the open files would refuse, and what documenting could give."""
    costs, outcomes = found.price(), found.outcomes()
    if not costs["open"]:
        none = "No request is open for want of a paper: nothing is missing that could change an outcome."
        return bullets([f"At most {SMALL} requests are open for want of a paper." if found.people else none])
    met = costs["favourable_met"]
    closed = study.scenario["undocumented_action"] == "not_met"
    waits = (
        "were refused because a file was closed" if closed else "wait; closing their files now would refuse them all"
    )
    least, most = found.share(outcomes["met"], found.cases), found.share(outcomes["met"] + met, found.cases)
    sentences = [
        f"{costs['open']:,} of {found.cases:,} cases ({percent(costs['open'] / found.cases)}) {waits}.",
        f"With everything in their favour, {met:,} of them would be met: approvals lie between {least} and {most}.",
        f"One paper alone would settle {costs['one_paper']:,} ({percent(costs['one_paper'] / costs['open'])}).",
    ]
    if found.people:
        sentences = [
            f"Of all cases {found.told(costs['open'])} {waits}.",
            f"With all in their favour, {found.told(met)} would be met: approvals lie between {least} and {most}.",
            f"One paper alone would settle {found.told(costs['one_paper'])} of all.",
        ]
    others = {word: costs[f"favourable_{word}"] for word in ("review", "not_met", "pend")}
    told = [f"{found.told(count)} {LABELS[word].lower()}" for word, count in others.items() if count]
    if told:
        why = "because the policy's position decides them, or because the stage or intent of the request is not known"
        sentences.append(f"The rest would at best be {' and '.join(told)}, {why}.")
    return bullets(sentences)


@unless_silent
def papers(found: Anatomy) -> Shown:
    """Each column that open requests wait for."""
    waiting = found.price()["open"]
    rows = [
        (
            row["label"],
            found.told(row["asked"]),
            _rate(found, row["asked"], waiting),
            found.told(row["alone"]),
            found.told(row["could_be_met"]),
            found.told(row["could_be_refused"]),
        )
        for row in found.fields().to_dict("records")
    ]
    if not rows:
        return bullets(["No column is asked for."])
    header = (
        "Column",
        "Asked for",
        f"Of open requests{_span(found)}",
        "Alone settles",
        "Could be met",
        "Could be not met",
    )
    return tabulated(f"What {found.told(waiting)} open requests wait for; one can wait for several", header, rows)


def tables(found: Anatomy) -> dict[str, pd.DataFrame]:
    """The tables to write."""
    causes = pd.DataFrame(list(found.causes().items()), columns=["cause", "cases"])
    prices = pd.DataFrame(list(found.price().items()), columns=["what", "cases"])
    made = {
        "causes": causes,
        "criteria": found.criteria(),
        "steps": found.steps(),
        "distances": found.distances(),
        "bunching": found.bunching(),
        "papers": found.fields(),
        "price": prices,
    }
    return {name: _of_all(found, table) for name, table in made.items()} if found.people else made


def _of_all(found: Anatomy, table: pd.DataFrame) -> pd.DataFrame:
    """A table of rounded counts as shares of all cases."""
    table = table.drop(columns=["low", "high", "p_value", "share_above"], errors="ignore")
    if "cases" in table:
        table = table.rename(columns={"cases": "counted"})
    return in_shares(table.assign(cases=found.cases)).rename(columns={"about_counted_pct": "about_cases_pct"})


def entries(found: Anatomy) -> dict[str, Any]:
    """What summary.json says of the refusals."""
    if not found.people:
        return {"causes": found.causes(), "price": found.price()}
    if found.silent:
        return {}
    pairs = {"causes": found.causes(), "price": found.price()}
    return {
        f"{name}_about_pct": {key: float(fixed(100 * min(1.0, n / found.cases))) for key, n in counts.items()}
        for name, counts in pairs.items()
    }
