"""Two readings side by side, in the policy's own sentences: what an author would have to tell a committee.

Every change hangs on the id of what changed, so a file that is only laid out anew shows none, and an element that
moves within its file is the same element.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.model import OUTCOMES, Lever, Policy, Record, Rule, Settings, Value

PLAIN = (
    "statements",
    "evidence",
    "references",
    "fields",
    "diagnoses",
    "procedures",
    "gates",
    "texts",
    "open_questions",
)


@dataclass(frozen=True)
class Change:
    """One change: what kind of thing, its id ('levers.relief_pct'), and the sentence."""

    kind: str
    id: str
    says: str


def differences(before: Settings, after: Settings) -> list[Change]:
    """Every change from one reading to the other, in the order of the document."""
    return [*_heading(before, after), *_levers(before, after), *_criteria(before, after), *_pathways(before, after),
            *_plain(before.policy, after.policy)]  # fmt: skip


def _heading(before: Settings, after: Settings) -> Iterator[Change]:
    for name in ("id", "version", "title", "status", "notice"):
        old, new = getattr(before.policy, name), getattr(after.policy, name)
        if old != new:
            yield Change("text", name, f"{name}: {old} -> {new}")


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
            yield Change(kind, place, f"{new.label}: {_at(old, before[name])} -> {_at(new, after[name])}")
        for key, what, was in _fields(old, new):
            if key != "default":
                yield Change("evidence" if key in ("citation", "evidence", "statements") else "lever", place,
                             f"{new.label}, {key}: {was} -> {what}")  # fmt: skip


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
        return ", ".join(f"{k} {_written(v)}" for k, v in value.items() if v is not None) or "nothing"
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
                yield Change("criterion", place, f"criterion reads: {said} -> {says}")
            for key, what, was in _fields(olds[name], news[name]):
                if key == "test":
                    yield Change("criterion", place, f"{says}: the test behind the sentence is another")
                elif key not in ("says", "variants"):
                    yield Change("text" if key == "ask" else "evidence", place, f"{says}, {key}: {was} -> {what}")


Place = tuple[str, ...]  # the switches and branches that lead to a rule


def _rules(rule: Rule, settings: Settings, place: Place = ()) -> Iterator[tuple[Place, Rule]]:
    """The rules in force under the settings, each with the branches that lead to it."""
    if rule.first_of is not None:
        yield from _rules(next(r for r in rule.first_of if settings.holds(r.while_)), settings, place)
    elif rule.switch is not None:
        branches = {**rule.branches} | ({"otherwise": rule.otherwise} if rule.otherwise else {})
        for word, below in branches.items():
            yield from _rules(below, settings, (*place, f"{rule.switch} {word}"))
    else:
        yield place, rule


def _pathways(before: Settings, after: Settings) -> Iterator[Change]:
    olds, news = before.policy.pathways, after.policy.pathways
    for name in dict.fromkeys((*olds, *news)):
        if name not in olds or name not in news:
            title = (news if name in news else olds)[name].title
            yield Change("pathway", f"pathways.{name}", f"{title}: pathway {'added' if name in news else 'removed'}")
            continue
        rules = [dict(_rules(s.policy.pathways[name].rule, s)) for s in (before, after)]
        yield from _requirements(name, before, after, rules[0], rules[1])
        yield from _outcomes(name, before, after, rules[0], rules[1])
        for key, what, was in _fields(olds[name], news[name]):
            if key != "rule":
                kind = {"title": "text", "for": "pathway"}.get(key, "evidence")
                yield Change(kind, f"pathways.{name}", f"{news[name].title}, {key}: {was} -> {what}")


def _requirements(
    name: str, before: Settings, after: Settings, olds: dict[Place, Rule], news: dict[Place, Rule]
) -> Iterator[Change]:
    """Criteria that a pathway newly asks for, no longer asks for, or asks for in another branch."""
    title = after.policy.pathways[name].title
    old, new = ({p: _asked(r, s) for p, r in rules.items()} for rules, s in ((olds, before), (news, after)))
    gone: dict[str, list[Place]] = {}
    come: dict[str, list[Place]] = {}
    for place in dict.fromkeys((*old, *new)):
        for criterion in old.get(place, {}).keys() - new.get(place, {}).keys():
            gone.setdefault(criterion, []).append(place)
        for criterion in new.get(place, {}).keys() - old.get(place, {}).keys():
            come.setdefault(criterion, []).append(place)
    for criterion in sorted(gone.keys() | come.keys()):
        settings = after if criterion in after.policy.criteria else before
        says = settings.says(criterion)
        for place in gone.get(criterion, ()):
            if criterion not in come:
                yield Change(
                    "criterion", f"pathways.{name}.{criterion}", f"{_where(title, place)}: no longer asks: {says}"
                )
        for place in come.get(criterion, ()):
            word = "now asks (moved from another branch)" if criterion in gone else "now also asks"
            yield Change("criterion", f"pathways.{name}.{criterion}", f"{_where(title, place)}: {word}: {says}")


def _asked(rule: Rule, settings: Settings) -> dict[str, None]:
    return dict.fromkeys(entry.criterion for entry in settings.policy.required(rule, settings))


def _where(title: str, place: Place) -> str:
    return f"{title} ({', '.join(place)})" if place else title


def _outcomes(
    name: str, before: Settings, after: Settings, olds: dict[Place, Rule], news: dict[Place, Rule]
) -> Iterator[Change]:
    """What follows when all is met, or always, where that is another word."""
    for place in dict.fromkeys((*olds, *news)):
        old, new = (
            _follows(rules[place], s) if place in rules else "no such branch"
            for rules, s in ((olds, before), (news, after))
        )
        if old != new:
            title = _where(after.policy.pathways[name].title, place)
            yield Change("outcome", f"pathways.{name}.then", f"{title}: {old} -> {new}")


def _follows(rule: Rule, settings: Settings) -> str:
    if rule.outcome is not None:
        return f"always {_word(rule.outcome, settings)}"
    steps = [s for s in rule.then if settings.holds(s.while_)]
    last = next((i for i, step in enumerate(steps) if not step.when), len(steps) - 1)
    said = []
    for step in steps[: last + 1]:
        condition = f"{settings.says(step.when)}: " if step.when else ""
        said.append(condition + _word(step.outcome, settings))
    return "when all is met, " + "; otherwise ".join(said)


def _word(outcome: str, settings: Settings) -> str:
    word = str(settings[outcome]) if outcome in settings.policy.levers else outcome
    return word if word in OUTCOMES else "met"


def _plain(before: Policy, after: Policy) -> Iterator[Change]:
    """Sections whose entries are compared key by key."""
    for section in PLAIN:
        olds, news = (getattr(p, "fields_" if section == "fields" else section) for p in (before, after))
        kind = {"statements": "evidence", "evidence": "evidence", "references": "evidence"}.get(section, "text")
        for name in dict.fromkeys((*olds, *news)):
            place, old, new = f"{section}.{name}", olds.get(name), news.get(name)
            if old is None or new is None:
                yield Change(kind, place, f"{place}: {'added' if new is not None else 'removed'}")
            elif isinstance(old, str):
                if old != new:
                    yield Change(kind, place, f"{place}: {old} -> {new}")
            else:
                for key, what, was in _fields(old, new):
                    yield Change(kind, place, f"{place}, {key}: {was} -> {what}")
    if before.code_notices != after.code_notices:
        yield Change("text", "code_notices", "the standing notices on codes are others")
