"""The SELECT that counts the cases alike in everything that some reachable setting can tell apart.

It counts twice. All cases are read once and counted by the bins of the facts that their pathway reads, packed into a
number; the criteria and what decides are computed on the far fewer rows that this leaves, which are counted again.

A lever is moving or frozen at its value. What only frozen levers decide is folded: a rule to its outcome, a criterion
to its truth, the required ones to their least. What remains is cut at every threshold that the moving levers can reach,
on the integer grid of the facts. Cases alike in all of this have the same outcome at every reachable setting, so one of
them, with the number of them all, stands for them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from policy.evaluation.pathways import branches_of
from policy.model import Policy, Rule, Settings, Switch, Test
from policy.problems import listed, nearest, refuse, shown
from policy.sql import OPEN, Compiler, Table, readable
from policy.sql.text import Predicate, Query, chosen, either, grouped, literal, negated, one_of
from policy.sql.truths import coded, greatest, least
from policy.trees.tests import weighed
from simulations.counting.reachable_facts import Reads
from simulations.warehouse.binning import Bins, Part, Place, Where, binned, digit, laid_out, stepped, words_of
from simulations.warehouse.code_lookup import REFUSED, Codes

WEIGHT = "weight"  # column of the counts
FAULTY = "rejected"  # pathway of rows that the case reader would refuse
CODED = ("diagnosis", "procedure")  # groups that the codes tell, see grouping.py


@dataclass
class Keys:
    """What decides the outcomes of one pathway while some levers move, as parts of a key."""

    compiler: Compiler
    reads: Reads
    names: dict[str, str]
    found: list[Part] = field(default_factory=list)

    def add(self, value: str, size: int, where: Where) -> str:
        """A part of the key, 0 where it cannot matter; its name."""
        part = (self._named(value), size, where)
        if not part[0].isdigit() and part not in self.found:
            self.found.append(part)
        return part[0]

    def _named(self, text: str) -> str:
        """A name for an expression, so that pathways that share it compute it once, on all rows."""
        if text not in self.names:
            self.names[text] = self.compiler.let(f"part_{len(self.names)}", text, "keys")
        return self.names[text]

    def rule(self, rule: Rule, where: Where = ()) -> None:
        """All that a rule's outcome depends on."""
        if not self.reads.moves(rule):
            reading = self.compiler.rule(rule)
            self.add(reading.outcome, OPEN + 1, where)
        elif rule.requires:
            self._require(rule, where)
        elif rule.asked:
            self._switch(rule, rule.asked, where)
        for below in self.reads.possible(rule) if self.reads.moves(rule) else ():
            self.rule(below, where)

    def _moving(self, test: Test) -> bool:
        return bool(self.reads.moving.intersection(test.levers()))

    def _require(self, rule: Rule, where: Where) -> None:
        criteria = self.reads.policy.criteria
        moving, folded = [], []
        for entry, always in self.reads.entries(rule):
            test = criteria[entry.criterion].test
            if self._moving(test):
                moving.append(test)
                continue
            truth = self.compiler.entry(entry)
            if always:
                folded.append(truth)
            else:
                self.add(truth, 4, where)
        if folded:
            fails = coded(self.add(least(folded), 4, where), 0)
            if fails is True:
                return
            where += (f"NOT ({fails})",) if fails else ()  # what fails for good needs nothing else
        for test in moving:
            self._test(test, where)
        for step in rule.steps():
            if step.when and self.reads.may(step.while_):
                test = criteria[step.when].test
                if self._moving(test):
                    self._test(test, where)
                else:
                    self.add(self.compiler.criterion(step.when), 3, where)

    def _switch(self, rule: Rule, asked: Switch, where: Where) -> None:
        fact = self.compiler.table.fact(asked.field)
        codes = self.compiler.codes(asked.field, asked.words)
        classes: list[tuple[Predicate, object]] = [(one_of(fact, [code]), i) for i, code in enumerate(codes)]
        bounds = self.reads.policy.fields_[asked.field].bounds
        classes += [(f"{fact} = {-1 - bound}", len(codes) + 2 + i) for i, bound in enumerate(bounds)]
        classes += [(f"{fact} >= 0", len(codes) + 1)]
        self.add(chosen(classes, len(codes)), len(codes) + 2 + len(bounds), where)
        elsewhere = negated(one_of(fact, codes))
        for code, below in branches_of(self.reads.policy.fields_[asked.field], rule).items():
            self.rule(below, (*where, str(either([one_of(fact, [code]), elsewhere]))))
        if rest := rule.branch():
            self.rule(rest, (*where, str(elsewhere)))

    def _test(self, test: Test, where: Where) -> None:
        """A test that reads a moving lever: parts that read none are folded to their truths."""
        if self.reads.settled(test) or test.condition:
            return
        fixed = [(part, points) for part, points, _ in weighed(test) if not self._moving(part)]
        if fixed and test.settles is None:
            truths = [(self.compiler.truth(part), points) for part, points in fixed]
            for given, taken in (("= 2", "= 0"), ("> 0", "< 2")):  # points not taken away are points given
                counted = [chosen([(f"{t} {given if n > 0 else taken}", abs(n))], 0) for t, n in truths]
                self.add(f"({' + '.join(counted)})", sum(abs(n) for _, n in truths) + 1, where)
        elif fixed:
            truth = (least if test.settles == 0 else greatest)(self.compiler.truth(part) for part, _ in fixed)
            settled = coded(self.add(truth, 3, where), test.settles or 0)
            if settled is True:
                return
            where += (f"NOT ({settled})",) if settled else ()  # what is settled needs nothing else
        for part, *_ in weighed(test):
            if self._moving(part):
                self._test(part, where)
        if test.sums:
            self._sum(test.fields(), test.signs, where)
        elif test.fields():
            name = test.fields()[0]
            cuts = self.reads.of(test)
            kind = self.reads.policy.fields_[name]
            bins = Bins(self.compiler.table.fact(name), kind.span[0], cuts, missing=-kind.missing[0])
            self.add(bins.index(), bins.size, where)

    def _sum(self, names: tuple[str, ...], signs: tuple[int, ...], where: Where) -> None:
        """The sum of several facts, missing ones at the low and at the high end of their range."""
        cuts = sorted(self.reads.sums[names, signs])
        words = [name if sign > 0 else f"less_{name}" for name, sign in zip(names, signs, strict=True)]
        for end in (0, 1):
            total = self.compiler.let(f"sum_{end}_{'_'.join(words)}", f"({self.compiler.total(names, signs, end)})")
            self.add(stepped(total, cuts), len(cuts) + 1, where)


@dataclass(frozen=True)
class Collapse:
    """The collapse as text, and what its columns are: `facts` by field, `groups` as asked for."""

    text: str
    facts: tuple[str, ...]
    groups: tuple[str, ...]


def collapse_sql(
    settings: Settings, moving: Collection[str], groups: Sequence[str] = (), types: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Collapse:  # fmt: skip
    """One SELECT: pathway, dx, cpt, facts of a case that stands for `weight` cases, and the groups.

    `moving`: levers that may later stand at any legal value, the others being frozen as in `settings`. `groups`:
    what splits the rows further: diagnosis, procedure, dx, cpt, columns that no rule reads, any named group_. Rows
    that the case reader would refuse come back as pathway `rejected`. Raises ProblemsFound for a group of another name.
    """
    policy = settings.policy
    check_groups(policy, groups)
    reads = _reads(settings, moving)
    named = {notice.code for notice in policy.code_notices} | {code for read in reads.values() for code in read.codes}
    codes = Codes(policy, frozenset(named), groups)
    table = Table(policy, types or {}, without, codes.beside_the_cases())
    by = {f"by_{name}": table.query.let(f"by_{name}", text) for name, text in _columns(table, groups).items()}
    held = _facts(table, reads)
    table.admit()
    layouts = _layouts(reads, held, codes.size)
    facts = _packed(table, held, layouts)
    alike = table.query.step(
        "alike", [*(f"{text} AS {name}" for name, text in by.items()), *facts, f"COUNT(*) AS {WEIGHT}"],
        tail=_group_by([*by.values(), *facts]),
    )  # fmt: skip
    _name_codes(alike, codes, facts[0])
    values = _values(held, layouts)
    seen = Table(policy, without=policy.fields_.keys(), query=alike)
    seen.known = {name: alike.let(f"f_{name}", value) for name, value in values.items()}
    # facts that do not fit into one number cannot be taken from one case by MIN
    key = facts if len(facts) > 1 else _keys(Compiler(settings, seen), reads, codes)
    counted = alike.step(
        "counted", [*by, *(f"MIN({name}) AS {name}" for name in facts), f"CAST(SUM({WEIGHT}) AS BIGINT) AS {WEIGHT}"],
        [*by, *facts, WEIGHT], _group_by([*by, *key]),
    )  # fmt: skip
    told = _name_codes(counted, codes, facts[0])
    answer = [_pathway_column(policy)]
    answer += [f"{name} AS {name.removeprefix('by_')}" for name in dict.fromkeys([*told, *by]) if name != "which"]
    answer += [f"CAST({value} AS INTEGER) AS {name}" for name, value in values.items()]
    return Collapse(counted.select([*answer, WEIGHT], [*by, *facts, WEIGHT]), tuple(held), tuple(groups))


def _reads(settings: Settings, moving: Collection[str]) -> dict[int, Reads]:
    """What each pathway, by its place in the policy, reads of a case."""
    pathways = settings.policy.pathways.values()
    reads = {i: Reads(settings, frozenset(moving)) for i in range(len(pathways))}
    for read, pathway in zip(reads.values(), pathways, strict=True):
        read.rule(pathway.rule)
    return reads


def _name_codes(query: Query, codes: Codes, number: str) -> list[str]:
    """Have the query hold the codes that a number stands for; their names."""
    told = codes.told(number)
    for name, text in told.items():
        query.let(name, text)
    return list(told)


def _pathway_column(policy: Policy) -> str:
    """The name of the pathway for its number, `rejected` for rows that were refused."""
    titles = [(one_of("which", [i]), literal(name)) for i, name in enumerate(policy.pathways)]
    return f"{chosen([(f'which = {REFUSED}', literal(FAULTY)), *titles], literal(''))} AS pathway"


def _columns(table: Table, groups: Sequence[str]) -> dict[str, str]:
    """What the rows are counted by beside the facts that rules read."""
    found = {}
    for name in groups:
        if name in table.policy.fields_ and _is_fact(table.policy, name):
            found[name] = table.fact(name)
        elif name in ("dx", "cpt"):
            found[name] = f"by_{name}"
        elif name not in CODED:
            found[name] = f"COALESCE(TRIM(CAST({table.query.source}.{name} AS VARCHAR)), '')"
    return found


def _packed(table: Table, held: Mapping[str, Bins], layouts: Mapping[int, list[Place]]) -> list[str]:
    """Names of the whole numbers that hold the place of the codes and each pathway's facts; 0 for a refused row."""
    let = table.query.let
    index = {name: let(f"i_{name}", f"CAST({bins.index()} AS BIGINT)", "bins") for name, bins in held.items()}
    packed = {i: words_of([(index[place[0]], *place[1:]) for place in layout]) for i, layout in layouts.items()}
    first, *more = _by_pathway("lead", packed)
    # A column that is refused shows in a fact's bin, far below 0: one sum tells quicker than a comparison for each.
    shown = {column: facts for column, facts in table.told.items() if facts <= held.keys()}
    telling = [index[name] for name in held if any(name in facts for facts in shown.values())]
    refused = either([
        *([f"{' + '.join(telling)} < 0"] if telling else []),
        *(fault for column, fault in table.faults.items() if column not in shown),
    ])  # fmt: skip
    texts = [f"place + {first}", *more]
    return [let(f"held_{number}", chosen([(refused, 0)], text), "bins") for number, text in enumerate(texts)]


def _keys(compiler: Compiler, reads: Mapping[int, Reads], codes: Codes) -> list[str]:
    """Names of the whole numbers that tell all apart that some reachable setting can."""
    query, names, folded = compiler.table.query, dict[str, str](), {}
    query.let("dx", codes.bare("held_0"))
    for i, pathway in enumerate(compiler.policy.pathways.values()):
        keys = Keys(compiler, reads[i], names)
        keys.rule(pathway.rule)
        folded[i] = words_of(laid_out(keys.found, codes.size))
    first, *more = _by_pathway("which", folded)
    texts = [f"{codes.place('held_0')} + {first}", *more]
    return [query.let(f"key_{number}", text, "keys") for number, text in enumerate(texts)]


def _group_by(texts: Collection[str]) -> str:
    """A constant, such as that of a column that is not there, would be read as the place of a column."""
    return f" GROUP BY {', '.join(text for text in dict.fromkeys(texts) if not re.fullmatch(r'-?[0-9]+', text))}"


def _by_pathway(which: str, words: Mapping[int, list[str]]) -> list[str]:
    """Each number of the pathways as one expression."""
    found = []
    for number in range(max(1, *map(len, words.values()))):
        parts = {i: texts[number] for i, texts in words.items() if number < len(texts)}
        same = len(set(parts.values())) == 1 and len(parts) == len(words)
        found.append(next(iter(parts.values())) if same else chosen(grouped(which, parts), 0))
    return found


def _layouts(reads: Mapping[int, Reads], held: Mapping[str, Bins], by: int) -> dict[int, list[Place]]:
    """Where the facts of each pathway go: in the same places when one number holds them all."""
    shared = laid_out([(name, bins.size, ()) for name, bins in held.items()], by)
    if shared[-1][1] == 0:
        return {i: [place for place in shared if place[0] in read.cuts] for i, read in reads.items()}
    return {i: laid_out([(name, held[name].size, ()) for name in read.cuts], by) for i, read in reads.items()}


def _values(held: dict[str, Bins], layouts: dict[int, list[Place]]) -> dict[str, str]:
    """The facts taken out of their words again; -1 where no rule of the pathway reads them."""
    found = {}
    for name, bins in held.items():
        places = {i: place for i, layout in layouts.items() for place in layout if place[0] == name}
        alike = len({place[1:] for place in places.values()}) == 1
        values = {i: bins.value(digit(f"held_{place[1]}", *place[2:4])) for i, place in places.items()}
        found[name] = next(iter(values.values())) if alike else chosen(grouped("which", values), -1)
    return found


def _is_fact(policy: Policy, name: str) -> bool:
    kind = policy.fields_[name]
    return kind.type in ("boolean", "choice", "whole") and not kind.ignored


def _facts(table: Table, reads: dict[int, Reads]) -> dict[str, Bins]:
    """The facts that some pathway may read, each in bins that serve all of its readers."""
    found = {}
    for name in table.policy.fields_:
        readers = [read for read in reads.values() if name in read.cuts]
        if readers:
            found[name] = binned(table, name, readers)
    return found


def check_groups(policy: Policy, groups: Sequence[str]) -> None:
    """Only names of the schema get into the text."""
    read = {*readable(policy), "case_id"}
    allowed = [n for n, kind in policy.fields_.items() if n not in read and kind.told and kind.type != "date"]
    for name in groups:
        if name not in (*allowed, *CODED) and not re.fullmatch(r"group_[a-z0-9_]{1,40}", name):
            message = f"cannot group by {shown(name)}; {listed(allowed)} or a column named group_..."
            raise refuse("group", "groups", message + nearest(name, allowed))


def live_levers(policy: Policy, moving: Collection[str] | None) -> frozenset[str]:
    """The levers that may move, None for all; ProblemsFound for one that does not exist."""
    live = frozenset(policy.levers if moving is None else moving)
    policy.settings(dict.fromkeys(sorted(live - policy.levers.keys()), ""))
    return live
