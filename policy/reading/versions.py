"""The versions of one policy in time: which is in force on a day, and which is meant by a name alone."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from policy.problems import Problem, ProblemsFound, refuse

COUNTED = ("adopted", "retired")  # in force for their time; a draft is not yet, a withdrawn one never was


class Version(NamedTuple):
    """One version, by the name that it is called by (`knee_braces@2026.1`)."""

    name: str
    file: Path
    status: str
    effective: str | None
    retired: str | None


class Term(NamedTuple):
    """The days on which a version is in force: from `first` to the day before `end` (None: no end is known)."""

    version: Version
    first: str
    end: str | None

    def holds(self, day: str) -> bool:
        """Whether the day is one of them."""
        return self.first <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Family:
    """All versions of a policy, the lowest first; days are ISO dates as text."""

    name: str
    versions: tuple[Version, ...]

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """When each was in force, in order; raises ProblemsFound where that is not known of some."""
        found, problems = self.counted, self.clashes()
        problems += [
            Problem("effective", version.name, "is adopted and needs effective: the day from which it is in force")
            for version in self.versions
            if version.status == "adopted" and not version.effective
        ]
        if found and found[-1].status == "retired" and not found[-1].retired:
            message = "is retired with no version after it; it needs retired: the day from which it no longer holds"
            problems.append(Problem("retired", found[-1].name, message))
        if problems:
            raise ProblemsFound(problems)
        following = [*(version.effective for version in found[1:]), None][: len(found)]
        ends = [min(filter(None, (v.retired, then)), default=None) for v, then in zip(found, following, strict=True)]
        return tuple(Term(v, str(v.effective), end) for v, end in zip(found, ends, strict=True))

    @property
    def counted(self) -> list[Version]:
        """Those that are or were in force, in the order of their days."""
        found = [version for version in self.versions if version.status in COUNTED and version.effective]
        return sorted(found, key=lambda version: str(version.effective))

    def clashes(self) -> list[Problem]:
        """Two versions that are in force from the same day."""
        return [
            Problem("effective-twice", one.name, f"and {other.name} are both in force from {one.effective}; change one")
            for one, other in pairwise(self.counted)
            if one.effective == other.effective
        ]

    @property
    def pending(self) -> Version | None:
        """What is meant while none is adopted: the highest that is neither retired nor withdrawn."""
        if any(version.status == "adopted" for version in self.versions):
            return None
        return next((v for v in reversed(self.versions) if v.status not in ("retired", "withdrawn")), None)

    def on(self, day: str) -> Version:
        """The one in force on a day, else (not before the first) the pending one; ProblemsFound says why none is."""
        pending = None if self.terms and day < self.terms[0].first else self.pending
        found = next((term.version for term in self.terms if term.holds(day)), pending)
        if found is None:
            raise refuse("in-force", self.name, f"{day} {self.why_none(day)}")
        return found

    def newest(self) -> Version:
        """What the name means where no day is: the adopted one of the latest day, else the pending one."""
        adopted = [term.version for term in self.terms if term.version.status == "adopted"]
        found = adopted[-1] if adopted else self.pending
        if found is None:
            message = f"each version is retired or withdrawn; name one ({self.versions[-1].name}) or a day (--as-of)"
            raise refuse("in-force", self.name, message)
        return found

    def why_none(self, day: str) -> str:
        """'has no version of knee_braces in force: the first, knee_braces@2026.1, is from 2026-01-01'."""
        said = f"has no version of {self.name} in force"
        before = [term for term in self.terms if term.first <= day]
        after = [term for term in self.terms if term.first > day]
        if not self.terms:
            return f"{said}: each is withdrawn, or retired without a day"
        if not before:
            return f"{said}: the first, {after[0].version.name}, is from {after[0].first}"
        last = f"{before[-1].version.name} was retired on {before[-1].end}"
        return f"{said}: {last}" + (f", {after[0].version.name} is from {after[0].first}" if after else "")
