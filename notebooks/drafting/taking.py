"""Levers that were moved, taken into a draft of their policy."""

from typing import NamedTuple

from notebooks.keeping import called
from policy import Draft
from policy.model import Settings, as_word
from policy.problems import refuse

__all__ = ["Taken", "into_a_draft"]


class Taken(NamedTuple):
    """What was done, in sentences; the key of the draft, and the first place that was changed."""

    says: tuple[str, ...]
    key: str
    place: str


def into_a_draft(settings: Settings, baseline: Settings) -> Taken:
    """Every lever that differs, as an edit of the draft of this policy that is in work, or of a new one.

    A lever with dated values gets them up to its last day as they are, and the moved value from that day on.
    Raises ProblemsFound where nothing differs or an edit cannot be made.
    """
    policy = settings.policy
    draft = Draft.of(called(policy))
    says, places = [], []
    for name in (name for name in settings if settings[name] != baseline[name]):
        lever, word = policy.levers[name], as_word(settings[name])
        dated = dict(lever.dated)
        if dated:
            last = max(dated)
            edited = draft.set_dated(name, {**dated, last: word})
            more = f", from {last} on; the values of the days before stay"
        else:
            edited = draft.switch(name, word) if lever.choices else draft.set_default(name, word)
            more = ""
        if not edited.done:
            raise refuse("draft", name, "; ".join(problem.message for problem in edited.problems))
        says.append(f"Taken into the draft: {lever.label}, {lever.in_words(settings[name])}{more}")
        places.append(f"levers.{name}")
    if not places:
        raise refuse("draft", "levers", "no lever is moved")
    return Taken(tuple(says), draft.place.name if draft.place else draft.source, places[0])
