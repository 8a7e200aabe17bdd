"""References inside a test: every lever, field and word exists, and like is compared with like."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from policy.entries.scalars import While
from policy.entries.units import KNOWN, in_units
from policy.model import Amount, CaseField, Lever, Policy, Test, as_word, is_number, simplest
from policy.problems import Finding, listed, nearest, shown
from policy.trees.tests import placed_tests, weighed

Path = tuple[object, ...]
NEVER_COUNTED = ("days", "weeks", "months", "years", "percent")
COLUMNS = {"case_id": "text", "dx": "diagnosis", "cpt": "procedure"}  # what every case table has


def unknown(path: Path, kind: str, name: str, known: Iterable[str]) -> Finding:
    """A name that the document does not have."""
    code = "unknown-" + kind.partition(" of ")[0].replace(" ", "-")
    return Finding(code, path, f"no {kind} is called {shown(name)}", name, known)


def conditions_of(policy: Policy, path: Path, condition: While, keyed: bool = True) -> Iterator[Finding]:
    """Levers and their values; `path` leads to the mapping, or straight to the values."""
    for name, words in condition.items():
        lever = policy.levers.get(name)
        here = (*path, name) if keyed else path
        if lever is None:
            yield unknown(here, "lever", name, policy.levers)
            continue
        for word in words:
            if not _says(lever, word):
                yield unknown(here, f"value of {name}", word, _words(lever))


def _says(lever: Lever, word: str) -> bool:
    """Whether a condition may name this word of a lever."""
    try:
        lever.check(word)
    except ValueError:
        return word == "on" and lever.off_allowed
    return True


def _words(lever: Lever) -> Iterator[str]:
    yield from ["on"] * lever.off_allowed
    yield from map(as_word, lever.values())


def in_test(policy: Policy, test: Test, path: Path) -> Iterator[Finding]:
    """A test and all below it."""
    for at, node in placed_tests(test, path):
        yield from _in_node(policy, node, (*at, node.key))


def _in_node(policy: Policy, test: Test, here: Path) -> Iterator[Finding]:
    """What one node itself says, and parts of it that are no tests of their own."""
    yield from conditions_of(policy, here, test.condition)
    reference = test.reference()
    lever = policy.levers.get(reference or "")
    where = (*here, *test.wanted)
    if reference and not is_number(reference) and (lever is None or lever.domain is None):
        yield unknown(where, "numeric lever", reference, (k for k, v in policy.levers.items() if v.domain))
    elif test.counts:
        yield from _counted(policy, test, lever, where)
    for name in test.fields():
        field = policy.fields_.get(name)
        if field is None:
            yield unknown((*here, name), "field", name, policy.fields_)
        elif field.ignored or field.type in COLUMNS.values():
            yield Finding("ignored-field", (*here, name), f"field '{name}' may not be used by a rule")
        else:
            yield from _comparison(policy, test, name, field, (*here, name))
    if test.sums:
        yield from _summed(policy, test, here)
    if not test.nested:
        yield from _between(policy, test, here)


def _counted(policy: Policy, test: Test, lever: Lever | None, where: Path) -> Iterator[Finding]:
    """A number of tests or of points: whole, in no unit of time or per cent, and no more than there can be."""
    most: Amount = lever.domain.max if lever and lever.domain else Decimal(str(test.reference()))
    unit = policy.every_unit.get(lever.unit or "") if lever else None
    if lever and ((unit and unit.equals) or lever.unit in NEVER_COUNTED):
        what = "points" if set(test.points) != {1} else "tests"
        yield Finding("count", where, f"a number of {what} is in points or a unit of your own, not in {lever.unit}")
    elif not isinstance(simplest(Decimal(most)), int) or (lever and lever.domain and not lever.domain.whole):
        yield Finding("count", where, "needs whole numbers")
    elif most > test.most:
        word = f" {lever.unit}" if lever else ""
        of = f"{test.most} tests" if test.most == len(test.points) else f"{test.most} points"
        yield Finding("count", where, f"at least {most}{word} of {of} is never true")


def _summed(policy: Policy, test: Test, here: Path) -> Iterator[Finding]:
    """Fields that are added up are counted in one unit, in steps alike; months are not, of which no two are alike."""
    kinds = {name: policy.fields_[name] for name in test.fields() if name in policy.fields_}
    for name, kind in kinds.items():
        first, one = next(iter(kinds.items()))
        if kind.calendar:
            message = (
                f"cannot add calendar {kind.unit or 'months'} (field '{name}'): months differ; count in days or weeks"
            )
            yield Finding("unit", here, message)
        elif kind.grid != one.grid or (kind.type == one.type == "duration" and kind.unit != one.unit):
            told = ((first, one), (name, kind))
            units = " and ".join(f"'{n}' in {k.unit or k.type} (step {k.step or 1})" for n, k in told)
            yield Finding("unit", here, f"cannot add fields of different units or steps: {units}")


def _between(policy: Policy, test: Test, here: Path) -> Iterator[Finding]:
    """What its two lines are held against, each fault once; they are not the wrong way round at every setting."""
    lines = [part for part, *_ in weighed(test)]
    both = (found for part in lines for found in _in_node(policy, part, here))
    yield from {(f.code, f.message): f._replace(path=(*here, *test.facts())) for f in both}.values()
    ends: list[list[Amount]] = []
    for reference in (str(part.reference()) for part in lines):
        lever = policy.levers.get(reference)
        if is_number(reference):
            ends.append([Decimal(reference)])
        elif lever and lever.domain:
            ends.append([lever.domain.min, lever.domain.max])
    units = {policy.levers[r].unit for r in (str(part.reference()) for part in lines) if r in policy.levers}
    if len(ends) == 2 and len(units) < 2 and min(ends[0]) > max(ends[1]):
        yield Finding("between", here, f"can never hold: {min(ends[0])} is above {max(ends[1])}")


def words_of(field: CaseField) -> tuple[str, ...]:
    """The words that a rule may name of a field."""
    return ("true", "false") if field.type == "boolean" else field.choices


def _comparison(policy: Policy, test: Test, name: str, field: CaseField, path: Path) -> Iterator[Finding]:
    reference = test.reference()
    if reference is not None:
        if not field.numeric:
            yield Finding("comparison", path, f"field '{name}' ({field.type}) cannot be compared with a number")
        elif is_number(reference) or (reference in policy.levers and policy.levers[reference].domain):
            yield from _measured(policy, reference, name, field, path)
    for word in test.words:
        allowed = words_of(field)
        if field.type == "whole" and field.max - field.min < 50:
            allowed = tuple(str(v) for v in range(int(field.min), int(field.max) + 1))
        if field.numeric and not allowed:
            message = f"field '{name}' is a number: write at_least, more_than, less_than, at_most or between"
            yield Finding("comparison", path, message)
        elif word not in allowed:
            yield unknown(path, f"value of {name}", word, allowed)


def _measured(policy: Policy, reference: str, name: str, field: CaseField, path: Path) -> Iterator[Finding]:
    """A line is in a unit of the field's kind, and lies on its grid."""
    lever, steps = policy.levers.get(reference), policy.grid_steps(name, reference)
    if lever and lever.unit not in policy.every_unit:
        return
    if not steps and lever is None:
        return  # its own unit is none: that is said there
    if not steps:
        unit = lever.unit if lever else ""
        message = f"lever '{reference}' is in {unit}, field '{name}' is in {field.unit or field.type}"
        if {unit, field.grid[0]} <= {"days", "weeks", "months", "years"}:
            message += " (days and months compare only in a field of type duration, which knows the dates)"
        yield Finding("unit", path, message)
        return
    values = [lever.domain.min, lever.domain.step] if lever and lever.domain else [Decimal(reference)]
    if field.calendar and any(
        value * steps % 2 for value in values
    ):  # of half months only the whole ones have a length
        what = f"lever '{reference}' moves by" if lever else f"{reference} is in"
        message = f"{what} parts of a month, and no two months are alike: write whole months, or days or weeks"
        yield Finding("step", path, message)
    elif any(value * steps % 1 for value in values):
        what = f"lever '{reference}' moves by {values[-1]}" if lever else f"{reference} is"
        message = f"{what}{',' if lever else ''} finer than the step of field '{name}', {field.step or 1}"
        yield Finding("step", path, message)


def in_units_of(policy: Policy) -> Iterator[Finding]:
    """Units that exist, and units that are a number of others without going round."""
    for name, unit in policy.units.items():
        path: Path = ("units", name, "equals")
        if name in KNOWN:
            yield Finding("unit", ("units", name), f"{shown(name)} is known to every document: choose another name")
        other = (unit.equals or " ").split()[-1:]
        if other and other[0] not in policy.every_unit:
            yield unknown(path, "unit", other[0], policy.every_unit)
        elif other and in_units(policy.every_unit, other[0], name) is not None:
            yield Finding("unit", path, f"{shown(name)} is a number of itself")
    for section, group in (("fields", policy.fields_), ("levers", policy.levers)):
        for name, one in group.items():
            if one.unit and one.unit not in policy.every_unit:
                known = [*policy.every_unit]
                told = f"allowed {listed(known, len(known))}, or name it under units:{nearest(one.unit, known)}"
                yield Finding("unit", (section, name, "unit"), f"{shown(one.unit)} is no unit; {told}")
