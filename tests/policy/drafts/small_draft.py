"""A small document that drafts begin from, and an edit of it by chance."""

from __future__ import annotations

import random

from policy.authoring.draft import Draft
from policy.authoring.draft_edits import Edited
from tests.policy.small import OWN, text_of

BY = {"author": "A. Author", "reason": "as the committee asked", "date": "2027-01-02"}
WEEKS = {"type": "whole", "unit": "weeks", "min": "0", "max": "60"}
LEAST = {"default": "6", "domain": {"min": "0", "max": "12", "step": "1"}, "unit": "weeks",
         "direction": "stricter_when_higher"}  # fmt: skip
STANCE = {"default": "open", "choices": {"open": "x", "strict": "y"}, "order": ["open", "strict"]}
CASE = {"dx": "G47.33", "cpt": "E0601", "care": "6"}
SMALL = text_of(
    {"care": WEEKS, "rest": WEEKS},
    {"least_care": LEAST, "stance": STANCE},
    {"enough_care": {"at_least": {"care": "least_care"}},
     "strict_rest": {"any_of": [{"lever": {"stance": "open"}}, {"at_least": {"rest": "3"}}]}},
    evidence={"trial-1": {"title": "x", "source": "x", "year": "2020", "population": "x", "stance": "x",
                          "strength": "x", "status": "current", "note": "x", "verified": "x", "reference": "x", **OWN}},
    gates={"gate": {"title": "Gate", "require": ["strict_rest"]}},
    examples=[{"name": "six weeks", "case": CASE, "expect": "met"}],
)  # fmt: skip


def random_edit(draft: Draft, luck: random.Random) -> Edited:
    return luck.choice(
        [
            lambda: draft.set_default("least_care", luck.randint(0, 12)),
            lambda: draft.switch("stance", luck.choice(["open", "strict"])),
            lambda: draft.reword("criteria", "enough_care", "word " * luck.randint(1, 40)),
            lambda: draft.require("all", luck.choice(["enough_care", "gate"]), at=luck.randint(0, 3)),
            lambda: draft.drop("all", "gate"),
            lambda: draft.move("all", "enough_care", at=luck.randint(0, 3)),
            lambda: draft.add_example(f"e{luck.random()}", CASE, luck.choice(["met", "pend"])),
            lambda: draft.put("references.R1", f"page {luck.randint(0, 9)}"),
        ]
    )()
