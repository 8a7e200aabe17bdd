"""Levers moved over a policy, step by step, and what that does to the same cases: plain Python, no widget in sight."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from notebooks.reach import Mention, mentions, pathways_of, why_idle
from policy.model import OUTCOMES, Policy, Settings, Value
from policy.problems import refuse, shown
from policy.reading.loading import change_in_words, parse
from policy.reading.scenario import Scenario
from policy.storage.files import save_new
from simulations.counting.counts import Batch, Counts
from simulations.counting.grouping import OUTSIDE, Groups
from simulations.scenario.loading import shipped
from simulations.studies.caseload import Caseload
from simulations.studies.comparison import BASELINE, Study, named_by
from simulations.studies.impact import Impact
from simulations.studies.sweep import BEFORE, Flows, with_outcome

__all__ = ["Answer", "Tweaks"]

MOST = 10_000_000  # cases that levers move over
_NONE = pd.DataFrame(columns=["baseline", "scenario", "case_id", "dx", "cpt", "reasons_baseline", "reasons_scenario"])


@dataclass(frozen=True)
class Answer:
    """What the moved levers do: `changes` lever -> sentence, `nothing` why no case moves (empty when some do).

    `guarded`: the cases may be people, so only shares of rounded counts are shown (`reports.impact_findings.live`).
    """

    impact: Impact
    changes: dict[str, str]
    nothing: str
    guarded: bool = False


class Tweaks:
    """The present value of every lever with a history, over the cases of one caseload (at most 10,000,000).

    `baseline` is what every answer is compared with; `start` the settings to begin with. Values are checked by the
    policy: ProblemsFound says what is allowed and leaves everything as it was.
    """

    def __init__(self, baseline: Settings, load: Caseload, start: Settings | None = None):
        if load.size > MOST:
            raise refuse("size", "size", f"{load.size:,} cases are too many to move levers over; at most {MOST:,}")
        self.policy: Policy = baseline.policy
        self.baseline = baseline
        self.load = load
        self._history = [start or baseline]
        self._at = 0
        by = Groups(self.policy, ("diagnosis", "procedure", BEFORE))
        self._counted = Counts.of((Batch(with_outcome(part, baseline, baseline)) for part in load.slices()), by)
        self._idle: dict[str, str] = {}

    # Moving -----------------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Every lever as it stands now."""
        return self._history[self._at]

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
        self._go(self._with(lever, checked), replace=last_moved == [lever] and self._at == len(self._history) - 1)
        return True

    def revert(self, lever: str) -> bool:
        """One lever back to the baseline."""
        return self.move(lever, self.baseline[lever])

    def reset(self) -> bool:
        """All levers back to the baseline, as one step that can be undone."""
        if self.settings == self.baseline:
            return False
        self._go(self.baseline)
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
        return Settings(self.policy, {**self.settings, lever: value})

    def _moved_between(self, at: int) -> list[str]:
        before, after = self._history[at - 1], self._history[at]
        return [name for name in after if after[name] != before[name]]

    def _go(self, settings: Settings, replace: bool = False) -> None:
        kept = self._history[: self._at + (not replace)]
        if kept[-1] == settings:  # a drag that ended where it began leaves no step
            self._history = kept
        else:
            self._history = [*kept, settings]
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
        for place, found in zip(self._places, self._counted.at(self.settings), strict=True):
            counts[place] += found
        impact = Impact(self.baseline, self.settings, counts, 0, _NONE)
        nothing = "" if impact.moved or self.load.guarded else self._nothing(impact)
        return Answer(impact, self.changes(), nothing, self.load.guarded)

    def study(self) -> Study:
        """The same as a question to the policy, with what is counted here: no examples, nothing of Medicare."""
        touched = self._counted.touched(self.baseline, self.settings)
        asked = Study(BASELINE, self.baseline, self.settings, self.load)
        named = replace(asked, name=named_by(None, asked.provisions()))
        return named.counted(replace(self.answer().impact, touched=touched))

    def flows(self) -> Flows:
        """The cases as they are laid out here, to see any setting around the present one."""
        return Flows(self.baseline, self.settings, self._counted, self.load.guarded)

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
        return replace(impact, touched=self._counted.touched(self.baseline, self.settings)).why_nothing()

    @cached_property
    def _places(self) -> list[tuple[int, int, int]]:
        """Diagnosis group, procedure family and outcome under the baseline of each group that is counted."""
        diagnoses, families = ([*names, OUTSIDE] for names in (self.policy.diagnoses, self.policy.procedures))
        labels = self._counted.groups.numbers
        return [(diagnoses.index(d), families.index(p), OUTCOMES.index(o)) for d, p, o in labels]

    # Reach ------------------------------------------------------------------------------------------------------------

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where the policy reads its levers."""
        return mentions(self.policy)

    @cached_property
    def by_pathway(self) -> dict[str, int]:
        """How many of the cases each pathway has."""
        return self._counted.by_pathway()

    def idle(self, lever: str) -> str:
        """Why no legal value of this lever, moved alone from here, changes any outcome; empty when one does."""
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
        """For each other legal value, the ends first, whether any outcome differs; nothing where nobody reads it."""
        values = self.policy.levers[lever].values()
        for value in (values[-1], *values[:-1]):
            if value != self.settings[lever]:
                yield self._counted.differs(self.settings, self._with(lever, value))

    def _why(self, lever: str) -> str:
        touched = self._touched(lever)
        return why_idle(self.policy, lever, self.settings, self.mentions, self.by_pathway, touched)

    def _touched(self, lever: str) -> int:
        """Most cases of which a criterion reads differently at a legal value: of a number, the ends tell."""
        values = self.policy.levers[lever].values()
        few = values if len(values) < 5 else [values[0], values[1], values[-1]]
        others = (self._with(lever, value) for value in few if value != self.settings[lever])
        return max(self._counted.touched(self.settings, there) for there in others)

    def pathways_of(self, lever: str) -> tuple[str, ...]:
        """The pathways that read a lever."""
        return pathways_of(self.policy, lever, self.mentions)

    # Keeping ----------------------------------------------------------------------------------------------------------

    def scenario(self, name: str) -> tuple[str, str]:
        """Id and YAML text of the present settings as a scenario called `name`; raises ProblemsFound."""
        label = " ".join(name.split())
        key = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:60]
        key = key if key[:1].isalpha() or not key else f"scenario_{key}"[:60]
        if not key:
            raise refuse("name", "name", f"{shown(name)} is no name for a scenario; use letters or digits")
        provisions = self.settings.provisions()
        if not provisions:
            raise refuse("scenario", "scenario", "no lever is moved, so there is nothing to save")
        because = "; ".join(change_in_words(self.settings, self.policy.settings())).replace(" -> ", " to ")
        head = {"id": key, "label": label, "policy": self.policy.name, "because": f"Moved by hand: {because}."}
        lines = ["schema: scenario/1", *(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in head.items())]
        lines.append("provisions:")
        lines += [f'  {lever}: "{"off" if value is None else value}"' for lever, value in provisions.items()]
        text = "\n".join(lines) + "\n"
        parse(text, f"{key}.yaml", Scenario)
        return key, text

    def keep(self, name: str, folder: Path) -> Path:
        """Save the present settings as a new file in `folder` (made when missing); never over an existing file."""
        key, text = self.scenario(name)
        path = folder / f"{key}.yaml"
        if key in shipped():
            raise refuse("exists", path.name, "is there already and stays as it is; choose another name")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refuse("write", str(folder), f"cannot be made ({error.strerror})") from None
        save_new(path, text.encode())
        return path
