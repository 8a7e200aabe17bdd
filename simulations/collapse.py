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
from itertools import pairwise

from policy.cases import AT_LEAST_ONE
from policy.model import Policy, Rule, Settings, Test
from policy.problems import listed, nearest, refuse, shown
from policy.sql import OPEN, REJECTED, Compiler, Table, readable
from policy.sql.text import Predicate, Query, chosen, either, every, grouped, literal, negated, one_of
from policy.sql.truths import coded, greatest, least
from simulations.reachable_facts import Reads

WEIGHT, FAULTY = "weight", "rejected"  # column of the counts; name of the pathway of rows that the door would refuse
Part = tuple[str, int, Predicate]  # a whole number from 0, how many values it has, where it counts (else 0)
Place = tuple[str, int, int, int, Predicate]  # part, number of the word, by what it is multiplied there, values, where
CODED = ("diagnosis", "procedure")  # groups that the codes tell, see grouping.py
BITS = 62  # of a whole number that every engine has


@dataclass(frozen=True)
class Bins:
    """A fact's bins: the least cut is at `low`, and every fact of a bin passes the same tests as its least value."""

    fact: str
    low: int
    cuts: tuple[int, ...]
    words: tuple[tuple[int, ...], ...] = ()  # instead of cuts: values that no test tells apart

    @property
    def size(self) -> int:
        """Number of bins; the first two are -1 and -2, see cases.py."""
        return 1 + len(self.words) if self.words else 3 + len(self.cuts)

    def _as_coded(self) -> bool:
        """Whether every word has a bin of its own."""
        return bool(self.words) and all(codes == (i,) for i, codes in enumerate(self.words))

    def index(self) -> str:
        """The bin of the fact, counted from 0."""
        if self._as_coded():
            return f"{self.fact} + 1"
        if self.words:
            return chosen([(one_of(self.fact, codes), i) for i, codes in enumerate(self.words, start=1)], 0)
        return chosen([(f"{self.fact} < 0", f"-1 - {self.fact}")], stepped(self.fact, self.cuts, 2))

    def value(self, index: str) -> str:
        """The value that stands for a bin."""
        if self._as_coded():
            return f"{index} - 1"
        if self.words:
            return chosen([(f"{index} = {i}", codes[0]) for i, codes in enumerate(self.words, start=1)], -1)
        below: list[tuple[Predicate, object]] = [(f"{index} < 2", f"-1 - {index}"), (f"{index} = 2", self.low)]
        step = even(self.cuts)
        if step:
            return chosen(below, f"{self.cuts[0]} + {step} * ({index} - 3)")
        return chosen([*below, *((f"{index} = {i}", cut) for i, cut in enumerate(self.cuts, start=3))], -1)


def even(cuts: Sequence[int]) -> int:
    """The step of many evenly spaced cuts, else 0."""
    steps = {after - before for before, after in pairwise(cuts)}
    return steps.pop() if len(cuts) > 4 and len(steps) == 1 else 0


def stepped(value: str, cuts: Sequence[int], first: int = 0) -> str:
    """`first` plus the number of cuts that a whole number reaches; even cuts by one division of whole numbers."""
    step = even(cuts)
    if not step:
        return chosen([(f"{value} >= {cut}", first + i) for i, cut in reversed(list(enumerate(cuts, 1)))], first)
    inside = f"{first + 1} + FLOOR(({value} - {cuts[0]}) / {step})"
    return chosen([(f"{value} < {cuts[0]}", first), (f"{value} >= {cuts[-1]}", first + len(cuts))], inside)


def binned(policy: Policy, name: str, fact: str, reads: Sequence[Reads]) -> Bins:
    """The bins of a fact for several pathways; a fact whose sum with others is tested keeps each of its values."""
    low, high = policy.fields_[name].span
    if policy.fields_[name].type in ("boolean", "choice"):
        sets = [words for read in reads for words in read.words.get(name, [])]
        alike: dict[tuple[bool, ...], list[int]] = {}
        for code in range(low, high + 1):
            alike.setdefault(tuple(code in words for words in sets), []).append(code)
        return Bins(fact, low, (), tuple(tuple(codes) for codes in alike.values()))
    if any(name in fields for read in reads for fields in read.means):
        return Bins(fact, low, tuple(range(low + 1, high + 1)))
    return Bins(fact, low, tuple(sorted({cut for read in reads for cut in read.cuts[name] if low < cut <= high})))


@dataclass
class Keys:
    """What decides the outcomes of one pathway while some levers move, as parts of a key."""

    compiler: Compiler
    reads: Reads
    names: dict[str, str]
    parts: list[Part] = field(default_factory=list)

    def add(self, value: str, size: int, where: Predicate) -> None:
        """A part of the key, 0 where it cannot matter."""
        part = (self._named(value), size, where)
        if where is not False and part not in self.parts:
            self.parts.append(part)

    def _named(self, text: str) -> str:
        """A name for an expression, so that pathways that share it compute it once, on all rows."""
        if text not in self.names:
            self.names[text] = self.compiler.let(f"part_{len(self.names)}", text, "keys")
        return self.names[text]

    def rule(self, rule: Rule, where: Predicate = True) -> None:
        """All that a rule's outcome depends on."""
        if not self.reads.moves(rule):
            reading = self.compiler.rule(rule)
            self.add(reading.outcome, OPEN + 1, where)
        elif rule.require is not None:
            self._require(rule, where)
        elif rule.switch:
            self._switch(rule, where)
        for below in self.reads.possible(rule) if self.reads.moves(rule) else ():
            self.rule(below, where)

    def _moving(self, test: Test) -> bool:
        return bool(self.reads.moving.intersection(test.levers()))

    def _require(self, rule: Rule, where: Predicate) -> None:
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
            worst = self._named(least(folded))
            self.add(worst, 4, where)
            where = every([where, f"{worst} > 0"])  # what fails for good needs nothing else
        for test in moving:
            self._test(test, where)
        for step in rule.then:
            if step.when and self.reads.may(step.while_):
                test = criteria[step.when].test
                if self._moving(test):
                    self._test(test, where)
                else:
                    self.add(chosen([(f"{self.compiler.criterion(step.when)} = 2", 1)], 0), 2, where)

    def _switch(self, rule: Rule, where: Predicate) -> None:
        assert rule.switch
        fact = self.compiler.table.fact(rule.switch)
        codes = [self.compiler.codes(rule.switch, [word])[0] for word in rule.branches]
        classes: list[tuple[Predicate, object]] = [(one_of(fact, [code]), i) for i, code in enumerate(codes)]
        classes += [(f"{fact} = {AT_LEAST_ONE}", len(codes) + 1), (f"{fact} >= 0", len(codes) + 2)]
        self.add(chosen(classes, len(codes)), len(codes) + 3, where)
        elsewhere = negated(one_of(fact, codes))
        for code, below in zip(codes, rule.branches.values(), strict=True):
            self.rule(below, every([where, either([one_of(fact, [code]), elsewhere])]))
        if rule.otherwise:
            self.rule(rule.otherwise, every([where, elsewhere]))

    def _test(self, test: Test, where: Predicate) -> None:
        """A test that reads a moving lever: parts that read none are folded to their truths."""
        if self.reads.settled(test) or test.lever:
            return
        below = test.all_of or test.any_of or test.none_of or (test.count.of if test.count else ())
        fixed = [part for part in below if not self._moving(part)]
        if fixed and test.count:
            truths = [self.compiler.truth(part) for part in fixed]
            for holds in ("= 2", "> 0"):
                self.add(f"({' + '.join(chosen([(f'{t} {holds}', 1)], 0) for t in truths)})", len(fixed) + 1, where)
        elif fixed:
            truth = (least if test.all_of else greatest)(map(self.compiler.truth, fixed))
            self.add(truth, 3, where)
            where = every([where, negated(coded(truth, 0 if test.all_of else 2))])  # what is settled needs nothing else
        for part in below:
            if self._moving(part):
                self._test(part, where)
        if test.mean:
            self._sum(test.mean.of, where)
        elif test.fields():
            name = test.fields()[0]
            cuts = self.reads.of(test)
            bins = Bins(self.compiler.table.fact(name), self.reads.policy.fields_[name].span[0], cuts)
            self.add(bins.index(), bins.size, where)

    def _sum(self, names: Sequence[str], where: Predicate) -> None:
        """The sum of several facts, missing ones at the low and at the high end of their range."""
        fields, cuts = self.reads.policy.fields_, sorted(self.reads.means[tuple(names)])
        for end in (0, 1):
            facts = [(self.compiler.table.fact(name), fields[name].span[end]) for name in names]
            total = " + ".join(chosen([(f"{fact} < 0", value)], fact) for fact, value in facts)
            total = self.compiler.let(f"sum_{end}_{'_'.join(names)}", f"({total})")
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
    what splits the rows further: diagnosis, procedure, dx, cpt, columns that no rule reads, any named group_. Rows that
    the door would refuse come back under the pathway `rejected`. Raises ProblemsFound for a group of another name.
    """
    policy = settings.policy
    check_groups(policy, groups)
    reads = {i: Reads(settings, frozenset(moving)) for i in range(len(policy.pathways))}
    for read, pathway in zip(reads.values(), policy.pathways.values(), strict=True):
        read.rule(pathway.rule)
    table = Table(policy, types or {}, without, _placed(policy, reads.values(), groups))
    by = {f"by_{name}": table.fact(name) for name in groups if name in policy.fields_ and _is_fact(policy, name)}
    for name in readable(policy):
        table.fact(name)
    which = table.query.let("which", chosen([(either(table.faults.values()), REJECTED)], "lead"), "bins")
    by = {"which": which, "by_dx": "by_dx", "by_cpt": "by_cpt"} | by
    for name in groups:
        if f"by_{name}" not in by and name not in CODED:
            column = f"COALESCE(TRIM(CAST({table.query.source}.{name} AS VARCHAR)), '')"
            by[f"by_{name}"] = table.query.let(f"by_{name}", column)
    held = _facts(table, reads)
    layouts = _layouts(reads, held)
    index = {
        name: table.query.let(f"i_{name}", f"CAST({bins.index()} AS BIGINT)", "bins") for name, bins in held.items()
    }
    words = {
        i: words_of([(index[name], word, by, size, where) for name, word, by, size, where in layout])
        for i, layout in layouts.items()
    }
    facts = {f"held_{number}": text for number, text in enumerate(_by_pathway(words))}
    alike = table.query.step(
        "alike", [*(f"{text} AS {name}" for name, text in (by | facts).items()), f"COUNT(*) AS {WEIGHT}"],
        tail=_group_by([*by.values(), *facts.values()]),
    )  # fmt: skip
    values = _values(held, layouts)
    seen = Table(policy, without=policy.fields_.keys(), query=alike)
    seen.known = {name: alike.let(f"f_{name}", value) for name, value in values.items()}
    alike.let("dx", "REPLACE(by_dx, '.', '')")
    folded, names, compiler = {}, dict[str, str](), Compiler(settings, seen)  # one, so that no name is given twice
    for i, pathway in enumerate(policy.pathways.values()):
        keys = Keys(compiler, reads[i], names)
        keys.rule(pathway.rule)
        # Facts that do not fit into one number cannot be taken from one case by MIN: they are the key themselves.
        folded[i] = words_of(laid_out(keys.parts)) if len(facts) == 1 else [*facts]
    key = [alike.let(f"key_{number}", text, "keys") for number, text in enumerate(_by_pathway(folded))]
    counted = alike.step(
        "counted", [*by, *(f"MIN({name}) AS {name}" for name in facts), f"CAST(SUM({WEIGHT}) AS BIGINT) AS {WEIGHT}"],
        [*by, *facts, WEIGHT], _group_by([*by, *key]),
    )  # fmt: skip
    titles = [(one_of("which", [i]), literal(name)) for i, name in enumerate(policy.pathways)]
    answer = [f"{chosen([(f'which = {REJECTED}', literal(FAULTY)), *titles], literal(''))} AS pathway"]
    answer += [f"{name} AS {name.removeprefix('by_')}" for name in by if name != "which"]
    answer += [f"CAST({value} AS BIGINT) AS {name}" for name, value in values.items()]
    return Collapse(counted.select([*answer, WEIGHT]), tuple(held), tuple(groups))


def _group_by(texts: Collection[str]) -> str:
    return f" GROUP BY {', '.join(text for text in dict.fromkeys(texts) if not text.isdigit())}"


def _by_pathway(words: dict[int, list[str]]) -> list[str]:
    """Each word of the pathways as one expression."""
    found = []
    for number in range(max(1, *map(len, words.values()))):
        parts = {i: texts[number] for i, texts in words.items() if number < len(texts)}
        same = len(set(parts.values())) == 1 and len(parts) == len(words)
        found.append(next(iter(parts.values())) if same else chosen(grouped("which", parts), 0))
    return found


def _layouts(reads: dict[int, Reads], held: dict[str, Bins]) -> dict[int, list[Place]]:
    """Where the facts of each pathway go: in the same places when one number holds them all."""
    shared = laid_out([(name, bins.size, True) for name, bins in held.items()])
    if shared[-1][1] == 0:
        return {i: [place for place in shared if place[0] in read.cuts] for i, read in reads.items()}
    return {i: laid_out([(name, held[name].size, True) for name in read.cuts]) for i, read in reads.items()}


def _values(held: dict[str, Bins], layouts: dict[int, list[Place]]) -> dict[str, str]:
    """The facts taken out of their words again; -1 where no rule of the pathway reads them."""
    found = {}
    for name, bins in held.items():
        places = {i: place for i, layout in layouts.items() for place in layout if place[0] == name}
        alike = len({place[1:] for place in places.values()}) == 1
        values = {i: bins.value(_digit(*place[1:4])) for i, place in places.items()}
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
            found[name] = binned(table.policy, name, table.fact(name), readers)
    return found


def laid_out(parts: Sequence[Part]) -> list[Place]:
    """Where each part goes, in as few numbers as will hold them all."""
    found, word, by = [], 0, 1
    for part, size, where in parts:
        if by * size >= 1 << BITS:
            word, by = word + 1, 1
        found.append((part, word, by, size, where))
        by *= size
    return found


def words_of(places: Sequence[Place]) -> list[str]:
    """The parts of each word added up."""
    words: dict[int, dict[Predicate, list[str]]] = {}
    for text, word, by, _, where in places:
        term = f"CAST({text} AS BIGINT)" + (f" * {by}" if by > 1 else "")
        words.setdefault(word, {}).setdefault(where, []).append(term)
    return [
        " + ".join(chosen([(where, f"({' + '.join(terms)})")], 0) for where, terms in by_place.items())
        for by_place in words.values()
    ]


def _digit(word: int, by: int, size: int) -> str:
    """The part that `laid_out` put there, taken out of the word again."""
    name = f"held_{word}"
    if by == 1:
        return f"MOD({name}, {size})"
    # Divided as floats and rounded: whichever way an engine casts, and if it has no whole-number division.
    return f"CAST(FLOOR((MOD({name}, {by * size}) - MOD({name}, {by})) / {by} + 0.5) AS BIGINT)"


def _placed(policy: Policy, reads: Collection[Reads], groups: Sequence[str]) -> Query:
    """The cases beside where their codes lead: each pair of codes is read once, whatever the number of cases."""
    words = {name: f"COALESCE(CAST(cases.{name} AS VARCHAR), '')" for name in ("dx", "cpt")}
    pairs = f"codes AS (SELECT DISTINCT {', '.join(f'{text} AS {name}' for name, text in words.items())} FROM cases)"
    table = Table(policy, query=Query("codes", (pairs,)))
    pathway = table.pathway()
    lead = chosen([(either(table.faults.values()), REJECTED)], pathway)
    texts = [f"{text} AS by_{name}" for name, text in _codes(table, reads, groups).items()]
    placed = table.query.step("placed", ["v_dx", "v_cpt", f"{lead} AS lead", *texts])
    same = " AND ".join(f"{text} = placed.v_{name}" for name, text in words.items())
    query = Query("cases", placed.before, f" JOIN placed ON {same}")
    for name in ("lead", "by_dx", "by_cpt"):
        query.let(name, f"placed.{name}")
    return query


def _codes(table: Table, reads: Collection[Reads], groups: Sequence[str]) -> dict[str, str]:
    """Codes that lead to the pathway; diagnosis codes that some rule names stay, and those that are counted by."""
    policy = table.policy
    named = {notice.code for notice in policy.code_notices} | {code for read in reads for code in read.codes}
    dx: list[tuple[Predicate, object]] = [
        (one_of("dx", [code.replace(".", "")]), literal(code)) for code in sorted(named)
    ]
    for position, group in enumerate(policy.diagnoses.values()):
        other = next((code for code in (*group.codes, *group.prefixes) if code not in named), "")
        dx.append((f"diagnosis = {position}", literal(other)))
    cpt = [(f"procedure_kind = {i}", literal(codes[0])) for i, codes in enumerate(table.procedures.values())]
    texts = {"dx": chosen(dx, "''"), "cpt": chosen(cpt, "''")}
    if "dx" in groups:
        texts["dx"] = "CASE WHEN LENGTH(dx) > 3 THEN CONCAT(SUBSTRING(dx, 1, 3), '.', SUBSTRING(dx, 4, 80)) ELSE dx END"
    if "cpt" in groups:
        texts["cpt"] = "cpt"
    return texts


def check_groups(policy: Policy, groups: Sequence[str]) -> None:
    """Only names of the schema get into the text."""
    read = {*readable(policy), "case_id"}
    allowed = [n for n, kind in policy.fields_.items() if n not in read and kind.type not in ("date", "months")]
    for name in groups:
        if name not in (*allowed, *CODED) and not re.fullmatch(r"group_[a-z0-9_]{1,40}", name):
            message = f"cannot group by {shown(name)}; {listed(allowed)} or a column named group_..."
            raise refuse("group", "groups", message + nearest(name, allowed))


def live_levers(policy: Policy, moving: Collection[str] | None) -> frozenset[str]:
    """The levers that may move, None for all; ProblemsFound for one that does not exist."""
    live = frozenset(policy.levers if moving is None else moving)
    policy.settings(dict.fromkeys(sorted(live - policy.levers.keys()), ""))
    return live
