"""What the output of a verb says of itself: the policy with its fingerprint, the levers moved, the notices."""

from collections.abc import Iterable

import policy as core
from policy.model import Policy, Settings
from policy.reading.loading import family
from policy.trees.policies import changes_of_values

ROW_LEVEL = "Row level, not for release: exact for every row, and so are the remarks on rows."


def standing_notices(policy: Policy, codes: Iterable[str] | None = None) -> list[str]:
    """The codes whose label in the policy's source is wrong, each with its lever; of some codes only, else all."""
    concerned = None if codes is None else set(codes)
    return [
        f"Code notice: {policy.source_name} calls {n.code} '{n.source_label}', which is wrong (lever {n.lever}). "
        f"{n.official_meaning}"
        for n in policy.code_notices
        if concerned is None or n.code in concerned
    ]


def one_of_several(name: str, policy: Policy, as_of: str | None) -> list[str]:
    """That one version, and one value of each lever, judges every request, where its day would matter."""
    versions = family(name)
    several = versions is not None and len(versions.terms) > 1
    if not several and not changes_of_values(policy):
        return []
    day = f"as of {as_of}" if as_of else "the newest, as no day was named (--as-of)"
    return [f"Every request is judged by {policy.name}, {day}, whatever its date; workbook determine goes by its date."]


def stamp(policy: Policy, settings: Settings, scenario: str | None = None, people: bool = False) -> list[str]:
    """What an output stands on: the notice, the policy with its fingerprint, the levers moved, the pathways changed.

    Of a scenario that speaks of some requests only, also that, so that no other outcome is taken for its source's.
    `people`: the cases may be people.
    """
    from simulations.reports.notices import as_read, not_adopted
    from simulations.scenario.loading import find_scenario
    from simulations.studies.edits import edits_in_words

    moved = core.change_in_words(settings, policy.settings()) or ["no lever moved"]
    moved += edits_in_words(policy, settings)
    values = f", values from {policy.day}" if policy.day else ""
    print_of = f"fingerprint {settings.policy.fingerprint[:12]}"
    found = [policy.notice_of(people), f"{policy.name}{values}, {print_of}; {'; '.join(moved)}"]
    found += [not_adopted(policy)] if policy.status != "adopted" else []
    plan = find_scenario(scenario, policy) if scenario else None
    return found + ([as_read(plan, policy)] if plan and plan.applies_to else [])
