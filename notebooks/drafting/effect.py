"""What a draft does, beside every edit: approvals, whom it moves, which examples fail, and what it proves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from notebooks.drafting.names import by_label, called_entry
from policy import Draft
from policy.authoring.draft_exceptions import shown_again
from policy.authoring.draft_texts import OldValue, old_values
from policy.authoring.lint import Finding, lint
from policy.authoring.memory import Memory
from policy.checking.examples import ComesOut, comes_out
from policy.entries.exceptions import DirectionException
from policy.model import Policy
from policy.problems import Problem, ProblemsFound
from simulations import Caseload, DraftImpact, cases_of
from simulations.population.drafting import draft as drafted_page
from simulations.population.loading import parse
from simulations.studies.caseload import made_of
from simulations.studies.draft_impact import DraftAnswer
from simulations.studies.versions import told

__all__ = [
    "Effects",
    "Failing",
    "cases_again",
    "comes_out_now",
    "failing",
    "findings",
    "no_longer_hold",
    "others",
    "proof_in_words",
    "sentences",
    "still_named",
]

_SIZE, _SEED = 10_000, 1


@dataclass(frozen=True)
class Failing:
    """An example that comes out otherwise: its position, its name, and what is said of it."""

    number: int
    name: str
    says: tuple[str, ...]


def failing(draft: Draft) -> tuple[Failing, ...]:
    """The examples whose outcome or questions are not those that they must have."""
    found: dict[int, list[str]] = {}
    for problem in draft.problems:
        number = _example(problem)
        if number is not None:
            found.setdefault(number, []).append(problem.message.partition(": ")[2] or problem.message)
    return tuple(Failing(n, str(draft.value(("examples", n, "name"))), tuple(says)) for n, says in found.items())


def others(draft: Draft) -> tuple[Problem, ...]:
    """What is wrong besides examples that come out otherwise."""
    return tuple(problem for problem in draft.problems if _example(problem) is None)


def no_longer_hold(draft: Draft) -> tuple[int, ...]:
    """The positions of the exceptions to a direction whose case no longer shows one."""
    paths = [(one.path or "").split(".") for one in draft.problems if one.code == "direction"]
    return tuple(sorted({int(path[1]) for path in paths if path[0] == "direction_exceptions" and path[-1] == "case"}))


def cases_again(draft: Draft, numbers: Iterable[int]) -> dict[int, DirectionException | None]:
    """These exceptions to a direction with cases that show them; None where no case can. It may take some seconds."""
    policy = draft.policy
    return {number: shown_again(draft.published, policy, number) for number in numbers}


def _example(problem: Problem) -> int | None:
    section, _, rest = (problem.path or "").partition(".")
    number, _, key = rest.partition(".")
    told_of = problem.code == "example" and section == "examples" and number.isdigit() and key in ("expect", "asks")
    return int(number) if told_of else None


def comes_out_now(draft: Draft, number: int) -> ComesOut:
    """What the draft makes of one of its examples; raises ProblemsFound where it cannot be read."""
    return comes_out(draft.policy, draft.policy.examples[number])


def still_named(draft: Draft) -> tuple[OldValue, ...]:
    """The texts that name a value which a lever had before; none while the entries do not agree."""
    try:
        return old_values(draft.published, draft.policy)
    except ProblemsFound:
        return ()


def sentences(draft: Draft) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What differs from the version that it began from, in sentences: what may decide a case, and what decides none."""
    both = told(draft.published.settings(), draft.policy.settings())
    return both.deciding, both.other


def proof_in_words(draft: Draft) -> str:
    """Stricter, looser, mixed ... against the version that it began from, as a sentence."""
    try:
        if not draft.published.pathways:
            return "There is nothing to hold it against: it began from an empty document."
        found = draft.proves()
    except ProblemsFound as wrong:
        return f"Nothing can be proven yet: {wrong.problems[0].message}"
    ways = found.proof.pathways
    unknown = {name: ways[name].open for name in ways if ways[name].word == "not proven"}
    if not unknown:
        return _PROVEN.get(found.word, f"Proven: {found.proof.overall.text()}.")
    tree = draft.page.root.plain()
    why = by_label(tree, "; ".join(dict.fromkeys(one for open_ in unknown.values() for one in open_)))
    names = ", ".join(f"“{called_entry(tree, 'pathways', name)}”" for name in unknown)
    rest = [ways[name] for name in ways if name not in unknown]
    word = _ALL[any(one.looser for one in rest), any(one.stricter for one in rest)]
    return f"Not proven in {names}: {why}.{f' In all other pathways: {_PROVEN[word]}' if rest else ''}"


_ALL = {(False, False): "equal", (False, True): "stricter", (True, False): "looser", (True, True): "mixed"}
_PROVEN: Mapping[str, str] = {
    "equal": "Proven: no case can come out otherwise, whatever it holds.",
    "stricter": "Proven: stricter. No case can come out more favourably than before, and some come out less so.",
    "looser": "Proven: looser. No case can come out less favourably than before, and some come out more so.",
    "mixed": "Proven: mixed. Some cases come out more favourably than before, others less so.",
}


def findings(draft: Draft, memory: Memory[Finding]) -> tuple[Finding, ...]:
    """What lint finds odd in the draft; of what is in the memory only what an edit can have changed is looked at."""
    try:
        return tuple(lint(draft.policy.settings(), (), memory))
    except ProblemsFound:
        return ()


class Effects:
    """Numbers of one draft after the other over the cases of a notebook, laid out when first asked for.

    `why` says why there are no numbers; empty: there are. `placeholders`: the cases were made from the columns alone.
    """

    def __init__(self, given: Caseload | None = None):
        self.given = given
        self.cases: Caseload | None = None
        self.why, self.placeholders = "", False
        self._impact: DraftImpact | None = None
        self._of: object = None

    def now(self, draft: Draft) -> DraftAnswer | None:
        """What the draft does to the cases; None where that cannot be told, and `why` says it."""
        try:
            policy, published = draft.policy, draft.published
            if self._of != (published.fingerprint, draft.source):
                self._of = published.fingerprint, draft.source
                self._impact, self.placeholders = None, False
                self.cases = self._drawn(published)
                self._impact = DraftImpact(published.settings(), self.cases)
            if self._impact is None:
                self.why = self.why or "There are no cases yet."
                return None
            answer = self._impact.of(policy)
        except ProblemsFound as found:
            self.why = found.problems[0].message
            return None
        self.why = ""
        return answer

    def _drawn(self, published: Policy) -> Caseload:
        """The cases of the notebook, for the version that the draft began from."""
        if self.given is None:
            return cases_of(published, size=_SIZE, seed=_SEED)
        if self.given.policy == published:
            return self.given
        if self.given.policy.id == published.id and self.given.drawn:
            return cases_of(published, self.given.name, self.given.size, self.given.seed or _SEED)
        size = self.given.size if self.given.drawn else _SIZE
        return cases_of(published, size=size, seed=self.given.seed or _SEED)

    def make_up(self, draft: Draft) -> None:
        """Cases from the columns of the draft alone, every share a placeholder; the draft as it stands is the baseline.

        Raises ProblemsFound where the draft has no columns or codes that requests can be made from.
        """
        policy = draft.policy
        page = parse(drafted_page(policy, policy.id), f"{policy.id} placeholders", policy=policy)
        size = self.given.size if self.given else _SIZE
        self.cases = replace(made_of(page, policy, size, _SEED), name="placeholders")
        self._impact, self.placeholders, self.why = DraftImpact(policy.settings(), self.cases), True, ""
        self._of = draft.published.fingerprint, draft.source
