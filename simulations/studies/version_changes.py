"""Which change of a new version does what: each lever, criterion, gate and pathway a player of its own.

Every combination is a document between the two: the entries of both, each changed one from the one or from the other.
Entries that only one of them has are in all (nothing requires them but what is changed), so each combination can be
read. Where that cannot be done the whole document is one player beside the levers, and said to be.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import Planes
from policy.entries.records import ReadOnly
from policy.model import OUTCOMES, Policy, Settings
from policy.reading.validation import check_policy
from simulations.counting.grouping import Groups
from simulations.studies.comparison import Study
from simulations.studies.impact import under
from simulations.studies.shapley import Attribution, gathered
from simulations.studies.versions import moved, read_by_both

TOLD_APART = 8  # changes told apart: 256 combinations
SECTIONS = {"criteria": "test", "gates": "require", "pathways": "rule"}  # and what in each entry decides cases
WHOLE = "all other changes of the document"
_GROUPS = {"pathways": "all pathways that changed", "gates": "all gates that changed",
           "criteria": "all criteria that changed"}  # fmt: skip


@dataclass(frozen=True)
class Player:
    """One change, or several taken together: levers, and entries of the document as (section, name)."""

    name: str
    levers: tuple[str, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()


def attribute_versions(study: Study, progress: Callable[[int], None] | None = None) -> Attribution | None:
    """What each change of a version does, alone and with the others; None where nothing that decides differs."""
    before, after = study.baseline, study.scenario
    players = tuple(_players(before, after))
    between = _between(before, after)
    if between and _readable(players, between, before, after):
        if not players:
            return None
        found = _attributed(study, _few(players), between, progress)
        if _ends(found) == study.impact.flow_counts():
            return found
    movers = [Player(name, (name,)) for name in _legal_in_both(before, after)]
    return _attributed(study, _few([*movers, Player(WHOLE)]), None, progress)


def _attributed(
    study: Study, players: Sequence[Player], between: Policy | None, progress: Callable[[int], None] | None
) -> Attribution:
    before, after = study.baseline, study.scenario
    documents: dict[tuple[Player, ...], Policy] = {}

    def settings(chosen: tuple[Player, ...]) -> Settings:
        levers = {name for player in chosen for name in player.levers}
        if between is None:
            side = after if any(player.name == WHOLE for player in chosen) else before
            own = {name: (after if name in levers else before)[name] for name in _legal_in_both(before, after)}
            return Settings(side.policy, {**side, **own})
        edited = tuple(player for player in chosen if player.entries)
        if edited not in documents:
            documents[edited] = _document(between, edited, before.policy)
        held = {name: value for name, value in before.items() if name not in levers and name in after}
        return Settings(documents[edited], {**before, **after, **held})

    every = [
        settings(tuple(player for i, player in enumerate(players) if chosen >> i & 1))
        for chosen in range(1 << len(players))
    ]
    by = Groups(before.policy)
    found = gathered(study.cases, lambda cases: _patterns(cases, every), by, len(every), progress)
    return Attribution(before.policy, tuple(player.name for player in players), by, *found)


def _ends(found: Attribution) -> tuple[list[int], list[int]]:
    """Counts of the outcomes with no change made, and with all."""
    first, last = ([int(found.game(word)[end]) for word in OUTCOMES] for end in (0, -1))
    return first, last


def _players(before: Settings, after: Settings) -> Iterator[Player]:
    """Each change that may decide a case, of what both documents have."""
    for name in moved(before, after):
        yield Player(name, (name,))
    for section in SECTIONS:
        old, new = getattr(before.policy, section), getattr(after.policy, section)
        for name in new:
            if name in old and _decides(section, old[name]) != _decides(section, new[name]):
                yield Player(f"{section}.{name}", entries=((section, name),))
    if _notices(before.policy) != _notices(after.policy):
        yield Player("code notices", entries=(("code_notices", ""),))


def _decides(section: str, entry: Any) -> object:
    """Of an entry what can decide a case."""
    return getattr(entry, SECTIONS[section])


def _notices(policy: Policy) -> list[tuple[object, ...]]:
    return [(one.code, one.lever, one.pend_while) for one in policy.code_notices]


def _few(players: Sequence[Player]) -> Sequence[Player]:
    """At most TOLD_APART, the pathways taken together first, then gates and criteria, then levers."""
    for section in ("pathways", "gates", "criteria", "levers"):
        if len(players) <= TOLD_APART:
            break
        inside = [p for p in players if section in ({"levers"} if p.levers else {first for first, _ in p.entries})]
        if len(inside) > 1:
            together = Player(
                _GROUPS.get(section, "all levers that moved"),
                tuple(name for p in inside for name in p.levers),
                tuple(entry for p in inside for entry in p.entries),
            )
            players = [*(p for p in players if p not in inside), together]
    return players


# Documents between two versions ---------------------------------------------------------------------------------------


def _between(before: Settings, after: Settings) -> Policy | None:
    """The newer document with the entries that only the older has; None where the two part the requests otherwise."""
    old, new = before.policy, after.policy
    if _parting(old) != _parting(new):
        return None
    update: dict[str, Any] = {
        name: ReadOnly({**getattr(old, name), **getattr(new, name)})
        for name in ("statements", "evidence", "levers", "criteria", "gates")
    }
    update |= {"fields_": read_by_both(new, old).fields_, "examples": (), "direction_exceptions": ()}
    return new.model_copy(update=update)


def _parting(policy: Policy) -> object:
    """Which request goes which way."""
    groups = {name: ({*group.codes}, {*group.prefixes}) for name, group in policy.diagnoses.items()}
    families = {name: {c: x.level for c, x in family.codes.items()} for name, family in policy.procedures.items()}
    return groups, families, [(name, pathway.selects) for name, pathway in policy.pathways.items()]


def _readable(players: Sequence[Player], between: Policy, before: Settings, after: Settings) -> bool:
    """Whether both ends can be read as documents, with the levers at the values of each."""
    values = {**before, **after}
    for chosen, settings in (((), before), (tuple(players), after)):
        found = {**values, **settings}
        if any(value not in between.levers[name].legal for name, value in found.items()):
            return False
        if any(True for _ in check_policy(_document(between, chosen, before.policy))):
            return False
    return True


def _document(between: Policy, chosen: Sequence[Player], old: Policy) -> Policy:
    """The document in which only the chosen changes are made."""
    made = {entry for player in chosen for entry in player.entries}
    update: dict[str, Any] = {}
    for section in SECTIONS:
        entries, olds = getattr(between, section), getattr(old, section)
        update[section] = ReadOnly(
            {name: olds.get(name, entry) if (section, name) not in made else entry for name, entry in entries.items()}
        )
    if ("code_notices", "") not in made:
        update["code_notices"] = old.code_notices
    return between.model_copy(update=update)


def _legal_in_both(before: Settings, after: Settings) -> list[str]:
    """The levers that move, to and from values that both documents allow."""
    sides = [one.policy.levers for one in (before, after)]
    return [name for name, (_, a, b) in moved(before, after).items() if all({a, b} <= x[name].legal for x in sides)]


def _patterns(cases: Cases, settings: Sequence[Settings]) -> Iterator[tuple[bytes, NDArray[np.int64]]]:
    """The outcomes of each kind of case under all settings, and how many cases are of that kind."""
    laid_out: dict[Policy, Planes] = {}
    outcomes = np.empty((len(cases), len(settings)), dtype=np.uint8)
    for i, one in enumerate(settings):
        if one.policy not in laid_out:
            laid_out[one.policy] = Planes(under(cases, one.policy))
        planes = laid_out[one.policy]
        outcomes[:, i] = determine(one.policy, planes.cases, one, planes=planes, asking=False).outcome
    patterns, counts = np.unique(outcomes, axis=0, return_counts=True)
    yield from zip((pattern.tobytes() for pattern in patterns), counts[:, None], strict=True)
