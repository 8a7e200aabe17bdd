"""Levers moved over a policy, step by step, and what that does to the same cases: plain Python, no widget in sight."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from notebooks.reach import Mention, mentions, pathways_of, switched_off, why_idle
from policy.model import OUTCOMES, Policy, Settings, Value
from policy.problems import refuse, shown
from policy.reading.loading import change_in_words, parse
from policy.reading.scenario import Edit, Scenario
from policy.storage.files import said, save_new
from simulations.counting.counts import Batch, Counts, Refusals
from simulations.counting.grouping import OUTSIDE, Groups
from simulations.scenario.loading import shipped
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import BASELINE, Study, named_by
from simulations.studies.edits import edits_in_words
from simulations.studies.impact import Impact, under
from simulations.studies.sweep import BEFORE, Flows, with_outcome

__all__ = ["Answer", "Laid", "Loaded", "Tweaks", "key_of"]

MOST = 10_000_000  # cases that levers move over
_SLICE = 100_000  # cases drawn between two words of how far it is
_NONE = pd.DataFrame(columns=["baseline", "scenario", "case_id", "dx", "cpt", "reasons_baseline", "reasons_scenario"])


@dataclass(frozen=True)
class Answer:
    """What the moved levers do: `changes` lever -> sentence, `nothing` why no case moves (empty when some do).

    `guarded`: the cases may be people, so only shares of rounded counts are shown (`reports.impact_findings.live`).
    `edits`: what a loaded scenario changes besides levers, in sentences.
    """

    impact: Impact
    changes: dict[str, str]
    nothing: str
    guarded: bool = False
    edits: tuple[str, ...] = ()

    @property
    def stands(self) -> bool:
        """Whether this is the policy as it stands."""
        return not self.changes and not self.edits


@dataclass(frozen=True)
class Loaded:
    """A scenario that the levers were set to: how a command calls it (empty: it is gone), and all that it sets.

    `of`: the other version that it was saved for; no command calls it for this one until it is saved.
    """

    name: str
    label: str
    settings: Settings
    criteria: tuple[Edit, ...] = ()
    of: str = ""


class _Stand(NamedTuple):
    """One step of the history."""

    settings: Settings
    loaded: Loaded | None


class Laid(NamedTuple):
    """Cases laid out for one policy: `places`, the diagnosis, procedure and outcome before of each group counted."""

    counted: Counts
    places: list[tuple[int, int, int]]

    @classmethod
    def out(
        cls, baseline: Settings, policy: Policy, load: Caseload, far: Callable[[int], object] = lambda _: None
    ) -> "Laid":
        """Draw or read the cases, for `policy`: that of the baseline, or one edited by a scenario.

        `far` is told how many cases are laid out so far; what it raises ends the work. ProblemsFound above 10,000,000.
        """
        if load.size > MOST:
            raise refuse("size", "size", f"{load.size:,} cases are too many to move levers over; at most {MOST:,}")

        def batches() -> Iterator[Batch]:
            done = 0
            for part in load.slices(_SLICE):
                far(done)
                yield Batch(under(with_outcome(part, baseline, baseline), policy))
                done += len(part)
            far(done)

        by = Groups(policy, ("diagnosis", "procedure", BEFORE))
        counted = Counts.of(batches(), by)
        diagnoses, families = ([*names, OUTSIDE] for names in (policy.diagnoses, policy.procedures))
        labels = counted.groups.numbers
        return cls(counted, [(diagnoses.index(d), families.index(p), OUTCOMES.index(o)) for d, p, o in labels])


def key_of(name: str) -> tuple[str, str]:
    """The id of a scenario that a person calls so, and its label; ProblemsFound where nothing is left of it."""
    label = " ".join(name.split())
    key = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:60]
    key = key if key[:1].isalpha() or not key else f"scenario_{key}"[:60]
    if not key:
        raise refuse("name", "name", f"{shown(name)} is no name for a scenario; use letters or digits")
    return key, label


class Tweaks:
    """The present value of every lever with a history, over the cases of one caseload (at most 10,000,000).

    `baseline` is what every answer is compared with; `start` the settings to begin with. Values are checked by the
    policy: ProblemsFound says what is allowed and leaves everything as it was.
    """

    def __init__(self, baseline: Settings, load: Caseload, start: Settings | None = None, loaded: Loaded | None = None):
        self.policy: Policy = baseline.policy
        self.baseline = baseline
        self._history = [_Stand(start or baseline, loaded)]
        self._at = 0
        self._idle: dict[str, str] = {}
        self.change_cases(load, Laid.out(baseline, self.policy, load))

    def change_cases(self, load: Caseload, laid: Laid) -> None:
        """Other cases, laid out for the policy of the baseline; the levers stay where they are."""
        self.load = load
        self._laid = {self.policy.fingerprint: laid}
        self._idle = {}
        self.by_pathway = {} if load.guarded else laid.counted.by_pathway()

    def knows(self, policy: Policy) -> bool:
        """Whether the cases are laid out for a policy that a scenario edits; else the next answer waits for that."""
        return policy.fingerprint in self._laid

    def learn(self, policy: Policy, laid: Laid) -> None:
        """The same cases laid out for an edited policy."""
        self._laid[policy.fingerprint] = laid

    @property
    def _now(self) -> Laid:
        """The cases, for the policy of the present settings."""
        policy = self.settings.policy
        if not self.knows(policy):
            self.learn(policy, Laid.out(self.baseline, policy, self.load))
        return self._laid[policy.fingerprint]

    # Moving -----------------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Every lever as it stands now."""
        return self._history[self._at].settings

    @property
    def loaded(self) -> Loaded | None:
        """The scenario that the levers were set to last, as far as undo has not taken it back."""
        return self._history[self._at].loaded

    def load_scenario(self, loaded: Loaded) -> bool:
        """All levers as a scenario has them, as one step that can be undone; False where they stand so already."""
        if self._history[self._at] == (loaded.settings, loaded):
            return False
        self._go(loaded.settings, loaded)
        return True

    def is_saved(self, name: str, label: str) -> None:
        """The present settings are kept as a scenario of that name now."""
        criteria = self.loaded.criteria if self.loaded and self.edits() else ()
        self._history[self._at] = _Stand(self.settings, Loaded(name, label, self.settings, criteria))

    def is_renamed(self, before: str, name: str, label: str) -> None:
        """A scenario is called otherwise now, wherever in the history it was loaded; an empty name: it is gone."""
        for at, (settings, loaded) in enumerate(self._history):
            if loaded and loaded.name == before and not loaded.of:
                self._history[at] = _Stand(settings, replace(loaded, name=name, label=label))

    def move(self, lever: str, value: object, joined: bool = False) -> bool:
        """Set one lever; False when it stood there already. `joined`: one undo step with the move of it just before."""
        if lever not in self.policy.levers:
            self.policy.settings({lever: value})  # says what is wrong with the name
        try:
            checked = self.policy.levers[lever].check(value)
        except ValueError as error:
            raise refuse("lever-value", lever, str(error)) from None
        if checked == self.settings[lever]:
            return False
        last_moved = self._moved_between(self._at) if joined and self._at else []
        replace = last_moved == [lever] and self._at == len(self._history) - 1
        self._go(self._with(lever, checked), self.loaded, replace)
        return True

    def revert(self, lever: str) -> bool:
        """One lever back to the baseline."""
        return self.move(lever, self.baseline[lever])

    def reset(self) -> bool:
        """All levers back to the baseline, as one step that can be undone."""
        if self.settings == self.baseline:
            return False
        self._go(self.baseline, None)
        return True

    def undo(self) -> bool:
        """One step back; False at the beginning."""
        return self._to(self._at - 1)

    def redo(self) -> bool:
        """One step forward again; False at the end."""
        return self._to(self._at + 1)

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps can be undone and redone."""
        return self._at, len(self._history) - 1 - self._at

    def _with(self, lever: str, value: Value) -> Settings:
        return Settings(self.settings.policy, {**self.settings, lever: value})

    def _moved_between(self, at: int) -> list[str]:
        (before, _), (after, _) = self._history[at - 1], self._history[at]
        return [name for name in after if after[name] != before[name]]

    def _go(self, settings: Settings, loaded: Loaded | None, replace: bool = False) -> None:
        kept = self._history[: self._at + (not replace)]
        if kept[-1] == (settings, loaded):  # a drag that ended where it began leaves no step
            self._history = kept
        else:
            self._history = [*kept, _Stand(settings, loaded)]
        self._at = len(self._history) - 1
        self._idle = {}

    def _to(self, at: int) -> bool:
        if not 0 <= at < len(self._history):
            return False
        self._at, self._idle = at, {}
        return True

    # Answering --------------------------------------------------------------------------------------------------------

    def answer(self) -> Answer:
        """The same cases under the baseline and under the present settings, with the reason when nothing changes."""
        counts = np.zeros((len(self.policy.diagnoses) + 1, len(self.policy.procedures) + 1, 6, 6), dtype=np.int64)
        counted, places = self._now
        for place, found in zip(places, counted.at(self.settings), strict=True):
            counts[place] += found
        impact = Impact(self.baseline, self.settings, counts, 0, _NONE)
        nothing = "" if impact.moved or self.load.guarded else self._nothing(impact)
        return Answer(impact, self.changes(), nothing, self.load.guarded, self.edits())

    def edits(self) -> tuple[str, ...]:
        """What the loaded scenario changes besides levers, in sentences."""
        return tuple(edits_in_words(self.policy, self.settings)) if self.settings.policy != self.policy else ()

    @property
    def asked(self) -> Study:
        """The same as a question to the policy, not counted yet."""
        study = Study(BASELINE, self.baseline, self.settings, self.load)
        return replace(study, name=named_by(None, study.provisions()))

    def study(self) -> Study:
        """The same with what is counted here: no examples, nothing of Medicare."""
        touched = self._now.counted.touched(self.baseline, self.settings)
        return self.asked.counted(replace(self.answer().impact, touched=touched))

    def newly_refused(self) -> Refusals:
        """Why the cases that the baseline does not refuse come out as not met now."""
        counted, places = self._now
        return counted.refusals(self.settings, np.array([OUTCOMES[was] != "not_met" for *_, was in places]))

    def flows(self) -> Flows:
        """The cases as they are laid out here, to see any setting around the present one."""
        return Flows(self.baseline, self.settings, self._now.counted, self.load.guarded)

    def changes(self) -> dict[str, str]:
        """Lever -> what is moved, in words."""
        names = [n for n in self.policy.levers if self.settings[n] != self.baseline[n]]
        return dict(zip(names, change_in_words(self.settings, self.baseline, names=False), strict=True))

    def _nothing(self, impact: Impact) -> str:
        if self.settings == self.baseline:
            return "no lever is moved"
        reasons = [(self.policy.levers[n].label, self.idle(n)) for n in self.changes()]
        told = [f"“{label}” {reason}" for label, reason in reasons if reason]
        if told:
            return "; ".join(told)
        return replace(impact, touched=self._now.counted.touched(self.baseline, self.settings)).why_nothing()

    # Reach ------------------------------------------------------------------------------------------------------------

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where the policy reads its levers."""
        return mentions(self.policy)

    def idle(self, lever: str) -> str:
        """Why no legal value of this lever, moved alone from here, changes any outcome; empty when one does.

        Of people that is told only where no case has a part in it.
        """
        if lever not in self._idle:
            self._idle[lever] = "" if any(self._differs(lever)) else self._why(lever)
        return self._idle[lever]

    def known_idle(self, lever: str) -> str | None:
        """`idle` as far as it was looked for since the last move; None when it was not."""
        return self._idle.get(lever)

    def looking(self) -> Iterator[str | None]:
        """`idle` of every lever in small steps: the lever just settled, or None in the middle of one."""
        for lever in self.policy.levers:
            if lever not in self._idle:
                reaches = False
                for differs in self._differs(lever):
                    if differs:
                        reaches = True
                        break
                    yield None
                self._idle[lever] = "" if reaches else self._why(lever)
            yield lever

    def _differs(self, lever: str) -> Iterator[bool]:
        """For each other legal value, the ends first, whether any outcome differs; of people nothing."""
        values = self.policy.levers[lever].values()
        for value in () if self.load.guarded else (values[-1], *values[:-1]):
            if value != self.settings[lever]:
                yield self._now.counted.differs(self.settings, self._with(lever, value))

    def _why(self, lever: str) -> str:
        if self.load.guarded:
            return switched_off(self.policy, lever, self.settings, self.mentions)
        touched = self._touched(lever)
        return why_idle(self.policy, lever, self.settings, self.mentions, self.by_pathway, touched)

    def _touched(self, lever: str) -> int:
        """Most cases of which a criterion reads differently at a legal value: of a number, the ends tell."""
        values = self.policy.levers[lever].values()
        few = values if len(values) < 5 else [values[0], values[1], values[-1]]
        others = (self._with(lever, value) for value in few if value != self.settings[lever])
        return max(self._now.counted.touched(self.settings, there) for there in others)

    def pathways_of(self, lever: str) -> tuple[str, ...]:
        """The pathways that read a lever."""
        return pathways_of(self.policy, lever, self.mentions)

    # Keeping ----------------------------------------------------------------------------------------------------------

    def scenario(self, name: str) -> tuple[str, str]:
        """Id and YAML text of the present settings as a scenario called `name`; raises ProblemsFound."""
        key, label = key_of(name)
        return key, self.scenario_text(key, label)

    def scenario_text(self, key: str, label: str) -> str:
        """The YAML text of the present settings as a scenario with this id and label; raises ProblemsFound."""
        provisions = self.settings.provisions()
        criteria = self.loaded.criteria if self.loaded and self.edits() else ()
        if not provisions and not criteria:
            raise refuse("scenario", "scenario", "no lever is moved, so there is nothing to save")
        told = (*change_in_words(self.settings, self.policy.settings()), *self.edits())
        because = "; ".join(told).replace(" -> ", " to ")
        head = {"id": key, "label": label, "policy": self.policy.name, "because": f"Moved by hand: {because}."}
        lines = ["schema: scenario/1", *(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in head.items())]
        lines += ["provisions:"] if provisions else []
        lines += [f'  {lever}: "{"off" if value is None else value}"' for lever, value in provisions.items()]
        if criteria:
            edits = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in criteria]
            lines += ["criteria:", *(f"  - {json.dumps(edit, ensure_ascii=False)}" for edit in edits)]
        text = "\n".join(lines) + "\n"
        parse(text, f"{key}.yaml", Scenario)
        return text

    def keep(self, name: str, folder: Path) -> Path:
        """Save the present settings as a new file in `folder` (made when missing); never over an existing file."""
        key, text = self.scenario(name)
        path = folder / f"{key}.yaml"
        if key in shipped():
            raise refuse("exists", path.name, "is there already and stays as it is; choose another name")
        with said(folder, "cannot be made", ""):
            folder.mkdir(parents=True, exist_ok=True)
        save_new(path, text.encode())
        self.is_saved(key, " ".join(name.split()))
        return path
