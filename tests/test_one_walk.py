"""Which modules know the forms of a rule and the kinds of a test: the model, the walk, and the few named here.

Whoever else wants to know something of a rule or a test asks the model (`Rule.entries`, `Test.facts`, `Settings.cut`
...), or gives the walk a language, so that the next form of a rule and the next kind of test are added in one place.
"""

import ast
from pathlib import Path

import pytest

from policy.model import FORMS, leaves, tests

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("policy", "simulations", "notebooks", "benchmarks")
DEFINED = ("policy/model/", "policy/entries/", "policy/trees/")  # what they are made of, and the ways through them
LOOK_INSIDE = {
    "policy/evaluation/traverse.py": "the walk",
    "policy/reading/validation.py": "every name in a rule exists, told with its place",
    "policy/authoring/mutation.py": "each form and kind has slips of its own",
    "policy/authoring/difference.py": "a rule in sentences, both sides together",
    "notebooks/drafting/words.py": "what the form that a person fills in calls each key",
}
KINDS = {
    name
    for name, kind in (vars(tests) | vars(leaves)).items()
    if isinstance(kind, type) and issubclass(kind, tests.Node)
}
PARTS = {*FORMS, "parts", "only_while", "turns", "then", "stated", "branches", "otherwise", "assume"} - {"outcome"}
KEYS = {"first_of", "branches", "otherwise", "all_of", "any_of", "none_of"}  # which mean nothing else as a text


def looks(source: str) -> set[str]:
    """What a module says that only somebody says who looks inside a rule or a test."""
    nodes = list(ast.walk(ast.parse(source)))
    apart = {id(node.func) for node in nodes if isinstance(node, ast.Call)}  # .then(...) is a method of something else
    apart |= {id(node.value) for node in nodes if isinstance(node, ast.Subscript)}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            found |= {part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name)} & KINDS
        elif isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
            found |= {node.cls.id} & KINDS
        elif isinstance(node, ast.Attribute) and id(node) not in apart and node.attr in PARTS:
            found |= set() if isinstance(node.value, ast.Name) and node.value.id == "self" else {node.attr}
        elif isinstance(node, ast.Constant) and node.value in KEYS:
            found.add(str(node.value))
    return found


def test_few_modules_look_inside_a_rule_or_a_test():
    """A module too many: ask the model, or let the walk speak another language. One too few: take it off the list."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    found = {n for n, path in names.items() if not n.startswith(DEFINED) and looks(path.read_text("utf-8"))}
    assert found == LOOK_INSIDE.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("isinstance(test, Mean)", {"Mean"}),
        ("isinstance(test, AllOf | AnyOf)", {"AllOf", "AnyOf"}),
        ("match test:\n    case LeverIs():\n        pass", {"LeverIs"}),
        ("rule.first_of or ()", {"first_of"}),
        ("for step in rule.then: pass", {"then"}),
        ("node.get('branches', {})", {"branches"}),
        ("def compared(how: Comparison): ...", set()),
        ("frame.when(x).then(y).otherwise(z)", set()),
        ("self.parts = load.parts()", set()),
        ("policy.facts_read(rule), rule.switches()", set()),
    ],
)
def test_looking_inside_is_seen(source: str, found: set[str]):
    assert looks(source) == found
