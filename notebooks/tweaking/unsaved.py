"""What is left in the panel of levers and not saved: in Lab and the app it comes back with the notebook."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from notebooks.keeping import forget, keep, kept_in
from notebooks.tweaking.scenarios import entries_for, loaded_of
from notebooks.tweaks import Loaded
from policy.model import Policy, Settings
from policy.problems import ProblemsFound
from policy.reading.scenario import Edit, edited
from policy.reading.workspace import SERVED
from simulations import Caseload

__all__ = ["FILE", "CaseOrigin", "PanelState", "Unsaved", "origin_of"]

FILE = "a case file"
CaseOrigin = tuple[str, int, int] | str | None  # population, size and seed; FILE; None: as the notebook opens


class PanelState(NamedTuple):
    """Every lever as it stands, the scenario that they were begun from, and where the cases come from."""

    settings: Settings
    loaded: Loaded | None = None
    cases: CaseOrigin = None


def origin_of(cases: Caseload, first: Caseload) -> CaseOrigin:
    """Where cases come from, `first` being those that the notebook opens with; of a file only that it is one."""
    if cases.fingerprint == first.fingerprint and cases.size == first.size:
        return None
    if not cases.drawn:
        return FILE  # its path may tell of people, and is not kept
    return str(cases.path or cases.name), cases.size, cases.seed or 0


class Unsaved:
    """What is left in a notebook in Lab until it is as it began (`start`); elsewhere nothing is kept."""

    def __init__(self, policy: Policy, start: PanelState):
        session = os.environ.get("JPY_SESSION_NAME") if SERVED in os.environ else None
        which = json.dumps([session, policy.name, start.settings.provisions()], default=str)
        name = f"{hashlib.sha256(which.encode()).hexdigest()[:16]}.json"
        self.path = kept_in() / ".unsaved" / name if session else None
        self.policy, self._start, self.last = policy, start, start

    def found(self) -> PanelState | None:
        """What was left, None when nothing was; ProblemsFound when the policy no longer allows it."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            self.last = _read(self.policy, json.loads(self.path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return self.last

    def keep(self, left: PanelState) -> None:
        """Remember this; forget all when it is how the panel started. Raises ProblemsFound on a full disk."""
        if self.path is None or left == self.last:
            return
        self.last = left
        if left == self._start:
            forget(self.path)
        else:
            keep(self.path, f"{json.dumps(_written(self.policy, left), indent=1, default=str)}\n".encode())


def _written(policy: Policy, left: PanelState) -> dict[str, Any]:
    kept: dict[str, Any] = {"policy": policy.name}
    kept["provisions"] = {k: "off" if v is None else v for k, v in left.settings.provisions().items()}
    if left.loaded:
        kept["scenario"] = {"name": left.loaded.name, "label": left.loaded.label, "of": left.loaded.of}
        if left.settings.policy != policy:
            edits = left.loaded.criteria
            kept["criteria"] = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in edits]
    return kept | ({"cases": left.cases} if left.cases else {})


def _read(policy: Policy, kept: Mapping[str, Any]) -> PanelState:
    provisions = dict(kept["provisions"])
    criteria = tuple(Edit.model_validate(one) for one in kept.get("criteria", ()))
    settings = edited(policy, criteria).settings(provisions)
    return PanelState(settings, _loaded(policy, kept, settings, criteria), _origin(kept.get("cases")))


def _loaded(policy: Policy, kept: Mapping[str, Any], settings: Settings, criteria: tuple[Edit, ...]) -> Loaded | None:
    """The scenario as it is there now, with the criteria that were left; one that is gone by its name of then."""
    if "scenario" not in kept:
        return None
    name, label, of = (str(kept["scenario"].get(key, "")) for key in ("name", "label", "of"))
    if of:
        return Loaded("", label, settings, criteria, of)
    entry = next((one for one in entries_for(policy) if one.name == name), None)
    try:
        return replace(loaded_of(entry, policy), criteria=criteria) if entry else Loaded("", label, settings, criteria)
    except ProblemsFound:
        return Loaded("", label, settings, criteria)


def _origin(kept: Any) -> CaseOrigin:
    if not isinstance(kept, list):
        return FILE if kept == FILE else None
    population, size, seed = kept
    return str(population), int(size), int(seed)
