"""What the output of a verb says of itself: the policy with its fingerprint, the levers moved, the notices."""

from collections.abc import Iterable

import policy as core
from policy.model import Policy, Settings

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


def stamp(policy: Policy, settings: Settings, scenario: str | None = None) -> list[str]:
    """What an output stands on: the notice, the policy with its fingerprint, the levers moved, the pathways changed.

    Of a scenario that speaks of some requests only, also that, so that no other outcome is taken for its source's.
    """
    from simulations.reports.notices import as_read
    from simulations.scenario.loading import find_scenario
    from simulations.studies.edits import edits_in_words

    moved = core.change_in_words(settings, policy.settings()) or ["no lever moved"]
    moved += edits_in_words(policy, settings.policy)
    found = [policy.notice, f"{policy.name}, fingerprint {settings.policy.fingerprint[:12]}; {'; '.join(moved)}"]
    plan = find_scenario(scenario, policy) if scenario else None
    return found + ([as_read(plan, policy)] if plan and plan.applies_to else [])
