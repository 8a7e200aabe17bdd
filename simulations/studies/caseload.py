"""The cases of one run: drawn from a population, or read from a case table, a slice at a time."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from policy.case_files.reader import Cases, read_cases
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, collecting, listed, refuse
from policy.reading.workspace import CASES, IMPORT
from simulations import population
from simulations.counting.streaming import drawn
from simulations.population.loading import is_table
from simulations.population.random_streams import whole
from simulations.population.request_mix import with_shares
from simulations.statistics.disclosure_control import SMALL, TOO_FEW
from simulations.studies.import_options import PLAIN, ImportOptions, options_of, rejected_rows

LARGEST = 100_000_000
LAST_SEED = 2**63 - 1
_FEW = 3  # columns that are named
_SLICE = 250_000  # cases in memory at a time, about 100 MB


@dataclass(frozen=True)
class Caseload:
    """Where the cases come from: `name` of a population with `seed`, or the `file` of a case table (then no seed).

    `remarks` is what a reader of any result must know about them; the same cases have the same fingerprint. `options`:
    how a case table is read.
    """

    policy: Policy
    name: str
    size: int
    seed: int | None
    fingerprint: str
    remarks: tuple[str, ...]
    exact: bool = False  # the owner's own view of people
    path: Path | None = field(default=None, repr=False, compare=False)  # of a file: where it is, in no output
    options: ImportOptions = field(default=PLAIN, repr=False, compare=False)
    _spec: population.Population | None = field(default=None, repr=False)
    _table: Cases | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        if not self.drawn:
            return f"{self.told_size} cases of {self.name}"
        return f"{self.told_size} made-up cases (“{self.short_label}”, seed {self.seed})"

    @property
    def short_label(self) -> str:
        """What to call them in a sentence: the population by its label, a case table by its file."""
        return self._spec.short_label if self._spec else self.name

    @property
    def drawn(self) -> bool:
        """Whether the cases are drawn here, from a population; else they were read from a file."""
        return self._spec is not None

    @property
    def people(self) -> bool:
        """Whether the cases may be people: read from a file without a column of simulated truth."""
        return self._table is not None and not self._table.synthetic

    @property
    def guarded(self) -> bool:
        """Whether small counts must not be told: the cases may be people, and this is not the owner's view."""
        return self.people and not self.exact

    @property
    def too_few(self) -> bool:
        """Whether they are people so few that nothing of them is told."""
        return self.guarded and self.size <= SMALL

    @property
    def told_size(self) -> str:
        """Their number as it may be told."""
        return f"fewer than {SMALL + 1}" if self.too_few else f"{self.size:,}"

    @property
    def population(self) -> population.Population:
        """The population that the cases are drawn from; raises ProblemsFound for a case table."""
        if self._spec is None:
            raise refuse("population", self.name, "is a case table; no population stands behind it")
        return self._spec

    def slices(self, most: int = _SLICE, truths: Sequence[str] = ()) -> Iterator[Cases]:
        """All the cases in order, at most `most` (1 or more) at a time; `truths` of made cases come along as groups."""
        for number in range(self.parts(most)):
            yield self.part(number, most, truths)

    def read_anew(self) -> Iterator[Cases]:
        """The slices as `policy` reads them, where that is not the policy that the cases were read with first."""
        if self._table is None:
            yield from self.slices()
        elif self.path is not None:
            yield read_cases(self.path, self.policy, **self.options.reading([self.policy]))

    def parts(self, most: int = _SLICE) -> int:
        """How many slices there are; a case table is one."""
        return 1 if self._table is not None else -(-self.size // most)

    def part(self, number: int, most: int = _SLICE, truths: Sequence[str] = ()) -> Cases:
        """One slice, by its place from 0 on; no other is drawn for it."""
        if self._table is not None:
            return self._table
        assert self._spec is not None
        assert self.seed is not None
        start = number * most
        return drawn(self.policy, self._spec, start, min(most, self.size - start), self.seed, truths)

    @property
    def rejected(self) -> pd.DataFrame:
        """The rows of a table that were left out, see `Cases`: row level, not for release."""
        return self._table.rejected if self._table is not None else pd.DataFrame({"row": []})

    def check_left_out(self) -> None:
        """Raises TooManyRejected where more rows were left out than may be, or no other is there."""
        self.options.few_enough(self.rejected, self.size, self.name)

    @property
    def rows_left_out(self) -> str:
        """How many rows of the table had problems and were left out, as it may be told; empty where none was."""
        count = self.rejected["row"].nunique()
        told, _ = rejected_rows(count, self.guarded)
        return (f"fewer than {SMALL + 1}" if told is None else f"{count:,}") if count else ""

    def source(self) -> dict[str, object]:
        """What identifies the cases: name or file, size (None where withheld), seed (None for a file), fingerprint.

        Of a table also how it was read, where that was said.
        """
        kind, size = "name" if self.drawn else "file", None if self.too_few else self.size
        found: dict[str, object] = {kind: self.name, "size": size, "seed": self.seed, "fingerprint": self.fingerprint}
        return found | ({"withheld": TOO_FEW} if self.too_few else {}) | self._imported()

    def _imported(self) -> dict[str, object]:
        """How the table was read, and how many rows were left out where some may be."""
        told = self.options.told()
        if self._table is not None and self.options.max_rejects is not None:
            count, why = rejected_rows(int(self.rejected["row"].nunique()), self.guarded)
            told |= {"rejected_rows": count} | ({"withheld": why} if why else {})
        return {"import_options": told} if told else {}


def made_of(spec: population.Population, policy: Policy, size: int, seed: int) -> Caseload:
    """`size` cases of a population that is loaded."""
    return Caseload(policy, spec.id, int(size), int(seed), spec.fingerprint, (spec.notice,), _spec=spec)


def cases_of(
    policy: Policy, population_name: str | Path | None = None, size: int = 10_000, seed: int = 1,
    shares: Mapping[str, Mapping[str, object]] | None = None, exact: bool = False,
    options: Mapping[str, object] | ImportOptions | None = None,
) -> Caseload:  # fmt: skip
    """`size` cases (1 to 100,000,000) of a population by name or .yaml file, drawn with `seed` (0 to 2**63 - 1).

    Without a population: the case table that the notebooks were opened with, else the policy's own population ('').
    `shares`: assumptions put in place of the population's (variable -> value -> per cent). A .csv or .parquet file or a
    folder of Parquet, is a case table instead: all its rows, no seed, no assumptions; `exact`: for its owner, even
    small counts of people are told; `options`: how it is read, see `ImportOptions`; by default as the notebooks were
    opened with it. Raises ProblemsFound with every problem; `few_enough` of the options is left to the caller.
    """
    if population_name is None:
        population_name = os.environ.get(CASES)
    path = Path(population_name or "")
    problems: list[Problem] = []
    how = PLAIN
    with collecting(problems):
        how = options_of(_opened_with(path) if options is None else options)
    for name, value, lowest, highest in (("size", size, 1, LARGEST), ("seed", seed, 0, LAST_SEED)):
        with collecting(problems):
            whole(name, value, lowest, highest)
    spec = cases = None
    with collecting(problems):
        if is_table(population_name or ""):
            cases = read_cases(path, policy, **how.reading([policy]))
        else:
            spec = population.load(population_name or population.default_for(policy), policy)
            _of_a_table(how, spec.id)
            _fits(spec, policy)
            for variable, values in (shares or {}).items():
                spec = with_shares(spec, values, variable)
    if spec and not problems:
        file = path if path.is_file() and path.suffix.lower() in (".yaml", ".yml") else None
        return replace(made_of(spec, policy, size, seed), remarks=(spec.notice, *_replaced(shares or {})), path=file)
    if cases is None or problems:
        raise ProblemsFound(problems)
    remarks = tuple(cases.remarks)
    return Caseload(policy, path.name, len(cases), None, how.fingerprint(path), remarks, exact, path, how, _table=cases)


def _opened_with(path: Path) -> dict[str, object] | None:
    """How the notebooks were told to read the case table that they were opened with; None for any other file."""
    opened = os.environ.get(CASES)
    said = os.environ.get(IMPORT) if opened and path.name and path.resolve() == Path(opened).resolve() else None
    found: dict[str, object] | None = json.loads(said) if said else None
    return found


def _of_a_table(how: ImportOptions, name: str) -> None:
    """Refuse options of a case table for cases that are drawn."""
    if given := [f"--{option.removeprefix('max_').replace('_', '-')}" for option in how.given()]:
        raise refuse("import-options", listed(given), f"only a case table can be read so, and {name} is drawn here")


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Populations (name -> label), each by its name too where another is called alike."""
    every = [*labels.values()]
    return {name: f"{label} ({name})" if every.count(label) > 1 else label for name, label in labels.items()}


def _fits(spec: population.Population, policy: Policy) -> None:
    """Refuse a population with columns that the policy has not: it is made for another one."""
    if strange := [name for name in spec.columns if name not in policy.fields_]:
        names = listed(strange if len(strange) <= _FEW else [*strange[:_FEW], f"{len(strange) - _FEW} more"])
        message = (
            f"is for {spec.policy.id}: {policy.id} has no column {names}; a page for it: workbook population --draft"
        )
        raise refuse("population", spec.id, message)


def _replaced(shares: Mapping[str, Mapping[str, object]]) -> list[str]:
    """What a reader must know about assumptions that are not the population's own."""
    return [
        f"The scenario assumes other shares of {name}: {', '.join(f'{k} {v} %' for k, v in values.items())}."
        for name, values in shares.items()
    ]
