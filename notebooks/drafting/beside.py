"""Proof and lint of a draft in a process beside the kernel, so that hands are answered at once meanwhile.

The process ends with the kernel: it reads what is asked of it line by line, until nothing can come any more.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from notebooks.drafting.effect import findings, proof_in_words
from policy import Draft
from policy.authoring.draft_files import EditStep, Kept
from policy.authoring.lint import Finding
from policy.authoring.memory import Memory
from policy.authoring.pages import between

__all__ = ["Beside"]

_ROOT = Path(__file__).resolve().parents[2]


class Beside:
    """`proof_in_words` and `findings` of `effect`; None where something else was asked for meanwhile."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock, self._asked = threading.Lock(), 0

    def proven(self, draft: Draft) -> str | None:
        """What the draft proves, as a sentence."""
        found = self._ask("proven", draft)
        return None if found is None else str(found)

    def findings(self, draft: Draft) -> tuple[Finding, ...] | None:
        """What lint finds odd in the draft."""
        found = self._ask("findings", draft)
        return None if found is None else tuple(Finding(**one) for one in found)

    def _ask(self, work: str, draft: Draft) -> Any:
        self._asked += 1
        mine, asked = self._asked, {"work": work, "source": draft.source, "base": draft.base, "text": draft.text}
        with self._lock:
            if mine != self._asked:
                return None
            process = self._running()
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{json.dumps(asked)}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline() or "null")

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from notebooks.drafting.beside import answer; answer()"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                env=os.environ | {"PYTHONPATH": path},
            )  # fmt: skip
        return self._process


def answer() -> None:
    """Read what is asked, a line each, and answer it with a line."""
    memory = Memory[Finding]()
    for line in sys.stdin:
        asked = json.loads(line)
        step = EditStep("as it stands", between(asked["base"], asked["text"]))
        draft = Draft(Kept("beside", asked["source"], asked["base"], (step,), 1))
        found: Any
        try:
            found = (
                proof_in_words(draft) if asked["work"] == "proven" else [asdict(one) for one in findings(draft, memory)]
            )
        except Exception as error:  # the next edit is answered all the same
            found = f"This could not be worked out ({type(error).__name__})." if asked["work"] == "proven" else []
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()
