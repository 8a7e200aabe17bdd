"""Small slips an author could make, each put into the policy on its own: does some vignette notice?

Levers moved by one step, operators exchanged, criteria dropped, actions swapped, conditions lost; what becomes of
each says verdicts.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, reduce
from itertools import chain, count, product
from operator import getitem
from typing import Any

from policy.entries.records import Record
from policy.model import OUTCOMES, Criterion, Gate, Lever, Pathway, Policy, is_number, simplest
from policy.trees.policies import CLOSING, criteria_read, levers_read, notice_levers
from policy.trees.rules import placed_rules
from policy.trees.tests import placed_tests

Tree = dict[str, Any]
_SECTIONS: dict[str, type[Record]] = {"criteria": Criterion, "gates": Gate, "pathways": Pathway}
ALWAYS = {"lever": {CLOSING: ["pend", "not_met"]}}  # a test that every setting meets
COMPARISONS = {
    "at_least": ("more_than", "less_than"),
    "more_than": ("at_least", "less_than"),
    "less_than": ("at_least", "at_most"),
    "at_most": ("more_than", "less_than"),
}


@dataclass(frozen=True)
class Mutant:
    """A slip: its kind, where it is, what was done, and the document with it; `original`: that it was put into."""

    kind: str
    place: str
    did: str
    tree: Tree = field(repr=False)
    original: Policy | None = field(default=None, repr=False)

    @cached_property
    def policy(self) -> Policy:
        """The policy with the slip; of the original, which is quicker, all but the entry with the slip and new ones."""
        section, name = self.place.split(".")[:2]
        if self.original is None or section not in _SECTIONS:
            return Policy.model_validate(self.tree)
        known: dict[str, dict[str, Any]] = {section: getattr(self.original, section) for section in _SECTIONS}
        changed = {
            at: {n: mine[n] if n in mine and (at, n) != (section, name) else _SECTIONS[at].model_validate(entry)
                 for n, entry in self.tree[at].items()}
            for at, mine in known.items()
        }  # fmt: skip
        return self.original.model_copy(update={**changed, "examples": ()})

    def touches(self, policy: Policy) -> list[str]:
        """The pathways of the original whose determinations it can reach."""
        return affected(policy, self.place)


def mutants(policy: Policy, kinds: Sequence[str] = ()) -> Iterator[Mutant]:
    """Every slip of every kind, or of some kinds."""
    for kind, place, did, changed in slips(policy):
        if not kinds or kind in kinds:
            yield Mutant(kind, place, did, changed, policy)


Slip = tuple[str, str, str, Tree]


def slips(policy: Policy) -> Iterator[Slip]:
    """Every slip as kind, place, what was done and the changed document, before it is a policy again."""
    tree = policy.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"examples"})
    yield from chain(_levers(policy, tree), _tests(policy, tree), _requirements(policy, tree), _rules(policy, tree))


def _levers(policy: Policy, tree: Tree) -> Iterator[Slip]:
    for name, lever in policy.levers.items():
        for value in _neighbours(lever):
            place = ("values", max(lever.dated)) if lever.dated else ("default",)
            changed = _with(tree, ("levers", name, *place), value)
            yield "lever", f"levers.{name}", f"{lever.default} -> {value}", changed


def _neighbours(lever: Lever) -> list[str]:
    """One step down and up; from off: the loosest and the suggested value; of choices: every other one."""
    if lever.choices:
        return [word for word in lever.choices if word != lever.default]
    assert lever.domain
    if lever.default == "off":
        loosest = lever.domain.min if lever.direction == "stricter_when_higher" else lever.domain.max
        return [str(v) for v in dict.fromkeys([loosest, lever.suggested]) if v is not None]
    here = Decimal(lever.default)
    beside = (simplest(here - lever.domain.step), simplest(here + lever.domain.step))
    return [str(v) for v in beside if v in lever.domain.values()]


def _tests(policy: Policy, tree: Tree) -> Iterator[Slip]:
    for name, criterion in policy.criteria.items():
        nodes = [*placed_tests(criterion.test, ("criteria", name, "test"))]
        for place, _ in nodes:
            for did, new in _slips(_at(tree, place)):
                yield "operator", ".".join(map(str, place)), did, _with(tree, place, new)
        for place, node in nodes:
            parts = len(node.points) if node.key in ("all_of", "any_of", "count") else 0
            for i in range(parts if parts > 1 else 0):
                part = (*place, node.key, *node.steps(i))
                yield "part dropped", ".".join(map(str, part)), "dropped", _without(tree, part)


def _slips(node: Tree) -> Iterator[tuple[str, Tree]]:
    """What one node of a test could have been by mistake."""
    (kind, body), *_ = node.items()
    for other in COMPARISONS.get(kind, ()):
        yield f"{kind} -> {other}", {other: body}
    if kind in ("all_of", "any_of") and len(body) > 1:
        other = "any_of" if kind == "all_of" else "all_of"
        yield f"{kind} -> {other}", {other: body}
    if kind == "none_of":
        yield "none_of -> any_of", {"any_of": body}
    if kind == "count":
        yield "count -> all_of", {"all_of": body["of"]}
        yield "count -> any_of", {"any_of": body["of"]}
    if kind == "mean":
        yield "mean -> each", {"all_of": [{"at_least": {name: body["reaches"]}} for name in body["of"]]}
        yield "mean -> any", {"any_of": [{"at_least": {name: body["reaches"]}} for name in body["of"]]}
    if kind in ("is", "states", "on_file", "lever"):
        yield f"{kind} negated", {"none_of": [node]}
    if kind in ("is", "states"):
        yield from _words(node, kind)
    if kind in COMPARISONS:
        ((field, reference),) = body.items()
        for number in _beside(reference):
            yield f"{reference} -> {number}", {kind: {field: number}}
    if kind == "between":
        ((field, (low, high)),) = body.items()
        yield "between -> at_least", {"at_least": {field: low}}
        yield "between -> at_most", {"at_most": {field: high}}
        yield from ((f"{low} -> {number}", {kind: {field: [number, high]}}) for number in _beside(low))
        yield from ((f"{high} -> {number}", {kind: {field: [low, number]}}) for number in _beside(high))
    if kind == "sum":
        yield from _of_sum(body)
    if kind == "score":
        yield from _of_score(body)


def _beside(reference: str) -> list[str]:
    """The plain numbers one step of its last digit from a plain number; none beside a lever."""
    if not is_number(reference):
        return []
    number = Decimal(reference)
    step = Decimal(1).scaleb(int(number.as_tuple().exponent))
    return [str(one) for one in (number - step, number + step) if one >= 0]


def _of_sum(body: Tree) -> Iterator[tuple[str, Tree]]:
    """A sum compared otherwise, with another number, or with a field added that was to be taken away."""
    side = next(key for key in COMPARISONS if body.get(key) is not None)
    rest = {key: value for key, value in body.items() if key != side}
    for other in COMPARISONS[side]:
        yield f"{side} -> {other}", {"sum": {**rest, other: body[side]}}
    for number in _beside(body[side]):
        yield f"{body[side]} -> {number}", {"sum": {**body, side: number}}
    if body.get("minus"):
        yield "minus -> plus", {"sum": {**rest, "of": [*body["of"], *body["minus"]], "minus": [], side: body[side]}}


def _of_score(body: Tree) -> Iterator[tuple[str, Tree]]:
    """A score with another number wanted, or with a test that counts for nothing."""
    for number in _beside(body["reaches"]):
        yield f"{body['reaches']} -> {number}", {"score": {**body, "reaches": number}}
    for i in range(len(body["points"]) if len(body["points"]) > 1 else 0):
        yield f"points {i} dropped", {"score": {**body, "points": body["points"][:i] + body["points"][i + 1 :]}}


def _words(node: Tree, kind: str) -> Iterator[tuple[str, Tree]]:
    ((field, words),) = node[kind].items()
    other = "states" if kind == "is" else "is"
    yield f"{kind} -> {other}", {other: node[kind]}
    for word in words if len(words) > 1 else ():
        yield f"without {word}", {kind: {field: [w for w in words if w != word]}}


def _requirements(policy: Policy, tree: Tree) -> Iterator[Slip]:
    """Each criterion dropped from each gate and each rule, and each condition or code list on one lost."""
    taken = {*tree["criteria"], *tree["gates"]}
    places: list[tuple[tuple[Any, ...], Tree]] = [(("gates", name), gate) for name, gate in tree["gates"].items()]
    places += [(path, rule) for path, rule in _all_rules(policy, tree) if "require" in rule]
    for path, owner in places:
        where = ".".join(map(str, path))
        names = [entry["criterion"] for entry in owner["require"]]
        for i, entry in enumerate(owner["require"]):
            name = entry["criterion"]
            here = f"{where}.{name}" if names.count(name) == 1 else f"{where}.require.{i}.{name}"  # which of the two
            if len(names) > 1:
                changed = _without(tree, (*path, "require", i))
            else:
                always = next(name for name in chain(["always"], map("always_{}".format, count())) if name not in taken)
                free = next(iter(tree["criteria"].values())) | {"test": ALWAYS}
                changed = _with(tree, ("criteria", always), free)
                changed = _with(changed, (*path, "require", i), {"criterion": always})
            yield "criterion dropped", here, "dropped", changed
            for key in ("while", "codes"):
                if entry.get(key):
                    yield "condition lost", here, f"{key} lost", _without(tree, (*path, "require", i, key))


def _all_rules(policy: Policy, tree: Tree) -> Iterator[tuple[tuple[object, ...], Tree]]:
    for name, pathway in policy.pathways.items():
        for path, *_ in placed_rules(pathway.rule, ("pathways", name, "rule")):
            yield path, _at(tree, path)


def _rules(policy: Policy, tree: Tree) -> Iterator[Slip]:
    for path, rule in _all_rules(policy, tree):
        where = ".".join(map(str, path))
        if "outcome" in rule:
            for word in OUTCOMES[:5]:
                if word != rule["outcome"]:
                    yield "action swapped", where, f"{rule['outcome']} -> {word}", _with(tree, (*path, "outcome"), word)
        for i, step in enumerate(rule.get("then", ())):
            place = (*path, "then", i)
            for word in OUTCOMES[:4]:
                if word != step["outcome"]:
                    did = f"{step['outcome']} -> {word}"
                    yield "action swapped", f"{where}.then.{i}", did, _with(tree, (*place, "outcome"), word)
            if i < len(rule["then"]) - 1:
                did = f"{step['outcome']} dropped"
                yield "action dropped", f"{where}.then.{i}", did, _without(tree, (*path, "then", i))
        for i in range(len(rule.get("first_of", ())) - 1):
            place, here = (*path, "first_of", i), f"{where}.first_of.{i}"
            yield "stance dropped", here, "dropped", _without(tree, place)
            for lever in rule["first_of"][i]["while"] if len(rule["first_of"][i]["while"]) > 1 else ():
                yield "condition lost", here, f"while {lever} lost", _without(tree, (*place, "while", lever))
        if rule.get("assume"):
            yield "condition lost", where, "assume lost", _without(tree, (*path, "assume"))


def _at(tree: Any, path: Sequence[Any]) -> Any:
    """What stands at a path of the tree."""
    return reduce(getitem, path, tree)


def _with(tree: Any, path: Sequence[object], value: object) -> Any:
    """The tree with another value at a path; what is not on the path is shared."""
    changed, (step, *rest) = tree.copy(), path
    changed[step] = _with(tree[step], rest, value) if rest else value
    return changed


def _without(tree: Any, path: Sequence[object]) -> Any:
    """The tree without what stands at a path; what is not on the path is shared."""
    changed, (step, *rest) = tree.copy(), path
    if rest:
        changed[step] = _without(tree[step], rest)
    else:
        del changed[step]
    return changed


def affected(policy: Policy, place: str) -> list[str]:
    """The pathways whose determinations an element of the document can reach."""
    section, name = place.split(".")[:2]
    if section == "pathways":
        return [name]
    if section == "levers":
        return [*policy.pathways]
    rules = {way: pathway.rule for way, pathway in policy.pathways.items()}
    if section == "criteria":
        return [way for way, rule in rules.items() if name in criteria_read(policy, rule)]
    return [way for way, rule in rules.items() if any(entry.criterion == name for entry in rule.entries())]


def levers_of(policy: Policy, pathways: Sequence[str]) -> list[str]:
    """The levers that some pathways read, in the order of the policy."""
    found = {CLOSING, *notice_levers(policy)}
    for name in pathways:
        found |= levers_read(policy, policy.pathways[name].rule)
    return [name for name in policy.levers if name in found]


def probes(
    policy: Policy, readings: Mapping[str, Mapping[str, object]], pathways: Sequence[str], mutant: Mutant | None = None
) -> Iterator[dict[str, object]]:
    """Settings under which a difference could show: the readings, then every lever that is read moved alone.

    Each besides what must be set for the place of a slip to be in force; for a slip in a criterion also every
    combination of the levers that the criterion reads. Of a numeric lever: off, both ends, the default with its
    neighbours and the suggested value. A slip in a lever's default is only tried where the lever itself is not set.
    """
    moved = mutant.place.split(".")[1] if mutant and mutant.kind == "lever" else None
    for provisions in readings.values():
        for needed in _in_force(policy, mutant.place) if mutant else [{}]:
            base = {k: v for k, v in {**provisions, **needed}.items() if k != moved}
            yield base
            for name in levers_of(policy, pathways):
                lever = policy.levers[name]
                for value in telling(lever):
                    if name != moved and name not in needed and value != str(base.get(name, lever.default)):
                        yield {**base, name: value}
        section, _, name = mutant.place.partition(".") if mutant else ("", "", "")
        if section == "criteria":
            levers = policy.criteria[name.partition(".")[0]].test.levers()
            for values in product(*(telling(policy.levers[lever]) for lever in levers)):
                yield {**provisions, **dict(zip(levers, values, strict=True))}


def _in_force(policy: Policy, place: str) -> list[dict[str, str]]:
    """What has to be set for a rule or a requirement to be in force, and no lever set."""
    tree: Any = policy.model_dump(mode="json", by_alias=True, exclude_unset=True)
    needed: dict[str, str] = {}
    for step in place.split("."):
        if isinstance(tree, list):
            tree = tree[int(step)]
        elif step in tree:
            tree = tree[step]
        else:
            tree = next((e for e in tree.get("require", ()) if e["criterion"] == step), {})
        if isinstance(tree, dict) and isinstance(tree.get("while"), dict):
            needed |= {lever: words[0] for lever, words in tree["while"].items()}
    on = {k: str(policy.levers[k].on) for k, v in needed.items() if v == "on" and policy.levers[k].off_allowed}
    return [needed | on, {}] if needed else [{}]


def telling(lever: Lever) -> list[str]:
    """The settings of a lever that are tried: every choice, or off, both ends, the default and what is next to it."""
    if lever.domain is None:
        return list(lever.choices or ())
    values = [str(lever.domain.min), *_neighbours(lever), str(lever.domain.max)]
    return list(dict.fromkeys([*(["off"] if lever.off_allowed else []), *values]))
