"""Where the command begins, and `python -m workbook`: Ctrl-C is caught before anything that takes long is imported."""

import gc
import os
import signal
import sys

INTERRUPTED = 130
NO_ROOM = ("failed to map segment", "annot allocate memory")  # the loader of libraries, in its own words
interrupted = False


def main() -> None:
    """Run the command; it ends the process."""
    signal.signal(signal.SIGINT, _on_interrupt)
    gc.set_threshold(50_000)  # what is imported stays: looking through it time and again finds nothing
    # jsonschema would build a grammar of URIs when it is imported, in two seconds; no notebook needs it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    try:
        from simulations.cli.command import main as command

        command(prog_name="workbook")
    except (MemoryError, ImportError, SystemError) as error:
        if isinstance(error, ImportError) and not any(word in str(error) for word in NO_ROOM):
            raise
        _leave(1, f"there is not enough memory for this; {what_is_there()}")


def _on_interrupt(*_: object) -> None:
    """Leave at once, whatever a library would make of a KeyboardInterrupt, unless there is something to put right."""
    global interrupted
    locks = sys.modules.get("policy.storage.locks")
    first, interrupted = not interrupted, True
    if first and locks is not None and locks.holding():
        raise KeyboardInterrupt
    _leave(INTERRUPTED, f"interrupted; {what_is_there()}")


def _leave(code: int, line: str) -> None:
    """Without the end of the interpreter, which would run what has not been begun."""
    try:
        os.write(2, f"{line}\n".encode())
    finally:
        os._exit(code)


def what_is_there() -> str:
    """The last word of a command that was cut off: what it has written."""
    files = sys.modules.get("policy.storage.files")
    there = files.written() if files is not None and hasattr(files, "written") else ()
    return f"written before: {', '.join(there)}" if there else "nothing was written"


if __name__ == "__main__":
    import workbook  # the same module, not a second one under another name

    workbook.main()
