"""Whether the simulated truth can tell if a lever helps: worked out from the page's dependences and the policy's reads.

A lever moves requests by the facts that it reads. Where benefit hangs together with none of them among requests alike
in diagnosis and procedure, those whom it refuses would be helped as often as those whom it approves, whatever the line:
then every stricter line refuses more whom it would help, and no report on these cases can speak for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policy.model import Policy, Settings, Test
from policy.trees.policies import CLOSING
from simulations.counting.reachable_facts import REQUEST, columns_below, read_by
from simulations.population.columns import BENEFIT
from simulations.population.expectation import linked
from simulations.population.probability_tables import Population

IN_COMMON = ("diagnosis", "procedure", "dx", "cpt")  # what requests of one kind have in common
EDITS = "the edited criteria"
_MANY = 3  # so many levers are counted, not named


CANNOT_TELL = "cannot tell whether the change helps"


@dataclass(frozen=True)
class Telling:
    """What the simulated truth of one page can tell about a change: for each lever what it reads, and what of it ties.

    `ties`: lever -> the facts that it reads and that benefit hangs together with, among requests alike in kind.
    """

    policy: Policy
    population: str
    reads: Mapping[str, tuple[str, ...]]
    ties: Mapping[str, tuple[str, ...]]

    @property
    def asks(self) -> bool:
        """Whether anything is changed."""
        return bool(self.ties)

    def can(self, lever: str) -> bool:
        """Whether the simulated truth can favour a value of the lever over another."""
        return bool(self.ties[lever])

    @property
    def blind(self) -> tuple[str, ...] | None:
        """The levers, where the truth can tell of none of them; None where it can tell of some, or none moves."""
        return tuple(self.ties) if self.ties and not any(self.ties.values()) else None

    def sentence(self) -> str:
        """'The simulated truth cannot tell whether this lever helps: ...'; empty where it can tell of all."""
        unable = [name for name, facts in self.ties.items() if not facts]
        if not unable:
            return ""
        names = [f"“{self.policy.levers[n].label}”" if n in self.policy.levers else n for n in unable]
        which = " and ".join(names) if len(names) < _MANY else f"{len(names)} of the {len(self.ties)} levers that move"
        helps = "help" if len(names) > 1 else "helps"
        if len(names) == len(self.ties):
            which = "this lever" if len(names) == 1 else "these levers"
        read = dict.fromkeys(fact for n in unable for fact in self.reads[n] if fact != REQUEST)
        facts = ", ".join(self.policy.fields_[f].label.lower() for f in read if f in self.policy.fields_)
        why = f"benefit hangs together with nothing that {'they read' if len(names) > 1 else 'it reads'}"
        return (
            f"The simulated truth cannot tell whether {which} {helps}: among requests alike in diagnosis and procedure "
            f"{why}{f' ({facts})' if facts else ''}"
        )


def change_told(baseline: Settings, scenario: Settings, population: Population) -> Telling:
    """What the truth of a page can tell about a change of a policy: of a study, about what it asks."""
    moved = [name for name in baseline.policy.levers if baseline[name] != scenario[name]]
    return telling(baseline.policy, population, moved, scenario.policy)


def telling(
    policy: Policy,
    population: Population,
    levers: Sequence[str],
    edited: Policy | None = None,
    truth: str = BENEFIT,
) -> Telling:
    """What the truth of a page can tell about these levers, and about the criteria that `edited` has otherwise."""
    reads = {name: _read(policy, name) for name in levers}
    if edited is not None and (changed := _edits(policy, edited)):
        reads[EDITS] = changed
    ties = {name: tuple(linked(population, facts, truth, IN_COMMON)) for name, facts in reads.items()}
    return Telling(policy, population.id, reads, ties)


def _read(policy: Policy, lever: str) -> tuple[str, ...]:
    """In the order of the case table; what closes a file unread reads whether any fact is on file."""
    tests = [criterion.test for criterion in policy.criteria.values()]
    every = {column for test in tests for column in columns_below(policy, test)}
    found = every if lever == CLOSING else read_by(policy, lever)
    return tuple(name for name in (*policy.fields_, REQUEST) if name in found)


def _edits(policy: Policy, edited: Policy) -> tuple[str, ...]:
    """The columns of the criteria that only one of both policies requires, pathway by pathway.

    Where one requires nothing, it decides a whole kind of request.
    """
    found: set[str] = set()
    for name in policy.pathways:
        mine, theirs = ({entry.criterion for entry in p.pathways[name].rule.entries()} for p in (policy, edited))
        if not (mine and theirs):
            found |= {REQUEST} if policy.pathways[name].rule != edited.pathways[name].rule else set()
            continue
        for criterion in mine ^ theirs:
            names = [entry.criterion for entry in policy.inside(criterion)] or [criterion]
            tests: list[Test] = [policy.criteria[name].test for name in names]
            found |= {column for test in tests for column in columns_below(policy, test)}
    return tuple(name for name in (*policy.fields_, REQUEST) if name in found)
