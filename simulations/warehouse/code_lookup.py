"""Where the codes of the cases lead, as SQL: each pair of a diagnosis and a procedure code is read once.

All else of a case is told by facts; the pathway and the codes that stand for its own become one number, `place`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from policy.model import Policy
from policy.sql import REJECTED, Table
from policy.sql.text import Predicate, Query, chosen, either, literal, one_of
from simulations.warehouse.binning import digit

REFUSED = -2  # `which` of rows that the case reader would refuse; -1: the codes are out of scope


@dataclass(frozen=True)
class Codes:
    """The codes of a table `cases`; `named`: diagnosis codes that some rule names; `groups`: what rows are counted by.

    A code stands for all that lead where it leads, except for `named` ones, and where `dx` or `cpt` are counted by.
    """

    policy: Policy
    named: frozenset[str]
    groups: Collection[str]

    @cached_property
    def size(self) -> int:
        """How many numbers there are; 0 is a row that is refused."""
        return self._ways * len(self._dx) * len(self._cpt)

    @property
    def _ways(self) -> int:
        return len(self.policy.pathways) + 2

    @cached_property
    def _dx(self) -> dict[str, Predicate]:
        """Code that stands for others -> which (of a table with its diagnosis group)."""
        found: dict[str, Predicate] = {"": False}
        if "dx" not in self.groups:
            found |= {code: one_of("dx", [code.replace(".", "")]) for code in sorted(self.named)}
            for position, group in enumerate(self.policy.diagnoses.values()):
                other = next((code for code in (*group.codes, *group.prefixes) if code not in self.named), "")
                found.setdefault(other, f"diagnosis = {position}")
        return found

    @cached_property
    def _table(self) -> Table:
        words = (f"COALESCE(CAST(cases.{name} AS VARCHAR), '') AS {name}" for name in ("dx", "cpt"))
        pairs = f"codes AS (SELECT DISTINCT {', '.join(words)} FROM cases)"
        table = Table(self.policy, query=Query("codes", (pairs,)))
        table.pathway()
        return table

    @cached_property
    def _cpt(self) -> dict[str, Predicate]:
        found: dict[str, Predicate] = {"": False}
        if "cpt" not in self.groups:
            found |= {codes[0]: f"procedure_kind = {i}" for i, codes in enumerate(self._table.procedures.values())}
        return found

    def beside_the_cases(self) -> Query:
        """The cases with `lead` (position of the pathway), `place`, and the codes that are counted by."""
        table = self._table
        faulty = either(table.faults.values())
        lead = chosen([(faulty, REJECTED)], "pathway_number")
        dx, cpt = (chosen([(when, i) for i, when in enumerate(c.values())], 0) for c in (self._dx, self._cpt))
        place = f"pathway_number + 2 + {self._ways} * {dx} + {self._ways * len(self._dx)} * {cpt}"
        columns = ["v_dx", "v_cpt", f"{lead} AS lead", f"CAST({chosen([(faulty, 0)], place)} AS BIGINT) AS place"]
        columns += [f"{text} AS by_{name}" for name, text in self._texts().items()]
        placed = table.query.step("placed", columns)
        same = " AND ".join(f"COALESCE(CAST(cases.{name} AS VARCHAR), '') = placed.v_{name}" for name in ("dx", "cpt"))
        query = Query("cases", placed.before, f" JOIN placed ON {same}")
        for name in ("lead", "place", *(f"by_{name}" for name in self._texts())):
            query.let(name, f"placed.{name}")
        return query

    def _texts(self) -> dict[str, str]:
        dotted = "CASE WHEN LENGTH(dx) > 3 THEN CONCAT(SUBSTRING(dx, 1, 3), '.', SUBSTRING(dx, 4, 80)) ELSE dx END"
        return {name: text for name, text in (("dx", dotted), ("cpt", "cpt")) if name in self.groups}

    def place(self, word: str) -> str:
        """The place at the beginning of a whole number."""
        return digit(word, 1, self.size)

    def bare(self, word: str) -> str:
        """The diagnosis code without its dot."""
        if "dx" in self.groups:
            return "REPLACE(by_dx, '.', '')"
        return self._code(word, self._ways, [code.replace(".", "") for code in self._dx])

    def told(self, word: str) -> dict[str, str]:
        """What the place at the beginning of a whole number tells: `which` pathway, `by_dx`, `by_cpt`."""
        found = {"which": f"{digit(word, 1, self._ways)} - 2"}
        if "dx" not in self.groups:
            found["by_dx"] = self._code(word, self._ways, [*self._dx])
        if "cpt" not in self.groups:
            found["by_cpt"] = self._code(word, self._ways * len(self._dx), [*self._cpt])
        return found

    def _code(self, word: str, by: int, codes: Sequence[str]) -> str:
        place = digit(word, by, len(codes))
        return chosen([(f"{place} = {i}", literal(code)) for i, code in enumerate(codes) if code], "''")
