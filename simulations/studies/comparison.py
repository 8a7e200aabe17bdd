"""One question to a policy: which levers move, over which cases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import policy as core
from policy.model import Amount, Policy, Settings
from policy.problems import Problem, ProblemsFound, collecting
from policy.reading.loading import DEFAULT
from policy.reading.scenario import Scenario
from simulations.population import compared_for, load
from simulations.population.random_streams import whole
from simulations.scenario.loading import find_scenario, population_of, proposed
from simulations.statistics.disclosure_control import (
    LEAST_ABOUT,
    REASON,
    STEP,
    TOO_FEW,
    TOO_FEW_ABOUT,
    Name,
    about_all,
    rounded,
)
from simulations.statistics.release import Withheld
from simulations.studies.caseload import Caseload, cases_of, made_of
from simulations.studies.edits import edits_in_words
from simulations.studies.expectations import expectations
from simulations.studies.impact import Impact, measure
from simulations.studies.import_options import ImportOptions
from simulations.studies.medicare import Guard
from simulations.studies.versions import moved, read_by_both

if TYPE_CHECKING:
    from simulations.studies.sensitivity import Drawn


Made = TypeVar("Made")
BASELINE = "baseline"  # the name of a study in which nothing is moved


@dataclass(frozen=True)
class Study:
    """A policy as it stands (`baseline`) and with levers moved (`scenario`, called `name`), over some cases.

    Or one version against another, over which levers may be moved too: `version` is then that other.
    """

    name: str
    baseline: Settings
    scenario: Settings
    cases: Caseload
    plan: Scenario | None = None  # the scenario file, where there is one
    rough: bool = False  # of people shares of rounded counts are told, and no count; see `about`
    version: Policy | None = None
    sides: tuple[str, str] | None = None  # what to call the two, where their numbers do not tell them apart
    named: tuple[str, ...] = ()  # the levers that were asked to move, whether they do or not
    draws: int = 0  # populations drawn from the ranges of the assumptions; see `assuming`

    def __repr__(self) -> str:
        return f"{self.names}: {self.name}, over {self.cases!r}"

    @property
    def policy(self) -> Policy:
        """The policy that is asked, as it stands; of two versions the one that is held against."""
        return self.baseline.policy

    @property
    def document(self) -> Policy:
        """The policy that was named: of two versions the one that may come into force."""
        return self.version or self.baseline.policy

    @property
    def documents(self) -> tuple[Policy, ...]:
        """The policy that was named, and the version that it is held against."""
        return (self.document, self.policy) if self.version else (self.policy,)

    @property
    def names(self) -> str:
        """'knee_braces@2027.1', or 'knee_braces@2027.1 against knee_braces@2026.1'."""
        return f"{self.document.name} against {self.policy.name}" if self.version else self.policy.name

    @property
    def titled(self) -> str:
        """'Knee braces, version 2027.1', or 'Knee braces: version 2027.1 against version 2026.1'."""
        if self.version is None:
            return self.policy.titled
        before, after = self.sides or (f"version {self.policy.version}", f"version {self.version.version}")
        if self.version.title != self.policy.title:
            return f"{self.version.title}, {after}, against {self.policy.title}, {before}"
        return f"{self.version.title}: {after} against {before}"

    @property
    def title(self) -> str:
        """What is moved, by the label of its scenario file and of the levers moved by hand; else its name."""
        levers, said = self.scenario.policy.levers, []
        for part in self.name.split(" + "):
            lever, _, value = part.partition("=")
            if self.plan and part == self.plan.id:
                said.append(self.plan.label)
            else:
                known = levers.get(lever) if value else None
                said.append(f"{known.label} {known.in_words(known.check(value))}" if known else part.replace("_", " "))
        return " + ".join(said)

    @cached_property
    def _worked_out(self) -> dict[Callable[["Study"], Any], Any]:
        return {}

    def once(self, work: Callable[["Study"], Made]) -> Made:
        """What a function makes of this study, worked out when first asked for."""
        if work not in self._worked_out:
            self._worked_out[work] = work(self)
        made: Made = self._worked_out[work]
        return made

    @cached_property
    def _measured(self) -> tuple[Impact, Guard]:
        guard = Guard(self.baseline, self.scenario)
        return measure(self.baseline, self.scenario, self.cases, also=guard.add), guard

    def beside(self) -> list["Study"]:
        """The same question to every population that stands beside its own, which comes first if it is another one.

        A case table stands alone: made-up cases beside it would say nothing about it.
        """
        if not self.cases.drawn:
            return [self]
        pages = [load(name, self.policy) for name in compared_for(self.policy)]
        own = self.cases.fingerprint not in [page.fingerprint for page in pages]
        made = (made_of(page, self.policy, self.cases.size, self.cases.seed or 0) for page in pages)
        return [self] * own + [replace(self, cases=cases) for cases in made]

    @cached_property
    def impact(self) -> Impact:
        """What the change does, exactly; determined once, when first asked for. Not to be shown where `guarded`."""
        return self._measured[0]

    def counted(self, impact: Impact) -> "Study":
        """The same with its impact, which was counted elsewhere."""
        found = replace(self)
        vars(found)["impact"] = impact
        return found

    @property
    def guarded(self) -> bool:
        """Whether small counts must not be told: the cases may be people, and this is not their owner's view."""
        return self.cases.guarded

    def about(self) -> "Study":
        """The same for a report in which every setting is one more result to subtract, so that counts cannot be told.

        Of people it tells shares of rounded counts; anything else stays as it is.
        """
        if self.rough or not self.guarded:
            return self
        found = replace(self, rough=True)
        vars(found).update({k: v for k, v in vars(self).items() if k in ("_measured", "impact")})  # told otherwise
        return found

    def assuming(self, draws: int) -> "Study":
        """The same with the range that the assumptions behind made cases leave, from `draws` populations (0: without).

        A case table has no such range. Raises ProblemsFound for a number that is neither 0 nor 100 to 4,096.
        """
        if draws:
            from simulations.population.ranges import MOST_DRAWS  # here, as the command line must not wait for it
            from simulations.studies.sensitivity import LEAST_DRAWS

            whole("draws", draws, LEAST_DRAWS, MOST_DRAWS)
        return replace(self, draws=draws)

    @cached_property
    def assumed(self) -> "Drawn | None":
        """What the change does over populations drawn from the ranges of the page; None where there is no range."""
        if not self.draws or not self.cases.drawn:
            return None
        from simulations.population.ranges import uncertain
        from simulations.studies.sensitivity import drawn_flows

        if not uncertain(self.cases.population):
            return None
        seed = self.cases.seed or 0
        found = drawn_flows(self.baseline, {self.name: self.scenario}, self.cases.population, self.draws, seed=seed)
        return found[self.name]

    @property
    def silent(self) -> str:
        """Why nothing at all is told; empty where something is."""
        if self.cases.too_few:
            return TOO_FEW
        return TOO_FEW_ABOUT if self.rough and self.cases.size < LEAST_ABOUT else ""

    @property
    def why_withheld(self) -> str:
        """Why a number is not told."""
        rough = f"only shares of counts rounded to {STEP} are told here, as every setting is one more to subtract"
        return self.silent or (rough if self.rough else REASON)

    @cached_property
    def _released(self) -> tuple[Impact, Guard]:
        impact, guard = self._measured
        told, hidden = impact.for_people({} if self.rough else guard.told())
        everything: set[Name] = {("medicare", name, "cases") for name in ("all", *guard.told())}
        return told, guard.for_people(everything if self.rough else hidden)

    @property
    def shown(self) -> Impact:
        """The impact as a report tells it: of people without small counts and what would give one away."""
        return self._released[0] if self.guarded else self.impact

    def telling(self, hidden: Withheld) -> "Study":
        """The same for a report that tells more than the results of all cases, of which `hidden` is then withheld."""
        found = replace(self)
        impact, guard = self._measured
        everything: set[Name] = {("medicare", name, "cases") for name in ("all", *guard.told())}
        told = replace(impact, hidden=hidden, released=(), examples=impact.examples[:0])
        vars(found).update(_measured=(impact, guard), _released=(told, guard.for_people(everything)))
        return found

    def shares(self) -> tuple[float | None, float | None]:
        """Share of met before and after, from rounded counts: about so much; None where too few."""
        if self.silent:
            return None, None
        flow = self.impact.counts.sum(axis=(0, 1))
        cases = rounded(int(flow.sum()))
        before, after = (about_all(flow.sum(axis=axis), self.cases.size)[0] for axis in (1, 0))
        return (before or 0) / cases, (after or 0) / cases

    @property
    def guard(self) -> Guard:
        """Medicare Advantage requests held against the Medicare-like presets, in the same pass."""
        return (self._released if self.guarded else self._measured)[1]

    def asks(self) -> str:
        """The change in a line: 'Least exercise: 6 weeks → 8 weeks', or how many levers move."""
        parts = [
            f"{lever.label}: {lever.moves(before, after)}"
            for lever, before, after in moved(self.baseline, self.scenario).values()
        ]
        if self.version:
            return "; ".join([self.titled, *parts[:3]])
        edits = edits_in_words(self.policy, self.scenario)
        if len(parts) + len(edits) > 2:
            return f"{len(parts)} levers moved{f', {len(edits)} criteria changed' if edits else ''}: {self.title}"
        parts += edits
        return "; ".join(parts) or "; ".join(["No lever is moved", *self.already(names=False)])

    def already(self, names: bool = True) -> list[str]:
        """Of the levers that were asked to move those that stand there: 'exercise_weeks is already 8 weeks in p@1'.

        Not those that a scenario file moves, and that were moved back. Without `names` as a person reads it.
        """
        policy, elsewhere = self.document, self.plan.provisions if self.plan else {}
        own, found = policy.settings(), []
        for name in self.named:
            if self.scenario[name] == own[name] and name not in elsewhere:
                lever = policy.levers[name]
                called, where = (name, policy.name) if names else (lever.label, policy.titled)
                value = lever.show(own[name]) if names else lever.in_words(own[name])
                found.append(f"{called} is already {value} in {where}")
        return found

    def provisions(self) -> dict[str, Amount | str]:
        """Lever -> value where the scenario differs from the policy as it stands; what `--set` takes."""
        return {name: "off" if value is None else value for name, value in self.scenario.provisions().items()}

    def expectations(self) -> list[dict[str, Any]]:
        """What the scenario file expects of the result, and whether it holds."""
        return expectations(self.plan, self.shown, self.rough) if self.plan else []


def ask(
    policy: str | Path = DEFAULT, scenario: str | Path | None = None, provisions: Mapping[str, object] | None = None,
    population: str | Path | None = None, size: int | None = None, seed: int | None = None, exact: bool = False,
    baseline: str | Path | None = None, as_of: str | None = None,
    import_options: Mapping[str, object] | ImportOptions | None = None,
) -> Study:  # fmt: skip
    """What `provisions` (lever -> value), on top of a named scenario, do to the cases of a population or a case table.

    Names of what ships, or paths; see `cases_of` for population, size and seed, which where None are those of the
    scenario file, else 10,000 cases of the policy's own population with seed 1. `exact`: the owner's own view of a case
    table of people, in which nothing is withheld and all is marked as not for release. `baseline`: another version, to
    hold the policy against; scenario and provisions are then of the policy. `as_of`: the day (ISO) for which names
    without a version and levers with dated values are read. `import_options`: how a case table is read, by the names of
    `ImportOptions`.

    Raises ProblemsFound with the problems of all of them, before any case is drawn.
    """
    problems: list[Problem] = []
    plan: Scenario | None = None
    asked, other = (_loaded(name, as_of, problems) for name in (policy, baseline))
    # A policy that cannot be read says nothing about levers and cases; a shipped one stands in, to check the rest.
    any_policy = asked or core.load()
    if asked:
        with collecting(problems):
            settings = proposed(asked, scenario, provisions)
            plan = find_scenario(scenario, asked) if scenario is not None else None
            name = named_by(plan.id if plan else None, provisions)
    with collecting(problems):
        any_policy = read_by_both(other or any_policy, any_policy)
    before = len(problems)
    with collecting(problems):
        shares = plan.assumptions if plan else None
        named, many, luck = drawn(scenario, plan, population, size, seed)
        cases = cases_of(any_policy, named or "", many, luck, shares, exact, import_options)
    if len(problems) > before and asked and other and asked.id != other.id:
        problems.append(_of_another(asked, other))
    if problems or asked is None:
        raise ProblemsFound(problems)
    cases.check_left_out()
    version, named_levers = asked if other else None, tuple(provisions or {})
    return Study(name, (other or asked).settings(), settings, cases, plan, version=version, named=named_levers)


def _of_another(policy: Policy, baseline: Policy) -> Problem:
    """Why no cases are found for both."""
    message = f"its id is {baseline.id}, and that of {policy.name} is {policy.id}: a baseline is a version of the same"
    return Problem("baseline", baseline.name, f"{message} policy, or both share a population that is named")


def _loaded(name: str | Path | None, as_of: str | None, problems: list[Problem]) -> Policy | None:
    """The policy; None where none is named or it cannot be read, the problems of which join the others."""
    found: Policy | None = None
    with collecting(problems):
        found = None if name is None else core.load(name, as_of)
    return found


def drawn(
    scenario: str | Path | None, plan: Scenario | None, population: str | Path | None = None,
    size: int | None = None, seed: int | None = None,
) -> tuple[str | Path | None, int, int]:  # fmt: skip
    """Population (None: the policy's own), size and seed: those given, else of the scenario file, else the defaults."""
    named = plan.population if plan and scenario is not None else None
    if population is None:
        population = population_of(scenario, plan) if scenario is not None and plan and named else None
    size = size if size is not None else named.size if named else None
    seed = seed if seed is not None else named.seed if named else None
    return population, 10_000 if size is None else size, 1 if seed is None else seed


def named_by(scenario: str | None, provisions: Mapping[str, object] | None) -> str:
    """What a study is called: 'strict_reading + exercise_weeks=8'; 'baseline' when there is neither."""
    parts = [scenario] if scenario else []
    parts += [
        f"{lever}={'off' if value is None else str(value).lower()}" for lever, value in (provisions or {}).items()
    ]
    return " + ".join(parts) or BASELINE
