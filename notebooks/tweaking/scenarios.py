"""The scenarios to start from: what ships for a policy, and what was saved in the workspace, each by its label.

What ships is never changed. A scenario of the workspace is renamed or deleted as it was listed: where another notebook
has changed it since, nothing is done. What is deleted lies in workspace/.deleted and can be put back.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from notebooks.comparison.words import without_identifiers
from notebooks.keeping import kept_in
from notebooks.tweaks import Loaded, key_of
from policy import load
from policy.model import Policy, Settings, Value
from policy.problems import ProblemsFound, refuse
from policy.reading.loading import change_in_words, parse
from policy.reading.scenario import Edit, Provision, Scenario, edited
from policy.reading.yaml import read_text
from policy.storage.files import said, save, save_new, writing
from simulations.scenario.loading import FOLDER, find_scenario, proposed, shipped, shipped_for
from simulations.studies.edits import edits_in_words

__all__ = [
    "Preset", "delete", "differences", "entries_for", "entry_called", "loaded_of", "own_folder", "put_back", "rename",
    "save_over", "stamps", "taken_over",
]  # fmt: skip

_PATIENCE = 5.0  # seconds to wait for another that writes the same file
_BY_HAND = {"schema_", "id", "label", "policy", "because", "provisions_", "criteria"}  # what a panel writes


@dataclass(frozen=True)
class Preset:
    """A scenario as it was listed: its file and the text of it; `own`: of the workspace, else it ships.

    `of`: the other version of the policy that it was saved for; empty where it fits the one in view.
    """

    name: str
    label: str
    own: bool
    path: Path
    text: str
    of: str = ""

    @property
    def called(self) -> str | Path:
        """How `find_scenario` finds it, from wherever it is asked."""
        return self.path if self.own else self.name


def own_folder() -> Path:
    """Where scenarios of the workspace are kept."""
    return kept_in() / "scenarios"


def stamps() -> tuple[tuple[str, int], ...]:
    """Changes whenever a scenario of the workspace is written, renamed or deleted, by whomever."""
    found = []
    for path in sorted(own_folder().glob("*.yaml")):
        try:
            found.append((path.name, path.stat().st_mtime_ns))
        except OSError:  # gone since
            continue
    return tuple(found)


def entries_for(policy: Policy) -> list[Preset]:
    """What ships for the policy, by number, then what was saved for it, by label, then for other versions of it.

    A file that is no scenario, or one of another policy, is passed over; a label twice is told with its file.
    """
    ours = [one for name in shipped_for(policy) if (one := _entry(FOLDER / f"{name}.yaml", policy, own=False))]
    mine = [
        one for path in sorted(own_folder().glob("*.yaml"))
        if path.stem not in shipped() and (one := _entry(path, policy, own=True))
    ]  # fmt: skip
    every = [*ours, *sorted(mine, key=lambda one: (bool(one.of), one.label.lower()))]
    labels = [one.label for one in every]
    return [
        replace(one, label=f"{one.label} ({one.path.name})") if labels.count(one.label) > 1 else one for one in every
    ]


def _entry(path: Path, policy: Policy, own: bool) -> Preset | None:
    try:
        text = read_text(path)
        found = parse(text, path.name, Scenario)[0]
    except ProblemsFound:
        return None
    which, _, version = found.policy.partition("@")
    of = "" if found.policy in (policy.id, policy.name) else version
    return Preset(path.stem, found.label, own, path, text, of) if which == policy.id else None


def entry_called(entries: list[Preset], wanted: str) -> Preset:
    """One of them by its label, or the name that a command calls it by; ProblemsFound where there is none."""
    for one in entries:
        if wanted in (one.label, one.name):
            return one
    labels = ", ".join(f"“{one.label}”" for one in entries)
    raise refuse("unknown-scenario", "scenario", f"“{wanted}” is none of the scenarios of this policy: {labels}")


def loaded_of(entry: Preset, policy: Policy) -> Loaded:
    """All that a scenario sets, checked over the policy; raises ProblemsFound with everything that is wrong with it.

    Of one that was saved for another version only what applies: see `taken_over`.
    """
    if entry.of:
        return taken_over(entry, policy)[0]
    plan = find_scenario(entry.called, policy)
    return Loaded(entry.name, entry.label, proposed(policy, entry.called), plan.criteria)


def taken_over(entry: Preset, policy: Policy) -> tuple[Loaded, list[str]]:
    """What a scenario of another version sets that this one allows; and in sentences, what does not apply here."""
    plan = parse(entry.text, entry.path.name, Scenario)[0]
    try:
        theirs = load(plan.policy)
    except ProblemsFound:
        theirs = policy  # that version is gone: what it called its levers is not known
    moved: dict[str, Value] = {}
    left = []
    for name, provision in plan.provisions_.items():
        if why := _why_left(name, provision, policy):
            lever = policy.levers.get(name) or theirs.levers.get(name)
            left.append(f"“{lever.label if lever else name}” {why}")
        else:
            moved[name] = policy.levers[name].check(provision.to)
    criteria: list[Edit] = []
    for edit in plan.criteria:
        try:
            edited(policy, [*criteria, edit])
            criteria.append(edit)
        except ProblemsFound as found:
            both = (policy.settings(), theirs.settings())
            left += [without_identifiers(problem.message, both) for problem in found.problems]
    settings = edited(policy, criteria).settings(moved)
    return Loaded("", entry.label, settings, tuple(criteria), entry.of), left


def _why_left(name: str, provision: Provision, policy: Policy) -> str:
    """Why one lever of a scenario moves nothing in this version; empty: it does."""
    if name not in policy.levers:
        return f"is no lever of version {policy.version}"
    lever = policy.levers[name]
    try:
        value = lever.check(provision.to)
    except ValueError as error:
        return f"does not fit: {error}"
    return f"stands at {lever.in_words(value)} already" if value == policy.defaults[name] else ""


def differences(entry: Preset, settings: Settings, policy: Policy) -> list[str]:
    """What changes in a scenario where these settings take its place, in sentences; ProblemsFound: it is broken."""
    before = loaded_of(entry, policy).settings
    was, now = (edits_in_words(policy, one) if one.policy != policy else [] for one in (before, settings))
    other = [f"It is of version {entry.of}, and becomes one of version {policy.version}"] if entry.of else []
    left, come = ([one for one in these if one not in those] for these, those in ((was, now), (now, was)))
    return [*other, *change_in_words(settings, before, names=False), *come, *(f"No longer: {one}" for one in left)]


# What may be changed --------------------------------------------------------------------------------------------------


def rename(entry: Preset, name: str) -> Path:
    """Call a scenario of the workspace otherwise; where it is now. Never over another; raises ProblemsFound."""
    _own(entry)
    key, label = key_of(name)
    target = entry.path.with_name(f"{key}.yaml")
    if key in shipped():
        raise refuse("exists", target.name, "ships with the workbook; choose another name")
    text = _called(entry, key, label)
    with writing(entry.path, target, patience=_PATIENCE):
        _unchanged(entry)
        if target == entry.path:
            save(target, text.encode())
        else:
            save_new(target, text.encode())
            _remove(entry.path)
    return target


def _called(entry: Preset, key: str, label: str) -> str:
    """The text with another id and label and nothing else changed; ProblemsFound where these are not lines of it."""
    text = re.sub(r"(?m)^id:.*$", lambda _: f"id: {key}", entry.text, count=1)
    text = re.sub(r"(?m)^label:.*$", lambda _: f"label: {json.dumps(label, ensure_ascii=False)}", text, count=1)
    was, now = (parse(one, entry.path.name, Scenario)[0] for one in (entry.text, text))
    if now != was.model_copy(update={"id": key, "label": label}):
        raise refuse("label", entry.path.name, "its id and label are not one line each; rename it in the file")
    return text


def save_over(entry: Preset, text: str) -> Path:
    """This text in the place of a scenario of the workspace; the file that keeps what was there.

    Raises ProblemsFound where it ships, was changed since it was listed, or says what a panel does not write.
    """
    _own(entry)
    was = parse(entry.text, entry.path.name, Scenario)[0]
    more = {name for name in was.model_fields_set - _BY_HAND if getattr(was, name)}
    if more or any(one.model_fields_set != {"to"} for one in was.provisions_.values()):
        raise refuse("more", entry.path.name, "says more than the levers and criteria here; choose another name")
    with writing(entry.path, patience=_PATIENCE):
        _unchanged(entry)
        kept = _keep(entry)
        save(entry.path, text.encode())
    return kept


def delete(entry: Preset) -> Path:
    """Take a scenario of the workspace away; the file that keeps it, for `put_back`. Raises ProblemsFound."""
    _own(entry)
    with writing(entry.path, patience=_PATIENCE):
        _unchanged(entry)
        kept = _keep(entry)
        _remove(entry.path)
    return kept


def put_back(entry: Preset) -> None:
    """A deleted scenario as it was; ProblemsFound where another has its name by now."""
    with said(entry.path):
        entry.path.parent.mkdir(parents=True, exist_ok=True)
    save_new(entry.path, entry.text.encode())


def _keep(entry: Preset) -> Path:
    """A copy of it among the deleted ones, beside earlier ones of its name."""
    folder, number = kept_in() / ".deleted", 1
    with said(folder, "cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)
    while True:
        path = folder / f"{entry.name}{f'.{number}' if number > 1 else ''}.yaml"
        try:
            save_new(path, entry.text.encode())
        except ProblemsFound as found:
            if found.problems[0].code != "exists":
                raise
            number += 1
        else:
            return path


def _own(entry: Preset) -> None:
    if not entry.own:
        raise refuse("read-only", f"“{entry.label}”", "ships with the workbook and stays as it is")


def _unchanged(entry: Preset) -> None:
    """Refuse where the file is no longer what was listed."""
    if not entry.path.is_file():
        raise refuse("gone", f"“{entry.label}”", "was renamed or deleted by somebody else meanwhile")
    if read_text(entry.path) != entry.text:
        raise refuse("changed", f"“{entry.label}”", "was changed by somebody else meanwhile; look at it again first")


def _remove(path: Path) -> None:
    with said(path, "cannot be removed"):
        path.unlink()
