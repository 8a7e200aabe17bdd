"""Does the document still make sense? Every finding comes with a witness: a case, or the setting that shows it.

What a file cannot even be loaded with (a gap, an overlap) is found here too, for policies that are still being drafted.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from policy.authoring.coverage import activations
from policy.authoring.direction import broken_direction
from policy.authoring.enumeration import Row, enumerate_cases
from policy.authoring.memory import Look, Looked, Memory, Recall, Shown
from policy.authoring.mutation import Mutant, levers_of, mutants, probes, telling
from policy.authoring.proof import Relation, prove, relations
from policy.authoring.questions import Parts, needless
from policy.authoring.settings_tried import more_settings, that_meet, under
from policy.authoring.witness import Witness
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.model import OUTCOMES, Amount, Lever, Policy, Settings, Value, as_word
from policy.problems import ProblemsFound, listed
from policy.trees.policies import CLOSING, criteria_read, facts_read, notice_levers
from policy.trees.rules import placed_rules

_WITHOUT = "no case changes without it"
FEW = 12  # values of a lever, all of which are tried


@dataclass(frozen=True)
class Finding:
    """One remark: its kind, where in the document, what is odd, and the witness in words."""

    kind: str
    place: str
    says: str
    witness: str

    def __str__(self) -> str:
        return f"{self.place}: {self.says}; {self.witness}"


def lint(settings: Settings, kinds: Collection[str] = (), memory: Memory[Finding] | None = None) -> Iterator[Finding]:
    """Everything that is odd in a policy, or only some kinds; thresholds and directions under these settings.

    With a `memory` only what can be another since it was last asked is looked for.
    """
    for found in lint_steps(settings, kinds, memory):
        yield from found


def lint_steps(
    settings: Settings, kinds: Collection[str] = (), memory: Memory[Finding] | None = None
) -> Iterator[tuple[Finding, ...]]:
    """The same a step after the other, most of which find nothing: whoever asks can stop between two."""
    policy = settings.policy
    matched = list(_cells(policy))
    checks: dict[tuple[str, ...], Callable[[], Iterator[Finding | Look[Finding]]]] = {
        ("gap", "overlap", "unreachable"): lambda: iter(matched),
        ("unreachable",): lambda: _unreachable(policy),
        ("outside cited",): lambda: _outside_cited(settings),
        ("unused column",): lambda: _unused(policy),
    }
    if not matched:  # else there is not one rule for each case, and nothing can be proven
        checks |= {
            ("never decides",): lambda: _never_decides(policy),
            ("reaches nothing",): lambda: _reaches_nothing(policy),
            ("direction",): lambda: _directions(policy),
            ("needless ask",): lambda: _idle_asks(settings),
        }
    recall = (memory or Memory()).of(settings)
    for names, check in checks.items():
        if not kinds or set(names) & set(kinds):
            yield from _each(names, check, recall)


def _each(
    names: Collection[str], check: Callable[[], Iterator[Finding | Look[Finding]]], recall: Recall[Finding]
) -> Iterator[tuple[Finding, ...]]:
    """What a check finds, a look after the other; last why some could not be looked at, and in which pathways."""
    unseen: dict[str, dict[str, None]] = {}
    try:
        for found in check():
            try:
                yield (found,) if isinstance(found, Finding) else recall.found(found)
            except ProblemsFound as wrong:
                ways = () if isinstance(found, Finding) else found.pathways
                unseen.setdefault(str(wrong.problems[0]), {}).update(dict.fromkeys(ways))
    except ProblemsFound as wrong:
        unseen[str(wrong.problems[0])] = {}
    for why, among in unseen.items():
        where = f" in every case of {listed([f'pathways.{way}' for way in among])}" if among else ""
        yield (Finding("not checked", "policy", f"not looked for: {listed(names)}{where}", why),)


def _unused(policy: Policy) -> Iterator[Finding]:
    """Columns that stand on a statement, and that no rule reads: perhaps a rule was forgotten."""
    read = {fact for rule in policy.rules() for fact in facts_read(policy, rule)}
    read |= {column for name in read for column in policy.fields_[name].sources}
    read |= {teller for name in read for teller in policy.fields_[name].implied_by}
    read |= {name for one in policy.relations for name in (one.field, one.at_most)}
    for name, kind in policy.fields_.items():
        if kind.statements and not (kind.required or kind.ignored) and name not in read:
            says = f"stands on {listed(kind.statements)}, and no rule reads it"
            yield Finding("unused column", f"fields.{name}", says, "no value of it changes any case")


def _selected(policy: Policy) -> Iterator[tuple[str, str, list[str]]]:
    """Each diagnosis and procedure code with the pathways that it belongs to."""
    for group, diagnosis in policy.diagnoses.items():
        for family, procedures in policy.procedures.items():
            for cpt in procedures.codes:
                names = policy.cell(group, family, cpt)
                for dx in (*diagnosis.codes, *diagnosis.prefixes):
                    yield dx, cpt, names


def _cells(policy: Policy) -> Iterator[Finding]:
    """Requests with no pathway, with several, and pathways without a request."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for dx, cpt, names in _selected(policy):
        seen.setdefault(tuple(names), []).append(f"dx {dx}, cpt {cpt}")
    for known, cases in seen.items():
        names = list(known)
        also = f", and {len(cases) - 1} more" if len(cases) > 1 else ""
        if not names:
            yield Finding("gap", "pathways", "requests without a pathway", f"case {cases[0]}{also}")
        elif len(names) > 1:
            yield Finding(
                "overlap", f"pathways.{names[1]}", f"also {' and '.join(names[:1])}", f"case {cases[0]}{also}"
            )
    for name in policy.pathways:
        mine = [names for names in seen if name in names]
        if not any(names[0] == name for names in mine):
            first = f"case {seen[mine[0]][0]} goes to {mine[0][0]}" if mine else "no code of the policy is selected"
            yield Finding("unreachable", f"pathways.{name}", "no request ever comes here", first)


def _unreachable(policy: Policy) -> Iterator[Finding]:
    """Rules of `first_of` that no setting of the levers ever comes to; of those below one, nothing more is said."""
    for name, pathway in policy.pathways.items():
        closed: list[tuple[object, ...]] = []
        for placed in placed_rules(pathway.rule, ("pathways", name, "rule")):
            path, _, needs = placed
            if not isinstance(path[-1], int) or any(path[: len(above)] == above for above in closed):
                continue
            place, holds = path[-1], [condition for condition, wanted in needs if wanted]
            fails = [condition for condition, wanted in needs if not wanted]
            before = fails[len(fails) - place :]
            if next(that_meet(policy, holds, fails), None) is None:
                closed.append(path)
                taken = next(that_meet(policy, holds, fails[: len(fails) - place]), None)
                witness = "its conditions exclude each other"
                if taken is not None:
                    earlier = next(j for j, condition in enumerate(before) if taken.holds(condition))
                    levers = ", ".join(f"{k}={v}" for k, v in taken.provisions().items()) or "no lever moved"
                    witness = f"with {levers} the rule before it ({earlier}) is taken"
                yield Finding("unreachable", placed.name, "no setting ever comes to this rule", witness)


def _never_decides(policy: Policy) -> Iterator[Finding | Look[Finding]]:
    """Criteria that no rule asks for, or that can be dropped from a rule without a change to any case."""
    used = {name for rule in policy.rules() for name in criteria_read(policy, rule)}
    for name in policy.criteria:
        if name not in used:
            yield Finding("never decides", f"criteria.{name}", "no rule asks for it", "it is read for no case")
    shown: dict[str, list[Mapping[str, object]]] = {}  # what is dropped -> levers that showed it in another pathway
    yield from (_dropped(policy, slip, shown) for slip in mutants(policy, kinds=("criterion dropped",)))


def _dropped(policy: Policy, slip: Mutant, shown: dict[str, list[Mapping[str, object]]]) -> Look[Finding]:
    """Whether a criterion can be dropped, or a case that it decides."""
    name = slip.place.rpartition(".")[2]

    def look() -> Looked[Finding]:
        found = difference(policy, slip, shown.get(name, ()))
        if isinstance(found, str):
            return (finding(f"{_WITHOUT}{found}"),), None
        shown[name] = [found[0], *(one for one in shown.get(name, ()) if one != found[0])][:3]
        return (), Shown.under(found[1].case, policy, found[0], found[0])

    def finding(says: str) -> Finding:
        return Finding("never decides", slip.place, says, _idle(policy, slip, name))

    def retold(found: Sequence[Finding]) -> tuple[Finding, ...] | None:
        return (finding(_WITHOUT),) if found[0].says == _WITHOUT else None  # else it was not looked for at all settings

    ways = slip.touches(policy)
    return Look(("never decides", slip.place), ways, look, lambda: slip.policy, retold, everywhere=True)


def difference(
    policy: Policy, slip: Mutant, first: Sequence[Mapping[str, object]] = ()
) -> tuple[Mapping[str, object], Witness] | str:
    """Levers, `first` before others, and a case that a slip decides otherwise; else under which it was looked for."""
    touched = slip.touches(policy)
    drawn, complete = more_settings(policy, levers_of(policy, touched))
    tried = ([] if complete else list(probes(policy, {"default": {}}, touched, slip))) + drawn
    ahead = [{**one, **tried[0]} for one in first if not complete]
    for place, provisions in enumerate([*ahead, *tried]):
        if place == max(1, len(ahead)) and not complete:
            every = []  # what a few settings do not show is more often not so than shown by the rest
            for _, relation in relations(policy.settings(), slip.policy.settings(), touched):
                for witness in relation.witnesses().values():
                    return {name: as_word(pair[0]) for name, pair in witness.levers.items()}, witness
                every.append(relation)
            if not any(relation.open for relation in every):
                return under(len(tried), complete=True)
        for way in touched:
            proof = prove(policy.settings(provisions), slip.policy.settings(provisions), [way])
            for witness in proof.overall.witnesses().values():
                return provisions, witness
    return under(len(tried), complete)


def _idle(policy: Policy, slip: Mutant, criterion: str) -> str:
    """A case in which a criterion fails and something else decides anyway."""
    for pathway in slip.touches(policy):
        for levers in activations(policy, pathway, criterion):
            settings = policy.settings(levers)
            space = enumerate_cases([settings], [pathway])
            result = determine(policy, space.cases(policy), settings)
            rows = np.flatnonzero(result.truths.get(criterion, np.full(len(space.rows), 3)) == 0)
            if len(rows):
                row = int(min(rows, key=lambda i: (len(space.rows[i]), i)))
                said = ", ".join(f"{k}={v}" for k, v in levers.items()) or "no lever moved"
                outcome = OUTCOMES[result.outcome[row]]
                return f"with {said}, case {_case(space.case(row))} fails it and is {outcome} without it too"
    return "no case fails it"


def _case(row: Row) -> str:
    return ", ".join(f"{k} {v}" for k, v in row.items())


def _reaches_nothing(policy: Policy) -> Iterator[Look[Finding]]:
    """Levers that change no case, whatever the others are set to."""
    for name, ways in _readers(policy).items():
        look = partial(_moved, policy, name, ways)
        yield Look(("reaches nothing", name), ways, look, lambda: policy, levers=(name,), everywhere=True)


def _readers(policy: Policy) -> dict[str, list[str]]:
    """Of each lever the pathways that read it."""
    read = {way: levers_of(policy, [way]) for way in policy.pathways}
    return {name: [way for way, levers in read.items() if name in levers] for name in policy.levers}


def _moved(policy: Policy, name: str, ways: Sequence[str]) -> Looked[Finding]:
    """Whether a lever changes no case, or a case that it changes."""
    lever = policy.levers[name]
    always = {CLOSING, *notice_levers(policy)}
    drawn, complete = more_settings(policy, [n for n in levers_of(policy, ways) if n != name])
    tried = ([] if complete else list(probes(policy, {"default": {}}, ways))) + drawn if ways else []
    for provisions, way in product(tried, ways):
        if found := reached(policy, name, [way], [provisions]):
            return (), found.shown
    values, opens = _values(lever), False
    for relation in _against_the_first(policy, name, ways, values) if ways and not complete else ():
        if relation.witnesses():
            return (), None
        opens |= bool(relation.open)
    every = len(values) == len(lever.values()) and not opens
    complete |= every or not ways
    says = f"no rule reads it: {values[0]} or {values[-1]}, every case stays as it is"
    if ways and name not in always:
        space = enumerate_cases([policy.settings()], ways)
        outcome = OUTCOMES[space.outcomes()[0, 0]]
        says = f"case {_case(space.case(0))} is {outcome} at {values[0]} and at {values[-1]}"
    where = f"no case changes with this lever{under(len(tried), complete)}"
    return (Finding("reaches nothing", f"levers.{name}", where, says),), None


def _values(lever: Lever) -> list[str]:
    return telling(lever) if len(lever.values()) > FEW else list(map(as_word, lever.values()))


def _against_the_first(policy: Policy, name: str, ways: Sequence[str], values: Sequence[str]) -> Iterator[Relation]:
    """How a lever at each of its other values stands to the first, over all settings of the others."""
    first, *others = (policy.settings({name: value}) for value in values)
    yield from (relation for other in others for _, relation in relations(first, other, ways))


class Reached(NamedTuple):
    """A case that a lever decides, in words, and with the settings that show it."""

    says: str
    shown: Shown


def reached(policy: Policy, name: str, ways: Sequence[str], tried: Iterable[Mapping[str, object]]) -> Reached | None:
    """A case that some value of a lever decides otherwise than another, under some setting of the others; or None."""
    lever = policy.levers[name]
    values = _values(lever)
    for provisions in tried:
        settings = [policy.settings({**provisions, name: value}) for value in values]
        space = enumerate_cases(settings, ways)
        outcomes = space.outcomes()
        rows = np.flatnonzero((outcomes != outcomes[:, :1]).any(axis=1))
        if len(rows):
            row = int(min(rows, key=lambda i: (len(space.rows[i]), i)))
            at = int(np.flatnonzero(outcomes[row] != outcomes[row, 0])[0])
            words = [OUTCOMES[outcomes[row, i]] for i in (0, at)]
            shown = [lever.show(settings[i][name]) for i in (0, at)]
            case, both = space.case(row), ({**provisions, name: values[i]} for i in (0, at))
            says = f"{_case(case)}: {words[0]} at {shown[0]}, {words[1]} at {shown[1]}"
            return Reached(says, Shown.under(case, policy, *both))
    return None


def inert(settings: Settings, cases: Cases) -> Iterator[Finding]:
    """Levers that change no case of a population from what these settings make of it, with a case that they would."""
    policy = settings.policy
    planes = Planes(cases)
    base = determine(policy, cases, settings, planes=planes, asking=False).outcome
    for name, lever in policy.levers.items():
        others: list[Value] = [value for value in lever.values() if value != settings[name]]
        moved = ({**settings.provisions(), name: as_word(value)} for value in others)
        outcomes = (determine(policy, cases, policy.settings(m), planes=planes, asking=False).outcome for m in moved)
        if all(np.array_equal(outcome, base) for outcome in outcomes):
            ways = _readers(policy)[name]
            case = reached(policy, name, ways, [settings.provisions()]) if ways else None
            witness = (
                f"it would change the case {case.says}" if case else "under these settings it would change no case"
            )
            yield Finding("inert here", f"levers.{name}", f"changes none of these {len(cases):,} cases", witness)


def _outside_cited(settings: Settings) -> Iterator[Finding]:
    """Thresholds that no cited source uses."""
    policy = settings.policy
    for name, lever in policy.levers.items():
        values = {"set to": settings[name], "suggested": lever.suggested}
        for word, value in values.items():
            if lever.cited and isinstance(value, Amount) and not lever.cited.min <= value <= lever.cited.max:
                near = min(
                    lever.domain.values() if lever.domain else (), key=lambda v: (_away(lever, v), abs(v - value))
                )
                least, most = lever.cited.min, lever.show(lever.cited.max)
                span = most if least == lever.cited.max else f"{least} to {most}"
                says = f"{word} {lever.show(value)}, but the sources use {span}"
                ways = _readers(policy)[name]
                pair = [policy.settings({**settings.provisions(), name: v}) for v in (near, value)]
                found = list(prove(pair[0], pair[1], ways).overall.witnesses().values())
                case = f"case {found[0].text()}" if found else "no case"
                yield Finding("outside cited", f"levers.{name}", says, f"from {lever.show(near)} it changes {case}")


def _away(lever: Lever, value: Amount) -> Amount:
    """How far a value is from the cited range."""
    assert lever.cited
    return max(lever.cited.min - value, value - lever.cited.max, 0)


def _directions(policy: Policy) -> Iterator[Look[Finding]]:
    """Levers of which some step is looser where it is declared stricter, at any setting of the others, undeclared."""
    for name, ways in _readers(policy).items():
        yield Look(("direction", name), ways, partial(_direction, policy, name), levers=(name,), everywhere=True)


def _direction(policy: Policy, name: str) -> Looked[Finding]:
    broken, lever = broken_direction(policy, name), policy.levers[name]
    if broken is None:
        return (), None
    one, other = lever.show(broken.looser), lever.show(broken.stricter)
    said = str(lever.direction or "stricter by its order").replace("_", " ")
    if broken.witness is None:
        return (Finding("direction", f"levers.{name}", f"declared {said}: not proven", broken.why),), None
    says = f"declared {said}, but {other} can be looser than {one}, and direction_exceptions does not say so"
    return (Finding("direction", f"levers.{name}", says, f"case {broken.witness.text()}"),), None


def _idle_asks(settings: Settings) -> Iterator[Look[Finding]]:
    """Questions for a fact that cannot change the outcome, one for each pathway and fact."""
    parts = Parts()
    for name in settings.policy.pathways:
        yield Look(("needless ask", name), [name], partial(_idle_asks_of, settings, name, parts))


def _idle_asks_of(settings: Settings, name: str, parts: Parts) -> Looked[Finding]:
    space = enumerate_cases([settings], [name])
    cases = space.cases(settings.policy)
    frame = determine(settings.policy, cases, settings).frame().astype(str)
    first: dict[tuple[str, str], int] = {}
    for place in np.flatnonzero((frame["ask"] != "") & (frame["ask"] != "dx")):
        first.setdefault((frame["not_documented"][place], frame["ask"][place]), int(place))
    asks = {row: ask.split(";") for (_, ask), row in first.items()}
    idle, found = needless(cases, asks, settings, parts), dict[str, Finding]()
    for row, column in [(row, column) for row, columns in asks.items() for column in columns]:
        if (row, column) in idle and column not in found:
            says, case = f"asks for {column}, which cannot change the outcome", _case(space.case(row))
            found[column] = Finding("needless ask", f"pathways.{name}", says, f"case {case}")
    return (*found.values(),), None
