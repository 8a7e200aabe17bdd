"""What a new version changes, in the policies' own words, and whose share of the difference each change has."""

import pandas as pd

from simulations.reports.entries_in_words import entry_name, without_identifiers
from simulations.reports.html_table import Shown, bullets, folded, tabulated, titled
from simulations.reports.table_cells import signed
from simulations.statistics.number_format import fixed, points, points_within
from simulations.studies.comparison import Study
from simulations.studies.shapley import Attribution
from simulations.studies.version_changes import WHOLE, attribute_versions
from simulations.studies.versions import told

PEOPLE = "Not shared out: these cases may be people, and a share can come from a few of them."
TOGETHER = (
    "The document differs in more than its criteria, gates, pathways and levers (in which request goes which way, or "
    "in entries that only both together can read), so what it changes beside the levers is told as one."
)


def version_changes(study: Study) -> Shown:
    """What differs between the two versions, what may decide a case first; and each change's share of the approvals."""
    both = told(study.baseline, study.scenario)
    sentences = [_in_words(study, sentence) for sentence in both.deciding]
    found = [titled(f"What changes. {study.titled}", sentences or ["Nothing that may decide a case."])]
    if both.other:
        title = f"Wording, sources and evidence, which decide no case ({len(both.other)} changes)"
        said = [_in_words(study, sentence) for sentence in both.other]
        found.append(folded(title, bullets(said)))
    found.append(share_of_changes(study))
    return Shown("\n".join(one.text for one in found), "".join(one.html for one in found))


def _in_words(study: Study, sentence: str) -> str:
    """'texts.who_decides, says: ...' as 'Texts “Who decides”, says: ...': no entry of the documents by identifier."""
    sides = (study.scenario, study.baseline)
    place, colon, rest = sentence.replace(" -> ", " → ").partition(":")
    section, _, entry = place.partition(", ")[0].partition(".")
    if entry and " " not in section:
        place = place.replace(f"{section}.{entry}", f"{section} “{entry_name(sides, section, entry)}”", 1)
    return without_identifiers(f"{place[:1].upper()}{place[1:]}{colon}{rest}", sides)


def parted_versions(study: Study) -> Attribution | None:
    """The shares of the changes, worked out once; None for people, and where nothing that decides differs."""
    return None if study.guarded else study.once(attribute_versions)


def share_of_changes(study: Study) -> Shown:
    """Each change's share of the change in approvals, with its bounds; they add up."""
    found = parted_versions(study)
    if found is None:
        return bullets([PEOPLE if study.guarded else "Nothing to share out: no change may decide a case."])
    rows = [
        (
            change_label(study, row["provision"]),
            signed(int(fixed(row["share"], 0))),
            points_within(row["share_points"], row["low"], row["high"], decimals=2),
            signed(row["first_in"]),
            signed(row["last_in"]),
        )
        for row in found.frame().to_dict("records")
    ]
    game = found.game()
    change = int(game[-1] - game[0])
    rows.append(("All together", signed(change), points(change / found.cases, 2), "", ""))
    header = ("Change", "Share, cases", "In points (95%)", "Made alone", "After all others")
    caption = f"Change in cases met, of {found.cases:,}, shared out among the changes (mean over all orders)"
    shown = tabulated(caption, header, rows, total=True)
    if WHOLE not in found.provisions:
        return shown
    why = bullets([TOGETHER])
    return Shown(f"{shown.text}\n{why.text}", shown.html + why.html)


def change_label(study: Study, name: str) -> str:
    """A change in words: a lever with both values, an entry of the document by its own sentence or title."""
    section, _, entry = name.partition(".")
    policy = study.scenario.policy
    if name in policy.levers and name in study.baseline:
        lever = policy.levers[name]
        return f"{lever.label}: {lever.moves(study.baseline[name], study.scenario[name])}"
    if section == "criteria":
        return f"Criterion: {study.scenario.says(entry)}"
    if section == "gates":
        return f"Gate: {policy.gates[entry].title}"
    if section == "pathways":
        return f"Pathway: {policy.pathways[entry].title}"
    return name.capitalize()


def version_tables(study: Study) -> dict[str, pd.DataFrame]:
    """The tables that a report of two versions has besides: every change in words, and the shares."""
    both = told(study.baseline, study.scenario)
    changes = [*((says, True) for says in both.deciding), *((says, False) for says in both.other)]
    found = {"changes": pd.DataFrame(changes, columns=["change", "may_decide"])}
    shares = parted_versions(study)
    return found | ({"attribution": shares.frame()} if shares else {})
