"""How the command ends: every way out is an exit code and at most one line a problem, never a traceback."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NoReturn, TextIO

import workbook
from policy.problems import ProblemsFound, UndatedRows, shown
from policy.storage.files import forget_written, written


def begin() -> None:
    """Nothing is written yet, and there is somewhere to say what happens."""
    forget_written()
    # jsonschema would build its grammar, a second of each start, to check the IRIs that no notebook has
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_RDWR), "w")
    if sys.stdout is None:
        _leave(1, "standard output is closed; nothing was done")


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Whatever cuts the block off becomes an exit code and lines on stderr."""
    try:
        yield
        sys.stdout.flush()
    except (SystemExit, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        _leave(workbook.INTERRUPTED, f"interrupted; {workbook.what_is_there()}")
    except Exception as error:
        if workbook.interrupted:  # a library has made something else of it
            _leave(workbook.INTERRUPTED, f"interrupted; {workbook.what_is_there()}")
        if isinstance(error, ProblemsFound):
            _leave(2 if isinstance(error, UndatedRows) else 1, str(error))
        if isinstance(error, MemoryError):
            _leave(1, f"there is not enough memory for this; {workbook.what_is_there()}")
        if isinstance(error, UnicodeEncodeError):
            sign = shown(error.object[error.start : error.end])
            advice = "set PYTHONIOENCODING=utf-8:backslashreplace"
            _leave(1, f"standard output: {sign} cannot be written there; {advice}{_and_what_is_there()}")
        if isinstance(error, OSError):
            _leave(1, _of_the_system(error))
        raise


def _of_the_system(error: OSError) -> str:
    """An error while a file is read has its name; else it is what the command prints that has no place."""
    place, what = (error.filename, "read") if error.filename else ("standard output", "written")
    return f"{place}: cannot be {what} ({error.strerror}){_and_what_is_there()}"


def _and_what_is_there() -> str:
    return f"; {workbook.what_is_there()}" if written() else ""


def _leave(code: int, line: str) -> NoReturn:
    for stream, text in ((sys.stdout, ""), (sys.stderr, f"{line}\n")):
        if stream is None:
            continue
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            _silence(stream)
    raise SystemExit(code)


def _silence(stream: TextIO) -> None:
    """What is still to be written goes nowhere, so that the end of the process does not try again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
