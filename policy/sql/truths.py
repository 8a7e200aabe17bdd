"""The truths of evaluation/kleene.py as SQL: 0 not met, 1 not documented, 2 met, by least and greatest.

A truth is a text that yields one of the three; one that the setting alone decides is its digit.
"""

from collections.abc import Iterable

from policy.sql.text import Predicate


def coded(truth: str, code: int) -> Predicate:
    """Whether a truth has a code."""
    return truth == str(code) if truth.isdigit() else f"{truth} = {code}"


def opposite(truth: str) -> str:
    """What is met is not met, and the reverse."""
    return str(2 - int(truth)) if truth.isdigit() else f"(2 - {truth})"


def least(truths: Iterable[str]) -> str:
    """All of several truths."""
    return _extreme("LEAST", truths, "0", "2")


def greatest(truths: Iterable[str]) -> str:
    """Any of several truths."""
    return _extreme("GREATEST", truths, "2", "0")


def _extreme(function: str, truths: Iterable[str], final: str, neutral: str) -> str:
    kept = [truth for truth in dict.fromkeys(truths) if truth != neutral]
    return (
        final if final in kept else f"{function}({', '.join(kept)})" if len(kept) > 1 else kept[0] if kept else neutral
    )
