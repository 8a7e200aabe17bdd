"""What every reader of a result must know: how it was counted, what is withheld, and what to repeat to get it again."""

from collections.abc import Sequence

from policy.model import Policy
from policy.reading.scenario import Scenario
from simulations.reports.html_table import Shown, bullets, esc
from simulations.statistics.disclosure_control import (
    ALONE,
    REASON,
    SMALL,
    STEP,
)
from simulations.studies.comparison import Study

NOT_MET = "“Not met” is a recommendation to a clinician, never an automatic denial."
METHOD = (
    "Intervals are 95%: Wilson's for a rate; for a change, Newcombe's for pairs, as the same cases are judged twice, "
    "or Clopper and Pearson's exact one where its levers can only take approvals away, or only give some. "
    "They tell the luck of drawing these cases, not how well the cases resemble real ones."
)
METHOD_OF_A_TABLE = (
    "Every row of the table is counted, so no luck of drawing is in its numbers. Intervals are 95% (Wilson's for a "
    "rate, Newcombe's for a change of pairs, Clopper and Pearson's where its levers can move approvals only one way) "
    "and tell how far other tables of as many independent requests differ; requests of one member or provider are not "
    "independent, so they would differ by more."
)
WITHHELD = (
    f"These cases may be people: withheld (–) are {REASON}; so what is told need not add up. No row of the table is "
    f"shown. {ALONE}"
)
ROUGH = (
    f"These cases may be people, and every setting here is one more result to subtract: so shares are of counts "
    f"rounded to {STEP}, as “about”, without intervals; about 0% stands for at most {SMALL} cases. {ALONE}"
)
EXACT = (
    "Not for release: the owner's own view. Every count is exact, also those of a few people, which must not be passed "
    "on."
)


def about_people(study: Study) -> str:
    """What stands beside numbers of a case table whose cases may be people; empty for others."""
    if not study.cases.people:
        return ""
    return f" {EXACT if study.cases.exact else ROUGH if study.rough else WITHHELD}"


LIVE_ONLY = (
    "These cases may be people: beside live numbers nothing exact is shown. workbook simulate makes a report of them "
    "in which small counts are withheld."
)


def whose_cases(study: Study) -> list[str]:
    """That the cases may be people, and what is told of them then; nothing for others."""
    if not study.cases.people:
        return []
    read = f"The cases were read from {study.cases.name}; whether they are synthetic is not known here."
    return [read, about_people(study).strip()]


def notices(study: Study) -> Shown:
    """What every reader of a result must know."""
    return bullets(all_notices(study))


def all_notices(study: Study, counted: bool = True) -> list[str]:
    """Every notice; those for which the cases must be counted only when `counted`."""
    policy, people = study.document, study.cases.people
    found = [policy.notice_of(people), NOT_MET, *(f"{said}." for said in study.already(names=False))]
    found += whose_cases(study)
    for n in policy.code_notices:
        lever, means = policy.levers[n.lever], n.official_meaning.rstrip(".")
        said = f"Code {n.code} is called “{n.source_label}” by {policy.source_name}. It means: {means}. {n.consequence}"
        found.append(
            f"{said} Here {lever.label[0].lower()}{lever.label[1:]}: {lever.in_words(study.scenario[n.lever])}."
        )
    for one in policy.evidence.values():
        if one.status in ("contested", "retracted"):
            year = f" ({one.year})" if any(c.isdigit() for c in one.year) else ""
            found.append(f"Evidence {one.status}: {one.title}{year}. {one.status_note or one.note}")
    found += [
        *([] if study.rough else [METHOD if study.cases.drawn else METHOD_OF_A_TABLE]),
        *remarks(study),
        *(study.guard.warnings() if counted else []),
    ]
    if study.plan and study.plan.applies_to:
        found.append(as_read(study.plan, study.document))
    found += [not_adopted(one) for one in study.documents if one.status != "adopted"]
    return found


def not_adopted(policy: Policy) -> str:
    """That a version is a draft, or was retired or withdrawn."""
    return f"The policy document “{policy.titled}” has the status “{policy.status}”, not “adopted”."


def remarks(study: Study) -> list[str]:
    """What a reader must know of the cases; remarks that count rows or show values of people stay at row level."""
    told = [one for one in study.cases.remarks if not (study.guarded and any(c.isdigit() for c in one))]
    kept = len(told) < len(study.cases.remarks)
    left_out = study.cases.rows_left_out
    return [
        *told,
        *([f"Rows with problems were left out, and are in no number here: {left_out}."] if left_out else []),
        *(["Remarks on rows are at row level, not for release: workbook determine shows them."] if kept else []),
    ]


def as_read(plan: Scenario, policy: Policy) -> str:
    """What a scenario made from somebody's published terms speaks of, where it was read, and what it leaves out."""
    speaks = "; ".join(f"{policy.procedures[p].label} ({_names(policy, ds)})" for p, ds in plan.applies_to.items())
    scope = f"The scenario “{plan.label}” speaks only of {speaks}; here it is applied to every request"
    parts = [f"{scope}, and its source is silent on the others."]
    parts += [f"Source: {plan.citation}; {plan.read or 'date not recorded'}; {plan.status or ''}".rstrip("; ") + "."]
    parts += [f"Not modelled: {'; '.join(plan.not_modelled)}."] if plan.not_modelled else []
    return " ".join(parts)


def _names(policy: Policy, diagnoses: Sequence[str]) -> str:
    return ", ".join(policy.diagnoses[name].label for name in diagnoses)


def _held_against(study: Study) -> list[tuple[str, str]]:
    """Of two versions the one that is the baseline."""
    if study.version is None:
        return []
    base = study.policy
    return [("Baseline", f"{base.name} ({base.status})"), ("Baseline fingerprint", base.fingerprint)]


def stamp(study: Study) -> Shown:
    """What to repeat to get the same numbers."""
    rows = stamped(study)
    body = "".join(f"<tr><th scope='row'>{esc(a)}</th><td>{esc(b)}</td></tr>" for a, b in rows)
    text = "\n".join(f"{a:<24}{b}" for a, b in rows)
    return Shown(text, f'<table class="stamp"><tbody>{body}</tbody></table>')


def _fingerprint_of(study: Study) -> str:
    if study.cases.drawn:
        return "Population fingerprint"
    return "Fingerprint of the table as read" if study.cases.options.changes_cases else "Fingerprint of the file"


def stamped(study: Study) -> list[tuple[str, str]]:
    """The same as pairs of a name and what it stands for."""
    cases, policy = study.cases, study.document
    moved = ", ".join(f"{name}={value}" for name, value in study.provisions().items()) or "no lever moved"
    rows = [
        ("Policy", f"{policy.name} ({policy.status})"),
        ("Policy fingerprint", policy.fingerprint),
        *([("Values of levers from", policy.day)] if policy.day else []),
        *_held_against(study),
        ("Scenario", study.name),
        ("Levers moved", moved),
        ("Population" if cases.drawn else "Case table", cases.name),
        (_fingerprint_of(study), cases.fingerprint),
        *([("The table is read with", how)] if (how := cases.options.in_words()) else []),
        *([("Rows left out", cases.rows_left_out)] if cases.rows_left_out else []),
        ("Cases", cases.told_size),
        ("Seed", "none: the cases were read, not drawn" if cases.seed is None else str(cases.seed)),
    ]
    return rows + ([("Counts of a few people", "exact, not for release")] if cases.people and cases.exact else [])
