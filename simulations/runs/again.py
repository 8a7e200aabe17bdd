"""The command that makes a report again, to be pasted into a terminal where the same files lie."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from policy.model import as_word
from simulations.studies.import_options import ImportOptions

_APART = ("exact", "baseline", "as_of", "import_options")  # parameters of a notebook that have options of their own


def command(
    template: str | Path, named: Mapping[str, str | Path | None], provisions: Mapping[str, Any],
    numbers: Mapping[str, int], own: Mapping[str, Any], out: str | Path, table: Sequence[str] = (),
) -> str:  # fmt: skip
    """`workbook simulate` with everything that was asked for; a file is called as it was, but never by a folder's
    absolute path.

    `named`: policy, scenario and population; `numbers`: size and seed, without those that a case table does not use;
    `own`: parameters that only this notebook has; `table`: words that say how a case table is read.
    """
    words = ["workbook", "simulate", called(template)]
    options = {**named, "baseline": own.get("baseline"), "as-of": own.get("as_of")}
    words += [word for option, value in options.items() if value is not None for word in (f"--{option}", called(value))]
    words += [*table, *as_options(provisions)]
    words += [word for option, value in numbers.items() for word in (f"--{option}", str(value))]
    more = {name: value for name, value in own.items() if name not in _APART}
    words += [word for name, value in more.items() for word in ("--parameter", f"{name}={_text(value)}")]
    words += ["--exact"] if own.get("exact") else []
    return shlex.join([*words, "--out", called(out)])


def called(value: str | Path) -> str:
    """A name or a path as it was given; of an absolute path the file's name."""
    return Path(value).name if Path(value).is_absolute() else str(value)


def reading(how: ImportOptions, rejects: str | Path | None, say: Callable[[str | Path], str] = called) -> list[str]:
    """How a case table is read as the words of a command; `say`: what a file is called there."""
    words = [word for theirs, ours in how.map.items() for word in ("--map", f"{theirs}={ours}")]
    words += [word for column in how.ignore for word in ("--ignore", column)]
    words += ["--case-id-is-key"] if how.case_id_is_key else []
    words += [word for name, file in how.files().items() for word in (f"--{name.replace('_', '-')}", say(file))]
    words += ["--history-key", how.history_key] if how.history_key is not None else []
    if rejects is not None and how.max_rejects is not None:
        words += ["--rejects", say(rejects), "--max-rejects", f"{how.max_rejects:g}"]
    return words


def as_options(provisions: Mapping[str, Any]) -> list[str]:
    """Lever -> value as the words of a command that set them."""
    return [word for lever, value in provisions.items() for word in ("--set", f"{lever}={as_word(value)}")]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
