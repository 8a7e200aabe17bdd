"""What refusals and open requests are made of, in sentences and tables for people; see findings.py."""

from typing import Any

import pandas as pd

from simulations.anatomy import Anatomy
from simulations.findings import LABELS, ROUNDED, Shown, bullets, card, tabulated
from simulations.impact import percent
from simulations.intervals import wilson
from simulations.study import Study

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

LEAST = "Shares and p-values are those of the least uneven counts that the rounded ones may stand for."


def label(found: Anatomy, criterion: str) -> str:
    """The criterion's sentence under the settings."""
    return found.settings.says(criterion)


def in_words(found: Anatomy) -> str:
    """The commonest reason in a sentence made from the numbers."""
    refused = found.outcomes()["not_met"]
    if not refused:
        return "No case is refused"
    first = found.criteria().to_dict("records")[:1]
    if not first or not first[0]["fails"]:
        return f"{percent(refused / found.cases)} of all cases are not met, none of them for a criterion that fails"
    row = first[0]
    share = percent(row["fails"] / refused)
    says = f"“{label(found, row['criterion'])}”"
    all_of_them = f"{percent(refused / found.cases)} of all cases are not met"
    return f"{all_of_them}; in {share} of these {says} fails, in {percent(row['alone'] / refused)} it alone"


def headline(study: Study, found: Anatomy) -> Shown:
    """How many are refused, how many hang on one criterion, how many on one paper."""
    outcomes, price = found.outcomes(), found.price()
    refused, cases = outcomes["not_met"], found.cases
    # rounded counts need not add up
    alone, met = (min(refused, int(found.criteria()[k].sum())) if refused else 0 for k in ("alone", "alone_met"))
    among, waiting = f"of {refused:,} not met", f"of {price['open']:,} open requests"
    tiles = [
        ("Not met", f"{refused:,}", f"of {cases:,} cases{_interval(refused, cases)}"),
        (
            "One criterion alone fails",
            f"{alone:,}",
            f"{among}{_interval(alone, refused)}; {met:,} would be met with it",
        ),
        (
            "One paper would settle it",
            f"{price['one_paper']:,}",
            waiting + _interval(price["one_paper"], price["open"]),
        ),
    ]
    over = f"Policy {study.policy.name}, {study.cases!r}; {study.name}."
    return card(in_words(found), tiles, over + (f" {ROUNDED}" if found.people else ""))


def _interval(hits: int, cases: int) -> str:
    """', 95% 30.2% to 32.0%'; nothing without cases."""
    if not cases:
        return ""
    found = wilson(hits, cases)
    return f", {100 * found.value:.1f}% (95% {100 * found.low:.1f} to {100 * found.high:.1f})"


def causes(study: Study, found: Anatomy) -> Shown:
    """Refusals by cause; they add up."""
    refused = found.outcomes()["not_met"]
    rows = [
        (CAUSES[cause], f"{count:,}", percent(count / refused) if refused else "–")
        for cause, count in found.causes().items()
    ]
    rows.append(("All not met", f"{refused:,}", "100%" if refused else "–"))
    return tabulated("Why cases are not met", ("Cause", "Cases", "Share"), rows, total=True)


def criteria(study: Study, found: Anatomy) -> Shown:
    """Each criterion that is read: how often it fails, alone, is missing."""
    refused = found.outcomes()["not_met"]
    rows = [
        (
            label(found, row["criterion"]),
            f"{row['reads']:,}",
            f"{row['fails']:,}",
            _rate(row["fails"], refused),
            f"{row['alone']:,}",
            f"{row['alone_met']:,}",
            f"{row['missing']:,}",
        )
        for row in found.criteria().to_dict("records")
        if row["fails"] or row["missing"]
    ]
    header = ("Criterion", "Read in", "Fails", "Of not met (95%)", "Fails alone", "Then met", "Not documented")
    caption = f"Criteria by how many of {refused:,} cases not met they fail; a case can fail several"
    return tabulated(caption, header, rows)


def _rate(hits: int, cases: int) -> str:
    if not cases:
        return "–"
    found = wilson(hits, cases)
    return f"{100 * found.value:.1f}% ({100 * found.low:.1f} to {100 * found.high:.1f})"


def steps(found: Anatomy) -> Shown:
    """Refusals within one step of a line."""
    rows = [
        (
            label(found, row["criterion"]),
            f"{row['now']} → {row['looser']}",
            f"{row['fails']:,}",
            f"{row['within_step']:,}",
            _rate(row["within_step"], row["fails"]),
            f"{row['met']:,}",
        )
        for row in found.steps().to_dict("records")
        if row["within_step"]
    ]
    if not rows:
        return bullets(["No case that is not met lies within one step of a line."])
    header = ("Criterion", "One step looser", "Fails", "No longer fails", "Share (95%)", "Then met")
    return tabulated("Cases not met within one step of the line", header, rows, words=2)


def bunching(found: Anatomy) -> Shown:
    """Counts on either side of each line with the test, and what it can and cannot tell."""
    rows = [
        (
            label(found, row["criterion"]),
            _fact(found, row["field"]),
            f"{row['below']:,}",
            f"{row['above']:,}",
            f"{row['at_line']:,}",
            f"{row['share_above']:.1f}% ({row['low']:.1f} to {row['high']:.1f})",
            "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}",
        )
        for row in found.bunching().to_dict("records")
    ]
    if not rows:
        return bullets(["No fact lies within one step of a line."])
    header = ("Criterion", "Fact", "Just fails", "Just passes", "On the line", "Passes (95%)", "p, against 50%")
    made = tabulated("Within one step of the line, on either side", header, rows, words=2)
    note = bullets([BUNCHING, *([LEAST] if found.people else [])])
    return Shown(f"{made.text}\n{note.text}", made.html + note.html)


def _fact(found: Anatomy, field: str) -> str:
    return " and ".join(found.policy.fields_[name].label for name in field.split("+"))


def price(study: Study, found: Anatomy) -> Shown:
    """What closing the open files would refuse, and what documenting could give."""
    costs, outcomes = found.price(), found.outcomes()
    if not costs["open"]:
        return bullets(["No request is open for want of a paper: nothing is missing that could change an outcome."])
    met = costs["favourable_met"]
    closed = study.scenario["undocumented_action"] == "not_met"
    waits = (
        "were refused because a file was closed" if closed else "wait; closing their files now would refuse them all"
    )
    least, most = percent(outcomes["met"] / found.cases), percent((outcomes["met"] + met) / found.cases)
    sentences = [
        f"{costs['open']:,} of {found.cases:,} cases ({percent(costs['open'] / found.cases)}) {waits}.",
        f"With everything in their favour, {met:,} of them would be met: approvals lie between {least} and {most}.",
        f"One paper alone would settle {costs['one_paper']:,} ({percent(costs['one_paper'] / costs['open'])}).",
    ]
    others = {word: costs[f"favourable_{word}"] for word in ("review", "not_met", "pend")}
    told = [f"{count:,} {LABELS[word].lower()}" for word, count in others.items() if count]
    if told:
        why = "because the policy's position decides them, or because the stage or intent of the request is not known"
        sentences.append(f"The rest would at best be {' and '.join(told)}, {why}.")
    return bullets(sentences)


def papers(found: Anatomy) -> Shown:
    """Each column that open requests wait for."""
    waiting = found.price()["open"]
    rows = [
        (
            row["label"],
            f"{row['asked']:,}",
            _rate(row["asked"], waiting),
            f"{row['alone']:,}",
            f"{row['could_be_met']:,}",
            f"{row['could_be_refused']:,}",
        )
        for row in found.fields().to_dict("records")
    ]
    if not rows:
        return bullets(["No column is asked for."])
    header = ("Column", "Asked for", "Of open requests (95%)", "Alone settles", "Could be met", "Could be not met")
    return tabulated(f"What {waiting:,} open requests wait for; one can wait for several", header, rows)


def tables(found: Anatomy) -> dict[str, pd.DataFrame]:
    """The tables to write."""
    causes = pd.DataFrame(list(found.causes().items()), columns=["cause", "cases"])
    prices = pd.DataFrame(list(found.price().items()), columns=["what", "cases"])
    return {
        "causes": causes,
        "criteria": found.criteria(),
        "steps": found.steps(),
        "distances": found.distances(),
        "bunching": found.bunching(),
        "papers": found.fields(),
        "price": prices,
    }


def entries(found: Anatomy) -> dict[str, Any]:
    """What summary.json says of the refusals."""
    return {"causes": found.causes(), "price": found.price()}
