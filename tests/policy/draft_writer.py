"""Writers of drafts that are killed, or that write side by side; run as `python -m tests.policy.draft_writer`.

kills FILE TIMES SEED: again and again a child edits a draft of FILE and saves it, until it is killed at some moment;
what it had acknowledged must be there. Prints what was damaged or lost, and how much was acknowledged, as JSON.
edits FILE NAME TIMES: that many edits of a draft of FILE, each with NAME in it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from policy.authoring.draft import Draft, version_file
from policy.authoring.draft_files import drafts_folder, kept_drafts, read_kept
from policy.checking.loading import load
from policy.problems import ProblemsFound


def write_on(file: Path, begin: int, said: int) -> None:
    """Edit for ever; each edit and each saved version is told of once it is on disk."""
    draft, number = Draft.of(file), begin
    while True:
        number += 1
        draft.put("title", f"Edit {number}")
        os.write(said, f"edit {number}\n".encode())
        if number % 3 == 0:
            version = f"2027.{number % 900}"
            if not version_file("small", version).exists():
                draft.save_as(version, author="A", reason="b", date="2027-01-01")
                os.write(said, f"saved {number} {version}\n".encode())


def killed(file: Path, begin: int, after: float, soon: bool) -> list[list[str]]:
    """What a child acknowledged until it was killed, so many seconds after it began, or after its first edit."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        write_on(file, begin, writing)
    os.close(writing)
    first = b"" if soon else os.read(reading, 1)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as stream:
        return [line.split() for line in (first + stream.read()).decode().splitlines()]


def damage(told: list[list[str]], sound: set[bytes]) -> list[str]:
    """Files that cannot be read, and acknowledged edits that are nowhere; `sound` remembers what was read before."""
    wrong = []
    for path in drafts_folder().glob("*.json"):
        try:
            read_kept(path)
        except ProblemsFound as found:
            wrong.append(str(found))
    versions = [*version_file("small", "x").parent.glob("*.yaml")]
    for path in versions:
        if path.read_bytes() in sound:
            continue
        try:
            load(path)
            sound.add(path.read_bytes())
        except ProblemsFound as found:
            wrong.append(str(found))
    if told:
        number = int(told[-1][1])
        texts = [kept.text() for kept in kept_drafts("small").values()] + [path.read_text("utf-8") for path in versions]
        there = any(f"Edit {later}\n" in text for text in texts for later in (number, number + 1, number + 2))
        wrong += [] if there else [f"edit {number} is lost"]
    return wrong


def kills(file: Path, times: int, seed: int) -> dict[str, Any]:
    """What was damaged or lost over all kills, and how much had been acknowledged."""
    luck, wrong, number, acknowledged = random.Random(seed), [], 0, 0
    sound: set[bytes] = set()
    for _ in range(times):
        told = killed(file, number, luck.uniform(0.005, 0.25), soon=luck.random() < 0.3)
        wrong += damage(told, sound)
        acknowledged += len(told)
        number = max([number, *(int(one[1]) for one in told)]) + 3
    return {"wrong": wrong, "acknowledged": acknowledged}


def edits(file: Path, name: str, times: int) -> None:
    draft = Draft.of(file)
    for number in range(times):
        assert draft.put("title", f"{name}-{number}").done


if __name__ == "__main__":
    what, path, *rest = sys.argv[1:]
    if what == "kills":
        print(json.dumps(kills(Path(path), int(rest[0]), int(rest[1]))))
    else:
        edits(Path(path), rest[0], int(rest[1]))
