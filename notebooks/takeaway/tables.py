"""What is shown as tables that leave the notebook: each says of which policy, levers and cases it is.

Of people only shares of rounded counts leave, as they are shown: every setting of a lever is one more result.
"""

import hashlib
import json
import re

import pandas as pd

from policy.model import OUTCOMES
from policy.problems import refuse
from simulations import Study
from simulations.reports.impact_findings import about_outcomes
from simulations.reports.notices import all_notices, stamped
from simulations.reports.table_cells import LABELS, group_labels, records
from simulations.statistics.number_format import fixed

__all__ = ["marks", "outcomes", "sheets", "stem"]

_SIDES = {"baseline": "baseline", "scenario": "now"}


def stem(study: Study) -> str:
    """What files of a study are called: the policy, and 12 digits that stand for all that was asked."""
    asked = [
        [one.fingerprint for one in (*study.documents, study.scenario.policy)], study.provisions(),
        study.cases.fingerprint, study.cases.told_size, study.cases.seed, study.cases.exact,
    ]  # fmt: skip
    digits = hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', study.document.name)}_{digits}"


def marks(study: Study) -> dict[str, str]:
    """What goes with every number: fingerprints, levers, cases, and whether those are made up or may be people."""
    told = study.about()
    said = dict(stamped(told))
    changes = "; ".join(study.impact.changes(names=False)).replace(" → ", " to ") or "no lever moved"
    kind = "made up" if study.cases.drawn or not study.cases.people else "may be people"
    return {
        **{"All cases" if name == "Cases" else name: text for name, text in said.items()},
        "Changes in words": changes,
        "Kind of cases": kind,
        "Notice": " ".join(_first(told)),
    }


def _first(study: Study) -> list[str]:
    """The notices without which no number goes: what the data are, what *not met* is, what is withheld of people."""
    return all_notices(study, counted=False)[: 4 if study.cases.people else 2]


def sheets(study: Study) -> dict[str, pd.DataFrame]:
    """The tables of a study by name, the one that is shown first; raises ProblemsFound where nothing may be told."""
    if study.about().silent:
        raise refuse("cases", study.cases.name, study.about().silent)
    shown = {"Outcomes": outcomes(study)}
    if not study.guarded:
        shown = {"Requests": _requests(study)} | shown
    notices = [("Notice", text) for text in all_notices(study.about(), counted=False)]
    rows = [(name, text) for name, text in marks(study).items() if name != "Notice"] + notices
    return shown | {"About": pd.DataFrame(rows, columns=["What", "Said"])}


def outcomes(study: Study) -> pd.DataFrame:
    """Every outcome of all cases, baseline and now; of people shares of rounded counts."""
    if study.guarded:
        told = about_outcomes(study.impact)
        rows = [(LABELS[word], *(None if n is None else float(fixed(100 * n)) for n in told[word])) for word in told]
        return pd.DataFrame(rows, columns=["Outcome", "About, baseline, %", "About, now, %"])
    found = study.impact.outcomes().drop(columns="change_points")
    found["outcome"] = found["outcome"].map(LABELS)
    return found.set_axis(
        ["Outcome", "Cases baseline", "Cases now", "Change, cases", "Share baseline, %", "Share now, %"], axis=1
    )


def _requests(study: Study) -> pd.DataFrame:
    """A row for each diagnosis and procedure that occurs: cases, approval rate with 95% interval, outcomes."""
    found = study.impact.groups()
    labels = [group_labels(study, row) for row in records(found)]
    told = pd.DataFrame(labels, columns=["Diagnosis", "Procedure"])
    told["Cases"] = found["cases"]
    for side, word in _SIDES.items():
        told[f"Approval rate {word}, %"] = found[f"{side}_pct"]
        for end, way in (("low", "from"), ("high", "to")):
            told[f"95% {way}, {word}"] = found[f"{side}_{end}"]
    told["Change, points"] = found["change_points"]
    told["95% from, change"], told["95% to, change"] = found["change_low"], found["change_high"]
    for outcome in OUTCOMES:
        for side, word in _SIDES.items():
            if found[[f"{one}_{outcome}" for one in _SIDES]].to_numpy().any():
                told[f"{LABELS[outcome]} {word}"] = found[f"{side}_{outcome}"]
    return told
