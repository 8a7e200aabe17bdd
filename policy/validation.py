"""References inside a policy: everything named exists, compares like with like, and every request has one pathway."""

from collections import Counter
from collections.abc import Iterator
from string import Formatter

from policy.model import GRIDS, OUTCOMES, CaseField, Policy, Record, Rule, Test, While
from policy.problems import listed, nearest

Finding = tuple[str, tuple[object, ...], str]  # code, path in the document, message
ACTIONS = (*OUTCOMES, "met_if_prereqs")


def check_policy(policy: Policy) -> Iterator[Finding]:
    """Every unknown name, mismatch of units, gap and overlap."""
    yield from _references(policy)
    for name, criterion in policy.criteria.items():
        path = ("criteria", name)
        for _, lever, _, _ in Formatter().parse(criterion.says):
            if lever is not None and lever not in policy.levers:
                yield _unknown((*path, "says"), "lever", lever, policy.levers)
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
    for name, field in policy.fields_.items():
        if field.type == "months":
            for source in (field.onset, field.request, field.days):
                if source not in policy.fields_:
                    yield _unknown(("fields", name), "field", str(source), policy.fields_)


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
    if test.count and test.count.at_least.isdigit() and int(test.count.at_least) > len(test.count.of):
        yield (
            "count",
            path,
            f"{'.'.join(map(str, path))}: at least {test.count.at_least} of {len(test.count.of)} is never true",
        )
    for name in test.fields():
        field = policy.fields_.get(name)
        if field is None:
            yield _unknown(path, "field", name, policy.fields_)
        elif field.ignored:
            yield ("ignored-field", path, f"field '{name}' may not be used by a rule")
        else:
            yield from _comparison(policy, test, name, field, path)


def _comparison(policy: Policy, test: Test, name: str, field: CaseField, path: tuple[object, ...]) -> Iterator[Finding]:
    reference = test.reference()
    where = ".".join(map(str, path))
    if reference is not None:
        if field.type not in ("whole", "percent", "months"):
            yield ("comparison", path, f"{where}: field '{name}' ({field.type}) cannot be compared with a number")
        elif not reference.isdigit():
            lever = policy.levers.get(reference)
            if lever is None or lever.domain is None:
                yield _unknown(path, "numeric lever", reference, [k for k, v in policy.levers.items() if v.domain])
            elif GRIDS.get(lever.unit or "", lever.unit) != field.grid:
                message = (
                    f"{where}: lever '{reference}' is in {lever.unit}, field '{name}' is in {field.unit or field.type}"
                )
                yield ("unit", path, message)
    for word in (test.equals or test.states or {}).get(name, ()):
        allowed = {"boolean": ("true", "false"), "choice": field.choices}.get(field.type)
        if allowed is None:
            allowed = tuple(str(v) for v in range(field.min, field.max + 1)) if field.max - field.min < 50 else ()
        if word not in allowed:
            yield _unknown(path, f"value of {name}", word, allowed)


def _entry(policy: Policy, path: tuple[object, ...], name: str, condition: While, known: object) -> Iterator[Finding]:
    if name not in known:  # type: ignore[operator]
        yield _unknown(path, "criterion", name, known)
    yield from _while(policy, path, condition)


def _rule(policy: Policy, rule: Rule, path: tuple[object, ...]) -> Iterator[Finding]:
    yield from _while(policy, path, rule.while_)
    if rule.first_of and rule.first_of[-1].while_:
        yield ("gap", path, f"{'.'.join(map(str, path))}: the last entry of first_of must have no while")
    known = {**policy.criteria, **policy.gates}
    for entry in rule.require or ():
        yield from _entry(policy, path, entry.criterion, entry.while_, known)
    for step in rule.then:
        yield from _while(policy, path, step.while_)
        if step.when and step.when not in policy.criteria:
            yield _unknown(path, "criterion", step.when, policy.criteria)
    if rule.then and (rule.then[-1].when or rule.then[-1].while_):
        yield ("gap", path, f"{'.'.join(map(str, path))}: the last entry of then must always apply")
    for outcome in (*([rule.outcome] if rule.outcome else ()), *(step.outcome for step in rule.then)):
        lever = policy.levers.get(outcome)
        if outcome not in OUTCOMES and (lever is None or not lever.choices or not set(lever.choices) <= set(ACTIONS)):
            yield _unknown(path, "outcome or action lever", outcome, OUTCOMES)
    if rule.switch:
        field = policy.fields_.get(rule.switch)
        if field is None:
            yield _unknown(path, "field", rule.switch, policy.fields_)
        else:
            test = Test.model_validate({"is": {rule.switch: tuple(rule.branches)}})
            yield from _comparison(policy, test, rule.switch, field, path)
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
