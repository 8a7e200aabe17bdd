"""One writer at a time: a lock beside each file or folder that is written, which the system lets go of with its owner.

The lock is on an open file, so a killed process holds none and whoever gets it knows that no other writer is alive.
"""

import errno
import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from policy.problems import refuse

if os.name == "nt":  # pragma: no cover
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_LONGEST = 180  # bytes of a name that leave room for what is put around it
_PAUSE = 0.05
_held: dict[Path, tuple[int, int]] = {}  # the lock files of this process: thread, how often
_guard = threading.RLock()  # a folder of `scratch` may be let go of by the garbage collector at any moment


class Busy(Exception):
    """Another process, or another thread of this one, writes there."""


def real(path: Path) -> Path:
    """The file or folder behind every link."""
    return Path(os.path.realpath(path))


def key_of_path(path: Path) -> str:
    """What the names of a target's lock and leftovers begin with."""
    name = os.fsencode(path.name)
    return path.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()


def lock_file(path: Path) -> Path:
    """Where the lock of a target is."""
    return path.parent / f".{key_of_path(path)}.wb-lock"


LOCK_NAME = re.compile(r"\.(?P<key>.+)\.wb-lock", re.S)


def holding() -> bool:
    """Whether this process writes somewhere at present, so that there may be something to put right."""
    return bool(_held)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a target (`real`, its folder is there) while the block runs; Busy when another holds it.

    The value says whether this thread has taken it just now and not before. OSError where the folder takes no file; a
    file system that has no locks is written without.
    """
    place, me = lock_file(path), threading.get_ident()
    with _guard:
        owner, times = _held.get(place, (me, 0))
        if owner != me:
            raise Busy
        handle = _open(place) if not times else None
        _held[place] = (me, times + 1)
    try:
        yield not times
    finally:
        with _guard:
            if times:
                _held[place] = (me, times)
            else:
                try:
                    _release(place, handle)
                finally:
                    del _held[place]


def _open(place: Path) -> int:
    """The handle of the lock file once it is ours; a file that its last owner took away meanwhile is no lock."""
    while True:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _take(handle)
            if _same(handle, place):
                return handle
        except OSError as error:
            if error.errno in TAKEN:
                os.close(handle)
                raise Busy from None
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL):
                return handle
            os.close(handle)
            raise
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _same(handle: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(place))
    except FileNotFoundError:
        return False


def _release(place: Path, handle: int | None) -> None:
    if handle is None:
        return
    try:
        if os.name == "nt":  # pragma: no cover
            os.close(handle)  # an open file cannot be removed there, and one that another has opened cannot either
            handle = None
        os.unlink(place)
    except OSError:
        pass  # the next writer takes it
    finally:
        if handle is not None:
            with suppress(OSError):  # closed all the same
                os.close(handle)


@contextmanager
def claimed(*paths: Path, patience: float = 0.0) -> Iterator[list[bool]]:
    """The locks of several targets, always taken in the same order; ProblemsFound names one that is taken.

    `patience`: how many seconds to wait for each.
    """
    with ExitStack() as stack:
        fresh = []
        for path in sorted({real(path): path for path in paths}.values(), key=real):
            until = time.monotonic() + patience
            while True:
                try:
                    fresh.append(stack.enter_context(locked(real(path))))
                    break
                except Busy:
                    if time.monotonic() < until:
                        time.sleep(_PAUSE)
                        continue
                    message = "another run is writing it; wait for that to end, or name another; nothing was changed"
                    raise refuse("write", str(path), message) from None
                except OSError as error:
                    message = f"cannot be written ({error.strerror}); nothing was changed"
                    raise refuse("write", str(path), message) from None
        yield fresh
