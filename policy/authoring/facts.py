"""Which values of each fact a policy can tell apart, and which facts hang together.

A test reads a fact by comparing it with a threshold, by asking for words, by asking whether it is on file, or as a part
of a mean. So between two neighbouring thresholds all values of a fact are alike: one of them stands for all.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import mul

from policy.authoring.dates import dated
from policy.authoring.tallies import Item
from policy.case_files.contradictions import ages
from policy.case_files.written import as_written
from policy.entries.scalars import While
from policy.model import CaseField, Policy, Settings, Test
from policy.model.fields import AGE
from policy.problems import refuse
from policy.trees.rules import lever_conditions
from policy.trees.tests import in_force

DAY = "2000-01-01"
FRACTION = range(1, 100)  # hundredths of a per cent that the case reader refuses as a fraction


def components(policies: Sequence[Policy]) -> list[tuple[str, ...]]:
    """The facts that rules read, in groups such that no criterion and no check of the case table spans two groups.

    Facts of different groups can take any values together; so what one group makes of the criteria it feeds never
    restricts another; but for a duration and what it is computed from, which `refuse_together` does not let meet.
    """
    links = [set(fields) for policy in policies for fields in _read_together(policy)]
    read = set().union(*links)
    told = read | {name for policy in policies for name in always_told(policy)}
    for policy in policies:
        told_of = {name: kind.implied_by for name, kind in policy.fields_.items() if name in told and kind.implied_by}
        links += [{name, *tellers} for name, tellers in told_of.items()]
        links += _of_one_column(policy, read)
    groups: list[set[str]] = []
    for link in links:
        apart = [group for group in groups if not group & link]
        groups = [*apart, link.union(*(group for group in groups if group & link))]
    order = {name: i for policy in reversed(policies) for i, name in enumerate(policy.fields_)}
    return sorted((tuple(sorted(group, key=order.__getitem__)) for group in groups if group), key=lambda g: order[g[0]])


def _of_one_column(policy: Policy, read: set[str]) -> Iterator[set[str]]:
    """Durations that hang together because the same days, or the same dates and the age, say something of them."""
    kinds = {name: kind for name, kind in policy.fields_.items() if not kind.told and name in read}
    for name, kind in kinds.items():
        yield {name, *(other for other, one in kinds.items() if kind.days == one.days or kind.ends == one.ends)}
        if AGE in read and ages(policy, kind) and by_dates(name, [policy], kinds):
            yield {name, AGE}


def refuse_together(needed: Collection[str], policies: Sequence[Policy]) -> None:
    """Raises ProblemsFound where what is needed reads a duration and its days, or a date that one is computed from."""
    for policy in policies:
        for name, kind in policy.fields_.items():
            if not kind.told and ({*needed} & {*kind.ends} or (name in needed and kind.days in needed)):
                raise refuse("proof", f"fields.{name}", "the proof does not cover rules on what a duration is made of")


def by_dates(name: str, policies: Sequence[Policy], read: Collection[str]) -> bool:
    """Whether cases of a duration are written with dates: another one has them too, or they are always told."""
    for policy in policies:
        kind = policy.fields_.get(name)
        if kind is None or kind.told:
            continue
        alike = [n for n, one in policy.fields_.items() if n in read and not one.told and one.ends == kind.ends]
        if len(alike) > 1 or {*kind.ends} <= always_told(policy).keys():
            return True
    return False


def options(fields: Sequence[str], readings: Sequence[Settings]) -> list[Item]:
    """The ways to write the facts of a component, as parts of a row, one from each item: all that can be told apart."""
    policies = list({id(s.policy): s.policy for s in readings}.values())
    kinds = {name: next(p.fields_[name] for p in policies if name in p.fields_) for name in fields}
    found: dict[str, dict[str, None]] = {}
    for name, kind in kinds.items():
        found.setdefault(kind.column(name), {}).update(dict.fromkeys(values(name, readings)))
    written = {column: [{column: text} for text in texts] for column, texts in found.items()}
    pairs: dict[tuple[str, str], dict[str, CaseField]] = {}
    for name, kind in kinds.items():
        if by_dates(name, policies, fields):
            pairs.setdefault(kind.ends, {})[name] = kind
    if len({date for pair in pairs for date in pair}) < 2 * len(pairs):
        raise refuse("proof", ", ".join(fields), "the proof does not cover two such durations that share one date")
    for ends, durations in pairs.items():
        fixed = all({*ends} <= always_told(p).keys() for p in policies)
        rows = dated(durations, {name: stops(name, readings) for name in durations})
        days = next(iter(durations.values())).column("")
        written[days] = rows if fixed else [*written[days], *rows]
    told = {column: frozenset(name for name in fields if kinds[name].column(name) == column) for column in written}
    return [Item(told[column], rows) for column, rows in written.items()]


def _read_together(policy: Policy) -> Iterator[tuple[str, ...]]:
    yield from (criterion.test.facts() for criterion in policy.criteria.values())
    yield from ((switch.field,) for rule in policy.rules() for switch in rule.switches())


def always_told(policy: Policy) -> dict[str, str]:
    """The columns besides id and codes that a policy requires, each with a legal value for a row where it is idle."""
    found = {}
    for name, kind in policy.fields_.items():
        if kind.required and name not in ("case_id", "dx", "cpt"):
            plain = {"text": "x", "date": DAY, "boolean": "true", "choice": next(iter(kind.choices), "")}
            found[name] = plain.get(kind.type, str(kind.min))
    return found


def values(name: str, readings: Sequence[Settings]) -> list[str]:
    """The values of one column, as written in a case table, that some reading can tell apart; '' (missing) first.

    A required column is never missing.

    Complete for comparisons: the least value of every stretch between thresholds. For a fact in a mean also the
    greatest of each stretch, and every value that brings the sum with ends of the other facts' stretches exactly to a
    threshold: going from the least corner of a box of stretches to the greatest by raising one fact after another, the
    sum takes every value in between, so each threshold on the sum that a box can reach is reached on this path.
    """
    kinds = [s.policy.fields_[name] for s in readings if name in s.policy.fields_]
    found: dict[str, None] = {} if any(kind.required for kind in kinds) else {"": None}
    if kinds[0].words:
        for kind in kinds:
            found |= dict.fromkeys(reversed(kind.words) if kind.type == "boolean" else kind.words)
        return list(found)
    if kinds[0].type == "date":
        return [*found, DAY]
    for value in stops(name, readings):
        text = _written(kinds[0], value, readings)
        if text is not None:
            found[text] = None
    return list(found)


def stops(name: str, readings: Sequence[Settings]) -> list[int]:
    """The values of a number, on its grid, that stand for all: see `values`."""
    kinds = [s.policy.fields_[name] for s in readings if name in s.policy.fields_]
    low, high = max(kind.span[0] for kind in kinds), min(kind.span[1] for kind in kinds)
    cuts = _cuts(name, readings)
    sums = _sums(name, readings)
    if sums:
        starts = sorted({low, *(c for c in cuts | _single(name, readings) if low < c <= high)})
        cuts = {*starts, *(c - 1 for c in starts), high, *sums}
    return sorted({v for v in (low, *cuts) if low <= v <= high})


def _written(kind: CaseField, value: int, readings: Sequence[Settings]) -> str | None:
    """The column's text for a value of the grid; None where the case reader admits no such value."""
    if kind.type == "percent" and value in FRACTION:
        return None
    if not kind.told:
        days = days_of(kind, value)
        return str(days) if days <= _most_days(kind, [s.policy for s in readings]) else None
    return as_written(kind, value)


def days_of(kind: CaseField, value: int) -> int:
    """The least number of days that a duration of so many steps of its grid has."""
    months, more = divmod(value, 2)
    return months * 487 // 16 + more if kind.calendar else value


def _cuts(name: str, readings: Sequence[Settings]) -> set[int]:
    """The values of the grid at which some comparison, word or branch changes its answer."""
    cuts = (
        {100} if any(s.policy.fields_[name].type == "percent" for s in readings if name in s.policy.fields_) else set()
    )
    for settings in readings:
        for test in _tests(settings):
            if name not in test.fields():
                continue
            cut = settings.cut(test)
            cuts |= {cut} if cut is not None and not test.sums else set()
            cuts |= {int(w) + end for w in test.words if w.isdigit() for end in (0, 1)}
        switches = [switch for rule in settings.policy.rules() for switch in rule.switches() if switch.field == name]
        cuts |= {int(w) + end for switch in switches for w in switch.words if w.isdigit() for end in (0, 1)}
    return cuts


def fixed_cuts(name: str, policies: Sequence[Policy]) -> list[int]:
    """Where the values of a fact fall apart whatever the levers say: plain words, gaps of the grid, ends of a range."""
    found: set[int] = set()
    for policy in policies:
        kind = policy.fields_.get(name)
        if kind is None:
            continue
        found |= {kind.span[0], kind.span[1] + 1, *kind.implied_by.values()}
        if kind.type == "percent":
            found |= {FRACTION.start, FRACTION.stop}
        if not kind.told:
            most = _most_days(kind, policies)
            found |= {*[v for v in range(kind.span[1] + 1) if days_of(kind, v) > most][:1]}
        for criterion in policy.criteria.values():
            for test in criterion.test.walk():
                words = test.words if name in test.fields() else ()
                found |= {int(w) + end for w in words if w.isdigit() for end in (0, 1)}
    return sorted(found)


def _most_days(kind: CaseField, policies: Sequence[Policy]) -> int:
    return min(p.fields_[str(kind.days)].span[1] for p in policies if str(kind.days) in p.fields_)


def rule_conditions(policy: Policy) -> Iterator[While]:
    """Every condition on levers that a rule, a requirement, a step, a gate or a code notice stands under."""
    for notice in policy.code_notices:
        yield {notice.lever: notice.pend_while}
    yield from (entry.while_ for gate in policy.gates for entry in policy.inside(gate))
    for rule in policy.rules():
        yield from lever_conditions(rule)


def _tests(settings: Settings) -> Iterator[Test]:
    for criterion in settings.policy.criteria.values():
        yield from (test for test, _ in in_force(settings, criterion.test))


def _means(name: str, readings: Sequence[Settings]) -> Iterator[tuple[Settings, dict[str, int], int, int]]:
    """The sums in force that a fact is part of: settings, other facts with their signs, what is needed, its own sign.

    As if the fact itself were added: where it is taken away, all other signs are the other way round.
    """
    for settings in readings:
        for test in _tests(settings):
            cut = settings.cut(test)
            if cut is not None and test.sums and name in test.fields():
                signs = dict(zip(test.fields(), test.signs, strict=True))
                own = signs.pop(name)
                yield settings, {other: own * sign for other, sign in signs.items()}, own * cut, own


def _single(name: str, readings: Sequence[Settings]) -> set[int]:
    """Where a mean changes its answer while the other facts are missing (each then stands for its whole range)."""
    found = set()
    for settings, others, total, own in _means(name, readings):
        kinds = [settings.policy.fields_[other] for other in others]
        for ends in itertools.product(*((*kind.span, *kind.bounds) for kind in kinds)):
            found.add(total - sum(map(mul, others.values(), ends)) + (own < 0))
    return found


def _sums(name: str, readings: Sequence[Settings]) -> set[int]:
    """The values that bring a sum exactly to its threshold, with the others at the ends of their stretches."""
    found = set()
    for settings, others, total, _ in _means(name, readings):
        corners = [_corners(other, settings, readings) for other in others]
        found |= {total - sum(map(mul, others.values(), ends)) for ends in itertools.product(*corners)}
    return found


def _corners(name: str, settings: Settings, readings: Sequence[Settings]) -> set[int]:
    low, high = settings.policy.fields_[name].span
    starts = {low, *(c for c in _cuts(name, readings) | _single(name, readings) if low < c <= high)}
    return {*starts, *(c - 1 for c in starts if c > low), high}


def column_of(name: str, policies: Iterable[Policy]) -> str:
    """The column that a fact is written in: itself, or the day count that a duration is told by."""
    kind = next(p.fields_[name] for p in policies if name in p.fields_)
    return kind.column(name)


def counted_otherwise(before: Policy, after: Policy) -> list[str]:
    """The fields that two policies work out of events in different ways; a proof takes their numbers as they are."""
    both = before.fields_.keys() & after.fields_.keys()
    return [
        name for name in before.fields_ if name in both and before.fields_[name].history != after.fields_[name].history
    ]


def read_by_one(before: Policy, after: Policy) -> list[str]:
    """What of a column's cells only one of two policies reads; such a row has no determination on the other side."""
    found = []
    for name, one in before.fields_.items():
        other = after.fields_.get(name)
        if other is None:
            continue
        if one.type != other.type:
            found.append(f"{name}, {one.type} in the first and {other.type} in the second")
            continue
        for side, mine, theirs in (("first", one, other), ("second", other, one)):
            found += [f"{name} {told}, the {side} alone" for told in _more(mine, theirs)]
    return found


def _more(mine: CaseField, theirs: CaseField) -> Iterator[str]:
    """Which cells one field admits and another of the same type does not."""
    if words := [word for word in mine.choices if word not in theirs.choices]:
        yield " or ".join(words)
    if mine.numeric:
        if mine.min < theirs.min:
            yield f"below {theirs.min}"
        if mine.max > theirs.max:
            yield f"above {theirs.max}"
        if mine.steps % theirs.steps:
            yield f"finer than steps of {theirs.step or 1}"
    if theirs.required and not mine.required:
        yield "empty"
