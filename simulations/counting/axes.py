"""Which of the levers that move can be counted in levels, and in what order their values get stricter."""

from collections.abc import Iterable
from dataclasses import dataclass

from policy.model import Comparison, Count, Policy, Rule, Test, Value, While


def in_order(policy: Policy, lever: str) -> list[Value]:
    """The values of a numeric lever from lenient to strict; off first."""
    values = policy.levers[lever].values()
    off = [None] * (None in values)
    return off + values[len(off) :][:: 1 if policy.levers[lever].direction == "stricter_when_higher" else -1]


def stricter(policy: Policy, test: Test, lever: str) -> bool:
    """Whether a test passes for a first stretch of the lever's values in order, and no more after that."""
    if lever not in test.levers():
        return True
    up = policy.levers[lever].direction == "stricter_when_higher"
    if isinstance(test, Count) and test.reference() == lever:
        return up and not any(lever in part.levers() for part in test.parts)
    if test.parts:
        return test.turns == 1 and all(stricter(policy, part, lever) for part in test.parts)
    return isinstance(test, Comparison) and up == test.rises


@dataclass(frozen=True)
class Roles:
    """The levers, among those that move, that one rule reads: `axes` count in levels, `choices` multiply."""

    axes: tuple[str, ...]
    choices: tuple[str, ...]

    @classmethod
    def of(cls, policy: Policy, rule: Rule, moving: Iterable[str], named: Iterable[str] = ()) -> "Roles":
        """`named`: levers read outside the rule, which can only be choices."""
        read = set(named)
        conditions: list[While] = []
        criteria: dict[str, list[While]] = {}
        for below in rule.walk():
            conditions += [below.while_, *(step.while_ for step in below.then)]
            conditions += [below.assume.while_] if below.assume else []
            read |= {word for word in (below.outcome, *(step.outcome for step in below.then)) if word in policy.levers}
            names = [below.stated, *(step.when for step in below.then)]
            for entry in below.require or ():
                gate = policy.gates.get(entry.criterion)
                conditions += [entry.while_] if gate else []
                for inner in gate.require if gate else (entry,):
                    criteria.setdefault(inner.criterion, []).append(inner.while_)
            for name in filter(None, names):
                criteria.setdefault(name, []).append({})
        fixed = read | {name for condition in conditions for name in condition}
        axes: list[str] = []
        for lever in moving:
            uses = [(policy.criteria[name].test, whiles) for name, whiles in criteria.items()]
            uses = [
                (test, whiles) for test, whiles in uses if lever in test.levers() or any(lever in w for w in whiles)
            ]
            read |= {lever} if uses else set()
            alone = all(not set(axes) & ({*test.levers()} | {n for w in whiles for n in w}) for test, whiles in uses)
            only_on = all(w.get(lever, ("on",)) == ("on",) for _, whiles in uses for w in whiles)
            numeric = policy.levers[lever].domain is not None and len(policy.levers[lever].values()) < 255
            if uses and numeric and alone and only_on and lever not in fixed:
                axes += [lever] * all(stricter(policy, test, lever) for test, _ in uses)
        return cls(tuple(axes), tuple(m for m in moving if m in read | fixed and m not in axes))
