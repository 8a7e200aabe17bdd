"""Files within the limit of size that try the time and the memory of the reader and of the checks."""

from itertools import chain
from typing import NamedTuple

STATEMENTS = "statements: [S2, S13, S50]"
REQUIRE = "    require:\n      - {criterion: repeat_relief"
SELECTS = "diagnosis: [neck_pain, thoracic_pain], procedure: [trigeminal_block]"
LEVER = 'l{}: {{label: x, says: x, citation: x, origin: assumption, unit: days, default: "0"'
LEVER += ", direction: stricter_when_higher, domain: {{min: 0, max: 9999, step: 1}}}}\n"
GROUP = '  g{0}: {{label: x, codes: {{"A{0:02d}": {{label: x, origin: alternative}}}}}}\n'
EXAMPLE = '  - {{name: e{0}, case: {{dx: M54.2, cpt: "20553"}}, expect: met, set: {{conservative_weeks: {1}}}}}\n'


class Exhausting(NamedTuple):
    """The text, and the code, the text on the line and the words of its first problem."""

    text: str
    code: str
    at: str
    said: str


def many(line: str, count: int) -> str:
    return "".join(line.format(i, i % 27) for i in range(count))


def files(shipped: str) -> dict[str, Exhausting]:
    """All of them; some are the shipped policy with far more in a section than anybody would write."""

    def inside(section: str, entries: str) -> str:
        assert f"\n{section}:\n" in shipped
        return shipped.replace(f"\n{section}:\n", f"\n{section}:\n{entries}", 1)

    def instead(was: str, now: str, text: str = shipped) -> str:
        assert was in text
        return text.replace(was, now, 1)

    deep = "".join(chain("schema: policy/1\n", (" " * i + "k" * 1000 + ":\n" for i in range(30)), " " * 31 + "- *a\n"))
    codes = many('"A00.{0:04d}": {{label: x, origin: assumption}}, ', 1400)
    conditions = "    require:\n" + many("      - {{criterion: repeat_relief, while: {{l{}: [x]}}}}\n", 300)
    levers = instead(REQUIRE, conditions + REQUIRE.partition("\n")[2], inside("levers", many("  " + LEVER, 300)))
    twice = f"diagnosis: [{'neck_pain, ' * 2900}x], procedure: [{'epidural, ' * 2900}y]"
    return {
        "60,000 aliases": Exhausting("a: [" + "*a," * 60000 + "]", "alias", "a", "alias '*a' is not allowed"),
        "33,000 equal keys": Exhausting("a: b\na: c\n" + "a: b\n" * 33000, "duplicate-key", "a: c", "first on line 1"),
        "19,000 unknown keys": Exhausting(
            "schema: policy/1\n" + many("k{}: b\n", 19000), "unknown-key", "k0", "unknown key 'k0'"
        ),
        "50,000 hidden characters": Exhausting("\u202e\n" * 50000, "hidden-character", "\u202e", "U+202E"),
        "long keys, deep": Exhausting(deep, "alias", "- *a", "alias '*a' is not allowed"),
        "one long anchor": Exhausting("a: &" + "x" * 150000 + " b\n", "anchor", "a", "is not allowed"),
        "60,000 lists": Exhausting("a: [" + "[]," * 60000 + "]", "schema", "a", "the schema is missing"),
        "14,000 unknown statements": Exhausting(
            instead(STATEMENTS, f"statements: [{'S99, ' * 14000}S99]"), "unknown-statement", "S99", "no statement is"
        ),
        "90 groups without a pathway": Exhausting(
            inside("diagnoses", many(GROUP, 90)), "gap", "pathways:\n", "no pathway for g0 x"
        ),
        "1,400 codes without a pathway": Exhausting(
            inside("diagnoses", f"  all: {{label: x, codes: {{{codes}}}}}\n"),
            "gap",
            "pathways:\n",
            "no pathway for all x",
        ),
        "300 levers of 10,000 values": Exhausting(levers, "unknown-value", "{l0: [x]}", "no value of l0 is called 'x'"),
        "180 examples that come out otherwise": Exhausting(
            inside("examples", many(EXAMPLE, 180)), "example", "  - {name: e0,", "comes out as pend; expected is met"
        ),
        "a pathway that repeats itself": Exhausting(
            instead(SELECTS, twice), "unknown-diagnosis-group", "neck_pain, neck_pain", "called 'x'"
        ),
    }
