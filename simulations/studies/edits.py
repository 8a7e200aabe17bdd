"""What an edit of a policy's criteria changes, in words."""

from collections.abc import Iterable

from policy.model import Policy, Rule, Settings
from policy.trees.rules import stated_outcomes


def edits_in_words(before: Policy, edited: Settings) -> list[str]:
    """'Inhaler for asthma: also requires “Spirometry was done”' for the pathways that an edit changes."""
    after = edited.policy
    if after is before:
        return []
    changed: dict[str, list[str]] = {}  # what is said -> the pathways of which it is said
    for name, pathway in before.pathways.items():
        mine, theirs = pathway.rule, after.pathways[name].rule
        if theirs.outcome is not None:
            said = [f"always {str(theirs.outcome).replace('_', ' ')}: {theirs.because}"] if theirs != mine else []
        else:
            old, new = _required(before, mine), _required(after, theirs)
            changes = [("also requires", sorted(new - old)), ("no longer requires", sorted(old - new))]
            said = [f"{words} {_sentences(edited, found)}" for words, found in changes if found]
            referred = _reviews(theirs) - _reviews(mine)
            said += [f"review in the place of met: {because}" for because in sorted(referred)]
        if said:
            changed.setdefault("; ".join(said), []).append(pathway.title)
    return [f"{', '.join(titles)}: {said}" for said, titles in changed.items()]


def _sentences(edited: Settings, found: Iterable[tuple[str, int, str]]) -> str:
    """The criteria by their sentences, each once."""
    return ", ".join(f"“{edited.says(name)}”" for name in dict.fromkeys(name for name, *_ in found))


def _reviews(rule: Rule) -> set[str]:
    """The reasons for which a rule sends requests to a clinician."""
    return {str(because) for word, because in stated_outcomes(rule) if word == "review"}


def _required(policy: Policy, rule: Rule) -> set[tuple[str, int, str]]:
    """The criteria that a rule requires, gates written out, each with its place in the rule and its condition."""
    return {
        (inner.criterion, place, str(sorted((entry.while_ | inner.while_).items())))
        for place, below in enumerate(rule.walk())
        for entry, inner in policy.requirements(below)
    }
