"""The glossary is short, explains what it names in a sentence or two, and names only what somebody reads elsewhere."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
SCREENS = ("simulations", "notebooks", "policy/authoring", "policy/evaluation")  # whose sentences a person sees


def entries(text: str) -> dict[str, str]:
    """Term -> its explanation."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {term: said.strip() for term, said in zip(parts[::2], parts[1::2], strict=True)}


def documented(node: ast.AST) -> ast.AST | None:
    """The docstring of a module, class or function; that of a command is its help, and counts."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or not node.body:
        return None
    if isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(by) for by in node.decorator_list):
        return None
    first = node.body[0]
    return first.value if isinstance(first, ast.Expr) else None


def spoken(source: str) -> str:
    """The texts in a source that are no docstrings: what it can show to a person."""
    tree = ast.parse(source)
    silent = {id(documented(node)) for node in ast.walk(tree)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in silent]
    return "\n".join(node.value for node in texts if isinstance(node.value, str) and " " in node.value)


def shown() -> str:
    """All that a reader meets: the README, the docs, the notebooks and the program's sentences."""
    pages = [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    texts = [page.read_text("utf-8") for page in pages if page != GLOSSARY]
    for name in SCREENS:
        texts += [spoken(path.read_text("utf-8")) for path in (ROOT / name).rglob("*.py")]
    for name in ("notebooks", "simulations"):
        for path in (ROOT / name).glob("*.ipynb"):
            cells = json.loads(path.read_text("utf-8"))["cells"]
            texts += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return "\n".join(texts)


def is_used(term: str, text: str) -> bool:
    """The term as a word of its own, in the plural too."""
    forms = (term, f"{term}s", f"{term[:-1]}ies" if term[-1] == "y" else term, re.sub("on$", "a", term))
    words = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms)
    return re.search(rf"\b({words})\b", text, re.IGNORECASE) is not None


ENTRIES = entries(GLOSSARY.read_text("utf-8"))


def test_there_are_at_most_thirty_terms_in_order_each_once():
    terms = list(ENTRIES)
    assert len(re.findall("^## ", GLOSSARY.read_text("utf-8"), re.MULTILINE)) == len(terms) <= 30
    assert terms == sorted(terms, key=str.lower)


def test_each_is_explained_in_a_sentence_or_two():
    plain = {term: re.sub(r"`[^`]*`", "", said) for term, said in ENTRIES.items()}
    assert {term: said for term, said in plain.items() if len(re.findall(r"\.(?:\s|$)", said)) not in (1, 2)} == {}


def test_every_term_is_used_where_somebody_reads():
    text = shown()
    assert [term for term in ENTRIES if not is_used(term, text)] == []


def test_the_readme_links_to_it():
    assert "(docs/glossary.md)" in (ROOT / "README.md").read_text("utf-8")
