"""The door (cases.py) in SQL: the columns of a table `cases` as integer facts, codes as pathways.

A fact is a whole number on its grid with -1 for not documented, so that no engine's rules for NULL or NaN matter.
Counts may arrive as DOUBLE, dates as TIMESTAMP or ISO text, yes-or-no columns as BOOLEAN, words or 0 and 1.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from policy.cases import FALSE, TRUE
from policy.model import CaseField, Policy
from policy.sql.text import Predicate, Query, chosen, either, every, literal, one_of

OUT_OF_SCOPE = -1  # in place of a pathway's position
REJECTED = (
    -999_999
)  # the same, and in place of a fact; so low that a sum of facts tells whether there is one among them
FIRST, LAST = (f"CAST('{day}' AS DATE)" for day in ("1900-01-01", "2099-12-31"))
NUMBERS = ["", *map(str, range(10)), *(f"{number:02}" for number in range(100))]
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Column:
    """A column of whole numbers, allowed from `low` to `high`; `unit`: by what they are multiplied in a fact."""

    name: str
    low: int
    high: int
    unit: int


@dataclass
class Table:
    """The door in SQL: the columns of `cases` as integer facts.

    `faults`: column -> when the door would reject it; `told`: column -> the facts of which one is then REJECTED.
    """

    policy: Policy
    types: Mapping[str, str] = field(default_factory=dict)  # columns known to be "boolean", "integer" or "date"
    without: Collection[str] = ()  # columns that the table has not
    query: Query = field(default_factory=Query)
    faults: dict[str, Predicate] = field(default_factory=dict)
    told: dict[str, set[str]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
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
        if known == "boolean" or (known == "integer" and kind.type in ("whole", "percent")):
            low, high = (0, 1) if known == "boolean" else (kind.min, kind.max)
            unit = 100 if kind.type == "percent" else 1
            return Column(self.query.let(f"c_{name}", f"{self.query.source}.{name}"), low or 0, high or 0, unit)
        return None

    def _documented(self, name: str) -> str:
        column, fact = self.column(name), self.fact(name)
        return f"{column.name} IS NOT NULL" if column else f"{fact} >= 0"

    def _fact(self, name: str, kind: CaseField) -> str:
        if kind.type == "months":
            return self._months(name, kind)
        code = "-1" if name in self.without else self._code(name, kind)
        if name not in self.without and self.types.get(name) != "boolean":
            code = self.query.let(f"x_{name}", code)
            self.faults[name], self.told[name] = f"{code} = {REJECTED}", {name}
        if kind.implied_by:
            code = self._implied(name, kind, code)
        if kind.absent is None:
            return code
        absent = str(kind.code(kind.absent))
        return absent if code == "-1" else chosen([(f"{code} = -1", absent)], code)

    def _code(self, name: str, kind: CaseField) -> str:
        column = f"{self.query.source}.{name}"
        known = self.types.get(name)
        if known == "boolean":
            return chosen([(f"{column} IS NULL", -1), (column, 1)], 0)
        if kind.type in ("boolean", "choice"):
            word = self.query.let(f"v_{name}", f"CAST({column} AS VARCHAR)")
            words = [FALSE | {"0.0"}, TRUE | {"1.0"}] if kind.type == "boolean" else [{w} for w in kind.choices]
            read = [
                (one_of(text, sorted(group)), code)
                for text in (word, f"LOWER(TRIM({word}))")  # the usual spelling first: it is told quickly
                for code, group in enumerate(words)
            ]
            return chosen([(f"{word} IS NULL", -1), *read, (one_of(f"LOWER(TRIM({word}))", ["", "nan"]), -1)], REJECTED)
        if kind.type == "date":
            return self._date(name, column)
        if known == "integer":
            value = f"CAST({column} AS INTEGER)" + (" * 100" if kind.type == "percent" else "")
            return chosen([(f"{column} BETWEEN {kind.min} AND {kind.max}", value), (f"{column} IS NULL", -1)], REJECTED)
        number = self.query.let(f"v_{name}", f"CAST({column} AS DOUBLE)")
        # NaN is no number here. DuckDB leaves it out of a Parquet file's statistics and concludes that BETWEEN always
        # holds; in Spark and PostgreSQL NaN equals itself. But its difference from itself is 0 nowhere.
        inside = every([f"{number} BETWEEN {kind.min} AND {kind.max}", f"{number} - {number} = 0"])
        value = number
        if kind.type == "whole":
            inside = every([inside, f"FLOOR({number}) = {number}"])
        else:  # hundredths, never rounded up: the double next below 80 is 79.99
            inside = every([inside, f"({number} = 0 OR {number} >= 1)"])
            near = self.query.let(f"near_{name}", f"FLOOR({number} * 100 + 0.5)")
            value = chosen([(f"{number} < {near} / 100", f"{near} - 1")], near)
        nothing = f"LOWER(CAST({number} AS VARCHAR)) = 'nan'"
        return chosen([(f"{number} IS NULL", -1), (inside, value), (nothing, -1)], REJECTED)

    def _date(self, name: str, column: str) -> str:
        """0 for a date that is allowed; a time of day is not."""
        let, whole = self.query.let, self.types.get(name) == "date"
        moment = column if whole else let(f"v_{name}", f"CAST({column} AS TIMESTAMP)")
        date = let(f"date_{name}", moment if whole else f"CAST({moment} AS DATE)")
        inside = f"{date} BETWEEN {FIRST} AND {LAST}"
        inside += "" if whole else f" AND {moment} = CAST({date} AS TIMESTAMP)"
        return chosen([(inside, 0), (f"{date} IS NULL", -1)], REJECTED)

    def _months(self, name: str, kind: CaseField) -> str:
        """Half months, by calendar months from two dates, else from days (the rules stand in cases.py)."""
        columns = [str(c) for c in (kind.onset, kind.request, kind.days)]
        onset, request, days = map(self.fact, columns)
        refused: list[Predicate] = [f"{fact} = {REJECTED}" for fact in (onset, request, days) if fact != "-1"]
        full = f"FLOOR((16 * {days} + 15) / 487)"  # a month is 487 / 16 days
        by_days = f"2 * {full} + {chosen([(f'16 * {days} > 487 * {full}', 1)], 0)}"
        told = "-1" if days == "-1" else chosen([(f"{days} < 0", -1)], by_days)
        self.told |= {column: {name} for column in columns}
        if "-1" in (onset, request):
            return chosen([(either(refused), REJECTED)], told)
        begun, asked = (f"date_{column}" for column in columns[:2])
        both = f"{onset} = 0 AND {request} = 0"
        late = f"({both} AND {begun} > {asked})"
        self.faults[columns[0]] = either([self.faults[columns[0]], late])
        (y1, m1, d1), (y2, m2, d2) = (
            [f"EXTRACT({part} FROM {date})" for part in ("YEAR", "MONTH", "DAY")] for date in (begun, asked)
        )
        apart = self.query.let(f"months_{name}", f"({y2} - {y1}) * 12 + {m2} - {m1}")
        d1, d2 = (self.query.let(f"day_{c}", day) for c, day in zip(columns[:2], (d1, d2), strict=True))
        leap = f"MOD({y2}, 4) = 0 AND {y2} NOT IN (1900, 2100)"
        length = chosen([(one_of(m2, [4, 6, 9, 11]), 30), (f"{m2} <> 2", 31), (leap, 29)], 28)
        clamped = chosen([(f"{d1} < 29", d1)], f"LEAST({d1}, {length})")  # a month's end clamps
        same = self.query.let(f"same_{name}", clamped)
        by_dates = f"2 * {apart} + {chosen([(f'{d2} < {same}', -1), (f'{d2} > {same}', 1)], 0)}"
        usual = every([f"{fact} <> {REJECTED}" for fact in (days,) if fact != "-1"] + [both, f"{begun} <= {asked}"])
        return chosen([(usual, by_dates), (either([*refused, late]), REJECTED)], told)

    def _implied(self, name: str, kind: CaseField, number: str) -> str:
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
        let = self.query.let
        word = let("v_dx", f"CAST({self.query.source}.dx AS VARCHAR)")
        tidy = f"UPPER(TRIM({word}))"
        bare = let("dx", chosen([
            *((f"{word} = {literal(code)}", literal(code.replace(".", ""))) for code in self.codes()),
            (f"SUBSTRING({tidy}, 4, 1) = '.'", f"CONCAT(SUBSTRING({tidy}, 1, 3), SUBSTRING({tidy}, 5, 80))"),
        ], f"COALESCE({tidy}, '')"))  # fmt: skip
        sound = every([
            f"LENGTH({bare}) BETWEEN 3 AND 7", *(
                f"TRIM(BOTH {literal(allowed)} FROM {part}) = ''" for allowed, part in (
                    (ALPHANUMERIC[10:], f"SUBSTRING({bare}, 1, 1)"), (ALPHANUMERIC[:10], f"SUBSTRING({bare}, 2, 1)"),
                    (ALPHANUMERIC, bare),
                )
            ),
        ])  # fmt: skip
        pairs: list[tuple[Predicate, object]] = []
        for position, group in enumerate(self.policy.diagnoses.values()):
            pairs.append((one_of(bare, [code.replace(".", "") for code in group.codes]), position))
            for prefix in (code.replace(".", "") for code in group.prefixes):
                plain = one_of(f"SUBSTRING({bare}, {len(prefix) + 1}, 7)", NUMBERS)  # the usual rest, and quickly told
                pairs.append((every([f"{bare} LIKE '{prefix}%'", either([plain, sound])]), position))
        self.faults["dx"] = f"diagnosis = {REJECTED}"
        return let("diagnosis", chosen([*pairs, (sound, OUT_OF_SCOPE)], REJECTED))

    def codes(self) -> list[str]:
        """The diagnosis codes that the policy names."""
        return [code for group in self.policy.diagnoses.values() for code in group.codes]

    def pathway(self) -> str:
        """Position of the pathway, -1 for a code out of scope."""
        diagnosis, let = self.diagnosis(), self.query.let
        word = let("v_cpt", f"CAST({self.query.source}.cpt AS VARCHAR)")
        known = [code for family in self.policy.procedures.values() for code in family.codes]
        number = (f"TRIM({word}) LIKE '_____.0'", f"SUBSTRING(TRIM({word}), 1, 5)")
        code = let("cpt", chosen([(one_of(word, known), word), number], f"COALESCE(TRIM({word}), '')"))
        groups = list(self.policy.diagnoses)
        alike = self.procedures
        for family, procedures in self.policy.procedures.items():
            for cpt, label in procedures.codes.items():
                leads = tuple(self._leads(g, family, label.level) for g in groups)
                alike.setdefault((family, leads), []).append(cpt)
        sound = f"LENGTH({code}) = 5 AND TRIM(BOTH '{ALPHANUMERIC[:10]}' FROM {code}) = ''"
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

    def _leads(self, diagnosis: str, family: str, level: str | None) -> int:
        for position, pathway in enumerate(self.policy.pathways.values()):
            wanted = pathway.selects
            if diagnosis in wanted.diagnosis and family in wanted.procedure and wanted.level in (None, level):
                return position
        return OUT_OF_SCOPE


def readable(policy: Policy) -> list[str]:
    """Every fact that some rule of the policy may read."""
    tests = [node for criterion in policy.criteria.values() for node in criterion.test.walk()]
    names = {name for node in tests for name in node.fields()}
    names |= {str(rule.switch) for p in policy.pathways.values() for rule in p.rule.walk() if rule.switch}
    return [name for name in policy.fields_ if name in names]


def columns_read(policy: Policy) -> list[str]:
    """The columns of a table that a SELECT reads."""
    read = [name for name in readable(policy) if policy.fields_[name].type != "months"]
    kinds = [kind for kind in policy.fields_.values() if kind.type == "months"]
    duration = {str(name) for kind in kinds for name in (kind.onset, kind.request, kind.days)}
    required = {name for name, kind in policy.fields_.items() if kind.required}
    return [name for name in policy.fields_ if name in {*read, *duration, *required}]
