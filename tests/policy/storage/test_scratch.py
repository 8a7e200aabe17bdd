"""A folder for a run: gone with it, and when it was killed, gone with the next start."""

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from policy.storage.scratch import scratch


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("error", [None, ValueError(), KeyboardInterrupt(), MemoryError()])
def test_it_is_gone_after_the_block(place: Path, error: BaseException | None) -> None:
    def run() -> None:
        with scratch() as desk:
            (desk / "deep").mkdir()
            (desk / "deep" / "file").write_bytes(b"x")
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            run()
    else:
        run()
    assert os.listdir(place) == []


def deadly(step: str, at: int) -> None:
    """From now on the `at`-th call of os.<step> kills this process."""
    right, calls = getattr(os, step), [0]

    def counted(*given: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return right(*given, **named)

    setattr(os, step, counted)


@pytest.mark.parametrize("step", ["open", "unlink", "rmdir", "mkdir", "close", "scandir", "stat"])
def test_wherever_it_is_killed_the_next_start_removes_it(place: Path, step: str) -> None:
    for at in range(1, 60):
        pid = os.fork()
        if not pid:
            deadly(step, at)
            try:
                with scratch() as desk:
                    (desk / "deep").mkdir()
                    (desk / "deep" / "file").write_bytes(b"x")
            finally:
                os._exit(0)
        died = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 0
        with scratch() as desk:
            assert os.listdir(place) == [desk.name], at
        if not died:
            return
    pytest.fail("the kill was never past the end")


def test_that_of_a_run_that_is_alive_stays(place: Path) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        with scratch():
            os.write(write, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(read, 1)
    (place / "wb-strangers").mkdir()  # not our pattern
    (place / "wb-abcd1234").mkdir()
    (place / "wb-abcd1234" / "file").write_bytes(b"of somebody else's program")
    with scratch() as mine:
        assert len(os.listdir(place)) == 4
        assert mine.is_dir()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with scratch():
        pass
    assert sorted(os.listdir(place)) == ["wb-abcd1234", "wb-strangers"]
