"""The same policy as a program for JavaScript: every joint setting of its levers, with no Python at hand.

`compiled` writes the program as data, and `evaluation.js` beside it says what the program makes of many cases.
"""

from pathlib import Path

from policy.javascript.compiler import Program, compiled

ENGINE = Path(__file__).resolve().parent / "evaluation.js"

__all__ = ["ENGINE", "Program", "compiled"]
