"""Which pathway a request takes, and which branches of a switch a value leaves open."""

from collections.abc import Iterable
from functools import lru_cache

from policy.model import CaseField, Policy, Rule


def branches_of(kind: CaseField, rule: Rule) -> dict[int, Rule]:
    """The branches of a switch by the stored value of their word."""
    words = rule.asked.words if rule.asked else ()
    return {codes_of(kind, [word])[0]: branch for word in words if (branch := rule.branch(word))}


def still_possible(kind: CaseField, rule: Rule, least: int) -> list[Rule]:
    """The branches that a value which is not documented, but at least `least`, may take."""
    below = branches_of(kind, rule)
    above = [branch for code, branch in below.items() if code >= least]
    others = any(code not in below for code in range(max(least, kind.span[0]), kind.span[1] + 1))
    rest = rule.branch()
    return [*above, *([rest] if rest and others else [])] or list(below.values())


def codes_of(kind: CaseField, words: Iterable[str]) -> list[int]:
    """Integers of a field's words."""
    return [kind.code(w) if kind.type in ("boolean", "choice") else int(w) for w in words]


@lru_cache(maxsize=1 << 12)  # asked of every pair of codes in a table, for each batch of it and each single case
def pathway_of(policy: Policy, group: str, code: str) -> str | None:
    """The pathway for a diagnosis group and a procedure code."""
    family = next((name for name, procedures in policy.procedures.items() if code in procedures.codes), None)
    return next(iter(policy.cell(group, family, code)), None) if family else None


def diagnosis_group(policy: Policy, code: str) -> str | None:
    """The diagnosis group of an ICD-10-CM code, None when this policy does not cover it."""
    for name, group in policy.diagnoses.items():
        if code in group.codes or any(code.startswith(prefix) for prefix in group.prefixes):
            return name
    return None
