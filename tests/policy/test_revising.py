"""A value in the place of another: it reads back as meant, and what is alike inside keeps its lines."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from policy.authoring.pages import Page
from policy.authoring.revising import revised
from policy.authoring.side_by_side import lines_changed
from policy.reading.loading import shipped

NAMES = ("occipital_myofascial@2026.1", "nerve_blocks@2026.2")


def page_of(name: str) -> Page:
    return Page(shipped()[name].read_text("utf-8"), name)


def scrambled(value: Any, rng: random.Random) -> Any:
    """The same with entries taken out, added, changed or in another order, anywhere inside."""
    if isinstance(value, str):
        return value if rng.random() < 0.8 else f"{value} changed"
    pairs = [*value.items()] if isinstance(value, dict) else [*enumerate(value)]
    found = [(key, scrambled(one, rng)) for key, one in pairs]
    if rng.random() < 0.2 and len(found) > 1:
        found.pop(rng.randrange(len(found)))
    if rng.random() < 0.2:
        found.insert(rng.randrange(len(found) + 1), ("new_entry", "new"))
    if rng.random() < 0.1:
        rng.shuffle(found)
    return dict(found) if isinstance(value, dict) else [one for _, one in found]


def drawn(page: Page, rng: random.Random, most: int) -> Iterator[tuple[str | int, ...]]:
    for _ in range(most):
        section = rng.choice(["pathways", "criteria", "levers", "examples", "gates", "evidence"])
        held = page.find((section,)).value
        yield section, rng.choice([*held]) if isinstance(held, dict) else rng.randrange(len(held))


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_back_as_meant_and_the_rest_is_untouched(name: str):
    page, rng = page_of(name), random.Random(name)
    for path in drawn(page, rng, 12):
        wanted = scrambled(page.find(path).plain(), rng)
        new = revised(page, path, wanted)
        assert new.find(path).plain() == wanted
        tree, before = new.root.plain(), page.root.plain()
        tree[path[0]][path[1]] = before[path[0]][path[1]]
        assert tree == before


def test_what_is_alike_keeps_its_lines():
    page = page_of(NAMES[0])
    path = ("pathways", "neuralgia_occipital_block", "rule")
    rule = page.find(path).plain()
    rule["first_of"][0]["because"] = "another"
    rule["first_of"][1]["branches"]["diagnostic"]["require"].insert(1, "nerve_named")
    assert [*lines_changed(page.text, revised(page, path, rule).text)] == [
        '-           because: "the policy calls occipital blocks unproven for occipital neuralgia"',
        '+           because: "another"',
        "-               require: [other_cause_excluded, diagnostic_blocks_left, occipital_session_limit]",
        "+               require: [other_cause_excluded, nerve_named, diagnostic_blocks_left, occipital_session_limit]",
    ]


def test_the_same_value_changes_nothing():
    page = page_of(NAMES[0])
    for section in ("pathways", "criteria", "examples"):
        assert revised(page, (section,), page.find((section,)).plain()) is page
