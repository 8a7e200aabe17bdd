"""References inside a policy: everything named exists, compares like with like, and every request has one pathway."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from policy.model import (
    LONGEST_DAYS,
    OUTCOMES,
    Amount,
    Between,
    CaseField,
    Lever,
    Policy,
    Record,
    Rule,
    Test,
    While,
    as_word,
    in_units,
    is_number,
    simplest,
    test_of,
)
from policy.problems import Finding, listed, shown

Path = tuple[object, ...]
ACTIONS = (*OUTCOMES, "met_if_prereqs")
DURATIONS = ("days", "weeks", "months", "years")
COLUMNS = {"case_id": "text", "dx": "diagnosis", "cpt": "procedure"}  # what every case table has


def check_policy(policy: Policy) -> Iterator[Finding]:
    """Every unknown name, mismatch of units, gap and overlap."""
    yield from _references(policy)
    yield from _units(policy)
    yield from _fields(policy)
    yield from _codes(policy)
    closing = policy.levers.get("undocumented_action")
    if closing is None or not set(closing.choices or ("none",)) <= {"pend", "not_met"}:
        yield Finding("closing", ("levers", "undocumented_action"), "a lever with the choices pend, not_met is needed")
    for name, criterion in policy.criteria.items():
        path = ("criteria", name)
        for i, variant in enumerate(criterion.variants):
            yield from _while(policy, (*path, "variants", i, "while"), variant.while_)
        sentences: list[tuple[Path, str]] = [((*path, "says"), criterion.says)]
        sentences += [((*path, "variants", i, "says"), variant.says) for i, variant in enumerate(criterion.variants)]
        for where, says in sentences:
            for lever in re.findall(r"\{([^{}]*\}?)", says):
                if lever[:-1] not in policy.levers:
                    yield _unknown(where, "lever", lever.removesuffix("}"), policy.levers)
        yield from _test(policy, criterion.test, (*path, "test"))
    for name, gate in policy.gates.items():
        for i, entry in enumerate(gate.require):
            yield from _entry(policy, ("gates", name, "require", i), entry.criterion, entry.while_, policy.criteria)
    for name, pathway in policy.pathways.items():
        for at, rule, _ in pathway.rule.placed(("pathways", name, "rule")):
            yield from _rule(policy, rule, at)
    yield from _one_pathway_each(policy)
    yield from _exceptions(policy)


def _exceptions(policy: Policy) -> Iterator[Finding]:
    """Exceptions to the direction of a lever: known levers and values, from a looser value to a stricter one."""
    for i, exception in enumerate(policy.direction_exceptions):
        path: Path = ("direction_exceptions", i)
        yield from _while(policy, (*path, "while"), exception.while_)
        lever = policy.levers.get(exception.lever)
        if lever is None:
            yield _unknown((*path, "lever"), "lever", exception.lever, policy.levers)
            continue
        if exception.lever in exception.while_:
            yield Finding("direction", (*path, "while", exception.lever), "the lever that moves cannot also be held")
        order = lever.loosest_first()
        if not order:
            yield Finding(
                "direction", (*path, "lever"), f"{shown(exception.lever)} has no direction: declare its order"
            )
            continue
        places = []
        for key, value in (("from", exception.from_), ("to", exception.to)):
            try:
                places.append(order.index(lever.check(value)))
            except ValueError as error:
                yield Finding("lever-value", (*path, key), str(error))
        if len(places) == 2 and places[0] >= places[1]:
            yield Finding("direction", (*path, "to"), "must be stricter than from: the move is the strict way")


def _unknown(path: Path, kind: str, name: str, known: Iterable[str]) -> Finding:
    code = "unknown-" + kind.partition(" of ")[0].replace(" ", "-")
    return Finding(code, path, f"no {kind} is called {shown(name)}", name, known)


def _references(policy: Policy) -> Iterator[Finding]:
    groups: list[tuple[str, dict[str, Record]]] = [
        ("evidence", dict(policy.evidence)), ("fields", dict(policy.fields_)), ("levers", dict(policy.levers)),
        ("criteria", dict(policy.criteria)), ("pathways", dict(policy.pathways)), ("texts", dict(policy.texts)),
        ("open_questions", dict(policy.open_questions)),
    ]  # fmt: skip
    for section, group in groups:
        for name, element in group.items():
            for key, kind, known in (
                ("statements", "statement", policy.statements.keys()),
                ("evidence", "evidence card", policy.evidence.keys()),
            ):
                for i, cited in enumerate(getattr(element, key, ())):
                    if cited not in known:
                        yield _unknown((section, name, key, i), kind, cited, known)
    for name, statement_ in policy.statements.items():
        if statement_.source and statement_.source not in policy.evidence:
            yield _unknown(("statements", name, "source"), "evidence card", statement_.source, policy.evidence)
    for i, notice in enumerate(policy.code_notices):
        if notice.lever in policy.levers:
            yield from _while(policy, ("code_notices", i, "pend_while"), {notice.lever: notice.pend_while}, keyed=False)
        else:
            yield _unknown(("code_notices", i, "lever"), "lever", notice.lever, policy.levers)


def _fields(policy: Policy) -> Iterator[Finding]:
    """The three columns of every case table, bounds, words, and what a duration in months is made of."""
    fields = policy.fields_
    if len(fields) > 64:
        yield Finding("fields", ("fields",), f"{len(fields)} fields; at most 64")
    for name, kind in COLUMNS.items():
        if name not in fields or fields[name].type != kind or not fields[name].required:
            yield Finding("fields", ("fields", name), f"a required field of type {kind} is needed")
    for name, field in fields.items():
        path = ("fields", name)
        if not 0 <= field.min <= field.max:
            yield Finding("bounds", path, f"needs 0 <= min <= max, found {field.min} and {field.max}")
        if (field.type == "choice") != bool(field.choices):
            yield Finding("choices", path, "a field of type choice, and no other, needs choices")
        if field.absent is not None and field.absent not in field.words:
            yield _unknown((*path, "absent"), f"value of {name}", field.absent, _allowed(field))
        for teller, number in field.implied_by.items():
            at = (*path, "implied_by", teller)
            if teller not in fields:
                yield _unknown(at, "field", teller, fields)
            elif field.type != "whole" or not field.min < number <= field.max:
                message = f"belongs to a whole number above {field.min}, at most {field.max}"
                yield Finding("implied", at, message)
            elif (
                fields[teller].type in ("text", "diagnosis", "procedure")
                or not fields[teller].told
                or fields[teller].absent
                or teller == name
            ):
                yield Finding("implied", at, f"{shown(teller)} must be another column that may be missing")
        if not field.told:
            yield from _duration(fields, field, path)


def _duration(fields: Mapping[str, CaseField], field: CaseField, path: Path) -> Iterator[Finding]:
    """Two dates and a number of days."""
    ends = (("onset", field.onset), ("request", field.request))
    if field.type == "duration":
        ends = (("from", field.from_), ("to", field.to))
        if field.unit not in DURATIONS:
            yield Finding("duration", (*path, "unit"), f"a field of type duration needs a unit of {listed(DURATIONS)}")
        if field.model_fields_set & {"min", "max"}:
            yield Finding("duration", path, "a field of type duration has no min and max: its dates and days have")
    for key, source, kind in (*((key, source, "date") for key, source in ends), ("days", field.days, "whole")):
        if source is None:
            yield Finding(field.type, path, f"a field of type {field.type} needs {key}: a field of type {kind}")
        elif source not in fields:
            yield _unknown((*path, key), "field", source, fields)
        elif fields[source].type != kind:
            yield Finding(field.type, (*path, key), f"{shown(source)} must be of type {kind}")
        elif key == "days" and fields[source].span[1] > LONGEST_DAYS:
            yield Finding(field.type, (*path, key), f"{shown(source)} may have more than {LONGEST_DAYS:,} days")


def _codes(policy: Policy) -> Iterator[Finding]:
    """Each code in one group or family only; each code that a rule or notice names is in the policy."""
    paths: dict[str, list[Path]] = {}
    for name, group in policy.diagnoses.items():
        for key, codes in (("codes", group.codes), ("prefixes", group.prefixes)):
            for code in codes:
                paths.setdefault(code, []).append(("diagnoses", name, key, code))
    prefixes = {code: name for name, group in policy.diagnoses.items() for code in group.prefixes}
    for code, places in paths.items():
        above = {prefixes[code[:n]] for n in range(3, len(code) + 1) if code[:n] in prefixes}
        if len(places) > 1 or above - {places[0][1]}:
            yield Finding("code-twice", places[-1], f"code {code} stands in two diagnosis groups")
    for code in policy.retired_codes:
        if code in paths:
            yield Finding("code-retired", ("retired_codes", code), f"code {code} stands in a diagnosis group")
    families = [(name, code) for name, family in policy.procedures.items() for code in family.codes]
    count = Counter(code for _, code in families)
    for name, code in {code: (name, code) for name, code in families if count[code] > 1}.values():
        yield Finding("code-twice", ("procedures", name, "codes", code), f"code {code} stands in two families")
    named: list[tuple[Path, str]] = [(("code_notices", i, "code"), n.code) for i, n in enumerate(policy.code_notices)]
    for name, pathway in policy.pathways.items():
        for path, rule, _ in pathway.rule.placed(("pathways", name, "rule")):
            for i, entry in enumerate(rule.require or ()):
                named += [((*path, "require", i, "codes", j), code) for j, code in enumerate(entry.codes)]
    known = tuple(paths)
    for path, code in named:
        if not code.startswith(known):
            yield _unknown(path, "diagnosis code", code, paths)


def _while(policy: Policy, path: Path, condition: While, keyed: bool = True) -> Iterator[Finding]:
    """Levers and their values; `path` leads to the mapping, or straight to the values."""
    for name, words in condition.items():
        lever = policy.levers.get(name)
        here = (*path, name) if keyed else path
        if lever is None:
            yield _unknown(here, "lever", name, policy.levers)
            continue
        for word in words:
            if not _says(lever, word):
                yield _unknown(here, f"value of {name}", word, _words(lever))


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


def _test(policy: Policy, test: Test, path: Path) -> Iterator[Finding]:
    here = (*path, test.key)
    yield from _while(policy, here, test.condition)
    reference = test.reference()
    lever = policy.levers.get(reference or "")
    where = (*here, *test.wanted)
    if reference and not is_number(reference) and (lever is None or lever.domain is None):
        yield _unknown(where, "numeric lever", reference, (k for k, v in policy.levers.items() if v.domain))
    elif test.counts:
        yield from _counted(policy, test, lever, where)
    for name in test.fields():
        field = policy.fields_.get(name)
        if field is None:
            yield _unknown((*here, name), "field", name, policy.fields_)
        elif field.ignored or field.type in COLUMNS.values():
            yield Finding("ignored-field", (*here, name), f"field '{name}' may not be used by a rule")
        else:
            yield from _comparison(policy, test, name, field, (*here, name))
    if test.sums:
        yield from _summed(policy, test, here)
    if isinstance(test, Between):
        yield from _between(policy, test, here)
    for i, part in enumerate(test.parts):
        for found in _test(policy, part, (*here, *test.steps(i))):
            yield found if test.nested else found._replace(path=(*here, *part.fields()))


def _counted(policy: Policy, test: Test, lever: Lever | None, where: Path) -> Iterator[Finding]:
    """A number of tests or of points: whole, and no more than there can be."""
    most: Amount = lever.domain.max if lever and lever.domain else Decimal(str(test.reference()))
    unit = policy.every_unit.get(lever.unit or "") if lever else None
    converted = unit and unit.equals
    if not isinstance(simplest(Decimal(most)), int) or (lever and lever.domain and not lever.domain.whole):
        yield Finding("count", where, "needs whole numbers")
    elif most > test.most or converted:
        word = f" {lever.unit}" if lever else ""
        of = f"{len(test.parts)} tests" if test.most == len(test.parts) else f"{test.most} points"
        yield Finding("count", where, f"at least {most}{word} of {of} is never true")


def _summed(policy: Policy, test: Test, here: Path) -> Iterator[Finding]:
    """Fields that are added up are counted in one unit, in steps alike."""
    kinds = {name: policy.fields_[name] for name in test.fields() if name in policy.fields_}
    for name, kind in kinds.items():
        first, one = next(iter(kinds.items()))
        if kind.grid != one.grid:
            told = ((first, one), (name, kind))
            units = " and ".join(f"'{n}' in {k.unit or k.type} ({k.scale} steps a unit)" for n, k in told)
            yield Finding("unit", here, f"cannot add fields of different units or steps: {units}")


def _between(policy: Policy, test: Between, here: Path) -> Iterator[Finding]:
    """The two lines are not the wrong way round at every setting."""
    ends: list[list[Amount]] = []
    for part in test.parts:
        reference = str(part.reference())
        lever = policy.levers.get(reference)
        if is_number(reference):
            ends.append([Decimal(reference)])
        elif lever and lever.domain:
            ends.append([lever.domain.min, lever.domain.max])
    units = {policy.levers[r].unit for r in map(str, (p.reference() for p in test.parts)) if r in policy.levers}
    if len(ends) == 2 and len(units) < 2 and min(ends[0]) > max(ends[1]):
        yield Finding("between", here, f"can never hold: {min(ends[0])} is above {max(ends[1])}")


def _allowed(field: CaseField) -> tuple[str, ...]:
    return ("true", "false") if field.type == "boolean" else field.choices


def _comparison(policy: Policy, test: Test, name: str, field: CaseField, path: Path) -> Iterator[Finding]:
    reference = test.reference()
    if reference is not None:
        if not field.numeric:
            yield Finding("comparison", path, f"field '{name}' ({field.type}) cannot be compared with a number")
        elif is_number(reference) or (reference in policy.levers and policy.levers[reference].domain):
            yield from _measured(policy, reference, name, field, path)
    for word in test.words:
        allowed = _allowed(field)
        if field.type == "whole" and field.max - field.min < 50:
            allowed = tuple(str(v) for v in range(int(field.min), int(field.max) + 1))
        if field.numeric and not allowed:
            message = f"field '{name}' is a number: write at_least, more_than, less_than, at_most or between"
            yield Finding("comparison", path, message)
        elif word not in allowed:
            yield _unknown(path, f"value of {name}", word, allowed)


def _measured(policy: Policy, reference: str, name: str, field: CaseField, path: Path) -> Iterator[Finding]:
    """A line is in a unit of the field's kind, and lies on its grid."""
    lever, steps = policy.levers.get(reference), policy.grid_steps(name, reference)
    if lever and lever.unit not in policy.every_unit:
        return
    if not steps:
        unit = lever.unit if lever else ""
        message = f"lever '{reference}' is in {unit}, field '{name}' is in {field.unit or field.type}"
        if {unit, field.grid[0]} <= {"days", "weeks", "months", "years"}:
            message += " (days and months compare only in a field of type duration, which knows the dates)"
        yield Finding("unit", path, message)
        return
    values = [lever.domain.min, lever.domain.step] if lever and lever.domain else [Decimal(reference)]
    if any(value * steps % 1 for value in values):
        what = f"lever '{reference}' moves by {values[-1]}" if lever else f"{reference} is"
        message = f"{what}{',' if lever else ''} finer than the step of field '{name}', {field.step or 1}"
        yield Finding("step", path, message)


def _units(policy: Policy) -> Iterator[Finding]:
    """Units that exist, and units that are a number of others without going round."""
    for name, unit in policy.units.items():
        path: Path = ("units", name, "equals")
        other = (unit.equals or " ").split()[-1:]
        if other and other[0] not in policy.every_unit:
            yield _unknown(path, "unit", other[0], policy.every_unit)
        elif other and in_units(policy.every_unit, other[0], name) is not None:
            yield Finding("unit", path, f"{shown(name)} is a number of itself")
    for section, group in (("fields", policy.fields_), ("levers", policy.levers)):
        for name, one in group.items():
            if one.unit and one.unit not in policy.every_unit:
                known = [*policy.every_unit]
                message = f"{shown(one.unit)} is no unit; allowed {listed(known, len(known))}, or name it under units:"
                yield Finding("unit", (section, name, "unit"), message, one.unit, known)


def _entry(policy: Policy, path: Path, name: str, condition: While, known: Iterable[str]) -> Iterator[Finding]:
    if name not in known:
        yield _unknown(path, "criterion", name, known)
    yield from _while(policy, (*path, "while"), condition)


def _rule(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    yield from _while(policy, (*path, "while"), rule.while_)
    if rule.first_of and [bool(r.while_) for r in rule.first_of] != [True] * (len(rule.first_of) - 1) + [False]:
        yield Finding("gap", (*path, "first_of"), "every entry of first_of but the last must have a while")
    known = {**policy.criteria, **policy.gates}
    for i, entry in enumerate(rule.require or ()):
        yield from _entry(policy, (*path, "require", i), entry.criterion, entry.while_, known)
    outcomes = [((*path, "outcome"), rule.outcome)] if rule.outcome else []
    for i, step in enumerate(rule.then):
        here = (*path, "then", i)
        outcomes.append(((*here, "outcome"), step.outcome))
        yield from _while(policy, (*here, "while"), step.while_)
        if step.when and step.when not in policy.criteria:
            yield _unknown((*here, "when"), "criterion", step.when, policy.criteria)
    if rule.then and [bool(s.when or s.while_) for s in rule.then] != [True] * (len(rule.then) - 1) + [False]:
        yield Finding("gap", (*path, "then"), "the last entry of then, and no other, must always apply")
    for here, outcome in outcomes:
        lever = policy.levers.get(outcome)
        if outcome not in OUTCOMES and (lever is None or not lever.choices or not set(lever.choices) <= set(ACTIONS)):
            yield _unknown(here, "outcome or action lever", outcome, OUTCOMES)
    if rule.switch:
        yield from _switch(policy, rule, path)


def _switch(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    field = policy.fields_.get(str(rule.switch))
    if field is None:
        yield _unknown((*path, "switch"), "field", str(rule.switch), policy.fields_)
    else:
        for word in rule.branches:
            for found in _test(policy, test_of({"is": {rule.switch: word}}), ()):
                yield found._replace(path=(*path, "branches", word))
    if rule.stated not in policy.criteria:
        yield _unknown((*path, "stated"), "criterion", str(rule.stated), policy.criteria)
    if rule.assume:
        yield from _while(policy, (*path, "assume", "while"), rule.assume.while_)
        if rule.assume.criterion not in rule.branches:
            yield _unknown((*path, "assume"), "branch", rule.assume.criterion, rule.branches)


def _one_pathway_each(policy: Policy) -> Iterator[Finding]:
    """Every diagnosis group x procedure code has one pathway, and every pathway has some."""
    selected: dict[str, list[tuple[str, frozenset[str]]]] = {group: [] for group in policy.diagnoses}
    for name, pathway in policy.pathways.items():
        chosen, path = pathway.selects, ("pathways", name, "for")
        for i, group in enumerate(chosen.diagnosis):
            if group not in policy.diagnoses:
                yield _unknown((*path, "diagnosis", i), "diagnosis group", group, policy.diagnoses)
        for i, family in enumerate(chosen.procedure):
            if family not in policy.procedures:
                yield _unknown((*path, "procedure", i), "procedure family", family, policy.procedures)
        families = [policy.procedures[f].codes for f in {*chosen.procedure} & policy.procedures.keys()]
        codes = frozenset(c for f in families for c in f if chosen.level in (None, f[c].level))
        if families and not codes:
            levels = {label.level for family in families for label in family.values() if label.level}
            message = f"no code of {listed(chosen.procedure)} has the level {chosen.level}"
            yield Finding("unreachable", path, message, chosen.level or "", levels)
        for group in {*chosen.diagnosis} & policy.diagnoses.keys():
            selected[group].append((name, codes))
    every = frozenset(code for family in policy.procedures.values() for code in family.codes)
    for group, pathways in selected.items():
        seen: frozenset[str] = frozenset()
        for name, codes in pathways:
            if seen & codes:
                first = next(other for other, others in pathways if others & codes)
                message = f"a second pathway, after {first}, for {group} x {listed(sorted(seen & codes))}"
                yield Finding("overlap", ("pathways", name), f"{message}; exactly one is needed")
            seen |= codes
        if every - seen:
            message = f"no pathway for {group} x {listed(sorted(every - seen))}; exactly one is needed"
            yield Finding("gap", ("pathways",), message)
