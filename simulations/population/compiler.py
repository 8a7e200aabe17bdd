"""A page of YAML becomes tables ready to draw from; what does not fit together is said, all of it, with its line."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from policy.entries.records import Record
from policy.model import Policy
from policy.problems import Finding, ProblemsFound, listed, shown
from simulations.population.columns import LATENT_COUNT, Column, columns_of
from simulations.population.page import ANCHORS, Cited, Effect, Page, Table, Variable, at_work
from simulations.population.page_lines import Lines
from simulations.population.probability_tables import (
    EMPTY,
    YES_NO,
    Choice,
    Decision,
    Facts,
    last,
    lookup_of,
    span,
    states_of,
)

_MOST_STATES, _MOST_WORK = 1 << 16, 1 << 23
_THIS = "this"  # in a table of documentation: the fact itself


def cumulative_shares(table: Table, effects: Sequence[Effect]) -> Iterator[tuple[int, str | None]]:
    """Upper bound of each share that is not 0, in the words of its row, and the value that it stands for.

    A row stands there once for each set of effects that may be at work on it.
    """
    for index, row in enumerate(table.rows):
        for number, parts in enumerate(at_work(row, effects), index << len(effects)):
            total = Decimal(0)
            for text, share in parts:
                total += share
                if share:
                    yield (number << 32) + int(total * 2**32 / 100), text


def compile_page(page: Page, lines: Lines, policy: Policy) -> tuple[Decision, ...]:
    """The decisions of a page for the case table of a policy; raises ProblemsFound."""
    compiler = _Compiler(page, lines, columns_of(policy))
    decisions = compiler.decisions()
    if compiler.problems:
        raise ProblemsFound(lines.located(list(compiler.problems.values())))
    return decisions


class _Compiler:
    """Turns a page into decisions and collects what does not fit together."""

    def __init__(self, page: Page, lines: Lines, columns: Mapping[str, Column]):
        self.page, self.lines, self.columns = page, lines, columns
        self.problems: dict[tuple[object, ...], Finding] = {}
        self.work = 0  # combinations times rows, summed over the tables
        self.done: dict[str, Decision] = {}
        self.states: dict[str, NDArray[np.bool_]] = {}  # which of empty, 0, 1, 2... a variable can be

    def problem(
        self, code: str, path: tuple[Any, ...], message: str, name: str = "", known: Collection[str] = ()
    ) -> None:
        """Noted once; `name` is a wrong word, for which a near one of `known` is sought."""
        self.problems.setdefault((code, path, message), Finding(code, path, message, name, known))

    def _unsaid(self) -> list[str]:
        """Columns that a variable must make, and none does."""
        return [n for n, column in self.columns.items() if column.kind != "made" and n not in self.page.variables]

    def decisions(self) -> tuple[Decision, ...]:
        for name, variable in self.page.variables.items():
            self._variable(name, variable)
        for name in self._unsaid():
            self.problem("column-missing", ("variables",), f"do not say how the column {name} comes about")
        used = {v.documented for v in self.page.variables.values() if isinstance(v.documented, str)}
        for name in [n for n in self.page.habits if n not in used and self.lines.owns(("habits", n))]:
            self.problem("unused", ("habits", name), "is used by no variable")
        self._sources()
        self._targets()
        return tuple(self.done.values())

    def _sources(self) -> None:
        cited: set[str] = set()
        for path, record in _records(self.page, ()):
            cited.update(record.source)
            for source in sorted(set(record.source) - self.page.sources.keys()):
                self.problem("unknown-source", (*path, "source"), f"{source} is not described under sources")
        for source in [s for s in self.page.sources if s not in cited and self.lines.owns(("sources", s))]:
            self.problem("unused", ("sources", source), "is cited by nothing")

    def _targets(self) -> None:
        for name, target in self.page.targets.items():
            for side in ("share_of", "stratum"):
                self._described(("targets", name, side), getattr(target, side))
            if target.metric not in ("share", *ANCHORS) and self.page.virtual_trial is None:
                self.problem(
                    "virtual-trial", ("targets", name, "metric"), "needs a virtual_trial, and the page has none"
                )
        trial = self.page.virtual_trial
        if trial is not None:
            self._described(("virtual_trial", "among"), trial.among)
            self._described(("virtual_trial", "assign"), {name: (text,) for name, text in trial.assign.items()})
            for key in ("cut_off", "loosest", "parted_at"):
                if not 1 <= getattr(trial, key) <= 100:
                    self.problem("virtual-trial", ("virtual_trial", key), "is no whole number from 1 to 100")
            named = {"truth": trial.truth, "benefit": trial.benefit, "tests": trial.tests[0]}
            for key, name in [*named.items(), ("tests", trial.tests[1])]:
                if name not in self.done or self.done[name].kind != ("count" if key == "tests" else "flag"):
                    message = f"{name} is no {'number' if key == 'tests' else 'yes-or-no fact'} of the page"
                    self.problem("unknown-variable", ("virtual_trial", key), message, name, self.done)

    def _described(self, path: tuple[Any, ...], wanted: Mapping[str, tuple[str, ...]]) -> None:
        """Cases by variable and values: the variables exist and can have the values."""
        for name, values in wanted.items():
            if name in self.done:
                self._when(path, name, values)
            else:
                self.problem("unknown-variable", (*path, name), "is no variable of the page", name, self.done)

    def _variable(self, name: str, variable: Variable) -> None:
        path = ("variables", name)
        column = self.columns.get(name)
        self._place(path, variable, column)
        kind: Literal["words", "flag", "count"] = "flag" if _is_flag(variable) else "words"
        if column is None and variable.unit is not None:
            kind, column = "count", LATENT_COUNT
        elif column and column.kind in ("words", "flag", "count"):
            kind = column.kind
        if kind == "count" and variable.unit is None:
            self.problem("unit", path, "is a number and needs a unit")
        elif column and kind == "count" and column.unit and str(variable.unit).replace(" ", "_") != column.unit:
            message = f"{shown(variable.unit)} is not the unit of this column; write {column.unit.replace('_', ' ')}"
            self.problem("unit", (*path, "unit"), message)
        facts = (
            YES_NO
            if kind == "flag"
            else Facts(kind, () if kind == "count" else _words(variable), column or Column("words"))
        )
        choice = self._choice(path, variable, facts)
        self.states[name] = states_of(choice, len(facts.values), variable.at_most is not None)
        self.done[name] = Decision(
            name,
            variable.latent,
            kind,
            facts.values,
            choice,
            variable.at_most,
            None,
            variable.only_with,
            column.places if column else 0,
        )
        habit = self._habit(path, variable.documented, name)
        self.done[name] = replace(self.done[name], documented=habit)

    def _place(self, path: tuple[Any, ...], variable: Variable, column: Column | None) -> None:
        """Whether the variable is a column or latent, and stands below those it needs."""
        name = path[-1]
        if column is not None and column.kind == "made":
            message = "is made from the period, the case's number and the days that something lasted; remove it"
            self.problem("made-column", path, message)
        elif column is not None and variable.latent:
            self.problem("latent", path, "is a column of the case table and cannot be latent")
        elif column is None and not variable.latent:
            message = "is no column of the case table (a cause behind the scenes is latent: true)"
            self.problem("unknown-column", path, message, name, self._unsaid())
        if variable.latent and (variable.documented or variable.only_with):
            self.problem("latent", path, "is latent, so it cannot be documented")
        if not variable.latent and variable.documented is None:
            self.problem("documented", path, "does not say how often it is documented: always, a habit or a table")
        if variable.only_with is not None and (
            variable.only_with not in self.done or self.done[variable.only_with].latent
        ):
            only = variable.only_with
            self.problem("unknown-variable", (*path, "only_with"), f"{only} is no column above it", only, self.done)
        limit = variable.at_most
        if limit is not None and (limit not in self.done or self.done[limit].kind != "count" or self.states[limit][0]):
            message = f"{limit} is no number above it that is never empty"
            self.problem("unknown-variable", (*path, "at_most"), message, limit, self.done)

    def _habit(self, path: tuple[Any, ...], documented: str | Table | None, name: str) -> Choice | None:
        if isinstance(documented, Table):
            return self._choice((*path, "documented"), documented, YES_NO, name)
        if documented in self.page.habits:
            return self._choice(("habits", documented), self.page.habits[documented], YES_NO, name)
        if documented not in (None, "always"):
            known = ("always", *self.page.habits)
            message = f"{shown(documented)} is no habit"
            self.problem("unknown-habit", (*path, "documented"), message, documented, known)
        return None

    def _choice(self, path: tuple[Any, ...], table: Table, facts: Facts, this: str = _THIS) -> Choice:
        """The table in whole numbers; `this` is the fact whose documentation it decides."""
        whens = [{this if key == _THIS else key: wanted for key, wanted in row.when.items()} for row in table.rows]
        parents, row_of = self._rows((*path, "rows"), whens)
        if parents is not None:
            self._reach(path, table, parents, row_of)
        effects = [(i, effect) for i, effect in enumerate(table.effects) if effect.odds_percent != 100]
        if table.effects and facts.kind != "flag":
            self.problem("effects", (*path, "effects"), "scale a percentage of yes, but this is no yes-or-no fact")
        times = 1 << len(effects)
        lookups = [lookup_of(parents or [], np.maximum(row_of, 0) * times)]
        for place, (index, effect) in enumerate(effects):
            when = {this if key == _THIS else key: wanted for key, wanted in effect.when.items()}
            names, fits = self._rows((*path, "effects"), [when], index)
            lookups.append(lookup_of(names or [], (fits + 1) << place))
        bounds, entries = self._entries(path, table, facts, [effect for _, effect in effects])
        lowest, step, count = np.array(entries, dtype=np.int64).T
        return Choice(
            tuple(lookups),
            np.array(bounds, dtype=np.uint64),
            lowest.astype(np.int32),
            step.astype(np.int32),
            count.astype(np.uint64),
        )

    def _rows(
        self, path: tuple[Any, ...], whens: list[dict[str, tuple[str, ...]]], start: int = 0
    ) -> tuple[list[str] | None, NDArray[np.intp]]:
        """The facts that descriptions hang on, and which is the first to fit each of their states (-1: none).

        None, and one state, where they hang on what is no variable above or on too many states.
        """
        parents = list(dict.fromkeys(parent for when in whens for parent in when))
        for index, parent in [
            (i, p) for i, when in enumerate(whens, start) for p in whens[i - start] if p not in self.done
        ]:
            at = (*path, index, "when", parent)
            if parent in self.page.variables:
                self.problem("unknown-variable", at, f"depends on {parent}, which stands below it: move that up")
                continue
            message = f"depends on {parent}, which is no variable above it"
            self.problem("unknown-variable", at, message, parent, self.done)
        known = all(parent in self.done for parent in parents)
        parents = [parent for parent in parents if parent in self.done]
        shape = [len(self.states[parent]) for parent in parents]
        self.work += math.prod(shape) * len(whens)
        if math.prod(shape) > _MOST_STATES:
            message = f"depends on {listed(parents)}: that is more than {_MOST_STATES:,} combinations"
            self.problem("combinations", path, message)
        elif self.work > _MOST_WORK:
            self.problem("combinations", ("variables",), f"depend on each other in more than {_MOST_WORK:,} ways")
        if math.prod(shape) > _MOST_STATES or self.work > _MOST_WORK:
            known, parents, shape = False, [], []
        row_of = np.full(shape, -1)
        for index in reversed(range(len(whens))):
            place = (*path, start + index, "when")
            fitting = [self._when(place, parent, whens[index].get(parent)) for parent in parents]
            row_of[np.ix_(*fitting)] = index
        return (parents, row_of) if known else (None, np.array(-1))

    def _reach(self, path: tuple[Any, ...], table: Table, parents: list[str], row_of: NDArray[np.intp]) -> None:
        """Every case has a row, and every row has cases."""
        possible = np.ones(row_of.shape, dtype=np.bool_)
        for axis, parent in enumerate(parents):
            possible &= self.states[parent].reshape([-1 if i == axis else 1 for i in range(len(parents))])
        missed = np.argwhere((row_of < 0) & possible)
        if len(missed):
            case = ", ".join(f"{p} {self._state(p, int(state))}" for p, state in zip(parents, missed[0], strict=True))
            self.problem("gap", (*path, "rows"), f"has no row for {case}")
        for index in sorted(set(range(len(table.rows))) - set(row_of[possible].tolist())):
            if _THIS not in table.rows[index].when:
                self.problem(
                    "unreachable", (*path, "rows", index), "is never reached: the rows above take all its cases"
                )

    def _when(self, path: tuple[Any, ...], parent: str, wanted: tuple[str, ...] | None) -> NDArray[np.intp]:
        """States of `parent` (0 is empty, then its values) that fit `wanted`; all of them when it is not mentioned."""
        states = self.states[parent]
        if wanted is None:
            return np.arange(len(states))
        decision = self.done[parent]
        found: set[int] = set()
        for text in wanted:
            part = span(text, decision.places) if decision.kind == "count" else None
            if text == "empty" and states[0]:
                found.add(0)
            elif text in decision.values:
                found.add(decision.values.index(text) + 1)
            elif part is not None and last(part) + 1 < len(states):
                found.update(part[0] + part[1] * k + 1 for k in range(part[2]))
            else:
                known = decision.values or (f"0 to {self._state(parent, len(states) - 1)}",)
                self.problem("unknown-value", (*path, parent), f"is never {shown(text)}", text, known)
        return np.array(sorted(found), dtype=np.intp)

    def _state(self, name: str, state: int) -> str:
        values = self.done[name].values
        number = f"{Decimal(state - 1) / 10 ** self.done[name].places:f}"
        return "empty" if state == 0 else values[state - 1] if values else number

    def _entries(
        self, path: tuple[Any, ...], table: Table, facts: Facts, effects: Sequence[Effect]
    ) -> tuple[list[int], list[tuple[int, int, int]]]:
        """The bounds of `cumulative_shares`, and the values that each stands for."""
        for index, row in enumerate(table.rows):
            place = (*path, "rows", index)
            if row.percent is not None and facts.kind != "flag":
                message = "gives a percentage of yes, but this is no yes-or-no fact: use shares"
                self.problem("percentage", place, message)
            for text, _ in row.parts():
                entry = (EMPTY, 1, 1) if text is None else facts.entry(text)
                if entry is None and (row.percent is None or facts.kind == "flag"):
                    known = () if facts.kind == "count" or facts.column.pattern else facts.column.words or facts.values
                    message = f"{shown(text)} is not allowed" + ("" if known else f"; allowed: {facts.allowed}")
                    where = (*place, "shares", text) if row.shares else (*place, "value")
                    self.problem("value", where, message, str(text), known)
        parts = list(cumulative_shares(table, effects))
        entries = [((EMPTY, 1, 1) if text is None else facts.entry(text)) or (0, 1, 1) for _, text in parts]
        return [bound for bound, _ in parts], entries


def _records(value: object, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Cited]]:
    """Every citing record of the page with its path."""
    if isinstance(value, Cited):
        yield path, value
    if isinstance(value, Record):
        for name in type(value).model_fields:
            yield from _records(getattr(value, name), (*path, name))
    elif isinstance(value, (dict, tuple)):
        for key, item in dict(value if isinstance(value, dict) else enumerate(value)).items():
            yield from _records(item, (*path, key))


def _is_flag(table: Table) -> bool:
    return any(row.percent is not None or row.value in ("true", "false") for row in table.rows)


def _words(table: Table) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(text for row in table.rows for text in (row.shares or ([row.value] if row.value else [])))
    )
