"""References inside a policy: everything named exists, compares like with like, and every request has one pathway."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from policy.entries.records import Record
from policy.entries.scalars import While
from policy.model import LONGEST_DAYS, OUTCOMES, CaseField, Policy, Rule, Selector, test_of
from policy.problems import Finding, listed, shown
from policy.reading.histories import check_histories
from policy.reading.tests import COLUMNS, Path, conditions_of, in_test, in_units_of, unknown, words_of
from policy.trees.rules import placed_rules

ACTIONS = (*OUTCOMES, "met_if_prereqs")
DURATIONS = ("days", "weeks", "months", "years")


def check_policy(policy: Policy) -> Iterator[Finding]:
    """Every unknown name, mismatch of units, gap and overlap."""
    yield from _life(policy)
    yield from _references(policy)
    yield from in_units_of(policy)
    yield from _fields(policy)
    yield from check_histories(policy)
    yield from _codes(policy)
    closing = policy.levers.get("undocumented_action")
    if closing is None or not set(closing.choices or ("none",)) <= {"pend", "not_met"}:
        yield Finding("closing", ("levers", "undocumented_action"), "a lever with the choices pend, not_met is needed")
    for name, criterion in policy.criteria.items():
        path = ("criteria", name)
        for i, variant in enumerate(criterion.variants):
            yield from conditions_of(policy, (*path, "variants", i, "while"), variant.while_)
        sentences: list[tuple[Path, str]] = [((*path, "says"), criterion.says)]
        sentences += [((*path, "variants", i, "says"), variant.says) for i, variant in enumerate(criterion.variants)]
        for where, says in sentences:
            for lever in re.findall(r"\{([^{}]*\}?)", says):
                if lever[:-1] not in policy.levers:
                    yield unknown(where, "lever", lever.removesuffix("}"), policy.levers)
        yield from in_test(policy, criterion.test, (*path, "test"))
    for name, gate in policy.gates.items():
        for i, entry in enumerate(gate.require):
            yield from _entry(policy, ("gates", name, "require", i), entry.criterion, entry.while_, policy.criteria)
    for name, pathway in policy.pathways.items():
        for at, rule, _ in placed_rules(pathway.rule, ("pathways", name, "rule")):
            yield from _rule(policy, rule, at)
    yield from _relations(policy)
    yield from _round(policy)
    yield from _one_pathway_each(policy)
    yield from _exceptions(policy)


def _life(policy: Policy) -> Iterator[Finding]:
    """The days of a version: in force from a day that is known, to a later one; a value for each of them."""
    first, last = policy.effective, policy.retired
    if first is None and policy.status == "adopted":
        yield Finding("effective", ("status",), "an adopted version needs effective: the day from which it is in force")
    if first is None and last is not None:
        yield Finding("effective", ("retired",), "needs effective: the day from which the version was in force")
    if first is not None and last is not None and last <= first:
        yield Finding("effective", ("retired",), f"{last} must be after effective, {first}")
    for name, lever in policy.levers.items():
        if first is not None and lever.dated and min(lever.dated) > first:
            message = f"the first day, {min(lever.dated)}, is after effective, {first}: say what holds from that day"
            yield Finding("dated-values", ("levers", name, "values"), message)
    days = [note.date for note in policy.history]
    if days != sorted(days):
        yield Finding("history", ("history",), "the notes must stand in the order of their dates")


def _exceptions(policy: Policy) -> Iterator[Finding]:
    """Exceptions to the direction of a lever: known levers and values, from a looser value to a stricter one."""
    for i, exception in enumerate(policy.direction_exceptions):
        path: Path = ("direction_exceptions", i)
        yield from conditions_of(policy, (*path, "while"), exception.while_)
        lever = policy.levers.get(exception.lever)
        if lever is None:
            yield unknown((*path, "lever"), "lever", exception.lever, policy.levers)
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
                        yield unknown((section, name, key, i), kind, cited, known)
    for name, statement_ in policy.statements.items():
        if statement_.source and statement_.source not in policy.evidence:
            yield unknown(("statements", name, "source"), "evidence card", statement_.source, policy.evidence)
    for i, notice in enumerate(policy.code_notices):
        if notice.lever in policy.levers:
            yield from conditions_of(
                policy, ("code_notices", i, "pend_while"), {notice.lever: notice.pend_while}, keyed=False
            )
        else:
            yield unknown(("code_notices", i, "lever"), "lever", notice.lever, policy.levers)


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
        if len({*field.choices}) < len(field.choices):
            yield Finding("choices", (*path, "choices"), "each word stands once")
        if field.told and not field.numeric:
            for key in ("unit", "min", "max"):
                if key in field.model_fields_set:
                    yield Finding("bounds", (*path, key), f"belongs to a number, not to a field of type {field.type}")
        if name.startswith("truth_") and not field.ignored:
            what = "columns truth_... are what only a simulation knows: this one needs ignored: true"
            yield Finding("truth", (*path, "ignored"), what)
        if field.absent is not None and field.absent not in field.words:
            yield unknown((*path, "absent"), f"value of {name}", field.absent, words_of(field))
        for teller, number in field.implied_by.items():
            at = (*path, "implied_by", teller)
            if teller not in fields:
                yield unknown(at, "field", teller, fields)
            elif field.type != "whole" or not field.min < number <= field.max:
                yield Finding("implied", at, f"belongs to a whole number above {field.min}, at most {field.max}")
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
            yield unknown((*path, key), "field", source, fields)
        elif fields[source].type != kind:
            yield Finding(field.type, (*path, key), f"{shown(source)} must be of type {kind}")
        elif key == "days" and fields[source].unit != "days":
            yield Finding(field.type, (*path, key), f"{shown(source)} must be in days, not in {fields[source].unit}")
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
        for path, rule, _ in placed_rules(pathway.rule, ("pathways", name, "rule")):
            for i, entry in enumerate(rule.require or ()):
                named += [((*path, "require", i, "codes", j), code) for j, code in enumerate(entry.codes)]
    known = tuple(paths)
    for path, code in named:
        if not code.startswith(known):
            yield unknown(path, "diagnosis code", code, paths)


def _entry(policy: Policy, path: Path, name: str, condition: While, known: Iterable[str]) -> Iterator[Finding]:
    if name not in known:
        yield unknown(path, "criterion", name, known)
    yield from conditions_of(policy, (*path, "while"), condition)


def _rule(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    yield from conditions_of(policy, (*path, "while"), rule.while_)
    if rule.first_of and [bool(r.while_) for r in rule.first_of] != [True] * (len(rule.first_of) - 1) + [False]:
        yield Finding("gap", (*path, "first_of"), "every entry of first_of but the last must have a while")
    known = {**policy.criteria, **policy.gates}
    for i, entry in enumerate(rule.require or ()):
        yield from _entry(policy, (*path, "require", i), entry.criterion, entry.while_, known)
    outcomes = [((*path, "outcome"), rule.outcome)] if rule.outcome else []
    for i, step in enumerate(rule.then):
        here = (*path, "then", i)
        outcomes.append(((*here, "outcome"), step.outcome))
        yield from conditions_of(policy, (*here, "while"), step.while_)
        if step.when and step.when not in policy.criteria:
            yield unknown((*here, "when"), "criterion", step.when, policy.criteria)
    if rule.then and [bool(s.when or s.while_) for s in rule.then] != [True] * (len(rule.then) - 1) + [False]:
        yield Finding("gap", (*path, "then"), "the last entry of then, and no other, must always apply")
    for here, outcome in outcomes:
        lever = policy.levers.get(outcome)
        if outcome not in OUTCOMES and (lever is None or not lever.choices or not set(lever.choices) <= set(ACTIONS)):
            yield unknown(here, "outcome or action lever", outcome, OUTCOMES)
    if rule.switch:
        yield from _switch(policy, rule, path)


def _switch(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    field = policy.fields_.get(str(rule.switch))
    if field is None:
        yield unknown((*path, "switch"), "field", str(rule.switch), policy.fields_)
    else:
        for word in rule.branches:
            for found in in_test(policy, test_of({"is": {rule.switch: word}}), ()):
                yield found._replace(path=(*path, "branches", word))
    if rule.stated not in policy.criteria:
        yield unknown((*path, "stated"), "criterion", str(rule.stated), policy.criteria)
    if rule.assume:
        yield from conditions_of(policy, (*path, "assume", "while"), rule.assume.while_)
        if rule.assume.criterion not in rule.branches:
            yield unknown((*path, "assume"), "branch", rule.assume.criterion, rule.branches)


def _one_pathway_each(policy: Policy) -> Iterator[Finding]:
    """Every diagnosis group x procedure code has one pathway, and every pathway has some."""
    selected: dict[str, list[tuple[str, frozenset[str]]]] = {group: [] for group in policy.diagnoses}
    rest: list[str] = []
    for name, pathway in policy.pathways.items():
        chosen, path = pathway.selects, ("pathways", name, "for")
        for i, group in enumerate(chosen.diagnosis):
            if group not in policy.diagnoses:
                yield unknown((*path, "diagnosis", i), "diagnosis group", group, policy.diagnoses)
        for i, family in enumerate(chosen.procedure):
            if family not in policy.procedures:
                yield unknown((*path, "procedure", i), "procedure family", family, policy.procedures)
        families = [policy.procedures[f].codes for f in {*chosen.procedure} & policy.procedures.keys()]
        asked = chosen.asked.items()
        codes = frozenset(c for f in families for c in f if all(f[c].told.get(name) in words for name, words in asked))
        if families and not codes:
            yield from _no_code(policy, pathway.selects, path)
        if chosen.rest:
            rest.append(name)
            continue
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
        if every - seen and not rest:
            message = f"no pathway for {group} x {listed(sorted(every - seen))}; exactly one is needed"
            yield Finding("gap", ("pathways",), message)
    for name in rest[1:]:
        yield Finding("overlap", ("pathways", name), f"a second pathway for all else, after {rest[0]}")
    cells = [(g, f, c) for g in policy.diagnoses for f, family in policy.procedures.items() for c in family.codes]
    if rest and not any(rest[0] in policy.cell(*cell) for cell in cells):
        yield Finding("unreachable", ("pathways", rest[0], "for"), "nothing is left for it: each request has a pathway")


def _no_code(policy: Policy, chosen: Selector, path: Path) -> Iterator[Finding]:
    """No code has the words that a pathway asks of its attributes."""
    families = [policy.procedures[f].codes for f in {*chosen.procedure} & policy.procedures.keys()]
    labels = [label for family in families for label in family.values()]
    for name, words in chosen.asked.items():
        known = {label.told[name] for label in labels if name in label.told}
        if not known & {*words}:
            told = f"no code of {listed(chosen.procedure)} has the {name} {' or '.join(words)}"
            at = (*path, "level") if name == "level" and chosen.level else (*path, "with", name)
            yield Finding("unreachable", path if name == "level" else at, told, words[0], known)
            return
    yield Finding("unreachable", path, f"no code of {listed(chosen.procedure)} has all of these words")


def _round(policy: Policy) -> Iterator[Finding]:
    """Columns that may not exceed one another in a circle, and numbers that tell of one another in one."""
    limits: dict[str, set[str]] = {}
    for i, one in enumerate(policy.relations):
        if one.verdict == "reject" and one.field in _reached(one.at_most, limits):
            what = f"'{one.field}' and '{one.at_most}' would have to be equal, or are one: the relations go round"
            yield Finding("relation", ("relations", i), what)
        elif one.verdict == "reject":
            limits.setdefault(one.field, set()).add(one.at_most)
    told: dict[str, set[str]] = {}
    for name, field in policy.fields_.items():
        for teller in field.implied_by:
            if name != teller and name in _reached(teller, told):
                what = f"'{name}' and '{teller}' tell of one another: one of them must be written"
                yield Finding("implied", ("fields", name, "implied_by", teller), what)
            told.setdefault(name, set()).add(teller)


def _reached(start: str, steps: Mapping[str, set[str]]) -> set[str]:
    """A column, and all that one comes to from it."""
    found, ahead = set[str](), [start]
    while ahead:
        here = ahead.pop()
        ahead += [] if here in found else sorted(steps.get(here, ()))
        found.add(here)
    return found


def _relations(policy: Policy) -> Iterator[Finding]:
    """Two columns of one kind that a rule may read."""
    for i, relation in enumerate(policy.relations):
        kinds = []
        for key, name in (("field", relation.field), ("at_most", relation.at_most)):
            kind = policy.fields_.get(name)
            if kind is None:
                yield unknown(("relations", i, key), "field", name, policy.fields_)
            elif key == "field" and relation.verdict == "reject" and not kind.told:
                yield Finding("relation", ("relations", i, key), f"field '{name}' is no column that could be rejected")
            elif not (kind.numeric or kind.type == "date"):
                message = f"field '{name}' ({kind.type}) is no number and no date"
                yield Finding("relation", ("relations", i, key), message)
            else:
                kinds.append(kind)
        if len(kinds) == 2 and ({k.type for k in kinds} == {"date"}) != ("date" in {k.type for k in kinds}):
            yield Finding("relation", ("relations", i), "a date compares with a date only")
        elif len(kinds) == 2 and not kinds[1].told:
            if kinds[0].grid != ("days", 1) or relation.verdict == "reject":
                message = "days may be held against a duration, for a remark; nothing else"
                yield Finding("relation", ("relations", i), message)
        elif len(kinds) == 2 and kinds[0].type != "date" and kinds[0].grid != kinds[1].grid:
            units = " and ".join(f"{kind.unit or kind.type} (step {kind.step or 1})" for kind in kinds)
            yield Finding("unit", ("relations", i), f"cannot compare fields of different units or steps: {units}")
