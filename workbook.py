"""Where the command begins, and `python -m workbook`: Ctrl-C is caught before anything that takes long is imported."""

import os
import signal
import sys

INTERRUPTED = 130
interrupted = False


def main() -> None:
    """Run the command; it ends the process."""
    signal.signal(signal.SIGINT, _on_interrupt)
    from simulations.command import main as command

    command(prog_name="workbook")


def _on_interrupt(*_: object) -> None:
    """Leave at once, whatever a library would make of a KeyboardInterrupt, unless there is something to put right."""
    global interrupted
    locks = sys.modules.get("policy.locks")
    first, interrupted = not interrupted, True
    if first and locks is not None and locks.holding():
        raise KeyboardInterrupt
    try:
        os.write(2, f"interrupted; {what_is_there()}\n".encode())
    finally:
        os._exit(INTERRUPTED)


def what_is_there() -> str:
    """The last word of a command that was cut off: what it has written."""
    files = sys.modules.get("policy.files")
    there = files.written() if files is not None and hasattr(files, "written") else ()
    return f"written before: {', '.join(there)}" if there else "nothing was written"


if __name__ == "__main__":
    import workbook  # the same module, not a second one under another name

    workbook.main()
