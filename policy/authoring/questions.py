"""What would change one case: the smallest sets of documents that could settle it, of changes that would make it met.

A set is smallest when no part of it is enough. They are found as all proofs are (enumeration.py): what each component
of the facts can give is written out once, and the components are folded together; here every smallest set of changed
facts is kept for each signature, not one case alone. Where very many values hang together, only few change at once.
"""

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policy.authoring.enumeration import Component, Requires, Row, as_cases, reachable, signature_of, truths_of
from policy.authoring.facts import components, refuse_together, values
from policy.case_files.reader import Cases
from policy.case_files.written import as_written
from policy.determinations.determination import determine
from policy.determinations.results import Determinations
from policy.evaluation.pathways import codes_of, diagnosis_group, pathway_of
from policy.model import OUTCOMES, Policy, Rule, Settings

MOST_TOGETHER = 200_000  # combinations of values of facts that hang together; of more, few are changed at once
FEW_CHANGES = 3
MOST_WAYS = 20_000  # ways to tell the missing facts that are tried one by one
WAITS = "waits"  # pend because facts are missing, whether or not the file is then closed

Truths = tuple[int, ...]
Key = tuple[Truths, Truths]  # least truth at each `require`; whens and switches
Sets = dict[int, Row]  # facts that differ, as bits -> the columns as they are then written
Ways = tuple[list[tuple[int, Row]], Component]  # to write the facts of a component, and what comes of each


@dataclass(frozen=True)
class Parts:
    """What components can give, by all that this depends on: to every pathway alike, and to one."""

    every: dict[object, Ways] = field(default_factory=dict)
    one: dict[object, dict[Key, Sets]] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """A smallest set of changes, fact -> its new value as written in a case table, and the outcome that it gives."""

    outcome: str
    changes: dict[str, str]


def row_of(cases: Cases, row: int) -> Row:
    """One case as the text of a case table; columns without an entry are left out."""
    found = {"dx": str(cases.dx[row]), "cpt": str(cases.cpt[row])}
    for name, kind in cases.policy.fields_.items():
        value = int(cases.facts[name][row]) if name in cases.facts else -1
        if value >= 0 and kind.told:
            found[name] = as_written(kind, value)
    return found


def documents(cases: Cases, row: int, settings: Settings, known: "Parts | None" = None) -> tuple[Way, ...]:
    """Every smallest set of missing documents that could settle a case that waits, with what it would then be.

    `known`: what was worked out for other rows under these settings, and is added to.
    """
    return _ways(cases, row, settings, missing_only=True, parts=known)


def asked(ways: Iterable[Way]) -> set[str]:
    """The facts of some ways: those that could still change the outcome, none that could not."""
    return {fact for way in ways for fact in way.changes}


def to_meet(cases: Cases, row: int, settings: Settings, most: int = 3) -> tuple[Way, ...]:
    """The smallest sets of changed or added facts that would make a case met, the shortest sets first.

    Of the sets that no part of would do, those of the least size, at most `most`.
    """
    ways = [way for way in _ways(cases, row, settings, missing_only=False) if way.outcome == "met"]
    least = min((len(way.changes) for way in ways), default=0)
    return tuple(way for way in ways if len(way.changes) == least)[:most]


def _ways(
    cases: Cases, row: int, settings: Settings, missing_only: bool, parts: "Parts | None" = None
) -> tuple[Way, ...]:
    policy, base = settings.policy, row_of(cases, row)
    group = diagnosis_group(policy, base["dx"])
    name = pathway_of(policy, group, base["cpt"]) if group else None
    facts = {fact: int(column[row]) for fact, column in cases.facts.items()}
    least = _at_least(policy, facts)
    now = _words(determine(policy, cases.take(np.array([row])), settings, asking=False))[0]
    if name is None or (missing_only and now != WAITS):
        return ()
    found = list(reachable(policy.pathways[name].rule, settings, base["dx"]))
    nodes = [(0, node) for node in found if isinstance(node, Requires)]
    switches = dict.fromkeys(node for node in found if isinstance(node, str))
    free = _open(policy.pathways[name].rule, settings, nodes, switches, facts) if missing_only else None
    sets: dict[Key, Sets] = {((2,) * len(nodes), ()): {0: {}}}
    bits = {fact: 1 << i for i, fact in enumerate(f for fields in components([policy]) for f in fields)}
    refuse_together(_read(policy, nodes, switches), [policy])
    for fields in components([policy]):
        if set(fields) & _read(policy, nodes, switches):
            own = {column for fact in fields for column in (fact, *policy.fields_[fact].sources)}
            own |= {column for column, kind in policy.fields_.items() if kind.required}
            known = {k: v for k, v in base.items() if k in own}
            told = sorted((column, text) for column, text in known.items() if column not in ("dx", "cpt"))
            key = (fields, free is None, *told, "", *sorted({*fields} & (free or set())))
            mine = parts if parts is not None and not least else Parts()
            if key not in mine.every:
                mine.every[key] = _written_out(fields, known, settings, free, bits, least)
            if (name, base["dx"], key) not in mine.one:
                mine.one[name, base["dx"], key] = _part(mine.every[key], nodes, switches)
            sets = _folded(sets, mine.one[name, base["dx"], key])
    signatures = list(sets)
    columns = _columns(policy)
    rows = [_merged(base, next(iter(sets[s].values())), columns) for s in signatures]
    by_state: dict[str, Sets] = {}
    for signature, state in zip(signatures, _states(rows, settings, least), strict=True):
        if state != now:
            by_state.setdefault(state, {}).update(sets[signature])
    return tuple(
        Way(state, {fact: row_then[columns[fact]] for fact, bit in bits.items() if mask & bit})
        for state in (*OUTCOMES, WAITS)
        for mask, row_then in _smallest(by_state.get(state, {})).items()
    )


def can_change(cases: Cases, row: int, settings: Settings, fact: str) -> bool:
    """Whether a value of a fact changes the answer for some way of telling the other missing facts; all are tried.

    A fact may matter and be part of no smallest set: where another set, without it, already gives the same outcome.
    With more than `MOST_WAYS` ways the answer is yes, which promises nothing.
    """
    policy, base = settings.policy, row_of(cases, row)
    name = pathway_of(policy, str(diagnosis_group(policy, base["dx"])), base["cpt"])
    found = list(reachable(policy.pathways[str(name)].rule, settings, base["dx"]))
    nodes = [(0, node) for node in found if isinstance(node, Requires)]
    columns = _columns(policy)
    read = _read(policy, nodes, [node for node in found if isinstance(node, str)])
    others = sorted(f for f in read - {fact} if int(cases.facts[f][row]) < 0)
    least = _at_least(policy, {name: int(column[row]) for name, column in cases.facts.items()})
    choices = [["", *(c[columns[f]] for c in _changes(f, base, settings, least.get(f, 0)))] for f in others]
    told = [c[columns[fact]] for c in _changes(fact, base, settings, least.get(fact, 0))]
    if math.prod(map(len, choices)) * (len(told) + 1) > MOST_WAYS:
        return True
    ways = [{columns[f]: v for f, v in zip(others, way, strict=True)} for way in itertools.product(*choices)]
    rows = [_merged({**base, **way}, {columns[fact]: v} if v else {}, columns) for way in ways for v in ("", *told)]
    each = _answers(rows, settings, least).reshape(len(ways), -1)
    return bool(((each[:, 1:] != each[:, :1]) & (each[:, 1:] >= 0) & (each[:, :1] >= 0)).any())


def change_alone(cases: Cases, pairs: Collection[tuple[int, str]], settings: Settings) -> set[tuple[int, str]]:
    """Of rows of a case table and facts, those where some value of the fact changes the answer, all else as it is.

    `can_change` says so of them too; here all are determined together.
    """
    columns, bases = _columns(settings.policy), {row: row_of(cases, row) for row, _ in pairs}
    written = {fact: _changes(fact, {}, settings, 0) for _, fact in pairs}
    ways = [(pair, way) for pair in pairs for way in written[pair[1]]]
    rows = [_merged(bases[row], way, columns) for (row, _), way in ways]
    answers = _answers([*rows, *bases.values()], settings, {})
    now = dict(zip(bases, answers[len(rows) :].tolist(), strict=True))
    told = zip(ways, answers.tolist(), strict=False)
    return {pair for (pair, _), answer in told if -1 not in (answer, now[pair[0]]) and answer != now[pair[0]]}


def needless(cases: Cases, asks: Mapping[int, Sequence[str]], settings: Settings, parts: Parts) -> set[tuple[int, str]]:
    """Of the columns that rows of one pathway are asked for, those that cannot change the answer: row, column."""
    told = np.stack([cases.dx.codes, cases.cpt.codes, *cases.facts.values()], axis=1)
    tellers = {column: name for name, kind in settings.policy.fields_.items() for column in kind.sources}
    facts = {column: tellers.get(column, column) for columns in asks.values() for column in columns}
    changing = change_alone(cases, [(row, facts[column]) for row in asks for column in asks[row]], settings)
    found: set[tuple[int, str]] = set()

    def changes(row: int, fact: str) -> bool:
        """Whether a fact is known to change the answer of a row, or of one that is the same with more of it told."""
        more = told[[other for other, changed in changing if changed == fact]]
        return bool(((more == told[row]) | (told[row] < 0)).all(axis=1).any())

    for row in sorted(asks, key=lambda row: (told[row] < 0).sum()):
        doubted = [column for column in asks[row] if not changes(row, facts[column])]
        settled = asked(documents(cases, row, settings, parts)) if doubted else set()
        for column in doubted:
            if facts[column] in settled or can_change(cases, row, settings, facts[column]):
                changing.add((row, facts[column]))
            else:
                found.add((row, column))
    return found


def _answers(rows: Sequence[Row], settings: Settings, least: Mapping[str, int]) -> NDArray[np.intp]:
    """The position in OUTCOMES of each row's outcome, after the last one where it is open; -1 where it is no case."""
    found = np.full(len(rows), -1)
    if rows:
        table = _table(rows, settings.policy, least, keep_good=True)
        result = determine(settings.policy, table, settings, asking=False)
        found[table.ids.astype(int)] = np.where(result.open, len(OUTCOMES), result.outcome)
    return found


def _columns(policy: Policy) -> dict[str, str]:
    """Fact -> the column that tells it."""
    return {name: kind.column(name) for name, kind in policy.fields_.items()}


def _merged(base: Row, changes: Mapping[str, str], columns: Mapping[str, str]) -> Row:
    return {k: v for k, v in (base | dict(changes)).items() if v}


def _at_least(policy: Policy, facts: Mapping[str, int]) -> dict[str, int]:
    """The facts of which a history that is not complete tells the least number; no case table can hold that."""
    return {name: -1 - n for name, n in facts.items() if n < -1 and policy.fields_[name].history is not None}


def _table(rows: Sequence[Row], policy: Policy, least: Mapping[str, int], keep_good: bool = False) -> Cases:
    """The rows as cases; what they leave out is still known to be at least so much."""
    table = as_cases(rows, policy, keep_good=keep_good)
    for name, number in least.items():
        table.facts[name] = np.where(table.facts[name] == -1, -1 - number, table.facts[name])
    return table


def _states(rows: Sequence[Row], settings: Settings, least: Mapping[str, int]) -> list[str]:
    """The outcome word of each row, or WAITS."""
    return _words(determine(settings.policy, _table(rows, settings.policy, least), settings, asking=False))


def _words(result: Determinations) -> list[str]:
    return [WAITS if waits else OUTCOMES[code] for code, waits in zip(result.outcome, result.open, strict=True)]


def _read(policy: Policy, nodes: Sequence[tuple[int, Requires]], switches: Iterable[str]) -> set[str]:
    names = {name for _, node in nodes for name in (*node.criteria, *node.whens)}
    return {*switches, *(fact for name in names for fact in policy.criteria[name].test.facts())}


def _open(
    rule: Rule,
    settings: Settings,
    nodes: Sequence[tuple[int, Requires]],
    switches: Iterable[str],
    facts: Mapping[str, int],
) -> set[str]:
    """The facts still to be documented: missing, or with a word that the rules read as missing.

    A switch may read a missing value as one of its branches: there the absence is an answer.
    """
    policy = settings.policy
    answers: list[tuple[str, set[int]]] = []  # what is read as an answer, where other values are not
    assumed: set[str] = set()
    for name in {name for _, node in nodes for name in node.criteria}:
        for test in policy.criteria[name].test.walk():
            for fact in test.fields() if test.else_missing else ():
                answers.append((fact, set(codes_of(policy.fields_[fact], test.words))))
    for switch in rule.switches():
        if switch.field in switches:
            if switch.assumed and settings.holds(switch.assumed.while_):
                assumed.add(switch.field)
            if not switch.rest:
                answers.append((switch.field, set(codes_of(policy.fields_[switch.field], switch.words))))
    read = _read(policy, nodes, {*switches} - assumed)
    unread = {fact for fact, known in answers if facts[fact] not in known}
    return {fact for fact in read if facts[fact] < 0 or fact in unread}


def _written_out(
    fields: Sequence[str], known: Row, settings: Settings, free: set[str] | None, bits: Mapping[str, int],
    known_least: Mapping[str, int],
) -> Ways:  # fmt: skip
    """The ways to write a component when its free facts (None: all) take other values, whatever the codes."""
    policy = settings.policy
    options: list[list[tuple[int, Row]]] = []
    for fact in fields:
        changed: list[Row] = []
        if free is None or fact in free:
            changed = _changes(fact, known, settings, known_least.get(fact, 0) if free else 0)
        options.append([(0, {}), *((bits[fact], row) for row in changed)])
    ways = [
        (sum(bit for bit, _ in pick), {k: v for _, part in pick for k, v in part.items()}) for pick in _picks(options)
    ]
    rows = [{k: v for k, v in (known | row).items() if v} for _, row in ways]
    table = _table(rows, policy, {name: n for name, n in known_least.items() if name in fields}, keep_good=True)
    ways = [ways[int(i)] for i in table.ids]
    truths = truths_of(tuple(fields), settings, table, len(table), {})
    flagged = {name: table.facts[name].astype(np.int16) for name in fields}
    return ways, Component((Row(),) * len(ways), np.zeros(len(ways), dtype=np.int16), (truths,), flagged)


def _part(written: Ways, nodes: Sequence[tuple[int, Requires]], switches: dict[str, None]) -> dict[Key, Sets]:
    """What a component can give to the rules of a pathway: signature -> smallest sets."""
    ways, component = written
    least, flags = signature_of(component, nodes, switches, None)
    found: dict[Key, Sets] = {}
    for place, (mask, changes) in enumerate(ways):
        key = (tuple(least[place].tolist()), tuple(flags[place].tolist()))
        found.setdefault(key, {}).setdefault(mask, changes)
    return {key: _smallest(sets) for key, sets in found.items()}


def _picks(options: Sequence[list[tuple[int, Row]]]) -> Iterator[tuple[tuple[int, Row], ...]]:
    """One choice for each fact, the first of which changes nothing; of too many, those that change few facts."""
    if math.prod(map(len, options)) <= MOST_TOGETHER:
        yield from itertools.product(*options)
        return
    for number in range(FEW_CHANGES + 1):
        for changed in itertools.combinations(range(len(options)), number):
            yield from itertools.product(
                *(choice[1:] if i in changed else choice[:1] for i, choice in enumerate(options))
            )


def all_tried(settings: Settings) -> bool:
    """Whether every combination of facts that hang together is tried, and not only those with few changes."""
    groups = components([settings.policy])
    return all(math.prod(len(values(f, [settings])) for f in fields) <= MOST_TOGETHER for fields in groups)


def _changes(fact: str, base: Row, settings: Settings, least: int) -> list[Row]:
    """The columns as written for every other value of a fact that can be told apart, none below `least`."""
    kind, column = settings.policy.fields_[fact], _columns(settings.policy)[fact]
    clear = dict.fromkeys(kind.ends, "") if not kind.told else {}
    written = (str(max(int(v), least)) if least and v else v for v in values(fact, [settings]))
    return [{**clear, column: v} for v in dict.fromkeys(written) if v not in ("", base.get(column))]


def _folded(sets: Mapping[Key, Sets], part: Mapping[Key, Sets]) -> dict[Key, Sets]:
    """Two components together: least truths by minimum, the rest side by side."""
    found: dict[Key, Sets] = {}
    for (a, flags), mine in sets.items():
        for (b, more), other in part.items():
            together = found.setdefault((tuple(map(min, a, b)), flags + more), {})
            for (mask, row), (bit, changes) in itertools.product(mine.items(), other.items()):
                together.setdefault(mask | bit, row | changes)
    return {key: _smallest(every) for key, every in found.items()}


def _smallest(sets: Sets) -> Sets:
    """Those sets that no other one is a part of, the shortest first."""
    kept: Sets = {}
    for mask in sorted(sets, key=lambda m: (m.bit_count(), m)):
        if not any(other & mask == other for other in kept):
            kept[mask] = sets[mask]
    return kept
