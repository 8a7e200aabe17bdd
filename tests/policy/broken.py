"""Files that must be refused, each with the code and the line of its fault: `python -m tests.policy.broken FOLDER`.

Most are edits of what ships (broken/*.yaml); whole files are here, and those that try the reader in exhausting.py.
The command writes them, has `workbook validate` refuse each in a process of its own, and says how long and how large.
"""

import os
import re
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

import policy
from policy.reading.yaml import MAX_BYTES, MAX_DEPTH
from simulations import population
from simulations.cli import command
from simulations.scenario import loading  # noqa: F401  (before the fork)
from tests.policy import exhausting

SCENARIO = """schema: scenario/1
id: trial
label: Trial
policy: nerve_blocks
because: a test
provisions:
  conservative_weeks: "8"
  pain_duration_months: {to: "4", from: "3"}
"""


class Broken(NamedTuple):
    """One file: its name, content, and what must be said of it."""

    name: str
    content: bytes
    code: str
    line: int
    said: str


def files() -> Iterator[Broken]:
    """All of them."""
    sources = {
        "policy": policy.shipped()["nerve_blocks@2026.2"].read_text("utf-8"),
        "scenario": SCENARIO,
        "population": (population.FOLDER / "seed_low_prevalence.yaml").read_text("utf-8"),
    }
    for kind, source in sources.items():
        table = Path(__file__).parent / "broken" / f"{kind}.yaml"
        for name, fault in yaml.load(table.read_text("utf-8"), yaml.CSafeLoader).items():
            yield edited(f"{kind} {name}", source, **fault)
    for name, (content, code, line, said) in WHOLE.items():
        yield Broken(f"file {name}", content, code, line, said)
    for name, heavy in exhausting.files(sources["policy"]).items():
        line = heavy.text.count("\n", 0, heavy.text.index(heavy.at)) + 1
        yield Broken(f"exhausting {name}", heavy.text.encode(), heavy.code, line, heavy.said)


def edited(name: str, source: str, was: str, **fault: str) -> Broken:
    """The source with its first `was` as `is`; the fault lies on the line of `at`, else where the two first differ."""
    now = re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), fault["is"])
    before, found, after = source.partition(was)
    assert found, (name, was)
    text = before + now + after
    same = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    at = text.index(fault["at"]) if "at" in fault else len(before) + same
    return Broken(name, text.encode(), fault["code"], text.count("\n", 0, at) + 1, fault["said"])


WHOLE: dict[str, tuple[bytes, str, int, str]] = {
    "empty": (b"", "empty", 1, "must be a mapping of keys to values; found nothing"),
    "only a remark": (b"# only a comment\n", "empty", 1, "found nothing"),
    "a list": (b"- a\n", "empty", 1, "found a list"),
    "a word": (b"hello\n", "empty", 1, "found 'hello'"),
    "a key without value": (b"schema: policy/1\na:\n", "no-value", 2, "an entry has no value (null)"),
    "two documents": (b"a: b\n---\na: c\n", "documents", 2, "a second document begins"),
    "a list left open": (b"a: [\n", "syntax", 2, "is not valid YAML"),
    "utf-16": ("a: b\n".encode("utf-16"), "encoding", 1, "is not UTF-8 text (byte 0)"),
    "latin-1": (b"schema: policy/1\na: \xe9\n", "encoding", 2, "is not UTF-8 text (byte 20)"),
    "a zip file": (b"PK\x03\x04", "hidden-character", 1, "characters that do not print (U+0003, U+0004)"),
    "a web page": (b"<!DOCTYPE html>\n<html><body>: login: x</body></html>\n", "syntax", 2, "is not valid YAML"),
    "a directive": (b"%YAML 3.0\n---\na: b\n", "syntax", 1, "is not valid YAML"),
    "old line ends": (b"schema: policy/1\rschema: policy/1\r", "duplicate-key", 2, "first on line 1"),
    "windows line ends": (b"schema: policy/1\r\n\r\nschema: policy/1\r\n", "duplicate-key", 3, "first on line 1"),
    "cyclic alias": (b"schema: policy/1\na: &a [*a]\n", "anchor", 2, "anchor '&a' is not allowed"),
    "alias bomb": (
        b"a: &a [x]\n" + b"".join(b"%c: &%c [%b]\n" % (i + 1, i + 1, b"*%c, " % i * 9) for i in range(97, 105)),
        "alias", 2, "alias '*a' is not allowed",
    ),
    "deep lists": (b"[" * 3000, "depth", 1, f"nested deeper than {MAX_DEPTH} levels"),
    "deep maps": (b"{a: " * 1500, "depth", 1, f"nested deeper than {MAX_DEPTH} levels"),
    "deep blocks": (b"".join(b" " * i + b"a:\n" for i in range(300)), "depth", MAX_DEPTH + 1, "nested deeper than"),
    "5,000 digits": (b"schema: policy/1\na: " + b"9" * 5000 + b"\n", "length", 2, "a value of 5,000 characters"),
    "too large": (b"x" * (MAX_BYTES + 1), "size", 1, f"is {MAX_BYTES + 1:,} bytes; at most {MAX_BYTES:,} are read"),
    "3,000 digits in the schema": (b"schema: policy/" + b"9" * 3000 + b"\n", "schema", 1, "by a newer version"),
}  # fmt: skip


def write(broken: Broken, folder: Path) -> Path:
    """The file in `folder`, under a name made from its own."""
    path = folder / f"{re.sub('[^a-z0-9]+', '_', broken.name.lower())}.yaml"
    path.write_bytes(broken.content)
    return path


def main(folder: Path) -> None:
    """Write the files, have each refused in a process of its own, and say how that went."""
    folder.mkdir(parents=True, exist_ok=True)
    right, traces, slow, busy, large = 0, 0, (0.0, ""), (0.0, ""), (0, "")
    every = list(files())
    for broken in every:
        path = write(broken, folder)
        began = time.perf_counter()
        said, code, usage = refused(path)
        slow = max(slow, (time.perf_counter() - began, broken.name))
        busy = max(busy, (usage.ru_utime + usage.ru_stime, broken.name))
        large = max(large, (usage.ru_maxrss // 1024, broken.name))
        traces += "Traceback" in said
        place = re.compile(rf"^{re.escape(str(path))}:{broken.line}: .*\[{broken.code}, column \d+\]$", re.M)
        if code == 1 and place.search(said):
            right += 1
        else:
            print(f"{broken.name}: exit {code}, not {broken.code} on line {broken.line}:\n{said[:600]}")
    print(f"{len(every)} files, {right} refused with the right code and line, {traces} tracebacks")
    print(f"slowest {slow[0]:.2f} s ({slow[1]}), most CPU {busy[0]:.2f} s ({busy[1]}), imports not counted")
    print(f"largest {large[0]} MB with all that was imported ({large[1]})")


def refused(path: Path) -> tuple[str, int, resource.struct_rusage]:
    """What `workbook validate` prints of a file, its exit code and its use, in a process forked after the imports."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 2)
        os.close(reader)
        command.main(["validate", str(path)])
    os.close(writer)
    with os.fdopen(reader, errors="replace") as stream:
        said = stream.read()
    _, status, usage = os.wait4(child, 0)
    return said, os.waitstatus_to_exitcode(status), usage


if __name__ == "__main__":
    main(Path(sys.argv[1]))
