"""Two readings side by side, in the policy's own sentences: what an author would have to tell a committee.

Both documents are compared whole, whether in force or not: a requirement that a lever has switched off is listed with
its condition. What only the levers change (a criterion that comes into force) is told besides, where it happens.

Every change hangs on the id of what changed, so a file that is only laid out anew shows none, and an element that
moves within its file is the same element.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from policy.authoring.change import Change, turned
from policy.entries.records import Record
from policy.entries.scalars import While
from policy.model import (
    OUTCOMES,
    Between,
    CodeNotice,
    Count,
    Example,
    Lever,
    Mean,
    OnFile,
    Policy,
    Requirement,
    Rule,
    Score,
    Settings,
    Sum,
    Test,
    Value,
)

PLAIN = ("statements", "evidence", "references", "fields", "diagnoses", "procedures", "texts", "open_questions")
SAID_OF = {"statements": "evidence", "evidence": "evidence", "references": "evidence"} | {
    "fields": "field",  # what a cell may hold, and what its absence means, decides cases; so do the codes in scope
    "diagnoses": "code",
    "procedures": "code",
}
WORDING = ("label", "ask")
LEFT = ("examples", "code_notices", "direction_exceptions")  # lists, each entry known by what it is about


def differences(before: Settings, after: Settings) -> list[Change]:
    """Every change from one reading to the other, in the order of the document."""
    found = [
        *_heading(before, after), *_levers(before, after), *_criteria(before, after), *_gates(before, after),
        *_pathways(before, after), *_plain(before.policy, after.policy), *_lists(before.policy, after.policy),
    ]  # fmt: skip
    told = {change.id.partition(".")[0] for change in found}
    old, new = (s.policy.model_dump(mode="json", by_alias=True) for s in (before, after))
    for section in old:  # nothing is silent: what no sentence above speaks of is named
        if old[section] != new[section] and section not in told:
            found.append(Change("text", section, f"{section}: written otherwise"))
        elif old[section] and old[section] == new[section] and list(old[section]) != list(new[section]):
            found.append(Change("text", section, f"{section}: in another order"))
    return found


def _heading(before: Settings, after: Settings) -> Iterator[Change]:
    for name in ("id", "version", "title", "status", "effective", "retired", "notice"):
        old, new = getattr(before.policy, name), getattr(after.policy, name)
        if old != new:
            yield turned("text", name, name, old or "nothing", new or "nothing", name)


def _levers(before: Settings, after: Settings) -> Iterator[Change]:
    olds, news = before.policy.levers, after.policy.levers
    for name in dict.fromkeys((*olds, *news)):
        place, old, new = f"levers.{name}", olds.get(name), news.get(name)
        if old is None or new is None:
            lever, settings = (new, after) if new else (old, before)
            assert lever
            yield Change(
                "lever", place, f"{lever.label}: lever {'added' if new else 'removed'}, at {_at(lever, settings[name])}"
            )
            continue
        if old.show(before[name]) != new.show(after[name]):
            kind = "threshold" if new.domain else "stance"
            yield turned(kind, place, new.label, _at(old, before[name]), _at(new, after[name]), "value")
        for key, what, was in _fields(old, new):
            if key == "default":
                if old.show(before[name]) == new.show(after[name]) and old.default != new.default:
                    now = f"{new.default} (not in force here)"
                    yield turned("lever", place, f"{new.label}, default", str(old.default), now, "default")
            else:
                said_of = "evidence" if key in ("citation", "evidence", "statements") else "lever"
                yield turned(said_of, place, f"{new.label}, {key}", was, what, key)


def _at(lever: Lever, value: Value) -> str:
    meaning = (lever.choices or {}).get(str(value))
    return f"{lever.show(value)} ({meaning})" if meaning else lever.show(value)


def _fields(old: Record, new: Record) -> Iterator[tuple[str, str, str]]:
    """(key, new, old) of every key of two records that differs."""
    a, b = (record.model_dump(mode="json", by_alias=True) for record in (old, new))
    for key in b:
        if a[key] != b[key]:
            yield key, _written(b[key]), _written(a[key])


def _written(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_written, value)) or "nothing"
    if isinstance(value, Mapping):
        told = {k: v for k, v in value.items() if v is not None and v is not False}
        return ", ".join(k if v is True else f"{k} {_written(v)}" for k, v in told.items()) or "nothing"
    return "nothing" if value is None else str(value)


def _criteria(before: Settings, after: Settings) -> Iterator[Change]:
    olds, news = before.policy.criteria, after.policy.criteria
    for name in dict.fromkeys((*olds, *news)):
        place = f"criteria.{name}"
        if name not in olds:
            yield Change("criterion", place, f"criterion added: {after.says(name)}")
        elif name not in news:
            yield Change("criterion", place, f"criterion removed: {before.says(name)}")
        else:
            said, says = (s.says(name) for s in (before, after))
            if said != says:
                yield turned("criterion", place, "criterion reads", said, says, "says")
            for key, what, was in _fields(olds[name], news[name]):
                if key == "test":
                    old, new = (test_in_words(group[name].test) for group in (olds, news))
                    told = f"{says}: the test behind the sentence is another"
                    yield turned("criterion", place, told, old, new, key)
                elif key in ("says", "variants"):
                    if said == says or key == "variants":
                        yield turned(
                            "criterion", place, f"{says}, as it reads at other settings", was, what, "variants"
                        )
                else:
                    yield turned("text" if key == "ask" else "evidence", place, f"{says}, {key}", was, what, key)


def test_in_words(test: Test) -> str:
    """A test as it is written, on one line: 'all of (exercise_days at least exercise_weeks; ...)'."""
    if isinstance(test, Count):
        return f"at least {test.reference()} of ({'; '.join(map(test_in_words, test.parts))})"
    if isinstance(test, Mean):
        return f"the mean of {', '.join(test.fields())} reaches {test.reference()}"
    if isinstance(test, Sum):
        added = " + ".join(test.sum.of) + "".join(f" - {name}" for name in test.sum.minus)
        return f"{added} {test.senses[0]} {test.reference()}"
    if isinstance(test, Score):
        worth = [f"{test_in_words(part)}: {n}" for part, n in zip(test.parts, test.points, strict=True)]
        return f"a score of {test.reference()} from ({'; '.join(worth)})"
    if isinstance(test, OnFile):
        return f"{test.on_file} on file"
    if isinstance(test, Between):
        return " and ".join(test_in_words(part) for part in test.parts)
    if test.parts:
        return f"{test.kind.replace('_', ' ')} ({'; '.join(map(test_in_words, test.parts))})"
    body = getattr(test, test.kind)
    kind = {"equals": "is", "states": "stated as", "lever": "set to"}.get(test.kind, test.kind.replace("_", " "))
    told = [f"{name} {kind} {' or '.join(v) if isinstance(v, tuple) else v}" for name, v in body.items()]
    return " and ".join(told)


Place = tuple[str, ...]  # the conditions, switches and branches that lead to a rule


def _rules(rule: Rule, settings: Settings, place: Place = ()) -> Iterator[tuple[Place, Rule, bool]]:
    """Every rule that states or requires something, how one comes to it, and whether it is in force."""
    if rule.first_of is not None:
        chosen = next(i for i, r in enumerate(rule.first_of) if settings.holds(r.while_))
        for i, below in enumerate(rule.first_of):
            way = (*place, _while(below.while_) or "at all other settings") if len(rule.first_of) > 1 else place
            for at, found, in_force in _rules(below, settings, way):
                yield at, found, in_force and i == chosen
    elif rule.switch is not None:
        for word, below in ({**rule.branches} | ({"otherwise": rule.otherwise} if rule.otherwise else {})).items():
            yield from _rules(below, settings, (*place, f"{rule.switch} {word}"))
    else:
        yield place, rule, True


def _while(condition: While) -> str:
    return " and ".join(f"{name} is {' or '.join(words)}" for name, words in condition.items())


def _only(*conditions: While, codes: Iterable[str] = ()) -> str:
    """' (only while ...; only for ...)', empty where there is no condition."""
    told = [f"only while {_while(condition)}" for condition in conditions if condition]
    told += [f"only for {', '.join(codes)}"] if codes else []
    return f" ({'; '.join(told)})" if told else ""


def _pathways(before: Settings, after: Settings) -> Iterator[Change]:
    olds, news = before.policy.pathways, after.policy.pathways
    for name in dict.fromkeys((*olds, *news)):
        if name not in olds or name not in news:
            title = (news if name in news else olds)[name].title
            yield Change("pathway", f"pathways.{name}", f"{title}: pathway {'added' if name in news else 'removed'}")
            continue
        changes = [*_written_rule(name, before, after)]
        changes += _in_force(name, before, after, {change.id for change in changes})
        changes = list({change.says: change for change in changes}.values())
        if not changes and olds[name].rule != news[name].rule:
            changes = [Change("pathway", f"pathways.{name}.rule", f"{news[name].title}: the rule is written otherwise")]
        yield from changes
        for key, what, was in _fields(olds[name], news[name]):
            if key != "rule":
                kind = {"title": "text", "for": "pathway"}.get(key, "evidence")
                yield turned(kind, f"pathways.{name}", f"{news[name].title}, {key}", was, what, key)


def _written_rule(name: str, before: Settings, after: Settings) -> Iterator[Change]:
    """What a pathway's rule says otherwise, in force or not."""
    sides = (before, after)
    title = after.policy.pathways[name].title
    leaves = [{place: rule for place, rule, _ in _rules(s.policy.pathways[name].rule, s)} for s in sides]
    for place in dict.fromkeys((*leaves[0], *leaves[1])):
        old, new = (rules.get(place) for rules in leaves)
        where, id_ = _where(title, place), f"pathways.{name}"
        if old is None or new is None:
            rule, settings = (new, after) if new else (old, before)
            assert rule
            yield Change("pathway", f"{id_}.rule", f"{where}: {'added' if new else 'removed'}: {_leaf(rule, settings)}")
            continue
        yield from _entries(id_, where, (old.require or (), before), (new.require or (), after))
        one, other = (_steps(rule) for rule in (old, new))
        if one != other:  # not where only a sentence in it reads otherwise, which is told of its lever or criterion
            yield turned("outcome", f"{id_}.then", where, _then(old, before), _then(new, after), "then")
        reasons = [(rule.because, *(step.because for step in rule.then)) for rule in (old, new)]
        if reasons[0] != reasons[1] and one == other:
            yield turned(
                "text", f"{id_}.because", f"{where}, because", _written(reasons[0]), _written(reasons[1]), "because"
            )
    was, is_ = (list(_switches(s.policy.pathways[name].rule)) for s in sides)
    if was != is_:
        yield turned("pathway", f"pathways.{name}.switch", f"{title}, switches", _written(was), _written(is_), "switch")
    if [place for place in leaves[0] if place in leaves[1]] != [place for place in leaves[1] if place in leaves[0]]:
        yield Change("pathway", f"pathways.{name}.rule", f"{title}: the rules are taken in another order")


def _switches(rule: Rule) -> Iterator[str]:
    """Each switch with what it says of a missing value."""
    for switch in rule.switches():
        assumed = switch.assumed
        told = f", missing read as {assumed.criterion}{_only(assumed.while_)}" if assumed else ""
        yield f"{switch.field} (stated by {switch.criterion}{told})"


def _entries(
    id_: str, where: str, old: tuple[Sequence[Requirement], Settings], new: tuple[Sequence[Requirement], Settings]
) -> Iterator[Change]:
    """Requirements added, removed, or asked for under another condition."""
    keyed = [{(e.criterion, _only(e.while_, codes=e.codes)): e for e in entries} for entries, _ in (old, new)]
    for verb, mine, theirs, sides in (
        ("no longer", keyed[0], keyed[1], (old[1], new[1])), ("now also", keyed[1], keyed[0], (new[1], old[1])),
    ):  # fmt: skip
        for criterion, condition in [key for key in mine if key not in theirs]:
            said = f"{where}: {verb} asks: {_says(criterion, *sides)}{condition}"
            yield Change("criterion", f"{id_}.{criterion}", said)


def _says(criterion: str, *sides: Settings) -> str:
    for settings in sides:
        if criterion in settings.policy.criteria:
            return settings.says(criterion)
        if criterion in settings.policy.gates:
            return settings.policy.gates[criterion].title
    return criterion


def _gates(before: Settings, after: Settings) -> Iterator[Change]:
    olds, news = before.policy.gates, after.policy.gates
    for name in dict.fromkeys((*olds, *news)):
        if name not in olds or name not in news:
            title = (news if name in news else olds)[name].title
            yield Change("criterion", f"gates.{name}", f"{title}: gate {'added' if name in news else 'removed'}")
            continue
        if olds[name].title != news[name].title:
            titles = (olds[name].title, news[name].title)
            yield turned("text", f"gates.{name}", f"gates.{name}, title", *titles, "title")
        sides = (olds[name].require, before), (news[name].require, after)
        yield from _entries(f"gates.{name}", news[name].title, *sides)


def _in_force(name: str, before: Settings, after: Settings, told: Collection[str]) -> Iterator[Change]:
    """Criteria that a pathway newly asks for, or no longer, because of the levers or of a gate; outcomes likewise."""
    title = after.policy.pathways[name].title
    olds, news = (
        {place: rule for place, rule, holds in _rules(s.policy.pathways[name].rule, s) if holds}
        for s in (before, after)
    )
    for place in dict.fromkeys((*olds, *news)):
        old, new = (_asked(rules[place], s) if place in rules else None for rules, s in ((olds, before), (news, after)))
        where = _where(title, place)
        for mine, theirs, verb, sides in (
            (old or {}, new or {}, "no longer", (before, after)), (new or {}, old or {}, "now also", (after, before)),
        ):  # fmt: skip
            for criterion in sorted(mine.keys() - theirs.keys()):
                id_ = f"pathways.{name}.{criterion}"
                if id_ not in told:
                    yield Change("criterion", id_, f"{where}: {verb} asks: {_says(criterion, *sides)}")
        follows = [_follows(rules[place], s) if place in rules else [] for rules, s in ((olds, before), (news, after))]
        if follows[0] != follows[1] and f"pathways.{name}.then" not in told:
            says = [_told_in_order(found, s) for found, s in zip(follows, (before, after), strict=True)]
            yield turned("outcome", f"pathways.{name}.then", where, says[0], says[1], "then")


def _asked(rule: Rule, settings: Settings) -> dict[str, None]:
    return dict.fromkeys(entry.criterion for entry in settings.policy.required(rule, settings))


def _where(title: str, place: Place) -> str:
    return f"{title} ({', '.join(place)})" if place else title


def _leaf(rule: Rule, settings: Settings) -> str:
    """What a rule asks for and what follows, on one line."""
    asked = [f"{_says(e.criterion, settings)}{_only(e.while_, codes=e.codes)}" for e in rule.require or ()]
    return (f"asks: {'; '.join(asked)}; " if asked else "") + _then(rule, settings)


def _steps(rule: Rule) -> list[tuple[object, ...]]:
    """What follows, without reasons and sentences."""
    return [(rule.outcome,), *((step.when, step.while_, step.outcome) for step in rule.then)]


def _then(rule: Rule, settings: Settings) -> str:
    """What follows as it is written, in force or not; actions by the name of their lever."""
    if rule.outcome is not None:
        return f"always {rule.outcome}"
    said = []
    for step in rule.then:
        condition = f"{_says(step.when, settings)}: " if step.when else ""
        said.append(condition + step.outcome + _only(step.while_))
    return "when all is met, " + "; otherwise ".join(said)


def _follows(rule: Rule, settings: Settings) -> list[tuple[str | None, str]]:
    """The steps in force, each with its criterion and its outcome word; a fixed outcome has one alone."""
    if rule.outcome is not None:
        return [("", _word(rule.outcome, settings))]
    steps = [s for s in rule.then if settings.holds(s.while_)]
    last = next((i for i, step in enumerate(steps) if not step.when), len(steps) - 1)
    return [(step.when, _word(step.outcome, settings)) for step in steps[: last + 1]]


def _told_in_order(steps: list[tuple[str | None, str]], settings: Settings) -> str:
    if not steps:
        return "not in force"
    if steps[0][0] == "":
        return f"always {steps[0][1]}"
    said = [f"{settings.says(when)}: {word}" if when else word for when, word in steps]
    return "when all is met, " + "; otherwise ".join(said)


def _word(outcome: str, settings: Settings) -> str:
    word = settings.outcome(outcome)
    return word if word in OUTCOMES else "met"


def _lists(before: Policy, after: Policy) -> Iterator[Change]:
    """Worked examples, code notices, exceptions to directions: each entry by what it is about."""
    for section in LEFT:
        olds, news = ({_about(entry): entry for entry in getattr(p, section)} for p in (before, after))
        for name in dict.fromkeys((*olds, *news)):
            place, old, new = f"{section}.{name}", olds.get(name), news.get(name)
            if old is None or new is None:
                yield Change("text", place, f"{section}, {name}: {'added' if new is not None else 'removed'}")
            else:
                for key, what, was in _fields(old, new):
                    yield turned("text", place, f"{section}, {name}, {key}", was, what, key)


def _about(entry: Record) -> str:
    if isinstance(entry, Example):
        return entry.name
    if isinstance(entry, CodeNotice):
        return entry.code
    made = entry.model_dump(mode="json", by_alias=True)
    return f"{made['lever']} from {made['from']} to {made['to']}, while {_written(made['while'])}"


def _plain(before: Policy, after: Policy) -> Iterator[Change]:
    """Sections whose entries are compared key by key."""
    for section in PLAIN:
        olds, news = (getattr(p, "fields_" if section == "fields" else section) for p in (before, after))
        kind = SAID_OF.get(section, "text")
        for name in dict.fromkeys((*olds, *news)):
            place, old, new = f"{section}.{name}", olds.get(name), news.get(name)
            if old is None or new is None:
                yield Change(kind, place, f"{place}: {'added' if new is not None else 'removed'}")
            elif isinstance(old, str):
                if old != new:
                    yield turned(kind, place, place, old, new, "text")
            else:
                for key, what, was in _fields(old, new):
                    word = "text" if key in WORDING else kind
                    yield turned(word, place, f"{place}, {key}", was, what, key)
