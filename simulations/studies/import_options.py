"""How a case table is read: the same options for every verb that reads one, and what a report says of them."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import policy as core
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, collecting, listed, nearest, refuse, shown
from simulations.statistics.disclosure_control import REASON, SMALL

if TYPE_CHECKING:  # the start of every command waits for what is imported here
    import pandas as pd

FILES = {"history": "the history", "history_complete": "the table of complete histories"}  # read beside the table
MOST_REJECTS = 20  # per cent of the rows, where nothing else is said
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "map": ((dict,), "columns of the file, each with the column that it is read as"),
    "ignore": ((list, tuple), "a list of columns"),
    "case_id_is_key": ((bool,), "true or false"),
    "history": ((str,), "a file"),
    "history_complete": ((str,), "a file"),
    "history_key": ((str,), "a column"),
    "max_rejects": ((int, float), "a per cent from 0 to 100"),
}


@dataclass(frozen=True)
class ImportOptions:
    """`map`: column of the file -> column of the case table; `ignore`: columns that are left out; `case_id_is_key`:
    bare numbers of 9 or 10 digits are no numbers of persons; `history`, `history_complete`: files, see `PlanHistory`,
    whose key is the column `history_key`; `max_rejects`: up to this share of the rows (per cent, 0 to 100) may have
    problems and is left out; None: no row may have any.
    """

    map: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    case_id_is_key: bool = False
    history: str | None = None
    history_complete: str | None = None
    history_key: str | None = None
    max_rejects: float | None = None

    def reading(self, policies: Sequence[Policy]) -> dict[str, Any]:
        """The options of `policy.CaseReader` for a table that these policies may judge; raises ProblemsFound."""
        return {
            "rename": self.map, "ignore": self.ignore, "keep_good": self.max_rejects is not None,
            "case_id_is_key": self.case_id_is_key, "derived": self._events(policies),
        }  # fmt: skip

    def _events(self, policies: Sequence[Policy]) -> "Callable[[Policy], core.PlanHistory | None] | None":
        """The events for the fields of each policy that has such."""
        if self.history is None:
            return None
        events, complete = Path(self.history), None if self.history_complete is None else Path(self.history_complete)
        given: dict[str, Any] = {"key": self.history_key or "case_id", "case_id_is_key": self.case_id_is_key}
        some = [one for one in policies if any(kind.history for kind in one.fields_.values())] or [*policies[:1]]
        found = {
            one.fingerprint: core.PlanHistory(one, events, complete, **given)
            for one in {policy.fingerprint: policy for policy in some}.values()
        }
        return lambda policy: found.get(policy.fingerprint)

    def files(self) -> dict[str, str]:
        """The files that are read beside the table, by the name of their option."""
        return {name: str(getattr(self, name)) for name in FILES if getattr(self, name) is not None}

    def given(self) -> dict[str, Any]:
        """Those that are not as they are without being named, as `import_options` takes them."""
        found = {name: getattr(self, name) for name in _KINDS}
        found |= {"map": dict(self.map), "ignore": [*self.ignore]}
        return {name: value for name, value in found.items() if value not in (None, False, {}, [])}

    def told(self) -> dict[str, Any]:
        """The same for an output: a file by its name, with its sha256."""
        named = {name: {"file": Path(file).name, "sha256": _sha256(file)} for name, file in self.files().items()}
        return self.given() | named

    @property
    def changes_cases(self) -> bool:
        """Whether the same file could be read as other cases without them."""
        return bool(self.map or self.ignore or self.history)

    def fingerprint(self, table: Path) -> str:
        """Of the cases that are read: the sha256 of the table, and with it of all else that says what they are."""
        alone = _sha256(table)
        if not self.changes_cases:
            return alone
        more = {name: value for name, value in self.told().items() if name not in ("case_id_is_key", "max_rejects")}
        return hashlib.sha256(json.dumps([alone, more], sort_keys=True).encode()).hexdigest()

    def in_words(self) -> str:
        """'seat read as site; without notes; history of events.csv, key member_id'; empty where nothing is named."""
        parts = [f"{theirs} read as {ours}" for theirs, ours in self.map.items()]
        parts += [f"without {listed(self.ignore)}"] if self.ignore else []
        parts += ["case_id is a key, no person's number"] if self.case_id_is_key else []
        if self.history is not None:
            complete = f", complete where {Path(self.history_complete).name} says" if self.history_complete else ""
            parts.append(f"history of {Path(self.history).name}, key {self.history_key or 'case_id'}{complete}")
        return "; ".join(parts)

    def few_enough(self, rejected: "pd.DataFrame", good: int, name: str) -> None:
        """Raises TooManyRejected where more rows have problems than may, or all."""
        bad = rejected["row"].nunique()
        if not bad or self.max_rejects is None or (good and 100 * bad <= self.max_rejects * (bad + good)):
            return
        why = f"more than --max-rejects {self.max_rejects:g} %" if good else "none is left"
        raise TooManyRejected(name, f"{bad:,} of {bad + good:,} rows were rejected, {why}", rejected)


class TooManyRejected(ProblemsFound):
    """So many rows have problems that the others are not used; `name` of the table, the rows in `rejected`."""

    def __init__(self, name: str, message: str, rejected: "pd.DataFrame"):
        self.name, self.message, self.rejected = name, message, rejected
        super().__init__([Problem("rejects", name, message)])


PLAIN = ImportOptions()


def options_of(given: "Mapping[str, object] | ImportOptions | None") -> ImportOptions:
    """The options of a mapping of their names to values; raises ProblemsFound with every wrong name and value."""
    if isinstance(given, ImportOptions):
        return given
    if not isinstance(given or {}, Mapping):
        raise refuse("import-options", "import_options", f"{shown(given)} is no mapping of options to values")
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, value in (given or {}).items():
        with collecting(problems):
            found[name] = _checked(name, value)
    for name in ("history_complete", "history_key"):
        if name in found and "history" not in found:
            problems.append(Problem("import-options", name, "needs history"))
    if problems:
        raise ProblemsFound(problems)
    return ImportOptions(**found)


def _checked(name: str, value: object) -> object:
    """A value of its kind."""
    if name not in _KINDS:
        message = f"{shown(name)} is none of {listed(_KINDS)}{nearest(name, _KINDS)}"
        raise refuse("import-options", "import_options", message)
    kinds, means = _KINDS[name]
    words = [*value.items()] if isinstance(value, dict) else [value] if isinstance(value, (list, tuple)) else []
    right = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
    right = right and all(isinstance(word, str) and word for pair in words for word in pair)
    if right and name == "max_rejects":
        right = isinstance(value, (int, float)) and 0 <= value <= 100
    if not right:
        raise refuse("import-options", name, f"{shown(value)} is not allowed; {means} is")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return tuple(value) if isinstance(value, (list, tuple)) else value


def rejected_rows(count: int, guarded: bool) -> tuple[int | None, str]:
    """How many rows were left out, as it may be told: None, and the reason, where they may be a few people."""
    return (None, REASON) if guarded and 0 < count <= SMALL else (count, "")


def _sha256(file: str | Path) -> str:
    if Path(file).is_dir():
        parts = sorted(Path(file).rglob("*.parquet"))
        every = [[part.relative_to(file).as_posix(), _sha256(part)] for part in parts]
        return hashlib.sha256(json.dumps(every).encode()).hexdigest()
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
