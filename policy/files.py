"""The one place that writes: a file is there whole or not at all, a folder likewise."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policy.problems import refuse


def save(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, flush it to disk and rename it into place; on any failure the old file stays."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise refuse("write", str(path), f"cannot be written ({error.strerror}); nothing was changed") from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)


def append(path: Path, line: str) -> None:
    """One more line at the end of a file, on disk when this returns; a reader must bear a last line that is cut off."""
    try:
        with path.open("ab") as stream:
            stream.write(f"{line}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise refuse("write", str(path), f"cannot be written ({error.strerror})") from None


@contextmanager
def folder(path: Path, last: str) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well; a failure leaves `path` as it was.

    When `path` exists, its other files are kept and those of the same name replaced one by one; the file named `last`
    (the completion stamp) is removed first and put back at the end, so that a reader never trusts a mixture.
    """
    if path.exists() and not path.is_dir():
        raise refuse("write", str(path), "is a file, but a folder is needed; nothing was changed")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.absolute().parent))
    except OSError as error:
        raise refuse("write", str(path), f"cannot be written ({error.strerror}); nothing was changed") from None
    try:
        yield work
        work.chmod(0o777 & ~_umask())
        if not path.exists():
            work.rename(path)
            return
        (path / last).unlink(missing_ok=True)
        for file in sorted(work.iterdir(), key=lambda f: f.name == last):
            os.replace(file, path / file.name)
    except OSError as error:
        raise refuse("write", str(path), f"cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
