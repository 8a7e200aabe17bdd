"""Valid policies at random, small enough for brute force: every kind of field, lever, test, requirement and rule.

A document is a tree of plain dicts, lists and text, as YAML gives it; its examples have the outcomes of interpreter.py.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from policy.checking.examples import check_examples
from policy.model import OUTCOMES, Policy
from policy.reading.loading import parse
from policy.reading.validation import check_policy
from tests.policy.cases_of_generated import Tree, near_miss, random_levers, stepped, values_of
from tests.policy.fuzz import written
from tests.policy.interpreter import Reader, levers_of

OWN = {"origin": "assumption"}
GROUPS = ({"M54.2": {}, "M53.81": {}}, {"G50.0": {}}, {"M79.7": {}, "M79.1": {}})
FAMILIES = (
    {"20552": {"level": "upper"}, "64493": {"level": "lumbar"}},
    {"64405": {"level": "upper"}, "64494": {"level": "lumbar"}},
)
UNITS = {"days": ("days", "weeks"), "sessions": ("sessions",), "drugs": ("drugs",), "years": ("years",)}
WIDE = 1_000  # seeds from here on write what the language can say since decimals, sums and scores
ENDS = ("met", "met", "not_met", "pend", "review", "mismatch", "out_of_scope")


class Author:
    """One document being written."""

    def __init__(self, luck: random.Random, wide: bool = False):
        self.luck = luck
        self.wide = wide  # with what the language can say since decimals, units of one's own, sums and scores
        self.units: Tree = {}
        self.fields: Tree = {}
        self.levers: Tree = {}
        self.criteria: Tree = {}
        self.gates: Tree = {}
        self.numbers: list[str] = []  # fields that are compared with numbers

    def chance(self, share: float) -> bool:
        return self.luck.random() < share

    # ----------------------------------------------------------------------------------------------------- fields

    def write_fields(self) -> None:
        for name, kind in (("case_id", "text"), ("dx", "diagnosis"), ("cpt", "procedure")):
            self.field(name, kind, required="true")
        for i in range(self.luck.randint(1, 2)):
            self.field(f"yes_{i}", "boolean", **({"absent": "false"} if self.chance(0.2) else {}))
        for i in range(self.luck.randint(0, 1)):
            words = self.luck.sample(["none", "some", "all", "left", "right"], self.luck.randint(2, 4))
            self.field(f"word_{i}", "choice", choices=words, **({"absent": words[0]} if self.chance(0.15) else {}))
        for i in range(self.luck.randint(0, 2)):
            least = self.luck.choice([0, 0, 0, 1, 3])
            unit = self.luck.choice(list(UNITS))
            self.field(f"count_{i}", "whole", unit=unit, min=str(least), max=str(least + self.luck.choice([2, 9, 60])))
        for i in range(self.luck.choice([0, 0, 0, 1, 1, 2])):
            self.field(f"share_{i}", "percent", min="0", max="100")
        if self.chance(0.35):
            self.field("began", "date")
            self.field("asked", "date")
            self.field("lasted_days", "whole", unit="days", min="0", max="30000")
            parts = {"onset": "began", "request": "asked", "days": "lasted_days"}
            self.field("lasted", "months", unit="months", min="0", max="2400", **parts)
        if self.wide:
            self.write_wide_fields()
        if self.chance(0.3):
            self.field("seen_on", "date")
        if self.chance(0.3):
            self.field("hidden_truth", "boolean", ignored="true")
        self.numbers = [
            n for n, f in self.fields.items()
            if f["type"] in ("percent", "months", "decimal", "duration") or n.startswith("count")
        ]  # fmt: skip

    def write_wide_fields(self) -> None:
        """Decimals on grids of their own, in units of their own, and durations between two dates."""
        self.units = {
            "doses": {"one": "dose", "many": "doses"},
            "packs": {"one": "pack", "many": "packs", "equals": "4 doses"},
        }
        step = self.luck.choice(["0.1", "0.5", "0.25"])
        for i in range(self.luck.randint(1, 3)):
            self.field(f"amount_{i}", "decimal", unit="doses", min="0", max=self.luck.choice(["20", "9.5"]), step=step)
        if self.chance(0.6):
            for name, kind in (("first_day", "date"), ("last_day", "date")):
                self.field(name, kind)
            self.field("apart_days", "whole", unit="days", min="0", max="30000")
            unit = self.luck.choice(["days", "weeks", "months", "years"])
            self.field("apart", "duration", unit=unit, **{"from": "first_day", "to": "last_day", "days": "apart_days"})

    def field(self, name: str, kind: str, **more: Any) -> None:
        self.fields[name] = {"label": name, "type": kind, "ask": f"the {name}", **OWN, **more}

    def words(self, name: str) -> list[str]:
        """The words that a rule may name of a field."""
        field = self.fields[name]
        if field["type"] == "whole":
            return [str(v) for v in range(int(field["min"]), int(field["max"]) + 1)][:12]
        return ["true", "false"] if field["type"] == "boolean" else field["choices"]

    def worded(self) -> list[str]:
        """The fields of which a rule may name words."""
        return [
            n
            for n, f in self.fields.items()
            if "ignored" not in f and (f["type"] in ("boolean", "choice") or n in self.small())
        ]

    def small(self) -> list[str]:
        return [n for n in self.numbers if self.fields[n]["type"] == "whole" and int(self.fields[n]["max"]) < 45]

    # ----------------------------------------------------------------------------------------------------- levers

    def write_levers(self) -> None:
        self.choice("undocumented_action", ["pend", "not_met"])
        for name in self.numbers:
            for i in range(self.luck.choice([0, 1, 1, 2])):
                self.threshold(f"least_{name}_{i}", name)
        for i in range(self.luck.randint(0, 2)):
            self.choice(f"stance_{i}", ["strict", "usual", "loose"][: self.luck.randint(2, 3)])
        for i in range(self.luck.randint(0, 2)):
            self.choice(
                f"action_{i}",
                self.luck.sample(["review", "pend", "not_met", "met_if_prereqs", "met"], self.luck.randint(2, 4)),
            )
        if self.chance(0.3):
            self.choice("mapping", ["accept", "pend_for_code"])
        if self.chance(0.4):
            self.numeric("how_many", "modalities", 0, 2, 1)

    def choice(self, name: str, words: list[str]) -> None:
        self.levers[name] = {
            "label": name,
            "says": name,
            "citation": "ours",
            **OWN,
            "default": self.luck.choice(words),
            "choices": {w: w for w in words},
        }

    def threshold(self, name: str, field: str) -> None:
        kind = self.fields[field]
        if kind["type"] == "percent":
            self.numeric(name, "percent", 50, 100, 25)
        elif kind["type"] == "decimal":
            step = self.luck.choice([kind["step"], "0.5", "1"])
            packs = self.chance(0.2)
            self.numeric(name, "packs" if packs else "doses", *("0", "2", "0.5") if packs else ("0.5", "4.5", step))
        elif kind["type"] == "duration":
            days = kind["unit"] in ("days", "weeks")
            unit = self.luck.choice(["days", "weeks"] if days else ["months", "years"])
            self.numeric(name, unit, 0, *{"days": (60, 15), "weeks": (8, 2), "months": (6, 2), "years": (2, 1)}[unit])
        elif kind["type"] == "months":
            self.numeric(name, "months", 0, 6, 3)
        else:
            unit = self.luck.choice(UNITS[kind["unit"]])
            most = max(int(kind["max"]) // (7 if unit == "weeks" else 1), 2)
            step = 1 if most < 5 else most // 4
            self.numeric(name, unit, 0, step * min(4, most // step), step)

    def numeric(self, name: str, unit: str, least: int | str, most: int | str, step: int | str) -> None:
        values = stepped(str(least), str(most), str(step))
        off = self.chance(0.3)
        lever = {"label": name, "says": name, "citation": "ours", **OWN, "unit": unit}
        lever |= {"domain": {"min": str(least), "max": str(most), "step": str(step)}, "off_allowed": str(off).lower()}
        lever |= {"direction": self.luck.choice(["stricter_when_higher", "stricter_when_lower"])}
        lever |= {"default": self.luck.choice([*values, *["off", "off"] * off])}
        lever |= {"suggested": self.luck.choice(values)} if self.chance(0.4) else {}
        lever |= {"cited": {"min": values[0], "max": self.luck.choice(values)}} if self.chance(0.3) else {}
        self.levers[name] = lever

    def condition(self) -> Tree:
        """One or two levers with some of their words."""
        found = {}
        for name in self.luck.sample(list(self.levers), min(len(self.levers), self.luck.choice([1, 1, 1, 2]))):
            lever = self.levers[name]
            if "choices" in lever:
                words = list(lever["choices"])
                found[name] = self.luck.sample(words, self.luck.randint(1, max(len(words) - 1, 1)))
            elif lever["off_allowed"] == "true" and self.chance(0.7):
                found[name] = [self.luck.choice(["on", "off"])]
            else:
                found[name] = [self.luck.choice(values_of(lever))]
        return found

    # --------------------------------------------------------------------------------------------------- criteria

    def write_criteria(self) -> None:
        for i in range(self.luck.randint(2, 5)):
            test = self.test(self.luck.choice([0, 1, 1, 2]))
            self.criteria[f"criterion_{i}"] = {
                "says": f"Criterion {i}",
                "ask": f"criterion {i}",
                "citation": "ours",
                **OWN,
                "test": test,
            }
        named = list(self.criteria)
        for name in named[:2]:
            shown = [lever for lever in self.levers if f"'{lever}'" in str(self.criteria[name])]
            self.criteria[name]["says"] += "".join(f", {{{lever}}}" for lever in shown)
        if self.chance(0.6):
            for i in range(self.luck.randint(1, 2)):
                require = [self.entry(list(self.criteria), []) for _ in range(self.luck.randint(1, 3))]
                self.gates[f"gate_{i}"] = {"title": f"Gate {i}", "require": require}

    def test(self, depth: int) -> Tree:
        if depth:
            kinds = ["all_of", "any_of", "none_of", "all_of", "any_of", "count"]
            kind = self.luck.choice(kinds + ["score", "score"] * self.wide)
            parts = [self.test(depth - 1) for _ in range(self.luck.randint(1, 3))]
            if kind == "score":
                return self.score(parts)
            if kind != "count":
                return {kind: parts}
            least = (
                "how_many" if "how_many" in self.levers and len(parts) >= 2 else str(self.luck.randint(0, len(parts)))
            )
            return {"count": {"at_least": least, "of": parts}}
        return self.leaf()

    def score(self, parts: list[Tree]) -> Tree:
        """Points of either sign, and a number that can be reached."""
        points = [self.luck.choice([1, 1, 2, 3, -1, -2]) for _ in parts]
        points[0] = abs(points[0])
        most = sum(n for n in points if n > 0)
        reaches = "how_many" if "how_many" in self.levers and most >= 2 else str(self.luck.randint(0, most))
        told = [{"points": str(n), "test": part} for n, part in zip(points, parts, strict=True)]
        return {"score": {"points": told, "reaches": reaches}}

    def total(self, name: str) -> Tree | None:
        """A sum or a difference of fields that are counted alike."""
        like = [n for n in self.numbers if n != name and self.same_grid(n, name)]
        if not like:
            return None
        taken = self.chance(0.6)
        body: Tree = {"of": [name], "minus": [self.luck.choice(like)]} if taken else {"of": [name, *like[:2]]}
        side = self.luck.choice(["at_least", "more_than", "less_than", "at_most"])
        return {"sum": {**body, side: "0" if taken and self.chance(0.5) else self.reference(name)}}

    def same_grid(self, one: str, other: str) -> bool:
        keys = ("type", "unit", "step")
        plain = self.fields[one]["type"] in ("whole", "decimal", "percent")
        return plain and all(self.fields[one].get(key) == self.fields[other].get(key) for key in keys)

    def leaf(self) -> Tree:
        kinds = ["is", "is", "states", "on_file", "compare", "compare", "compare", "mean", "lever"]
        kind = self.luck.choice(kinds + ["between", "sum", "sum"] * self.wide)
        if kind in ("is", "states"):
            name = self.luck.choice(self.worded())
            words = self.words(name)
            return {kind: {name: self.luck.sample(words, self.luck.randint(1, len(words)))}}
        if kind == "lever":
            return {"lever": self.condition()}
        if kind == "on_file" or not self.numbers:
            parts = {f[k] for f in self.fields.values() for k in ("onset", "request", "from", "to", "days") if k in f}
            names = [n for n, f in self.fields.items() if n not in parts and "required" not in f and "ignored" not in f]
            return {"on_file": self.luck.choice(names)}
        name = self.luck.choice(self.numbers)
        if kind == "mean":
            like = [n for n in self.numbers if self.alike(n, name) and self.same_grid(n, n)]
            if like:
                return {"mean": {"of": self.luck.sample(like, min(len(like), 2)), "reaches": self.reference(name)}}
        if kind == "sum" and (found := self.total(name)):
            return found
        if kind == "between":
            low, high = self.plain(name), self.reference(name)
            ends = sorted([low, self.plain(name)], key=Decimal) if high not in self.levers else [low, high]
            lever = self.levers.get(ends[1])
            if lever is None or Decimal(lever["domain"]["max"]) >= Decimal(low):
                return {"between": {name: ends}}
        return {self.luck.choice(["at_least", "more_than", "less_than", "at_most"]): {name: self.reference(name)}}

    def alike(self, one: str, other: str) -> bool:
        return all(self.fields[one].get(key) == self.fields[other].get(key) for key in ("type", "unit"))

    def reference(self, name: str) -> str:
        levers = [lever for lever in self.levers if lever.startswith(f"least_{name}_")]
        if levers and self.chance(0.75):
            return self.luck.choice(levers)
        return self.plain(name)

    def plain(self, name: str) -> str:
        """A plain number in the unit of a field."""
        kind = self.fields[name]["type"]
        if kind == "decimal":
            return self.luck.choice(stepped("0", "5", self.fields[name]["step"]))
        if kind == "duration":
            most = {"days": 60, "weeks": 9, "months": 6, "years": 2}[self.fields[name]["unit"]]
            return str(self.luck.randint(0, most))
        least, most = int(self.fields[name]["min"]), int(self.fields[name]["max"])
        return str(
            self.luck.choice([50, 80, 100])
            if kind == "percent"
            else self.luck.choice([0, 1, 3, 6])
            if kind == "months"
            else self.luck.randint(least, min(most, least + 10))
        )

    def entry(self, names: list[str], codes: list[str]) -> Any:
        """A requirement: the short form, or with a condition or codes."""
        name = self.luck.choice(names)
        if self.chance(0.5):
            return name
        entry: Tree = {"criterion": name}
        if self.chance(0.6):
            entry["while"] = self.condition()
        if codes and self.chance(0.3):
            entry["codes"] = [self.luck.choice(codes)]
        return entry

    # ------------------------------------------------------------------------------------------------------ rules

    def rule(self, depth: int, codes: list[str]) -> Tree:
        kind = self.luck.choice(
            ["require", "require", "switch", "first_of", "outcome"]
            if depth
            else ["require", "require", "require", "outcome"]
        )
        if kind == "outcome":
            return {"outcome": self.ending(), "because": "it is so"}
        if kind == "require":
            names = [*self.criteria, *self.gates, *self.gates]
            return {"require": [self.entry(names, codes) for _ in range(self.luck.randint(1, 3))], "then": self.steps()}
        if kind == "first_of":
            parts = [self.rule(depth - 1, codes) for _ in range(self.luck.randint(2, 3))]
            return {"first_of": [*({**part, "while": self.condition()} for part in parts[:-1]), parts[-1]]}
        name = self.luck.choice(self.worded())
        words = self.luck.sample(self.words(name), self.luck.randint(1, min(len(self.words(name)), 3)))
        found: Tree = {"switch": name, "branches": {w: self.rule(depth - 1, codes) for w in words}}
        if self.chance(0.4) and len(words) < len(self.words(name)):
            found["otherwise"] = self.rule(depth - 1, codes)
        if self.chance(0.3) and not words[0][0].isdigit():
            found["assume"] = {"criterion": self.luck.choice(words), "while": self.condition()}
        stated = f"stated_{name}" if "otherwise" in found else f"stated_{name}_{'_'.join(sorted(words))}"
        said = self.words(name) if "otherwise" in found else words
        self.criteria.setdefault(
            stated,
            {"says": f"{name} is stated", "ask": name, "citation": "ours", **OWN, "test": {"states": {name: said}}},
        )
        return {**found, "stated": stated}

    def steps(self) -> list[Tree]:
        found = []
        for _ in range(self.luck.choice([0, 0, 0, 1, 1, 2])):
            step: Tree = {"outcome": self.ending(), "because": "a step says so"}
            if self.chance(0.6):
                step["when"] = self.luck.choice(list(self.criteria))
            if "when" not in step or self.chance(0.3):
                step["while"] = self.condition()
            found.append(step)
        return [*found, {"outcome": self.ending()}]

    def ending(self) -> str:
        actions = [lever for lever in self.levers if lever.startswith("action_")]
        return self.luck.choice(actions) if actions and self.chance(0.4) else self.luck.choice(ENDS)

    # --------------------------------------------------------------------------------------------------- documents

    def document(self) -> Tree:
        self.write_fields()
        self.write_levers()
        self.write_criteria()
        groups = {
            f"group_{i}": {"label": f"Group {i}", "codes": {c: {"label": c, **OWN} for c in codes}}
            for i, codes in enumerate(GROUPS[: self.luck.randint(1, 3)])
        }
        if "group_2" in groups:
            groups["group_2"]["prefixes"] = {"G43.7": {"label": "migraine", **OWN}}
        count = self.luck.randint(1, 2)
        families = {
            f"family_{i}": {"label": f"Family {i}", "codes": {c: {"label": c, **x} for c, x in codes.items()}}
            for i, codes in enumerate(FAMILIES[:count])
        }
        pathways: Tree = {}
        for group, family in itertools.product(groups, families):
            codes = list(groups[group]["codes"])
            levels = ["upper", "lumbar"] if self.chance(0.3) else [None]
            for level in levels:
                selects = {"diagnosis": [group], "procedure": [family], **({"level": level} if level else {})}
                rule = self.rule(self.luck.choice([0, 1, 1, 2]), codes)
                pathways[f"way_{len(pathways)}"] = {
                    "title": f"Way {len(pathways)}",
                    **OWN,
                    "for": selects,
                    "rule": rule,
                }
        notices = []
        if "mapping" in self.levers:
            words = {
                "source_label": "x",
                "official_meaning": "y",
                "consequence": "z",
                "likely_intended": ["M54.2"],
                **OWN,
            }
            notices = [
                {
                    "code": self.luck.choice(list(groups["group_0"]["codes"])),
                    "lever": "mapping",
                    "pend_while": ["pend_for_code"],
                    **words,
                }
            ]
        tree = {
            "schema": "policy/1", "id": "generated", "version": "2026.1", "title": "Generated", "status": "draft",
            "notice": "Synthetic data, policy simulation only, not for individual determinations.",
            "statements": {}, "evidence": {}, "references": {}, "texts": {}, "open_questions": {},
            **({"units": self.units} if self.units else {}), "fields": self.fields, "levers": self.levers,
            "criteria": self.criteria, "diagnoses": groups,
            "procedures": families, "code_notices": notices, "gates": self.gates, "pathways": pathways, "examples": [],
        }  # fmt: skip
        tree["examples"] = list(self.examples(tree))
        plain: Tree = json.loads(json.dumps(tree))  # no list stands in two places: YAML would make an anchor of it
        return plain

    def examples(self, tree: Tree) -> Iterator[Tree]:
        for i in range(self.luck.choice([0, 2, 6])):
            moved = random_levers(tree, self.luck) if self.chance(0.4) else {}
            case = near_miss(tree, levers_of(tree, moved), self.luck)
            found = Reader(tree, levers_of(tree, moved)).determine(case)
            yield {"name": f"example {i}", "case": case, "expect": found.outcome, **({"set": moved} if moved else {})}


def generated(seed: int) -> tuple[Tree, Policy]:
    """The document of a seed as a tree, and as the loader reads its YAML; it has no fault and its examples hold."""
    tree = Author(random.Random(seed), wide=seed >= WIDE).document()
    policy, _ = parse(written(tree), "generated.yaml", Policy)
    faults = [*check_policy(policy), *check_examples(policy)]
    assert not faults, (seed, faults)
    return tree, policy


assert set(ENDS) == set(OUTCOMES)
