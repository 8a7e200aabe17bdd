"""Levers under headings: those of one family of diagnoses together, those that several read first."""

from collections.abc import Iterable, Mapping

from policy.evaluation.pathways import diagnosis_group
from policy.model import Policy
from policy.trees.policies import CLOSING, levers_read

SEVERAL = "More than one diagnosis"


def readers(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Lever -> the pathways whose outcome can depend on it, in order."""
    reads = {name: levers_read(policy, pathway.rule) for name, pathway in policy.pathways.items()}
    for notice in policy.code_notices:
        group = diagnosis_group(policy, notice.code)
        for name, pathway in policy.pathways.items():
            reads[name] |= {notice.lever} if group in pathway.selects.diagnosis else set()
    for name, pathway in policy.pathways.items():
        reads[name] |= {CLOSING} if pathway.rule.entries() else set()
    return {lever: tuple(name for name, levers in reads.items() if lever in levers) for lever in policy.levers}


def by_diagnosis(policy: Policy, read: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Title -> levers, in document order; `read`: lever -> the pathways that read it."""
    titles = {x.selects.diagnosis: diagnoses_of(policy, x.selects.diagnosis) for x in policy.pathways.values()}
    grouped: dict[str, list[str]] = {SEVERAL: [], **{title: [] for title in titles.values()}}
    for lever in policy.levers:
        concerned = {policy.pathways[name].selects.diagnosis for name in read[lever]}
        grouped[titles[concerned.pop()] if len(concerned) == 1 else SEVERAL].append(lever)
    return {title: names for title, names in grouped.items() if names}


def diagnoses_of(policy: Policy, names: tuple[str, ...]) -> str:
    """'Asthma and bronchitis'."""
    labels = [policy.diagnoses[name].label.partition(",")[0] for name in names]
    return " and ".join([labels[0], *(label[0].lower() + label[1:] for label in labels[1:])])
