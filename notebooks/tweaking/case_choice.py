"""Which cases the levers move over: drawn from a population that fits the policy, or read from a file of one's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notebooks.keeping import base, kept_in, seen
from notebooks.tweaks import MOST
from policy.model import Policy
from policy.problems import ProblemsFound, nearest, refuse
from simulations import Caseload, cases_of
from simulations.population.loading import load_document, named
from simulations.population.page import TABLES

__all__ = [
    "SIZES", "Source", "case_tables", "drawn_from", "mix_of", "read_from", "size_in_words", "source_called",
    "sources_for",
]  # fmt: skip

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, MOST)
_NEEDS = {MOST: "0.8 GB of memory and about a minute"}  # 4.5 s of a processor for each million
_MOST_FILES = 50
_ELSEWHERE = {"reports", "node_modules"}  # folders whose tables are results, or nobody's


@dataclass(frozen=True)
class Source:
    """A population that fits a policy: how a command calls it, its label, its mix of requests, and what it says."""

    name: str
    label: str
    mix: str
    notice: str


def size_in_words(size: int) -> str:
    """A number of cases, and what it needs where that is more than a person will not notice."""
    return f"{size:,}: needs {_NEEDS[size]}" if size in _NEEDS else f"{size:,}"


def sources_for(policy: Policy, present: Caseload | None = None) -> list[Source]:
    """Every population that ships or was saved and has no column that the policy has not, that of `present` first."""
    found: list[Source] = []
    for name in named():
        try:
            page = load_document(name, policy)
        except ProblemsFound:
            continue  # of another policy that is not here, or a page in the making
        if not [column for column in page.columns if column not in policy.fields_] and page.policy.id == policy.id:
            found.append(Source(name, page.label, mix_of(page.page.variables, policy), page.page.notice))
    if present and present.drawn and present.name not in {one.name for one in found}:
        page = present.population
        called = str(present.path) if present.path else present.name
        found.insert(0, Source(called, page.label, mix_of(page.page.variables, policy), page.page.notice))
    return found


def mix_of(variables: object, policy: Policy) -> str:
    """Shares of requests by diagnosis, one after the other in words; empty where the page has no such row."""
    assert isinstance(variables, dict)
    table = variables.get("diagnosis")
    shares = next((row.shares for row in table.rows if not row.when and row.shares), None) if table else None
    if not shares:
        return ""
    labels = {name: one.label.partition(",")[0] for name, one in policy.diagnoses.items()}
    ranked = sorted(shares.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{labels.get(name, name.replace('_', ' '))} {share.normalize():f} %" for name, share in ranked)


def source_called(sources: list[Source], wanted: str) -> Source:
    """One of them by its label or name; ProblemsFound where there is none."""
    for one in sources:
        if wanted in (one.label, one.name):
            return one
    labels = [one.label for one in sources]
    listed = ", ".join(f"“{label}”" for label in labels)
    raise refuse("unknown-population", "population", f"“{wanted}” is none of {listed}{nearest(wanted, labels)}")


def drawn_from(population: str, policy: Policy, size: int, seed: int) -> Caseload:
    """Cases of a population by name, not drawn yet; ProblemsFound with everything that is wrong with size and seed."""
    return _not_too_many(cases_of(policy, population or None, size=size, seed=seed))


def read_from(path: str, policy: Policy) -> Caseload:
    """The cases of a table, by its path from where a terminal stands; ProblemsFound with every problem of it."""
    words = path.strip().strip("\"'")
    if not words:
        raise refuse("file", "case file", "choose a file of the list, or type the path of one")
    file = Path(words).expanduser()
    file = file if file.is_absolute() else base() / file
    if file.suffix.lower() not in TABLES:
        raise refuse("file", words, f"is no case table; allowed are files that end in {' or '.join(TABLES)}")
    if not file.is_file():
        near = nearest(words, [seen(one) for one in case_tables()])
        raise refuse("file", words, f"is not there{near}; a path goes on from the folder {base().name}, or is whole")
    return _not_too_many(cases_of(policy, file))


def _not_too_many(load: Caseload) -> Caseload:
    if load.size > MOST:
        raise refuse("size", "size", f"{load.size:,} cases are too many to move levers over; at most {MOST:,}")
    return load


def case_tables() -> list[Path]:
    """The first 50 case tables of the workspace, of its folder of data and of where a terminal stands, by path."""
    found = {*_tables(base(), 1), *_tables(kept_in(), 3)}
    return sorted(found)[:_MOST_FILES]


def _tables(folder: Path, depth: int) -> Iterator[Path]:
    """The tables in a folder and, so deep, below; hidden folders and results apart."""
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    for path in inside:
        if path.name.startswith(".") or path.name in _ELSEWHERE:
            continue
        if path.is_dir() and depth > 1:
            yield from _tables(path, depth - 1)
        elif path.suffix.lower() in TABLES and path.is_file():
            yield path
