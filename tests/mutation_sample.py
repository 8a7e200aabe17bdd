"""How many faults of policy/*.py the tests notice: `python tests/mutation_sample.py FOLDER [MODULE]... [--each 60]`.

FOLDER is a throw-away clone with mutmut 3.8 installed in the Python that runs this. The mutants of mutmut are made
there once; of each module a random sample meets its quickest tests, each in a process forked after the imports.
"""

import argparse
import json
import math
import os
import random
import resource
import sys
from pathlib import Path

import pytest
from _pytest.main import pytest_runtestloop as loop

LOADING = ("problems", "document", "broken", "scenario", "schema")
CASES = ("cases", "vignettes", "sql")
TESTS = {  # in the order tried: a mutant is done with at the first test that fails
    "truth": ("truth", "vignettes"),
    "files": ("files",),
    "cases": CASES,
    "evaluation": ("vignettes", "seed", "explanation", "sql", "questions"),
    "details": ("explanation",),
    "explanation": ("explanation",),
    "examples": ("broken", "document"),
    "model": (*LOADING, "questions", "vignettes"),
} | dict.fromkeys(("problems", "reading", "validation", "document", "scenario"), LOADING)
TOO_SLOW = "brute_force or stories or exactly_what or smallest or equivalent or never_approved or spelling or _waiting"
SECONDS = 120  # of CPU; a mutant that takes longer loops and counts as killed
CONFIGURATION = """
[tool.mutmut]
source_paths = ["policy"]
only_mutate = ["policy/*.py"]
do_not_mutate = ["policy/authoring/*", "policy/sql/*", "policy/__init__.py"]
also_copy = ["simulations", "notebooks", "benchmarks", "tests", "pyproject.toml", "docs"]
"""


def generated(folder: Path) -> dict[str, list[str]]:
    """Module -> the names of its mutants; made first where they are not there yet."""
    os.chdir(folder)
    if not Path("mutants").exists():
        project = Path("pyproject.toml")
        project.write_text(project.read_text("utf-8") + CONFIGURATION, "utf-8")
        from mutmut import __main__ as mutmut

        mutmut.set_mutant_under_test("mutant_generation")
        mutmut.copy_src_dir()
        mutmut.copy_also_copy_files()
        mutmut.create_mutants(2)
    files = sorted(Path("mutants/policy").glob("*.meta"))
    return {f.name.removesuffix(".py.meta"): sorted(json.loads(f.read_text())["exit_code_by_key"]) for f in files}


class Trial:
    """A plugin of pytest: once the tests are collected, each mutant meets those of its module in a forked process.

    Those that killed a mutant of the module are tried first: the sooner one is dead, the more can be tried.
    """

    def __init__(self, sample: list[tuple[str, str]], at_once: int = 2):
        self.sample, self.at_once = sample, at_once
        self.results: list[tuple[str, str, bool]] = []
        self.killers: dict[str, list[str]] = {module: [] for module, _ in sample}
        self.told = -1  # where a forked process says which test failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        files: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            files.setdefault(item.path.stem.removeprefix("test_"), []).append(item)
        running: dict[int, tuple[str, str, int]] = {}
        for place, (module, mutant) in enumerate(self.sample, 1):
            first = {name: rank for rank, name in enumerate(self.killers[module], -len(self.killers[module]))}
            items = [item for name in TESTS[module] for item in files[name]]
            session.items = sorted(items, key=lambda item: first.get(item.nodeid, 0))
            reader, self.told = os.pipe()
            running[begun(session, mutant)] = module, mutant, reader
            os.close(self.told)
            while running and (len(running) == self.at_once or place == len(self.sample)):
                child, status = os.wait()
                module, mutant, reader = running.pop(child)
                with os.fdopen(reader) as stream:
                    killer = stream.read()
                if killer:
                    self.killers[module] = [killer, *(name for name in self.killers[module] if name != killer)]
                killed = os.waitstatus_to_exitcode(status) != 0
                self.results.append((module, mutant, killed))
                if killed and not mutant:
                    pytest.exit(f"the tests of {module} fail without a mutant")
                print(f"killed   {mutant} {killer}" if killed else f"SURVIVED {mutant}", file=sys.stderr, flush=True)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.told, report.nodeid.encode())


def begun(session: pytest.Session, mutant: str) -> int:
    """A process in which the tests run until the first fails."""
    from policy.evaluation import loading

    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        os.environ["MUTANT_UNDER_TEST"] = mutant
        loading._checked.cache_clear()  # filled by the imports, before there was a mutant
        session.config.option.maxfail = 1  # so that one test fails, at most
        try:
            loop(session)
        finally:
            os._exit(bool(session.testsfailed))
    return child


def wilson(killed: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, killed / of
    middle, width = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("modules", nargs="*", help="these modules only")
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    mutants = {m: names for m, names in generated(given.folder).items() if m in (given.modules or TESTS)}
    os.chdir("mutants")
    sys.path.insert(0, os.getcwd())
    os.environ["MUTANT_UNDER_TEST"] = ""
    shuffled = {m: random.Random(f"{given.seed} {m}").sample(names, len(names)) for m, names in mutants.items()}
    turns = [(m, names[turn]) for turn in range(given.each) for m, names in shuffled.items() if turn < len(names)]
    unchanged = [(module, "") for module in {TESTS[m]: m for m in mutants}.values()]  # these must survive
    trial = Trial(unchanged + turns)
    paths = [f"tests/policy/test_{name}.py" for name in dict.fromkeys(n for m in mutants for n in TESTS[m])]
    options = ["-q", "-s", "-o", "addopts=", "--import-mode=importlib", "-p", "no:cacheprovider", "--tb=no"]
    pytest.main([*paths, *options, "-m", "not slow", "-k", f"not ({TOO_SLOW})"], plugins=[trial])
    print("\n| module | mutants | sampled | killed | survived | score, % (95 % interval) |\n|---|--:|--:|--:|--:|---|")
    for module, names in mutants.items():
        found = [killed for m, mutant, killed in trial.results if m == module and mutant]
        n, killed = len(found), sum(found)
        low, high = wilson(killed, n)
        print(f"| {module} | {len(names):,} | {n} | {killed} | {n - killed} | {100 * killed / n:.0f} ", end="")
        print(f"({100 * low:.0f} to {100 * high:.0f}) |")


if __name__ == "__main__":
    main()
