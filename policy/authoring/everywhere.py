"""Two readings on every kind of case at every legal setting of the levers: exact enumeration, without a product.

Facts. For each group of facts that no criterion spans (facts.py), every combination of the values that matter, at every
setting of the thresholds that matter (levers.py), goes through the reader of case tables and the policy's own
evaluation. What is kept is one smallest case for each distinct result: the truths of both sides' criteria, the fields
that rules switch on, and the kind of each lever that a rule depends on as well. Groups are independent, so the results
of a whole case are their product, joined where two of them speak of the same lever, least truths taken by minimum.

Levers. The policy's own evaluation runs on all these cases at once, under settings that know no lever yet: where it
reads one, the run splits into one for each kind of its values, on both sides alike. So every path that any setting can
take is taken once, and no setting is left out. Evaluation is asked, never imitated.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.authoring.enumeration import Cell, Row, Signature, remembered, smallest, tables_of
from policy.authoring.facts import refuse_together
from policy.authoring.levers import Levers, Pairs
from policy.authoring.tree import alike_in_rules
from policy.bits.rows import Rows
from policy.case_files.reader import Cases
from policy.case_files.written import as_written
from policy.determinations.results import outcomes_of
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.kleene import MET, Truth, truth_of
from policy.evaluation.reading import Reading, closing_of
from policy.evaluation.traverse import traverse
from policy.model import CaseField, Policy, Rule, Settings, Switch, Value
from policy.problems import refuse

MOVED = 64  # a lever that has to be moved makes a case less simple than any number of facts
MOST_CASES = 2_000_000  # of one pair of codes, while they are joined
MOST_PATHS = 200_000  # through the rules of one pair of codes
Outcomes = NDArray[np.int8]
Leaf = Callable[["Kinds", NDArray[np.intp], Pairs, tuple[Settings, Settings], Outcomes, Outcomes], None]


@dataclass(frozen=True)
class Part:
    """The distinct results of one group of facts, and for each the smallest case and the settings that give it.

    `truths`: for each side, criterion -> truth; `switches`: field -> value; `kinds`: lever -> position of its kind.
    """

    rows: list[Row]
    chosen: list[Pairs]
    costs: NDArray[np.int32]
    truths: tuple[dict[str, Signature], dict[str, Signature]]
    switches: dict[str, Signature]
    kinds: dict[str, Signature]

    def columns(self) -> list[Signature]:
        """All that tells two results apart."""
        return [*self.truths[0].values(), *self.truths[1].values(), *self.switches.values(), *self.kinds.values()]

    @classmethod
    def of(cls, levers: Levers, fields: tuple[str, ...]) -> "Part":
        """Raises ProblemsFound where there are too many combinations."""
        outer = [name for name in levers.read_by(fields) if levers.outer(name)]
        kinds = {name: list(levers.kinds(name)) for name in outer}
        rows: list[Row] = []
        chosen: list[Pairs] = []
        costs, parts = [], []
        for pairs in levers.representatives(fields):
            part = remembered(fields, levers.settings(pairs))
            rows += part.rows
            chosen += [pairs] * len(part.rows)
            costs.append(part.sizes.astype(np.int32) + MOVED * levers.moved(pairs))
            place = {name: kinds[name].index(levers.kind(name, pairs[name])) for name in outer}
            parts.append((part, place))
        whole = cls(
            rows, chosen, np.concatenate(costs),
            (_joined([p.truths[0] for p, _ in parts]), _joined([p.truths[1] for p, _ in parts])),
            _joined([p.switches for p, _ in parts]),
            _joined([{n: np.full(len(p.rows), k, dtype=np.int16) for n, k in at.items()} for p, at in parts]),
        )  # fmt: skip
        return whole.take(smallest(whole.columns(), whole.costs))

    def take(self, keep: NDArray[np.intp]) -> "Part":
        """Some of the results."""
        return Part(
            [self.rows[i] for i in keep], [self.chosen[i] for i in keep], self.costs[keep],
            (_taken(self.truths[0], keep), _taken(self.truths[1], keep)),
            _taken(self.switches, keep), _taken(self.kinds, keep),
        )  # fmt: skip


def _joined(parts: Sequence[dict[str, Signature]]) -> dict[str, Signature]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _branches(switches: Sequence[Switch], kind: CaseField, name: str, values: Signature) -> Signature:
    """Values of a field by their branch: what no branch names is one value, and without `otherwise` as missing."""
    switches = [switch for switch in switches if switch.field == name]
    words = {word for switch in switches for word in switch.words}
    known = [code for code in range(kind.span[1] + 1) if as_written(kind, code) in words]
    other = -1 if not any(switch.rest for switch in switches) else kind.span[1] + 1
    return np.where((values >= 0) & ~np.isin(values, known), other, values).astype(np.int16)


def _taken(columns: dict[str, Signature], keep: NDArray[np.intp]) -> dict[str, Signature]:
    return {name: column[keep] for name, column in columns.items()}


@dataclass(frozen=True)
class Kinds:
    """The kinds of cases of one pair of codes: for each, which result of each part it takes."""

    cell: Cell
    request: Row  # what a row of its codes says at the least
    parts: list[Part]
    picks: NDArray[np.int32]  # (kinds, parts)
    costs: NDArray[np.int32]

    def row(self, i: int) -> Row:
        """The case, without what is not documented."""
        told = dict(self.request)
        for part, at in zip(self.parts, self.picks[i], strict=True):
            told |= {k: v for k, v in part.rows[at].items() if v}
        return told

    def chosen(self, i: int) -> Pairs:
        """The settings that its truths were found under."""
        return {k: v for part, at in zip(self.parts, self.picks[i], strict=True) for k, v in part.chosen[at].items()}

    def column(self, of: Callable[[Part], dict[str, Signature]], rows: NDArray[np.intp]) -> dict[str, Signature]:
        """One kind of column of all parts, for some rows."""
        return {
            name: column[self.picks[rows, i]] for i, part in enumerate(self.parts) for name, column in of(part).items()
        }


@dataclass
class Everywhere:
    """All cases and settings of two readings; each group of facts is worked out when a pair of codes first needs it."""

    levers: Levers
    parts: dict[tuple[str, ...], Part] = field(default_factory=dict)
    paths: int = 0

    def part(self, fields: tuple[str, ...]) -> Part:
        """The distinct results of one group of facts."""
        if fields not in self.parts:
            self.parts[fields] = Part.of(self.levers, fields)
        return self.parts[fields]

    def kinds(self, cell: Cell) -> Kinds:
        """Every kind of case of a pair of codes; raises ProblemsFound where there are too many."""
        groups, switches = _asked(self.levers.sides, cell.pathways, cell.dx)
        read = {name for side in groups for criteria in side for name in criteria}
        needed = switches | _facts_of(self.levers.policies, read)
        refuse_together(needed, self.levers.policies)
        parts = [self.part(fields) for fields in self.levers.groups if needed & set(fields)]
        least = np.full((1, sum(map(len, groups))), MET, dtype=np.int16)
        flags: dict[object, Signature] = {}
        picks, costs = np.zeros((1, 0), dtype=np.int32), np.zeros(1, dtype=np.int32)
        whens = [_whens(s.policy, name) for s, name in zip(self.levers.sides, cell.pathways, strict=True)]
        for part in parts:
            mine, more = _signature(part, groups, whens)
            more |= {("switch", name): self._branch(cell, part, name) for name in switches & part.switches.keys()}
            keep = smallest([*mine.T, *more.values()], part.costs)
            if len(costs) * len(keep) > MOST_CASES:
                raise refuse("proof", f"{cell.dx}, {cell.cpt}", f"more than {MOST_CASES:,} kinds of cases")
            a, b = (x.ravel() for x in np.meshgrid(np.arange(len(costs)), keep, indexing="ij"))
            agree = np.ones(len(a), dtype=bool)
            for name in more.keys() & flags.keys():
                agree &= flags[name][a] == more[name][b]
            a, b = a[agree], b[agree]
            least, costs = np.minimum(least[a], mine[b]), costs[a] + part.costs[b]
            flags = {k: v[a] for k, v in flags.items()} | {k: v[b] for k, v in more.items()}
            kept = smallest([*least.T, *flags.values()], costs)
            picks = np.column_stack([picks[a], b])[kept].astype(np.int32)
            least, costs, flags = least[kept], costs[kept], {k: v[kept] for k, v in flags.items()}
        return Kinds(cell, cell.request(self.levers.policies), parts, picks, costs)

    def _branch(self, cell: Cell, part: Part, name: str) -> Signature:
        kind = next(p.fields_[name] for p in reversed(self.levers.policies) if name in p.fields_)
        return _branches(list(_switches(self.levers.sides, cell)), kind, name, part.switches[name])

    def explore(self, cell: Cell, leaf: Leaf) -> int:
        """Call `leaf` with all cases at every path through both sides' rules; the number of kinds of cases."""
        kinds, spent = self.kinds(cell), 0
        every = np.arange(len(kinds.costs))
        if alike_in_rules(self.levers, cell):  # only cases of which some criterion is another can come out otherwise
            every = np.flatnonzero(_differ(self.levers.sides, kinds))
            if not len(every):
                return len(kinds.costs)
        fixed = kinds.column(lambda part: part.kinds, np.arange(len(kinds.costs)))
        values = {name: list(self.levers.kinds(name).values()) for name in fixed}
        switches = {switch.field for switch in _switches(self.levers.sides, cell)}
        switched = kinds.column(
            lambda part: {n: self._branch(cell, part, n) for n in switches & part.switches.keys()}, every
        )  # fmt: skip
        groups = [every[rows] for rows in _alike(switched.values(), len(every))]
        tables = tables_of([kinds.row(int(rows[0])) for rows in groups], self.levers.policies)
        sides = [_Side(s, i, kinds) for i, s in enumerate(self.levers.sides)]
        for place, rows in enumerate(groups):
            cases = [side.cases(tables[id(side.policy)], place) for side in sides]
            stack: list[tuple[_Some, Pairs, list[Reading]]] = [(_Some(rows, sides, cases), {}, [])]
            while stack:
                (some, chosen, read), spent = stack.pop(), spent + 1
                if spent > MOST_PATHS:
                    raise refuse("proof", f"{cell.dx}, {cell.cpt}", f"more than {MOST_PATHS:,} ways through the rules")
                settings = (_Partly(self.levers, 0, chosen), _Partly(self.levers, 1, chosen))
                readings = [*read]
                try:
                    for i in range(len(readings), 2):
                        readings.append(sides[i].reading(some, settings[i]))
                    n, closings = len(some.rows), [closing_of(s) for s in settings]
                    before, after = (outcomes_of(r, n, closing) for r, closing in zip(readings, closings, strict=True))
                    leaf(kinds, some.rows, chosen, settings, before, after)
                except _Unknown as unknown:
                    name = unknown.lever
                    for at, pair in enumerate(values[name] if name in values else self.levers.kinds(name).values()):
                        mine = some.some(fixed[name][some.rows] == at) if name in fixed else some
                        if len(mine.rows):  # what was read without this lever does not depend on it
                            stack.append((mine, {**chosen, name: pair}, readings if mine is some else []))
        self.paths += spent
        return len(kinds.costs)


class _Unknown(Exception):
    """A lever was read whose kind is not chosen yet."""

    def __init__(self, lever: str):
        super().__init__(lever)
        self.lever = lever


class _Partly(Settings):
    """Settings that know only some levers."""

    def __init__(self, levers: Levers, side: int, chosen: Pairs):
        self.policy, self._values = levers.sides[side].policy, {}
        self.chosen, self._at, self.read = chosen, side, Pairs()

    def __getitem__(self, lever: str) -> Value:
        if lever not in self.chosen:
            raise _Unknown(lever)
        pair = self.read[lever] = self.chosen[lever]
        return pair[self._at]


class _Truths(dict[str, Truth]):
    """The truths of one side's criteria for some cases; each is looked up when it is first read."""

    def __init__(self, whole: dict[str, NDArray[np.int8]], rows: NDArray[np.intp]):
        super().__init__()
        self._whole, self._rows = whole, rows

    def __missing__(self, name: str) -> Truth:
        self[name] = truth_of(self._whole[name][self._rows])
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._whole


class _Some:
    """Some of the cases of a group, with the truths and planes that one or the other side has asked for."""

    def __init__(self, rows: NDArray[np.intp], sides: "Sequence[_Side]", cases: Sequence[Cases]):
        self.rows, self._sides, self._cases = rows, sides, cases
        self.truths = [_Truths(side.truths, rows) for side in sides]
        self.planes = [Rows.of(mine, rows) for mine in cases]

    def some(self, where: NDArray[np.bool_]) -> "_Some":
        """Those of them at which a mask is true."""
        return _Some(self.rows[where], self._sides, self._cases)


class _Side:
    """One side of the kinds of cases of a pair of codes."""

    def __init__(self, settings: Settings, side: int, kinds: Kinds):
        self.policy, name, n, self.at = settings.policy, kinds.cell.pathways[side], len(kinds.costs), side
        self.position = list(self.policy.pathways).index(name) if name else -1
        columns = kinds.column(lambda part: part.truths[side], np.arange(n))
        wanted = {
            name for mine in _asked([settings], [kinds.cell.pathways[side]], kinds.cell.dx)[0][0] for name in mine
        }
        self.truths = {name: truth.astype(np.int8) for name, truth in columns.items() if name in wanted}
        labels = [pd.Index([code], dtype=object) for code in (kinds.cell.dx, kinds.cell.cpt)]
        self._codes = [pd.Categorical.from_codes(np.zeros(n, dtype=np.int32), categories=label) for label in labels]
        self._ids = np.arange(n).astype(object)
        self._switches = {switch.field for rule in self.policy.rules() for switch in rule.switches()}

    def cases(self, table: Cases, place: int) -> Cases:
        """The cases as if all had the values that one row of a table has in the fields that rules switch on.

        Rules read the codes, these fields, and truths of criteria: nothing else is given to them.
        """
        facts = {name: np.repeat(table.facts[name][place], len(self._ids)) for name in self._switches}
        return Cases(self.policy, self._ids, self._codes[0], self._codes[1], facts, {})

    def reading(self, some: _Some, settings: Settings) -> Reading:
        """What the policy's own evaluation makes of the cases, before the file is closed."""
        one = _Way(settings, some.planes[self.at], some.truths[self.at], asking=False)
        return evaluate(one, self.position)


class _Way(Evaluation):
    """One way through the rules: a lever is asked for where the way comes to it, not before."""

    def rule(self, rule: Rule) -> Reading:
        """What a rule makes of the rows, kept for other ways on which the levers that it read stand alike."""
        settings = self.settings
        assert isinstance(settings, _Partly)
        known: list[tuple[Pairs, Reading]] = self.rows.kept(id(rule), None, list)
        found = next((one for one in known if one[0].items() <= settings.chosen.items()), None)
        if found is None:
            above, settings.read = settings.read, {}
            reading = traverse(rule, self)
            known.append(found := (settings.read, reading))
            settings.read = above
        settings.read |= found[0]
        return found[1]


def _differ(sides: Sequence[Settings], kinds: Kinds) -> NDArray[np.bool_]:
    """Whether some criterion that is asked for has another truth on the other side, or depends on levers alone."""
    n = len(kinds.costs)
    (mine, others), _ = _asked(sides, kinds.cell.pathways, kinds.cell.dx)
    wanted = {name for groups in (mine, others) for criteria in groups for name in criteria}
    one, other = (kinds.column(lambda part, i=i: part.truths[i], np.arange(n)) for i in (0, 1))  # type: ignore[misc]
    found = np.zeros(n, dtype=bool)
    for name in wanted:
        if name not in one or name not in other:
            return np.ones(n, dtype=bool)
        found |= one[name] != other[name]
    return found


def _alike(columns: Iterable[Signature], n: int) -> Iterator[NDArray[np.intp]]:
    """Positions that have the same value in every column."""
    key = np.zeros(n, dtype=np.int64)
    for column in columns:
        key = pd.factorize(key * (int(column.max()) + 4) + column + 3)[0].astype(np.int64)
    yield from (np.flatnonzero(key == value) for value in range(int(key.max()) + 1))


def _facts_of(policies: Sequence[Policy], criteria: set[str]) -> set[str]:
    tests = [p.criteria[name].test for p in policies for name in criteria if name in p.criteria]
    return {name for test in tests for name in test.facts()}


def _whens(policy: Policy, pathway: str | None) -> tuple[str, ...]:
    """The criteria that steps of a pathway ask about."""
    return policy.pathways[pathway].rule.whens() if pathway else ()


def _switches(sides: Sequence[Settings], cell: Cell) -> Iterator[Switch]:
    for settings, name in zip(sides, cell.pathways, strict=True):
        yield from settings.policy.pathways[name].rule.switches() if name else ()


def _asked(
    sides: Sequence[Settings], pathways: Sequence[str | None], dx: str
) -> tuple[list[list[tuple[str, ...]]], set[str]]:
    """For each side, the criteria that some rule requires together under one condition; the fields switched on."""
    found: list[list[tuple[str, ...]]] = []
    switches = set()
    for settings, name in zip(sides, pathways, strict=True):
        groups: dict[tuple[str, ...], None] = {}
        for rule in settings.policy.pathways[name].rule.walk() if name else ():
            groups |= dict.fromkeys(_together(settings.policy, rule, dx))
            switches |= {switch.field for switch in rule.switches()}
        found.append([*groups, *((when,) for when in _whens(settings.policy, name))])
    return found, switches


def _together(policy: Policy, rule: Rule, dx: str) -> list[tuple[str, ...]]:
    groups: dict[object, dict[str, None]] = {}
    for entry, inner in policy.requirements(rule, dx):
        condition = (sorted(entry.while_.items()), sorted(inner.while_.items()) if inner is not entry else [])
        groups.setdefault(str(condition), {})[inner.criterion] = None
    return [tuple(sorted(group)) for group in groups.values()]


def _signature(
    part: Part, groups: list[list[tuple[str, ...]]], whens: list[tuple[str, ...]]
) -> tuple[Signature, dict[object, Signature]]:
    """What a part gives to each group of criteria (results, groups), and what stands on its own."""
    columns = []
    for side, mine in enumerate(groups):
        for criteria in mine:
            known = [part.truths[side][name] for name in criteria if name in part.truths[side]]
            columns.append(np.minimum.reduce(known) if known else np.full(len(part.rows), MET, dtype=np.int16))
    flags: dict[object, Signature] = {}
    for side, names in enumerate(whens):
        flags |= {(side, name): part.truths[side][name] for name in names if name in part.truths[side]}
    flags |= {("lever", name): column for name, column in part.kinds.items()}
    least = np.stack(columns, axis=1) if columns else np.zeros((len(part.rows), 0), dtype=np.int16)
    return least, flags
