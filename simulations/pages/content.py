"""What a page says of its policy and cases, as plain JSON: every text of a person to read, no markup."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from policy.entries.sources import Evidence
from policy.model import OUTCOMES, Lever, Policy, Settings, Value, as_word
from simulations.counting.grouping import OUTSIDE
from simulations.pages.embedded import Embedded
from simulations.reports.lever_groups import by_diagnosis, readers
from simulations.reports.notices import METHOD, all_notices
from simulations.reports.subgroups_findings import group_label
from simulations.reports.table_cells import LABELS, MEANS
from simulations.studies.comparison import Study
from simulations.studies.edits import edits_in_words
from simulations.studies.subgroups import AGE_BAND

_METHOD = (
    "Intervals are 95%, Wilson's. They tell the luck of drawing these cases, not how well the cases resemble real ones."
)


class Command(NamedTuple):
    """What was asked for: a scenario by name, the options that a page and a report share, and the file."""

    scenario: str | None
    options: tuple[str, ...]
    out: str

    @property
    def page(self) -> list[str]:
        """The command line that makes the page again."""
        return ["workbook", "page", *([self.scenario] if self.scenario else []), *self.options, "--out", self.out]

    @property
    def report(self) -> list[str]:
        """The command line of a report of the levers as the page opens, but for the folder that it goes to."""
        return ["workbook", "simulate", *(["--scenario", self.scenario] if self.scenario else []), *self.options]


def content(study: Study, held: Embedded, command: Command) -> dict[str, Any]:
    """All that the page says."""
    policy, read = study.scenario.policy, readers(study.scenario.policy)
    places = {name: place for place, name in enumerate(policy.levers)}
    return {
        "title": policy.title,
        "over": repr(study.cases),
        "scenario": study.plan.label if study.plan else None,
        "edits": edits_in_words(study.policy, study.scenario),
        "outcomes": [{"label": LABELS[word], "means": MEANS[word]} for word in OUTCOMES],
        "levers": [_lever(study, name, lever, read[name]) for name, lever in policy.levers.items()],
        "chapters": [[title, [places[name] for name in names]] for title, names in by_diagnosis(policy, read).items()],
        "groups": [_request(policy, *pair) for pair in held.groups],
        "pathways": [*(pathway.title for pathway in policy.pathways.values()), "Outside the policy"],
        "subgroups": [[_column(policy, name), list(map(group_label, words))] for name, words in held.subgroups.items()],
        "notices": notices(study),
        "stamp": _stamp(study),
        "command": command.page,
        "report": command.report,
        "flow": study.impact.counts.sum(axis=(0, 1)).tolist(),
    }


def notices(study: Study) -> list[str]:
    """What every reader must know, levers and scenarios by their labels, as levers move here."""
    found = [_METHOD if said == METHOD else said for said in all_notices(study, counted=False)]
    for notice in study.document.code_notices:
        here = f"Lever {notice.lever}, here {study.scenario[notice.lever]}."
        lever = f"Its lever: “{study.document.levers[notice.lever].label}”."
        found = [said.replace(here, lever) for said in found]
    return found


def _lever(study: Study, name: str, lever: Lever, read: Sequence[str]) -> dict[str, Any]:
    """A lever; its values stand in one order, and elsewhere each is called by its place in it."""
    policy, values, order = study.scenario.policy, lever.values(), lever.loosest_first()
    cards = [policy.evidence[key] for key in lever.evidence]
    return {
        "name": name,
        "label": lever.label,
        "says": lever.says,
        "kind": "choice" if lever.domain is None else "off" if lever.off_allowed else "number",
        "unit": lever.measure.many if lever.domain else "",
        "values": [as_word(value) for value in values],
        "shown": [lever.in_words(value) for value in values],
        "means": [lever.choices[str(value)] for value in values] if lever.choices else [],
        "strictness": [order.index(value) for value in values] if order else [],
        "allowed": f"allowed {', '.join(map(lever.word, lever.choices))}" if lever.choices else lever.allowed,
        "on": values.index(lever.on) if lever.off_allowed and lever.domain else 0,
        "baseline": _place(study.baseline, name, values),
        "start": values.index(study.scenario[name]),
        "source": [lever.citation, *map(_evidence, cards)],
        "statements": ", ".join(lever.statements),
        "origin": lever.origin or "",
        "read": [policy.pathways[pathway].title for pathway in read],
        "pathways": [list(policy.pathways).index(pathway) for pathway in read],
    }


def _place(settings: Settings, name: str, values: Sequence[Value]) -> int:
    return values.index(settings[name])


def _evidence(card: Evidence) -> str:
    """'Contested: BMJ 2025, strong recommendation against'."""
    year = f" ({card.year})" if card.year not in card.source else ""
    return f"{card.status.capitalize()}: {card.source}{year}, {card.strength}"


def _request(policy: Policy, diagnosis: str, procedure: str) -> list[str]:
    return [
        "Other diagnosis" if diagnosis == OUTSIDE else policy.diagnoses[diagnosis].label,
        "Other procedure" if procedure == OUTSIDE else policy.procedures[procedure].label,
    ]


def _column(policy: Policy, name: str) -> str:
    kind = policy.fields_.get(name)
    return "Age" if name == AGE_BAND else kind.label if kind else name.removeprefix("group_").replace("_", " ")


def _stamp(study: Study) -> list[list[str]]:
    """What to repeat to get the same numbers."""
    cases, policy = study.cases, study.document
    rows = [
        ("Policy", f"{policy.titled} ({policy.status})"),
        ("Policy fingerprint", study.scenario.policy.fingerprint),
        ("Values of levers from", policy.day or ""),
        ("Scenario", study.plan.label if study.plan else ""),
        ("Population", cases.population.label),
        ("Population fingerprint", cases.fingerprint),
        ("Cases", f"{cases.size:,}"),
        ("Seed", str(cases.seed)),
    ]
    return [[name, said] for name, said in rows if said]
