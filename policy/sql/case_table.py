"""The case reader in SQL: the columns of a table `cases` as integer facts, codes as pathways.

A fact is a whole number on its grid with -1 for not documented, so that no engine's rules for NULL or NaN matter. What
a cell may look like stands in policy/case_files/grammar.py; how that reads in SQL, in cells.py.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from policy.case_files.contradictions import ages
from policy.case_files.grammar import CAPITALS, DIAGNOSIS, DIGITS, LONGEST, PROCEDURE, SMALL, Number, Words, form_of
from policy.model import CaseField, Policy
from policy.model.fields import AGE
from policy.sql.cells import REJECTED, Cell, inside, leap, month_length, only, sound_code, zeros
from policy.sql.text import Predicate, Query, chosen, either, every, literal, negated, one_of

CODES = ("diagnosis", "procedure")
OUT_OF_SCOPE = -1  # in place of a pathway's position
FIRST, LAST = (f"CAST('{day}' AS DATE)" for day in ("1901-01-01", "2099-12-31"))
NUMBERS = ["", *map(str, range(10)), *(f"{number:02}" for number in range(100))]


@dataclass(frozen=True)
class Column:
    """A column of whole numbers, allowed from `low` to `high`; `unit`: by what they are multiplied in a fact."""

    name: str
    low: int
    high: int
    unit: int


@dataclass
class Table:
    """The case reader in SQL: the columns of `cases` as integer facts.

    `faults`: column -> when the case reader would reject it; `told`: column -> the facts of which one is then REJECTED.
    """

    policy: Policy
    types: Mapping[str, str] = field(
        default_factory=dict
    )  # columns whose type is known, boolean, integer, number (DOUBLE), date, timestamp, text
    without: Collection[str] = ()  # columns that the table has not
    query: Query = field(default_factory=Query)
    faults: dict[str, Predicate] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)  # facts as `fact`, `_read` and `_implied` have named them
    read: dict[str, str] = field(default_factory=dict)
    implied: dict[str, str] = field(default_factory=dict)
    procedures: dict[tuple[str, tuple[int, ...]], list[str]] = field(default_factory=dict)  # by family and pathways

    def fact(self, name: str) -> str:
        """Name of a fact: a whole number, -1 where nothing is documented (-2: see cases.py), REJECTED."""
        if name not in self.known:
            self.known[name] = self.query.let(f"f_{name}", self._fact(name, self.policy.fields_[name]))
        return self.known[name]

    def column(self, name: str) -> Column | None:
        """The column that holds a fact as it is, where it does (yes or no as 1 and 0)."""
        kind, known = self.policy.fields_[name], self.types.get(name)
        if name in self.without or kind.implied_by or kind.absent is not None:
            return None
        whole = known == "integer" and kind.type in ("whole", "percent") and kind.steps == 1
        if (known == kind.type == "boolean") or whole:
            low, high = (0, 1) if known == "boolean" else (kind.min, kind.max)
            column = self.query.let(f"c_{name}", f"{self.query.source}.{name}")
            return Column(column, int(low), int(high), kind.scale)
        return None

    def _documented(self, name: str) -> str:
        column, code = self.column(name), self._read(name)
        return f"{column.name} IS NOT NULL" if column else f"{code} >= 0"

    def _fact(self, name: str, kind: CaseField) -> str:
        if not kind.told:
            return self._duration(name, kind)
        code = self._related(name, kind)
        if kind.absent is None:
            return code
        absent = str(kind.code(kind.absent))
        return absent if code == "-1" else chosen([(f"{code} = -1", absent)], code)

    def _read(self, name: str) -> str:
        """What the column itself holds, whatever others tell about it."""
        if name not in self.read:
            kind, code = self.policy.fields_[name], "-1"
            if name not in self.without:
                code = self._code(name, kind)
                if (self.types.get(name), kind.type) != ("boolean", "boolean"):
                    code = self.query.let(f"x_{name}", code)
                    self.faults[name], self.told[name] = f"{code} = {REJECTED}", {name}
            self.read[name] = code
        return self.read[name]

    def _implied(self, name: str) -> str:
        """The same, with what other columns tell where it holds nothing."""
        if name not in self.implied:
            kind, code = self.policy.fields_[name], self._read(name)
            self.implied[name] = self._least(name, kind, code) if kind.implied_by else code
        return self.implied[name]

    def _code(self, name: str, kind: CaseField) -> str:
        column, known, form = f"{self.query.source}.{name}", self.types.get(name), form_of(kind)
        if known == kind.type == "boolean":
            return chosen([(f"{column} IS NULL", -1), (column, 1)], 0)
        cell = Cell(self.query, name, "text" if known == "text" else None)
        if kind.type == "date":
            return self._date(name, column, cell)
        if isinstance(form, Words):
            return cell.words(form)
        if not isinstance(form, Number):
            return self._text(cell)
        if known == "integer":
            unit = 10**form.places
            value = f"CAST({column} AS INTEGER)" + (f" * {unit}" if unit > 1 else "")
            step = [f"MOD({column} * {unit}, {form.step}) = 0"] if unit % form.step else []
            sound = every([f"{column} BETWEEN {math.ceil(form.low)} AND {math.floor(form.high)}", *step])
            return chosen([(sound, value), (f"{column} IS NULL", -1)], REJECTED)
        return self._double(name, column, form) if known == "number" else cell.number(form)

    def _double(self, name: str, column: str, form: Number) -> str:
        """A DOUBLE as its shortest decimal: it is the one next to so many units of its last place."""
        unit, column = 10**form.places, self.query.let(f"c_{name}", column)
        amount = self.query.let(f"amount_{name}", f"FLOOR({column} * {unit} + 0.5)")
        # NaN is no number here. DuckDB leaves it out of a Parquet file's statistics and concludes that BETWEEN always
        # holds; in Spark and PostgreSQL NaN equals itself. But its difference from itself is 0 nowhere.
        exact = [f"{column} BETWEEN {math.floor(form.low)} AND {math.ceil(form.high)}", f"{column} - {column} = 0"]
        exact += [f"{amount} / {unit} = {column}" if unit > 1 else f"{amount} = {column}"]
        nothing = f"LOWER(CAST({column} AS VARCHAR)) = 'nan'"
        sound = every([*exact, *inside(amount, form)])
        return chosen([(f"{column} IS NULL", -1), (sound, amount), (nothing, -1)], REJECTED)

    def _text(self, cell: Cell) -> str:
        """0 for a text that is kept, -1 for none."""
        cell.raw()
        word = cell.tidy()
        return chosen([(cell.missing(word), -1), (cell.shown(), 0)], REJECTED)

    def _date(self, name: str, column: str, cell: Cell) -> str:
        """0 for a date that is allowed; a time of day is not."""
        known = self.types.get(name)
        if known not in ("date", "timestamp"):
            number, missing = cell.day()
            return chosen([(f"{number} > 0", 0), (missing, -1)], REJECTED)
        column = self.query.let(f"c_{name}", column)
        year, month, day = (f"EXTRACT({part} FROM {column})" for part in ("YEAR", "MONTH", "DAY"))
        sound = f"{column} BETWEEN {FIRST} AND {LAST}"
        sound += "" if known == "date" else f" AND {column} = CAST(CAST({column} AS DATE) AS TIMESTAMP)"
        number = self.query.let(f"date_{name}", chosen([(sound, f"{year} * 10000 + {month} * 100 + {day}")], 0))
        return chosen([(f"{number} > 0", 0), (f"{column} IS NULL", -1)], REJECTED)

    def _duration(self, name: str, kind: CaseField) -> str:
        """Half months or days from two dates, else from a number of days (as in policy/cases/relations.py)."""
        first, last, _ = kind.sources
        *_, days = facts = list(map(self.fact, kind.sources))
        refused: list[Predicate] = [f"{fact} = {REJECTED}" for fact in facts if fact != "-1"]
        told = "-1" if days == "-1" else chosen([(f"{days} < 0", -1)], _half_months(days) if kind.calendar else days)
        for column in kind.sources:
            self.told.setdefault(column, set()).add(name)
        if "-1" in facts[:2]:
            return chosen([(either(refused), REJECTED)], told)
        begun, ended = f"date_{first}", f"date_{last}"
        both = f"{facts[0]} = 0 AND {facts[1]} = 0"
        wrong = [f"({both} AND {begun} > {ended})", *self._unborn(kind, begun, ended, both)]
        self.faults[first] = either([self.faults[first], *wrong])
        by_dates = self._apart(name, kind)
        sound = [f"{fact} <> {REJECTED}" for fact in (days,) if fact != "-1"] + [both, *map(negated, wrong)]
        return chosen([(every(sound), by_dates), (either([*refused, *wrong]), REJECTED)], told)

    def _apart(self, name: str, kind: CaseField) -> str:
        """Half months or days between the two dates of a duration."""
        let = self.query.let
        named = ("year", "month", "day")
        (y1, m1, d1), (y2, m2, d2) = (
            [let(f"{part}_{c}", text) for part, text in zip(named, parts_of(f"date_{c}"), strict=True)]
            for c in kind.ends
        )
        if not kind.calendar:
            return f"{_day_number(y2, m2, d2)} - {_day_number(y1, m1, d1)}"
        apart = let(f"months_{name}", f"({y2} - {y1}) * 12 + {m2} - {m1}")
        length = month_length(f"date_{kind.ends[1]}", m2)
        same = let(f"same_{name}", chosen([(f"{d1} < 29", d1)], f"LEAST({d1}, {length})"))  # a month's end clamps
        return f"2 * {apart} + {chosen([(f'{d2} < {same}', -1), (f'{d2} > {same}', 1)], 0)}"

    def _related(self, name: str, kind: CaseField) -> str:
        """A fact, REJECTED where it is more than another that is documented and that it may not exceed."""
        own, wrong = self._implied(name), list[Predicate]()
        for relation in self.policy.relations if own != "-1" else ():
            if relation.field == name and relation.verdict == "reject":
                bound = self._implied(relation.at_most)
                if bound != "-1":
                    own, bound = self.query.let(f"own_{name}", own), self.query.let(f"own_{relation.at_most}", bound)
                    dates = (f"date_{name}", f"date_{relation.at_most}")
                    more, less = dates if kind.type == "date" else (own, bound)
                    wrong.append(f"({own} >= 0 AND {bound} >= 0 AND {more} > {less})")
        if wrong:
            self.faults[name] = either([self.faults.get(name, False), *wrong])
        return chosen([(either(wrong), REJECTED)], own)

    def _unborn(self, duration: CaseField, begun: str, asked: str, both: str) -> list[str]:
        """Where something began before the person was born, by their age at the request."""
        if not ages(self.policy, duration) or AGE in self.without:
            return []
        age = self.fact(AGE)
        born = f"({asked} - 10000 * ({age} + 1))"
        # A year that has no 29 February: the month's end clamps.
        clamped = f"MOD({asked}, 10000) = 229 AND NOT ({leap(born)})"
        return [f"({both} AND {age} >= 0 AND {begun} < {born} - {chosen([(clamped, 1)], 0)})"]

    def _least(self, name: str, kind: CaseField, number: str) -> str:
        """What other columns tell about a missing number (cases.py); one that they contradict is refused."""
        known, contradictions = list[tuple[Predicate, object]](), list[Predicate]()
        for column, least in sorted(kind.implied_by.items(), key=lambda told: -told[1]):
            documented = self._documented(column)
            known.append((f"{number} = -1 AND {documented}", least if least == kind.span[1] else -1 - least))
            if column not in self.without and number != "-1":
                contradictions.append(f"({documented} AND {number} BETWEEN 0 AND {least - 1})")
                self.faults[column] = either([self.faults.get(column, False), contradictions[-1]])
                self.told.setdefault(column, set()).add(name)
        return chosen([(either(contradictions), REJECTED)], chosen(known, number))

    def diagnosis(self) -> str:
        """Position of the diagnosis group; the code itself without its dot is `dx`."""
        let, dot = self.query.let, DIAGNOSIS.dot or 0
        cell = Cell(self.query, "dx", "text")
        raw, large = cell.raw(), cell.usual(self.codes(), SMALL, CAPITALS)
        bare = let("dx", chosen([
            *((f"{raw} = {literal(code)}", literal(code.replace(".", ""))) for code in self.codes()),
            (f"SUBSTRING({large}, {dot + 1}, 1) = '.'",
             f"CONCAT(SUBSTRING({large}, 1, {dot}), SUBSTRING({large}, {dot + 2}, {LONGEST}))"),
        ], f"COALESCE({large}, '')"))  # fmt: skip
        sound = sound_code(bare, DIAGNOSIS)
        pairs: list[tuple[Predicate, object]] = []
        for position, group in enumerate(self.policy.diagnoses.values()):
            pairs.append((one_of(bare, [code.replace(".", "") for code in group.codes]), position))
            for prefix in (code.replace(".", "") for code in group.prefixes):
                plain = one_of(f"SUBSTRING({bare}, {len(prefix) + 1}, 7)", NUMBERS)  # the usual rest, and quickly told
                pairs.append((every([f"{bare} LIKE '{prefix}%'", either([plain, sound])]), position))
        self.faults["dx"] = f"diagnosis = {REJECTED}"
        return let("diagnosis", chosen([*pairs, (sound, OUT_OF_SCOPE)], REJECTED))

    def admit(self, unique: bool = False) -> None:
        """Check what no rule reads too; `unique`: and that no case_id is repeated."""
        for name, kind in self.policy.fields_.items():
            if kind.type not in CODES and kind.told and not kind.ignored and name not in self.without:
                fact = self.fact(name)
                if kind.required:
                    self.faults[name] = f"{fact} < 0"
        if unique:
            times = self.query.let("times_case_id", "COUNT(*) OVER (PARTITION BY word_case_id)")
            self.faults["case_id"] = either([self.faults["case_id"], f"{times} > 1"])

    def codes(self) -> list[str]:
        """The diagnosis codes that the policy names."""
        return [code for group in self.policy.diagnoses.values() for code in group.codes]

    def pathway(self) -> str:
        """Position of the pathway, -1 for a code out of scope."""
        diagnosis, let = self.diagnosis(), self.query.let
        cell = Cell(self.query, "cpt", "text")
        known = [code for family in self.policy.procedures.values() for code in family.codes]
        word, large = cell.raw(), cell.usual(known, SMALL, CAPITALS)
        number = (every([zeros(large, 5), only(DIGITS, f"SUBSTRING({large}, 1, 5)")]), f"SUBSTRING({large}, 1, 5)")
        code = let("cpt", chosen([(one_of(word, known), word), number], f"COALESCE({large}, '')"))
        groups = list(self.policy.diagnoses)
        alike = self.procedures
        for family, procedures in self.policy.procedures.items():
            for cpt in procedures.codes:
                leads = tuple(self._leads(g, family, cpt) for g in groups)
                alike.setdefault((family, leads), []).append(cpt)
        sound = sound_code(code, PROCEDURE)
        kinds = [(one_of(code, codes), position) for position, codes in enumerate(alike.values())]
        procedure = let("procedure_kind", chosen([*kinds, (sound, OUT_OF_SCOPE)], REJECTED))
        self.faults["cpt"] = f"{procedure} = {REJECTED}"
        places: dict[int, list[Predicate]] = {}
        for position, (_, leads) in enumerate(alike):
            for pathway in dict.fromkeys(leads):
                where = [g for g, found in enumerate(leads) if found == pathway]
                places.setdefault(pathway, []).append(every([one_of(diagnosis, where), one_of(procedure, [position])]))
        pairs = [(either(parts), pathway) for pathway, parts in sorted(places.items()) if pathway >= 0]
        names = [f"{i} {name}" for i, name in enumerate(self.policy.pathways)]
        self.query.notes["pathway_number"] = ", ".join([*names, f"{OUT_OF_SCOPE} none: outside this policy"])
        return let("pathway_number", chosen(pairs, OUT_OF_SCOPE))

    def _leads(self, diagnosis: str, family: str, code: str) -> int:
        found = self.policy.cell(diagnosis, family, code)
        return list(self.policy.pathways).index(found[0]) if found else OUT_OF_SCOPE


def _half_months(days: str) -> str:
    """Half months of a number of days: a month is 487 / 16 days."""
    full = f"FLOOR((16 * {days} + 15) / 487)"
    return f"2 * {full} + {chosen([(f'16 * {days} > 487 * {full}', 1)], 0)}"


def _day_number(year: str, month: str, day: str) -> str:
    """The days of the calendar up to a date, from a year that begins in March: no engine's own calendar is asked."""
    early = f"{month} < 3"
    year, month = f"({year} - {chosen([(early, 1)], 0)})", f"({month} + {chosen([(early, 9)], -3)})"
    leaps = f"FLOOR({year} / 4) - FLOOR({year} / 100) + FLOOR({year} / 400)"
    return f"(365 * {year} + {leaps} + FLOOR((153 * {month} + 2) / 5) + {day})"


def parts_of(date: str) -> tuple[str, str, str]:
    """Year, month and day of a date as a whole number."""
    return f"FLOOR({date} / 10000)", f"FLOOR(MOD({date}, 10000) / 100)", f"MOD({date}, 100)"


def readable(policy: Policy) -> list[str]:
    """Every fact that some rule of the policy may read."""
    names = {name for criterion in policy.criteria.values() for name in criterion.test.facts()}
    names |= {switch.field for rule in policy.rules() for switch in rule.switches()}
    return [name for name in policy.fields_ if name in names]


def columns_read(policy: Policy) -> list[str]:
    """The columns of a table that a SELECT reads: all that are checked, not only those of the rules."""
    return [name for name, kind in policy.fields_.items() if kind.told and not kind.ignored]
