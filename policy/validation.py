"""References inside a policy: everything named exists, compares like with like, and every request has one pathway."""

import re
from collections import Counter
from collections.abc import Iterator

from policy.model import GRIDS, OUTCOMES, UNITS, CaseField, Policy, Record, Rule, Test, While
from policy.problems import listed, nearest

Finding = tuple[str, tuple[object, ...], str]  # code, path in the document, message
ACTIONS = (*OUTCOMES, "met_if_prereqs")
COLUMNS = {"case_id": "text", "dx": "diagnosis", "cpt": "procedure"}  # what every case table has


def check_policy(policy: Policy) -> Iterator[Finding]:
    """Every unknown name, mismatch of units, gap and overlap."""
    yield from _references(policy)
    yield from _fields(policy)
    yield from _codes(policy)
    closing = policy.levers.get("undocumented_action")
    if closing is None or not set(closing.choices or ("none",)) <= {"pend", "not_met"}:
        yield ("closing", ("levers", "undocumented_action"), "levers: undocumented_action needs choices pend, not_met")
    for name, criterion in policy.criteria.items():
        path = ("criteria", name)
        for variant in criterion.variants:
            yield from _while(policy, (*path, "variants"), variant.while_)
        for lever in re.findall(r"\{([^{}]*\}?)", " ".join([criterion.says, *(v.says for v in criterion.variants)])):
            if lever[:-1] not in policy.levers:
                yield _unknown((*path, "says"), "lever", lever.removesuffix("}"), policy.levers)
        for test in criterion.test.walk():
            yield from _test(policy, test, (*path, "test"))
    for name, gate in policy.gates.items():
        for entry in gate.require:
            yield from _entry(policy, ("gates", name), entry.criterion, entry.while_, policy.criteria)
    for name, pathway in policy.pathways.items():
        for rule in pathway.rule.walk():
            yield from _rule(policy, rule, ("pathways", name, "rule"))
    yield from _one_pathway_each(policy)


def _unknown(path: tuple[object, ...], kind: str, name: str, known: object) -> Finding:
    names = list(known)  # type: ignore[call-overload]
    allowed = f"; known: {listed(names)}" if len(names) <= 12 else ""
    return (
        "unknown-" + kind,
        path,
        f"{'.'.join(map(str, path))}: no {kind} is called '{name}'{nearest(name, names)}{allowed}",
    )


def _references(policy: Policy) -> Iterator[Finding]:
    groups: list[tuple[str, dict[str, Record]]] = [
        ("evidence", dict(policy.evidence)), ("fields", dict(policy.fields_)), ("levers", dict(policy.levers)),
        ("criteria", dict(policy.criteria)), ("pathways", dict(policy.pathways)), ("texts", dict(policy.texts)),
        ("open_questions", dict(policy.open_questions)),
    ]  # fmt: skip
    for section, group in groups:
        for name, element in group.items():
            for statement in getattr(element, "statements", ()):
                if statement not in policy.statements:
                    yield _unknown((section, name, "statements"), "statement", statement, policy.statements)
            for card in getattr(element, "evidence", ()):
                if card not in policy.evidence:
                    yield _unknown((section, name, "evidence"), "evidence card", card, policy.evidence)
    for name, statement_ in policy.statements.items():
        if statement_.source and statement_.source not in policy.evidence:
            yield _unknown(("statements", name, "source"), "evidence card", statement_.source, policy.evidence)
    for i, notice in enumerate(policy.code_notices):
        yield from _while(policy, ("code_notices", i), {notice.lever: notice.pend_while})


def _fields(policy: Policy) -> Iterator[Finding]:
    """The three columns of every case table, bounds, words, and what a duration in months is made of."""
    fields = policy.fields_
    if len(fields) > 64:
        yield ("fields", ("fields",), f"fields: {len(fields)} fields; at most 64")
    for name, kind in COLUMNS.items():
        if name not in fields or fields[name].type != kind or not fields[name].required:
            yield ("fields", ("fields", name), f"fields.{name}: a required field of type {kind} is needed")
    for name, field in fields.items():
        path = ("fields", name)
        if not 0 <= field.min <= field.max:
            yield ("bounds", path, f"fields.{name}: needs 0 <= min <= max, found {field.min} and {field.max}")
        if (field.type == "choice") != bool(field.choices):
            yield ("choices", path, f"fields.{name}: a field of type choice, and no other, needs choices")
        words = ("true", "false") if field.type == "boolean" else field.choices
        if field.absent is not None and field.absent not in words:
            yield _unknown(path, f"value of {name}", field.absent, words)
        if field.type == "months":
            for source, kind in ((field.onset, "date"), (field.request, "date"), (field.days, "whole")):
                if source not in fields:
                    yield _unknown(path, "field", str(source), fields)
                elif fields[source].type != kind:
                    yield ("months", path, f"fields.{name}: '{source}' must be of type {kind}")


def _codes(policy: Policy) -> Iterator[Finding]:
    """Each code in one group or family only; each code that a rule or notice names is in the policy."""
    groups = {name: tuple(group.codes | group.prefixes) for name, group in policy.diagnoses.items()}
    for name, codes in groups.items():
        others = tuple(p for other, group in policy.diagnoses.items() if other != name for p in group.prefixes)
        for code in codes:
            if code.startswith(others) or sum(code in group for group in groups.values()) > 1:
                yield ("code-twice", ("diagnoses", name, "codes", code), f"code {code} stands in two diagnosis groups")
    count = Counter(code for family in policy.procedures.values() for code in family.codes)
    for code in (code for code, times in count.items() if times > 1):
        yield ("code-twice", ("procedures",), f"procedures: code {code} stands in two families")
    known = [code for codes in groups.values() for code in codes]
    named: list[tuple[tuple[object, ...], str]] = []
    for i, notice in enumerate(policy.code_notices):
        named.append((("code_notices", i), notice.code))
    for name, pathway in policy.pathways.items():
        for rule in pathway.rule.walk():
            named += [(("pathways", name, "rule"), code) for entry in rule.require or () for code in entry.codes]
    for path, code in named:
        if not code.startswith(tuple(known)):
            yield _unknown(path, "diagnosis code", code, known)


def _while(policy: Policy, path: tuple[object, ...], condition: While) -> Iterator[Finding]:
    for name, words in condition.items():
        if name not in policy.levers:
            yield _unknown(path, "lever", name, policy.levers)
            continue
        lever = policy.levers[name]
        allowed = {"off" if v is None else str(v) for v in lever.values()} | ({"on"} if lever.off_allowed else set())
        for word in words:
            if word not in allowed:
                yield _unknown(path, f"value of {name}", word, allowed)


def _test(policy: Policy, test: Test, path: tuple[object, ...]) -> Iterator[Finding]:
    if test.lever:
        yield from _while(policy, path, test.lever)
    reference = test.reference()
    lever = policy.levers.get(reference or "")
    if reference and not reference.isdigit() and (lever is None or lever.domain is None):
        yield _unknown(path, "numeric lever", reference, [k for k, v in policy.levers.items() if v.domain])
    elif test.count:
        most = lever.domain.max if lever and lever.domain else int(test.count.at_least)
        if most > len(test.count.of) or (lever and UNITS[lever.unit or ""] > 1):
            message = f"at least {most} {lever.unit if lever else ''} of {len(test.count.of)} tests is never true"
            yield ("count", path, f"{'.'.join(map(str, path))}: {message}")
    for name in test.fields():
        field = policy.fields_.get(name)
        if field is None:
            yield _unknown(path, "field", name, policy.fields_)
        elif field.ignored or field.type in COLUMNS.values():
            yield ("ignored-field", path, f"field '{name}' may not be used by a rule")
        else:
            yield from _comparison(policy, test, name, field, path)


def _comparison(policy: Policy, test: Test, name: str, field: CaseField, path: tuple[object, ...]) -> Iterator[Finding]:
    reference = test.reference()
    where = ".".join(map(str, path))
    if reference is not None:
        if field.type not in ("whole", "percent", "months"):
            yield ("comparison", path, f"{where}: field '{name}' ({field.type}) cannot be compared with a number")
        elif (lever := policy.levers.get(reference)) and GRIDS.get(lever.unit or "", lever.unit) != field.grid:
            message = f"lever '{reference}' is in {lever.unit}, field '{name}' is in {field.unit or field.type}"
            yield ("unit", path, f"{where}: {message}")
    for word in (test.equals or test.states or {}).get(name, ()):
        allowed = ("true", "false") if field.type == "boolean" else field.choices
        if field.type == "whole" and field.max - field.min < 50:
            allowed = tuple(str(v) for v in range(field.min, field.max + 1))
        if word not in allowed:
            yield _unknown(path, f"value of {name}", word, allowed)


def _entry(policy: Policy, path: tuple[object, ...], name: str, condition: While, known: object) -> Iterator[Finding]:
    if name not in known:  # type: ignore[operator]
        yield _unknown(path, "criterion", name, known)
    yield from _while(policy, path, condition)


def _rule(policy: Policy, rule: Rule, path: tuple[object, ...]) -> Iterator[Finding]:
    yield from _while(policy, path, rule.while_)
    if rule.first_of and [bool(r.while_) for r in rule.first_of] != [True] * (len(rule.first_of) - 1) + [False]:
        yield ("gap", path, f"{'.'.join(map(str, path))}: every entry of first_of but the last must have a while")
    known = {**policy.criteria, **policy.gates}
    for entry in rule.require or ():
        yield from _entry(policy, path, entry.criterion, entry.while_, known)
    for step in rule.then:
        yield from _while(policy, path, step.while_)
        if step.when and step.when not in policy.criteria:
            yield _unknown(path, "criterion", step.when, policy.criteria)
    if rule.then and [bool(s.when or s.while_) for s in rule.then] != [True] * (len(rule.then) - 1) + [False]:
        yield ("gap", path, f"{'.'.join(map(str, path))}: the last entry of then, and no other, must always apply")
    for outcome in (*([rule.outcome] if rule.outcome else ()), *(step.outcome for step in rule.then)):
        lever = policy.levers.get(outcome)
        if outcome not in OUTCOMES and (lever is None or not lever.choices or not set(lever.choices) <= set(ACTIONS)):
            yield _unknown(path, "outcome or action lever", outcome, OUTCOMES)
    if rule.switch:
        yield from _test(policy, Test.model_validate({"is": {rule.switch: tuple(rule.branches)}}), path)
        if rule.stated not in policy.criteria:
            yield _unknown(path, "criterion", str(rule.stated), policy.criteria)
        if rule.assume:
            yield from _while(policy, path, rule.assume.while_)
            if rule.assume.criterion not in rule.branches:
                yield _unknown(path, "branch", rule.assume.criterion, rule.branches)


def _one_pathway_each(policy: Policy) -> Iterator[Finding]:
    found: Counter[tuple[str, str]] = Counter()
    for name, pathway in policy.pathways.items():
        for group in pathway.selects.diagnosis:
            if group not in policy.diagnoses:
                yield _unknown(("pathways", name, "for"), "diagnosis group", group, policy.diagnoses)
        for family in pathway.selects.procedure:
            if family not in policy.procedures:
                yield _unknown(("pathways", name, "for"), "procedure family", family, policy.procedures)
                continue
            for code, label in policy.procedures[family].codes.items():
                if pathway.selects.level in (None, label.level):
                    found.update((group, code) for group in pathway.selects.diagnosis)
    for group in policy.diagnoses:
        for codes in (family.codes for family in policy.procedures.values()):
            for code in codes:
                if found[group, code] != 1:
                    what = "no pathway" if not found[group, code] else f"{found[group, code]} pathways"
                    yield ("coverage", ("pathways",), f"pathways: {what} for {group} x {code}; exactly one is needed")
