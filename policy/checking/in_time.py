"""By which version, and with which dated values, the cases of a table are judged."""

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from policy.case_files.grammar import Day
from policy.case_files.stretches import Calendar, Stretch
from policy.checking import loading
from policy.entries.versioned import FIRST_DAY
from policy.model import Policy, Settings
from policy.problems import refuse
from policy.reading.loading import family, outline, policy_file
from policy.reading.versions import Family
from policy.trees.policies import changes_of_values


class _Days(NamedTuple):
    """The days of one version, as ISO text; None: open."""

    name: str
    file: Path
    first: str | None
    end: str | None


def calendar(
    source: str | Path, settings: Callable[[Policy], Settings] = Policy.settings, as_of: str | None = None,
    held: Collection[str] = (),
) -> Calendar:  # fmt: skip
    """How the cases of a table are judged when this is the policy that was named.

    `name@version` and a file mean exactly that; a name alone means, case by case, the version in force on the day of
    the request; where none is adopted, the highest that is neither retired nor withdrawn. A lever has the value of that
    day, but for those `held`, which `settings` of a policy set. `as_of`: the day (ISO) of cases without one. Raises
    ProblemsFound, also where no version is in force on `as_of`.
    """
    versions = family(source)
    terms = list(_terms(versions)) if versions and versions.terms else [_Days("", policy_file(source), None, None)]
    names = {term.file: outline(term.file) for term in terms}
    stretches, files = [], []
    for term in terms:
        for stretch in _stretches(term, names[term.file], held):
            stretches.append(stretch)
            files.append(term.file)
    loads = dict(zip(stretches, files, strict=True))
    found = Calendar(stretches, lambda one: settings(loading.load(loads[one]).on(one.day)), None)
    if len(names) > 1:
        found.columns = {name for policy in names.values() for name in policy.fields_}
    if versions:
        found.why_none = versions.why_none
    found.undated = 0 if len(stretches) == 1 else _of_day(found, as_of, str(source))
    return found


def _of_day(found: Calendar, as_of: str | None, source: str) -> int | None:
    if as_of is None:
        return None
    day = Day().read(as_of)
    if wrong := found.wrong(day):
        raise refuse("in-force", source, f"{as_of} {wrong}")
    return next(i for i, one in enumerate(found.stretches) if one.holds(day))


def _terms(versions: Family) -> Iterator[_Days]:
    """The days of each version in order; what is pending fills the gaps after the first."""
    for term, then in zip(versions.terms, [*versions.terms[1:], None], strict=True):
        yield _Days(term.version.name, term.version.file, term.first, term.end)
        until = then.first if then else None
        if term.end != until and versions.pending:
            yield _Days(versions.pending.name, versions.pending.file, term.end, until)


def _stretches(term: _Days, policy: Policy, held: Collection[str]) -> Iterator[Stretch]:
    """The days of a version cut where the value of a lever changes."""
    changes = [
        day
        for day in changes_of_values(policy, held)
        if (term.first is None or day > term.first) and (term.end is None or day < term.end)
    ]
    edges = [term.first, *changes, term.end]
    for first, end in pairwise(edges):
        start, stop = (None if day is None else Day().read(day) for day in (first, end))
        yield Stretch(term.name or policy.name, start, stop, policy.on(first or FIRST_DAY).day)
