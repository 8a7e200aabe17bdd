"""Is anything lost? `python tests/loss_sample.py [--kills 500] [--races 200] [--whole 20] [--fail]` counts what is.

A report is written onto an existing one while the process is killed, raced or fails. To have many, the kernel is left
out: what it would write is made once and the rest of `simulate` runs in a process forked after the imports. `--whole`
kills whole commands with their kernels. A mixture is a folder that is neither the old report nor the new one.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from policy import ProblemsFound
from policy.storage.scratch import scratch
from simulations.cli.command import main as command
from simulations.reports import report
from simulations.runs import run
from simulations.runs.earlier_reports import only_a_report
from simulations.storage.folders import held
from simulations.studies.comparison import ask

ROOT = Path(__file__).resolve().parent.parent
STEPS = ("open", "fsync", "rename", "replace", "link", "unlink", "chmod", "mkdir", "rmdir")
LOSSES = ("mixtures", "inputs changed", "untrue messages", "leftovers")
CASES = "case_id,dx,cpt,pain_duration_days,age\nA1,M54.2,20552,200,45\nA2,M54.2,20552,-5,70\nA3,M54.2,20552,9,70\n"


class Desk:
    """A folder with a case table and a report `out` of one setting, to be written over with that of another."""

    def __init__(self, place: Path):
        self.place, self.out, self.temporary = place, place / "out", place / "tmp"
        self.temporary.mkdir()
        tempfile.tempdir = str(self.temporary)
        self.table = place / "cases.csv"
        self.table.write_text(CASES, encoding="utf-8")
        self.made = {weeks: self._results(weeks) for weeks in (8, 10)}
        run._executed = self._recorded  # type: ignore[assignment]
        run._page = self._plain_page  # type: ignore[assignment]
        self.reports: dict[int, dict[str, bytes]] = {}
        for weeks in (10, 8):
            self.simulate(weeks)
            self.reports[weeks] = contents(self.out)

    def _results(self, weeks: int) -> dict[str, bytes]:
        folder = self.place / "results"
        folder.mkdir()
        report.write(ask(provisions={"conservative_weeks": weeks}, size=300), folder)
        made = contents(folder)
        shutil.rmtree(folder)
        return made

    def _recorded(self, notebook: Any, values: dict[str, Any], desk: Path, *_: Any) -> Any:
        """What the kernel would leave: the files, and cells that were run."""
        for name, content in self.made[values["provisions"]["conservative_weeks"]].items():
            (desk / "results" / name).write_bytes(content)
        for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
            cell.outputs, cell.execution_count = [], number
        return notebook

    def _plain_page(self, notebook: Any, summary: dict[str, Any]) -> bytes:
        return str(summary["headline"]).encode() * 1000

    def simulate(self, weeks: int) -> None:
        run.simulate(provisions={"conservative_weeks": weeks}, size=300, out=self.out, parameters={"draws": 0})

    def put_old(self) -> None:
        """The old report, whole, and nothing beside it."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        for name, content in self.reports[8].items():
            (self.out / name).write_bytes(content)

    def next_start(self) -> None:
        """What every run does before it begins."""
        with held(self.out, only_a_report), scratch():
            pass

    def wrong(self) -> list[str]:
        """What a user would miss after the next start."""
        found = []
        if contents(self.out) not in self.reports.values():
            found.append("mixtures")
        if self.table.read_text(encoding="utf-8") != CASES:
            found.append("inputs changed")
        if sorted(os.listdir(self.place)) != ["cases.csv", "out", "tmp"] or os.listdir(self.temporary):
            found.append(f"leftovers {os.listdir(self.place)} {os.listdir(self.temporary)}")
        return found


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> bytes of the files of a folder; empty where there is none."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def child(work: Callable[[], None]) -> int:
    """A forked process that does `work`; its exit code is 3 where that was refused in one line, 1 where it broke."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except ProblemsFound as found:
        code = 3 if len(str(found).splitlines()) == 1 and "nothing was changed" in str(found) else 1
    finally:
        os._exit(code)


def kills(desk: Desk, times: int, luck: random.Random) -> Counter[str]:
    """Half of the kills at any moment of the run, half while the new report is written."""
    found: Counter[str] = Counter()
    desk.put_old()
    began = time.monotonic()
    os.waitpid(child(lambda: desk.simulate(10)), 0)
    whole = time.monotonic() - began
    for number in range(times):
        desk.put_old()
        read, write = os.pipe()

        def work(write: int = write) -> None:
            fill = run.fill
            run.fill = lambda *given: (os.write(write, b"x"), fill(*given))[1]
            desk.simulate(10)

        pid = child(work)
        os.close(write)
        if number % 2:
            os.read(read, 1)
            time.sleep(luck.uniform(0, whole / 8))
        else:
            time.sleep(luck.uniform(0, whole))
        os.kill(pid, signal.SIGKILL)
        killed = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 0
        os.close(read)
        found["killed" if killed else "ended before"] += 1
        found["out was away"] += not desk.out.exists()
        desk.next_start()
        found["new"] += contents(desk.out) == desk.reports[10]
        found.update(desk.wrong())
    return found


def races(desk: Desk, times: int, luck: random.Random) -> Counter[str]:
    """Two writers of two reports, the second a little later."""
    found: Counter[str] = Counter()
    for _ in range(times):
        desk.put_old()
        pids = []
        for weeks in (8, 10):
            pids.append(child(lambda weeks=weeks: desk.simulate(weeks)))  # type: ignore[misc]
            time.sleep(luck.uniform(0, 0.2))
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        found[f"ended {codes}"] += 1
        done = [weeks for weeks, code in zip((8, 10), codes, strict=True) if code == 0]
        found["untrue messages"] += set(codes) - {0, 3} != set() or contents(desk.out) not in [
            desk.reports[weeks] for weeks in done
        ]
        found.update(desk.wrong())
    return found


@contextlib.contextmanager
def failing(step: str, at: int) -> Iterator[list[int]]:
    """The `at`-th call of os.<step> fails, once."""
    right, calls = getattr(os, step), [0]

    def broken(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise OSError(5, "Input/output error")
        return right(*given, **named)

    setattr(os, step, broken)
    try:
        yield calls
    finally:
        setattr(os, step, right)


def commands(desk: Desk) -> dict[str, tuple[list[str], list[Path]]]:
    """The commands that write several files: their words, and what they write."""
    far = desk.place / "far"
    far.mkdir(exist_ok=True)
    determine = ["determine", str(desk.table), "--out", str(desk.place / "d.csv"), "--rejects", str(far / "r.csv")]
    determine += ["--max-rejects", "50"]
    simulate = ["simulate", "--size", "300", "-p", "draws=0", "--set", "conservative_weeks=10", "--out", str(desk.out)]
    population = ["population", "seed_low_prevalence", "--size", "30", "--out", str(desk.place / "p")]
    return {
        "determine": (determine, [desk.place / "d.csv", far / "r.csv"]),
        "simulate": (simulate, [desk.out]),
        "population": (population, [desk.place / "p"]),
    }


def ended(words: list[str]) -> tuple[int, str]:
    """Exit code and what the command says, in this process."""
    from click.testing import CliRunner

    result = CliRunner().invoke(command, words, prog_name="workbook")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return -1, f"TRACEBACK {result.exception!r}"
    return result.exit_code, result.output


def snapshot(paths: list[Path]) -> dict[str, Any]:
    return {path.name: contents(path) if path.is_dir() else path.read_bytes() for path in paths if path.exists()}


def failures(desk: Desk, most: int = 400) -> Counter[str]:
    """Every call of the system that a command makes fails, one at a time, with nothing there and with an old result."""
    found: Counter[str] = Counter()
    for name, (words, paths) in commands(desk).items():
        _gone(paths)
        assert ended(words)[0] == 0
        new = snapshot(paths)
        for there in (True, False):
            for step in STEPS:
                for at in range(1, most):
                    _gone(paths)
                    if there:
                        _put(desk, name, paths)
                    old = snapshot(paths)
                    with failing(step, at) as calls:
                        code, said = ended(words)
                    after = snapshot(paths)
                    found[f"{name} failures"] += 1
                    if after not in (old, new):
                        found[f"mixtures {name} {step} {at}"] += 1
                    silent = [code == 0 and after != new, code != 0 and after == new != old and "nothing" in said]
                    if (
                        any(silent)
                        or code not in (0, 1)
                        or (code == 1 and len(said.strip().splitlines()) > 1 and after == old)
                    ):
                        found[f"untrue messages {name} {step} {at} {code} {said[:200]}"] += 1
                    if ended(words)[0] != 0 or list(desk.place.rglob(".*wb*")) or os.listdir(desk.temporary):
                        found[f"leftovers {name} {step} {at}"] += 1
                    if desk.table.read_text(encoding="utf-8") != CASES:
                        found["inputs changed"] += 1
                    if calls[0] < at:
                        break
    return found


def _gone(paths: list[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _put(desk: Desk, name: str, paths: list[Path]) -> None:
    if name == "simulate":
        desk.put_old()
    elif name == "population":
        assert ended(["population", "seed_low_prevalence", "--size", "20", "--out", str(paths[0])])[0] == 0
    else:
        for path in paths:
            path.write_bytes(b"old")


def whole_commands(place: Path, times: int, luck: random.Random) -> Counter[str]:
    """Real commands with their kernels, killed at a random moment; then a whole run."""
    found: Counter[str] = Counter()
    (place / "t").mkdir()
    environment = {**os.environ, "TMPDIR": str(place / "t"), "PYTHONPATH": str(ROOT)}

    def start(weeks: int) -> subprocess.Popen[bytes]:
        words = ["simulate", "--size", "300", "-p", "draws=0", "--set", f"conservative_weeks={weeks}", "--out", "whole"]
        command = [sys.executable, "-m", "workbook", *words]
        return subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)

    reports = []
    for weeks in (8, 10):
        began = time.monotonic()
        assert start(weeks).wait() == 0
        reports.append(contents(place / "whole"))
    long = time.monotonic() - began
    for _ in range(times):
        process = start(luck.choice((8, 10)))
        time.sleep(luck.uniform(0, long * 1.1))
        process.kill()
        found["killed" if process.wait() < 0 else "ended before"] += 1
        time.sleep(2)  # its kernel notices
        tempfile.tempdir = str(place / "t")
        with held(place / "whole", only_a_report), scratch():
            pass
        found["mixtures"] += contents(place / "whole") not in reports
        if sorted(os.listdir(place)) != ["t", "whole"] or os.listdir(place / "t"):
            found[f"leftovers {os.listdir(place)} {os.listdir(place / 't')}"] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("kills", "races", "whole", "seed"):
        parser.add_argument(f"--{option}", type=int, default=0)
    parser.add_argument("--fail", action="store_true")
    asked = parser.parse_args()
    luck = random.Random(asked.seed)
    done: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as place:
        if asked.whole:
            done["whole commands"] = whole_commands(Path(place), asked.whole, luck)
            tempfile.tempdir = None
    with tempfile.TemporaryDirectory() as place:
        desk = Desk(Path(place)) if asked.kills or asked.races or asked.fail else None
        if desk and asked.kills:
            done["kills"] = kills(desk, asked.kills, luck)
        if desk and asked.races:
            done["races"] = races(desk, asked.races, luck)
        if desk and asked.fail:
            done["failures"] = failures(desk)
    for name, found in done.items():
        print(name, dict(found))
    lost = [word for found in done.values() for word, times in found.items() if times and word.startswith(LOSSES)]
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
