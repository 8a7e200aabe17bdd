"""A reviewed case as a worked example of a draft: only what its rules read, without what identifies and without dates.

A duration between two dates is written in days, such that every criterion reads as it did.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from notebooks.keeping import called
from notebooks.review.reviewing import Finding
from notebooks.review.typed_case import facts_of
from policy import Draft, Policy, Settings
from policy.authoring.draft_edits import Edited
from policy.authoring.draft_files import kept_drafts
from policy.authoring.enumeration import as_cases
from policy.authoring.questions import row_of
from policy.model import CaseField
from policy.problems import ProblemsFound, refuse

__all__ = ["Proposed", "add_example", "comes_out", "draft_for", "place_of_last", "proposed_example"]

_NEAR = 3  # days by which a duration in days may differ from that between its dates


@dataclass(frozen=True)
class Proposed:
    """An example as it would be added: `case` as a document has it, `levers` that stand elsewhere, the outcome."""

    name: str
    case: Mapping[str, str]
    levers: Mapping[str, str]
    expect: str


def proposed_example(found: Finding) -> Proposed:
    """The example that a case makes; ProblemsFound where no days say what its dates do."""
    policy, settings = found.settings.policy, found.settings
    row = row_of(found.case, 0)
    wanted = {"dx", "cpt", *(facts_of(policy, found.pathway) if found.pathway else ())}
    kept = {n: text for n, text in row.items() if n in wanted and text != policy.fields_[n].absent}
    for case in _undated(policy, kept, wanted):
        if _reads_alike(case, found):
            moved = settings.provisions()
            levers = {name: "off" if value is None else str(value) for name, value in moved.items()}
            return Proposed(_name(found), case, levers, found.outcome)
    raise refuse("dates", "example", "this case turns on its dates to the day; an example may not hold the dates")


def _undated(policy: Policy, row: Mapping[str, str], wanted: set[str]) -> Iterator[dict[str, str]]:
    """The case without dates, its durations in days: as they are, then a little shorter or longer."""
    bare = {name: text for name, text in row.items() if policy.fields_[name].type != "date"}
    lasting = {str(kind.days): kind for kind in policy.fields_.values() if not kind.told and str(kind.days) in wanted}
    dated = {column: days for column, kind in lasting.items() if (days := _days(kind, row)) is not None}
    for by in sorted(range(-_NEAR, _NEAR + 1), key=abs):
        yield {**bare, **{column: str(max(days + by, 0)) for column, days in dated.items()}}
        if not dated:
            return


def _days(kind: CaseField, row: Mapping[str, str]) -> int | None:
    """The days between the two dates of a duration that is told by them."""
    if not all(end in row for end in kind.ends):
        return None
    first, last = (date.fromisoformat(row[end]) for end in kind.ends)
    return (last - first).days


def _reads_alike(case: Mapping[str, str], found: Finding) -> bool:
    try:
        other = Finding(found.settings, as_cases([dict(case)], found.settings.policy))
    except ProblemsFound:
        return False
    return other.outcome == found.outcome and other.truths == found.truths


def _name(found: Finding) -> str:
    """'A device for sleep apnoea: not met: At least 1 visit ... made'."""
    policy = found.settings.policy
    title = policy.pathways[found.pathway].title if found.pathway else "A code outside this policy"
    return f"{title}: {found.told.why.removeprefix('Because: ')}"


def draft_for(policy: Policy, key: str = "") -> Draft:
    """The draft kept under a document's key; without one that of the policy as it was loaded, begun if there is none.

    Raises ProblemsFound where the draft is gone, or the policy is not the text of a file or version.
    """
    if key:
        found = {path.name: path for path in kept_drafts(policy.id)}
        if key not in found:
            raise refuse("draft", key, "is not there any more: it was saved as a version, or discarded")
        return Draft.resume(found[key])
    draft = Draft.of(called(policy))
    if draft.published.fingerprint != policy.fingerprint:
        raise refuse("policy", policy.name, "is not the text of a version or file that is kept; save it as one first")
    return draft


def add_example(draft: Draft, example: Proposed) -> Edited:
    """The example added to the draft: what was done, and what is wrong with the draft now."""
    name, taken = " ".join(example.name.split()), {one.get("name") for one in _examples(draft)}
    if not name:
        raise refuse("name", "example", "needs a name that says what it shows")
    if name in taken:
        raise refuse("name", "example", "an example of this name is there already; say what this one shows")
    return draft.add_example(name, example.case, example.expect, levers=example.levers or None)


def _examples(draft: Draft) -> list[dict[str, str]]:
    try:
        return list(draft.value("examples"))
    except ProblemsFound:
        return []


def place_of_last(draft: Draft) -> str:
    """Where the last example stands, as the notebooks hand it on: 'examples.12'."""
    return f"examples.{len(_examples(draft)) - 1}"


def comes_out(example: Proposed, settings: Settings) -> str:
    """The outcome of the example under the policy of its draft."""
    case = as_cases([dict(example.case)], settings.policy)
    return Finding(settings.policy.settings(dict(example.levers)), case).outcome
