"""Every case that can matter to some readings of a policy, each kind of case once: the ground of all proofs.

Why the enumeration is complete. The outcome of a case is a function of its codes, of the values of the fields that its
rule switches on, and of the truths of criteria, and these enter in two ways only: as the least truth of all that one
`require` asks for, and each for itself in its `then`. So two cases with the same codes, the same switches, the
same least truth at every `require` and the same `when` have the same outcome; one stands for both.

The facts fall into components (facts.py) that share no criterion and no check of the case table. Within a component
every combination of the values that matter is written out and passed through the case reader, which drops
the impossible ones; what is left is every signature (least truths, whens, switches) the component can give. Components
are independent, so the signatures of a whole case are the product of theirs, with least truths combined by minimum.
The product is folded component by component, keeping one case for each signature, the one with the fewest documented
columns. Sizes add up, so the case kept is the smallest of its kind. Truths and outcomes are those of the evaluation.
"""

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from policy.authoring.facts import always_told, components, options, refuse_together
from policy.authoring.once import Once
from policy.authoring.tallies import tallied
from policy.bits.rows import Rows
from policy.case_files.reader import READ, Cases
from policy.determinations.determination import determine
from policy.determinations.results import Determinations
from policy.entries.records import Record
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.model import Policy, Rule, Settings
from policy.problems import refuse
from policy.trees.policies import codes_asked, reached

Signature = NDArray[np.int16]
Row = dict[str, str]
MOST_COMBINATIONS = 3_000_000  # combinations of one component that are written out


@dataclass(frozen=True)
class Cell:
    """A diagnosis and a procedure code that stand for all codes which every reading treats alike."""

    dx: str
    cpt: str
    pathways: tuple[str | None, ...]  # of each reading

    def request(self, policies: Sequence[Policy]) -> Row:
        """What a row of these codes says at the least."""
        return {"dx": self.dx, "cpt": self.cpt} | {k: v for policy in policies for k, v in always_told(policy).items()}

    @property
    def name(self) -> str:
        """The pathway of the first reading that has one."""
        return next((name for name in self.pathways if name), "")


@dataclass(frozen=True)
class Space:
    """Cases (rows of a case table as text, missing columns left out) that stand for all cases there can be."""

    readings: tuple[Settings, ...]
    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]  # of each row

    def cases(self, policy: Policy) -> Cases:
        """The rows as cases of one of the policies; columns that it does not know are left out."""
        return as_cases(self.rows, policy)

    def outcomes(self) -> NDArray[np.int8]:
        """Outcome of every row under every reading: int8 (rows, readings), positions in OUTCOMES."""
        tables = tables_of(self.rows, _policies(self.readings))
        found = [determine(s.policy, tables[id(s.policy)], s, asking=False).outcome for s in self.readings]
        return np.stack(found, axis=1)

    def determinations(self) -> list[Determinations]:
        """The same with reasons, one for each reading."""
        return [determine(s.policy, self.cases(s.policy), s) for s in self.readings]

    def case(self, row: int) -> Row:
        """One row, its columns in the order of the policy."""
        order = list(self.readings[0].policy.fields_)
        found = self.rows[row]
        return {k: found[k] for k in sorted(found, key=lambda k: order.index(k) if k in order else len(order))}


def as_cases(rows: Sequence[Row], policy: Policy, keep_good: bool = False) -> Cases:
    """Rows of text as cases of `policy`, through the case reader; case_id is the position."""
    if not rows:  # a table without rows is refused by the case reader: one row, and it is taken away again
        return as_cases([a_request(policy)], policy).take(np.array([], dtype=np.intp))
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name in policy.fields_]
    columns = {"case_id": [str(i) for i in range(len(rows))]} | {n: [row.get(n) or "" for row in rows] for n in names}
    return Cases.from_table(pa.table(columns), policy, keep_good=keep_good)


def a_request(policy: Policy) -> Row:
    """A diagnosis and a procedure code of a policy, and the columns that it requires; empty where it has no codes."""
    dx = next((code for group in policy.diagnoses.values() for code in (*group.codes, *group.prefixes)), "")
    cpt = next((code for family in policy.procedures.values() for code in family.codes), "")
    return Cell(dx, cpt, ()).request([policy]) if dx and cpt else {}


def tables_of(rows: Sequence[Row], policies: Sequence[Policy], keep_good: bool = False) -> dict[int, Cases]:
    """Rows as cases of each policy, by its id; policies that read columns alike share what was read."""
    found: dict[int, Cases] = {}
    for i, policy in enumerate(policies):
        like = next((o for o in policies[:i] if all(getattr(policy, name) == getattr(o, name) for name in READ)), None)
        if like:
            found[id(policy)] = replace(found[id(like)], policy=policy)
        else:
            found[id(policy)] = as_cases(rows, policy, keep_good=keep_good)
    return found


_CELLS = Once[list[Cell]](20)


@dataclass(frozen=True)
class Ground:
    """The components of some readings; each is worked out when a space first needs it, and remembered."""

    readings: tuple[Settings, ...]
    groups: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, readings: Sequence[Settings]) -> "Ground":
        """Raises ProblemsFound when a rule is outside what can be enumerated."""
        return cls(tuple(readings), tuple(components(_policies(readings))))

    def space(self, pathways: Sequence[str] | None = None, focus: str | None = None) -> Space:
        """The cases that matter, in all cells or in those of some pathways (of any reading).

        With a criterion as `focus`, its truth is told apart from that of the others which the same rule asks for.
        """
        rows: list[Row] = []
        found: list[Cell] = []
        policies = _policies(self.readings)
        for cell in cells(self.readings):
            if pathways is None or set(pathways) & set(cell.pathways):
                for row in fold(cell, self, focus):
                    rows.append(cell.request(policies) | row)
                    found.append(cell)
        return Space(self.readings, tuple(rows), tuple(found))

    def parts(self, needed: set[str]) -> list["Component"]:
        """The components with a field that is needed; raises ProblemsFound where some cannot be told apart."""
        refuse_together(needed, _policies(self.readings))
        return [remembered(fields, self.readings) for fields in self.groups if needed & set(fields)]


def enumerate_cases(readings: Sequence[Settings], pathways: Sequence[str] | None = None) -> Space:
    """The cases that matter to `readings`, in all cells or in those of some pathways (of any reading)."""
    return Ground.of(readings).space(pathways)


def _policies(readings: Sequence[Settings]) -> list[Policy]:
    return list({id(s.policy): s.policy for s in readings}.values())


def cells(readings: Sequence[Settings]) -> list[Cell]:
    """One cell for each kind of (diagnosis code, procedure code) that some reading may treat apart."""
    policies = tuple(s.policy for s in readings)
    return _CELLS.of(policies, (), lambda: _cells(readings))


def _cells(readings: Sequence[Settings]) -> list[Cell]:
    policies = _policies(readings)
    named = set().union(*(named_codes(policy) for policy in policies))
    dxs = dict.fromkeys(c for p in policies for g in p.diagnoses.values() for c in (*g.codes, *g.prefixes))
    prefixes = {code for p in policies for group in p.diagnoses.values() for code in group.prefixes}
    dxs |= dict.fromkeys(_plain_code(c, named | dxs.keys()) for c in list(dxs) if c in named & prefixes)
    cpts = dict.fromkeys(c for p in policies for family in p.procedures.values() for c in family.codes)
    found: dict[tuple[Any, ...], Cell] = {}
    for dx, cpt in itertools.product(dxs, cpts):
        groups = [diagnosis_group(s.policy, dx) for s in readings]
        ways = tuple(
            pathway_of(s.policy, group, cpt) if group else None for s, group in zip(readings, groups, strict=True)
        )
        found.setdefault((ways, tuple(groups), dx if dx in named else ""), Cell(dx, cpt, ways))
    return list(found.values())


def _plain_code(prefix: str, named: Collection[str]) -> str:
    """A code with a prefix that is named itself, which stands for the others with it."""
    stem = prefix if "." in prefix else prefix + "."
    return next((stem + end for end in "0123456789" if stem + end not in named), prefix)


def named_codes(policy: Policy) -> set[str]:
    """The diagnosis codes that a rule or a notice names."""
    return {notice.code for notice in policy.code_notices} | codes_asked(policy)


@dataclass(frozen=True)
class Requires:
    """One `require` that a cell may come to: the criteria in force, and those that its `then` asks about."""

    criteria: tuple[str, ...]
    whens: tuple[str, ...]


def reachable(rule: Rule, settings: Settings, dx: str) -> Iterator[Requires | str]:
    """Every `require` that some case may come to under these settings, and (as text) every field switched on."""
    for found in reached(settings, rule):
        if found.requires:
            entries = settings.policy.required(found, settings)
            criteria = tuple(dict.fromkeys(e.criterion for e in entries if not e.codes or dx in e.codes))
            yield Requires(criteria, tuple(s.when for s in settings.policy.steps(found, settings) if s.when))
        elif found.asked:
            yield found.asked.field


@dataclass(frozen=True)
class Component:
    """The facts of one component, one row for each combination of criteria truths they can give.

    `truths`: for each reading, criterion -> truth of each row; `switches`: field -> value of each row.
    """

    rows: tuple[Row, ...]
    sizes: NDArray[np.int16]
    truths: tuple[dict[str, Signature], ...]
    switches: dict[str, Signature]

    @classmethod
    def of(cls, fields: tuple[str, ...], readings: Sequence[Settings]) -> "Component":
        policies = _policies(readings)
        for name in fields:
            if len({p.fields_[name].type for p in policies if name in p.fields_}) > 1:
                raise refuse("proof", f"fields.{name}", "has another type in the other policy: nothing can be proven")
        choices = [item.rows for item in tallied(options(fields, readings), readings, _told)]
        count = math.prod(map(len, choices))
        if count > MOST_COMBINATIONS:
            raise refuse(
                "proof", ", ".join(fields), f"{count:,} combinations of values; at most {MOST_COMBINATIONS:,} are tried"
            )
        rows = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*choices)]
        tables, rows = _admitted(rows, policies)
        truths: list[dict[str, Signature]] = []
        seen: dict[tuple[Any, ...], Signature] = {}
        for settings in readings:
            truths.append(truths_of(fields, settings, tables[id(settings.policy)], len(rows), seen))
        facts = [(name, table.facts[name]) for table in tables.values() for name in fields if name in table.facts]
        switched = {switch.field for p in policies for rule in p.rules() for switch in rule.switches()}
        switches = {name: value.astype(np.int16) for name, value in facts if name in switched}
        whole = cls(tuple(rows), _sizes(rows), tuple(truths), switches)
        return whole.distinct([*switches.values(), *{id(v): v for part in truths for v in part.values()}.values()])

    def distinct(self, signature: Sequence[Signature]) -> "Component":
        keep = smallest(signature, self.sizes)
        return replace(
            self, rows=tuple(self.rows[i] for i in keep), sizes=self.sizes[keep],
            truths=tuple({k: v[keep] for k, v in part.items()} for part in self.truths),
            switches={k: v[keep] for k, v in self.switches.items()},
        )  # fmt: skip


_MEMORY: dict[tuple[Any, ...], Component] = {}
_STATIC = Once[tuple[list[str], tuple[Any, ...]]](400)
_TEXTS = Once[str](20_000)  # of parts of documents


def remembered(fields: tuple[str, ...], readings: Sequence[Settings]) -> Component:
    """The component for these readings, worked out or remembered from readings that say the same of its facts."""
    key = (fields, *(_content(fields, settings) for settings in readings))
    if key not in _MEMORY:
        if len(_MEMORY) >= 2000:
            del _MEMORY[next(iter(_MEMORY))]
        _MEMORY[key] = Component.of(fields, readings)
    return _MEMORY[key]


def _content(fields: tuple[str, ...], settings: Settings) -> tuple[Any, ...]:
    """All of a reading that a component depends on: fields, the criteria that read them, their levers, switches."""
    policy = settings.policy
    levers, static = _STATIC.of((policy,), fields, lambda: _static(fields, policy))
    return static, tuple((n, settings[n]) for n in levers)


def _static(fields: tuple[str, ...], policy: Policy) -> tuple[list[str], tuple[Any, ...]]:
    """The levers that criteria on some fields read, and all that does not depend on where they stand."""
    criteria = {n: c for n, c in policy.criteria.items() if not {*fields}.isdisjoint(c.test.facts())}
    levers = sorted({lever for criterion in criteria.values() for lever in criterion.test.levers()})
    switches = [switch for rule in policy.rules() for switch in rule.switches() if switch.field in fields]
    return levers, (
        tuple((name, _text(kind)) for name, kind in policy.fields_.items() if name in fields or name[0] != "_"),
        tuple((name, _text(criterion.test)) for name, criterion in criteria.items()),
        tuple((n, policy.levers[n].unit, policy.levers[n].off_allowed) for n in levers),
        tuple(sorted({(switch.field, *sorted(switch.words)) for switch in switches})),
    )


def _text(record: Record) -> str:
    return _TEXTS.of((record,), (), record.model_dump_json)


def _sizes(rows: Sequence[Row]) -> NDArray[np.int16]:
    return np.array([sum(1 for v in row.values() if v) for row in rows], dtype=np.int16)


def _admitted(rows: list[Row], policies: Sequence[Policy]) -> tuple[dict[int, Cases], list[Row]]:
    """The rows that the case reader of every policy admits, as cases of each."""
    good = set(range(len(rows)))
    request = {k: v for policy in reversed(policies) for k, v in a_request(policy).items()}
    tables = tables_of([request | row for row in rows], policies, keep_good=True)
    for table in tables.values():
        good &= {int(i) for i in table.ids}
    for key, table in tables.items():
        tables[key] = table.take(np.flatnonzero([int(i) in good for i in table.ids]))
    return tables, [rows[i] for i in sorted(good)]


def _told(rows: list[Row], policy: Policy) -> Cases:
    """Rows as cases of a policy, with what it requires."""
    request = a_request(policy)
    return as_cases([request | row for row in rows], policy, keep_good=True)


def truths_of(
    fields: tuple[str, ...], settings: Settings, cases: Cases, n: int, seen: dict[tuple[Any, ...], Signature]
) -> dict[str, Signature]:
    """Truth of each criterion that reads one of the fields, int16 (n,); those that read no field are left out."""
    evaluation = Evaluation(settings, Rows.of(cases))
    found = {}
    for name, criterion in settings.policy.criteria.items():
        if set(criterion.test.facts()) & set(fields):
            key = (id(settings.policy), name, *(settings[lever] for lever in criterion.test.levers()))
            if key not in seen:
                seen[key] = evaluation.codes(name).astype(np.int16)
            found[name] = seen[key]
    return found


def smallest(signature: Sequence[Signature], sizes: NDArray[np.signedinteger[Any]]) -> NDArray[np.intp]:
    """Positions of one row for each distinct signature: the one of least size, the first among equals."""
    if not signature:
        return np.array([np.argmin(sizes)])
    key = np.zeros(len(sizes), dtype=np.int64)
    for column in {column.tobytes(): column for column in signature}.values():
        key = key * (int(column.max()) + 4) + column + 3
        key = pd.factorize(key)[0].astype(np.int64)
    order = np.lexsort((np.arange(len(sizes)), sizes, key))
    first = np.flatnonzero(np.r_[True, np.diff(key[order]) > 0])
    return np.sort(order[first])


def fold(cell: Cell, ground: Ground, focus: str | None) -> list[Row]:
    """One smallest case for each signature of a cell."""
    nodes: list[tuple[int, Requires]] = []
    switches: dict[str, None] = {}
    for i, (settings, name) in enumerate(zip(ground.readings, cell.pathways, strict=True)):
        for found in reachable(settings.policy.pathways[name].rule, settings, cell.dx) if name else ():
            if isinstance(found, Requires):
                nodes.append((i, found))
            else:
                switches[found] = None
    read = {(i, name) for i, node in nodes for name in (*node.criteria, *node.whens)}
    tests = [ground.readings[i].policy.criteria[name].test for i, name in read]
    parts = ground.parts({*switches, *(field for test in tests for field in test.facts())})
    least = np.full((1, len(nodes)), MET, dtype=np.int16)
    flags = np.zeros((1, 0), dtype=np.int16)
    sizes = np.zeros(1, dtype=np.int16)
    picks: list[list[int]] = [[]]
    for part in parts:
        mine, more = signature_of(part, nodes, switches, focus)
        keep = smallest([*mine.T, *more.T], part.sizes)
        a, b = (x.ravel() for x in np.meshgrid(np.arange(len(sizes)), keep, indexing="ij"))
        least, flags = np.minimum(least[a], mine[b]), np.concatenate([flags[a], more[b]], axis=1)
        sizes = sizes[a] + part.sizes[b]
        kept = smallest([*least.T, *flags.T], sizes)
        picks = [[*picks[a[k]], int(b[k])] for k in kept]
        least, flags, sizes = least[kept], flags[kept], sizes[kept]
    return [{k: v for part, i in zip(parts, pick, strict=True) for k, v in part.rows[i].items() if v} for pick in picks]


def signature_of(
    part: Component, nodes: Sequence[tuple[int, Requires]], switches: dict[str, None], focus: str | None
) -> tuple[Signature, Signature]:
    """What a component gives to each `require` (rows, nodes), and its whens and switches (rows, any)."""
    n = len(part.rows)
    least = np.full((n, len(nodes)), MET, dtype=np.int16)
    flags: dict[tuple[Any, ...], Signature] = {}
    for place, (i, node) in enumerate(nodes):
        for name in node.criteria:
            if name == focus and name in part.truths[i]:
                flags[name, i, "focus"] = part.truths[i][name]
            elif name in part.truths[i]:
                least[:, place] = np.minimum(least[:, place], part.truths[i][name])
        for name in node.whens:
            if name in part.truths[i]:
                flags[name, id(part.truths[i][name])] = part.truths[i][name]
    flags |= {(name,): part.switches[name] for name in switches if name in part.switches}
    return least, np.stack([*flags.values()], axis=1) if flags else np.zeros((n, 0), dtype=np.int16)
