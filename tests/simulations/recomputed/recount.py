"""A report's numbers made again from rows of text: cases read by hand, counted by hand, formulas from their papers.

It imports nothing of the product: a case is judged by tests/policy/interpreter.py, the edits of a scenario file are
made here. Only the drawing of the cases (`simulations.population.generate`) is the product's own.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import exp, inf, log, prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import binomtest, norm

from tests.policy.interpreter import OPEN, Case, Finding, Reader, Tree, Truth, levers_of

ROOT = Path(__file__).parents[3]
WORDS = ("met", "not_met", "pend", "review", "mismatch", "out_of_scope")
RANK = {"met": 2, "pend": 1, "review": 1}  # how favourable; all else is a refusal (contract 2)
BEFORE_AND_AFTER = ("baseline", "scenario")

Span = tuple[float, float, float]  # value, low, high


# Documents -----------------------------------------------------------------------------------------------------------


def document(name: str = "nerve_blocks/2026.2") -> dict[str, Any]:
    """The policy as plain text, with the least number of each field written in."""
    tree: dict[str, Any] = yaml.load((ROOT / f"policy/documents/{name}.yaml").read_text("utf-8"), yaml.CBaseLoader)
    for field in tree["fields"].values():
        field.setdefault("min", "0")
    return tree


def scenario(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(
        (ROOT / f"simulations/scenarios/{name}.yaml").read_text("utf-8"), yaml.CBaseLoader
    )
    return found


class ByHand(Reader):
    """The interpreter, with criteria taken as met, what an edit of pathways does, and counts told by other columns.

    A number that another column implies ("relief of block 2 is on file, so two blocks were done") is at least so much.
    """

    def __init__(self, tree: Tree, moved: Mapping[str, str] | None = None, edits: Iterable[Tree] = ()):
        super().__init__(edited(tree, edits), levers_of(tree, moved))
        self.referring = False
        self.kept: dict[Any, Any] = {}  # what was found of a row, by its identity and the levers that matter
        self.reads = {name: tuple(sorted(self._levers(c["test"]))) for name, c in tree["criteria"].items()}
        self.assumed: frozenset[str] = frozenset()
        self.read: dict[str, Truth] = {}

    def at(self, **moved: str) -> ByHand:
        """The same with levers moved; what was found of the same rows is kept."""
        found = copy.copy(self)
        found.levers = {**self.levers, **moved}
        return found

    def _levers(self, test: Any) -> set[str]:
        if isinstance(test, str):
            return {test} & {*self.tree["levers"]}
        parts = [*test, *test.values()] if isinstance(test, dict) else test
        return set().union(*(self._levers(part) for part in parts)) if parts else set()

    def pathway(self, case: Case) -> Tree | None:
        key = (id(case), "")
        if key not in self.kept:
            self.kept[key] = (case, super().pathway(case))  # the row is held, so that its identity stays its own
        return self.kept[key][1]  # type: ignore[no-any-return]

    def least(self, field: str, case: Case) -> str:
        kind = self.tree["fields"][field]
        return max([kind["min"], *(n for column, n in kind.get("implied_by", {}).items() if case.get(column))], key=int)

    def word(self, field: str, case: Case) -> str | None:
        known = super().word(field, case)
        if known is None and "implied_by" in (kind := self.tree["fields"][field]):
            return kind["max"] if self.least(field, case) == kind["max"] else None
        return known

    def branches(self, rule: Tree, case: Case) -> list[Tree]:
        found, field = super().branches(rule, case), rule["switch"]
        if self.word(field, case) is None and (least := int(self.least(field, case))):
            found = [branch for word, branch in rule["branches"].items() if int(word) >= least]
            return found + ([rule["otherwise"]] if "otherwise" in rule else [])
        return found

    def compared(self, kind: str, fields: list[str], reference: str, case: Case) -> Truth:
        if len(fields) > 1 or case.get(fields[0]) or "implied_by" not in self.tree["fields"][fields[0]]:
            return super().compared(kind, fields, reference, case)
        ends = (self.least(fields[0], case), self.tree["fields"][fields[0]]["max"])
        answers = {super(ByHand, self).compared(kind, fields, reference, {**case, fields[0]: end}) for end in ends}
        return answers.pop() if len(answers) == 1 else None

    def criterion(self, name: str, case: Case) -> Truth:
        key = (id(case), name, tuple(self.levers[lever] for lever in self.reads[name]))
        if key not in self.kept:
            self.kept[key] = super().criterion(name, case)
        self.read[name] = True if name in self.assumed else self.kept[key]
        return self.read[name]

    def rule(self, rule: Tree, case: Case) -> str:
        """The outcome; `read` is left with the criteria that are required, or say what a switch is, on every way taken.

        Where several branches are possible and leave the case open, only what each of them reads is read.
        """
        if "switch" not in rule:
            return super().rule(rule, case)
        kept, every_branch, outcomes = self.read, [], set()
        for branch in self.branches(rule, case):
            self.read = {}
            outcomes.add(self.rule(branch, case))
            every_branch.append(self.read)
        found = outcomes.pop() if len(outcomes) == 1 else OPEN
        names = [set(read) for read in every_branch]
        some = set.intersection(*names) if found == OPEN else set.union(*names)
        self.read = {**kept, **{name: read[name] for read in every_branch for name in read if name in some}}
        if "stated" in rule:
            self.criterion(rule["stated"], case)
        return found

    def then(self, steps: Iterable[Tree], case: Case) -> str:
        kept, self.read = self.read, {}
        found = super().then(steps, case)
        self.read = kept
        return found

    def outcome(self, word: str) -> str:
        found = super().outcome(word)
        return "review" if found == "met" and self.referring else found

    def determine(self, case: Case) -> Finding:
        self.read = {}
        way = self.pathway(case)
        self.referring = way is not None and "referred" in way
        return super().determine(case)


def edited(tree: Tree, edits: Iterable[Tree]) -> Tree:
    """The document with pathways that require more or less, refuse, or refer what they would meet."""
    found = copy.copy(dict(tree))
    found["pathways"] = dict(tree["pathways"])
    for edit in edits:
        form = next(key for key in ("add", "remove", "refuse", "refer") if key in edit)
        names = {"add": edit.get("to"), "remove": edit.get("from")}.get(form) or edit[form]
        for name in [names] if isinstance(names, str) else names:
            way = copy.deepcopy(found["pathways"][name])
            if form == "refer":
                way["referred"] = True
            elif form == "refuse":
                groups = [tree["diagnoses"][one] for one in way["for"]["diagnosis"]]
                codes = [code for group in groups for code in (*group["codes"], *group.get("prefixes", {}))]
                if not all(code.startswith(tuple(edit.get("unless", ["-"]))) for code in codes):
                    way["rule"] = {"outcome": "not_met"}
            else:
                _requiring(tree, way["rule"], form, edit[form])
            found["pathways"][name] = way
    return found


def _requiring(tree: Tree, rule: Any, form: str, criterion: str) -> None:
    """Change every list of requirements below a rule, gates written out."""
    for below in rule.values() if isinstance(rule, dict) else rule if isinstance(rule, list) else ():
        _requiring(tree, below, form, criterion)
    if isinstance(rule, dict) and "require" in rule:
        rule["require"] = [one for entry in rule["require"] for one in written_out(tree, entry)]
        if form == "remove":
            rule["require"] = [one for one in rule["require"] if one["criterion"] != criterion]
        else:
            rule["require"].append({"criterion": criterion})


def written_out(tree: Tree, entry: Any) -> list[dict[str, Any]]:
    whole = {"criterion": entry} if isinstance(entry, str) else dict(entry)
    if whole["criterion"] not in tree["gates"]:
        return [whole]
    inside = [one for part in tree["gates"][whole["criterion"]]["require"] for one in written_out(tree, part)]
    return [{**one, "while": {**whole.get("while", {}), **one.get("while", {})}} for one in inside]


# Cases ---------------------------------------------------------------------------------------------------------------


def numbers_in(text: str) -> list[float]:
    """The numbers of a sentence, thousands put together, the true minus sign read as one."""
    import re

    return [
        float(n.replace(",", "").replace("−", "-")) for n in re.findall(r"(?<![\w.])[-−+]?\d[\d,]*(?:\.\d+)?", text)
    ]


def differences(mine: Sequence[Mapping[str, Any]], theirs: Any, digits: int = 4, skip: Iterable[str] = ()) -> list[str]:
    """Where two tables differ, cell by cell: counts and words exactly, shares as rounded to so many digits."""
    found = []
    columns = [name for name in theirs if name not in skip]
    if len(mine) != len(theirs) or (mine and set(mine[0]) != set(columns)):
        found.append(f"{len(mine)} and {len(theirs)} rows; {set(mine[0]) ^ set(columns) if mine else ''}")
    for place, (one, other) in enumerate(zip(mine, theirs.to_dict("records"), strict=False)):
        for name in columns:
            here, there = one.get(name), other[name]
            absent = there is None or there != there
            TALLY[0] += isinstance(here, (int, float)) and not isinstance(here, bool)
            if here is None or (isinstance(here, float) and not np.isfinite(here)):
                same = absent
            elif isinstance(here, float):
                same = not absent and abs(round(here, digits) - float(there)) <= 1e-9
            else:
                same = not absent and str(here).lower() == str(there).lower()
            if not same:
                found.append(f"row {place} {name}: {here} and {there}, in {dict(list(other.items())[:6])}")
    return found


TALLY = [0]  # numbers compared


def rows_of(frame: Any) -> list[dict[str, str]]:
    """A drawn table as text, as a case table would have it: missing is empty, yes and no are true and false."""
    import io

    import pandas as pd

    text = io.StringIO(frame.to_csv(index=False).replace("True", "true").replace("False", "false"))
    return [
        {str(k): str(v) for k, v in row.items()}
        for row in pd.read_csv(text, dtype=str, keep_default_na=False).to_dict("records")
    ]


def group_of(tree: Tree, case: Case) -> tuple[str, str]:
    """Diagnosis group and procedure family."""
    dx, cpt = case["dx"], case["cpt"]
    groups = [
        n
        for n, g in tree["diagnoses"].items()
        if dx in g["codes"] or dx.startswith(tuple(g.get("prefixes", {})) or "-")
    ]
    families = [n for n, family in tree["procedures"].items() if cpt in family["codes"]]
    return (groups or ["outside_policy"])[0], (families or ["outside_policy"])[0]


def places(tree: Tree) -> list[tuple[str, str]]:
    """Diagnosis groups by procedure families, in the order of the document."""
    return [(g, f) for g in (*tree["diagnoses"], "outside_policy") for f in (*tree["procedures"], "outside_policy")]


def spoken_of(plan: Tree | None, place: tuple[str, str]) -> bool:
    said = (plan or {}).get("applies_to")
    return not said or place[0] in said.get(place[1], ())


def flow_of(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    counted = Counter(pairs)
    return {(b, a): counted[b, a] for b in WORDS for a in WORDS}


# Formulas ------------------------------------------------------------------------------------------------------------

Z = float(norm.ppf(0.975))


def wilson(hits: float, cases: float, z: float = Z) -> Span:
    """Wilson (1927): the shares p with (hits / cases - p)^2 = z^2 p (1 - p) / cases, as roots of that quadratic."""
    a, b, c = cases + z * z, -(2 * hits + z * z), hits * hits / cases
    root = sqrt(max(0.0, b * b - 4 * a * c))
    low, high = (-b - root) / (2 * a), (-b + root) / (2 * a)
    return hits / cases, low if hits > 0 else 0.0, high if hits < cases else 1.0


def paired(both: float, lost: float, gained: float, neither: float, z: float = Z) -> Span:
    """Newcombe (1998, Stat Med 17:2635), method 10: Wilson limits of both shares, phi with continuity correction.

    The paper's e, f, g, h: both, only the first, only the second, neither; his theta is first less second, so here the
    second, after, stands first.
    """
    e, f, g, h = both, gained, lost, neither
    n = e + f + g + h
    (p2, l2, u2), (p3, l3, u3) = wilson(e + f, n, z), wilson(e + g, n, z)
    product = (e + f) * (g + h) * (e + g) * (f + h)
    phi = 0.0
    if product > 0:
        top = e * h - f * g
        phi = (max(top - n / 2, 0.0) if top > 0 else top) / sqrt(product)
    delta = (p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u3 - p3) + (u3 - p3) ** 2
    epsilon = (u2 - p2) ** 2 - 2 * phi * (u2 - p2) * (p3 - l3) + (p3 - l3) ** 2
    theta = (f - g) / n
    return theta, max(-1.0, theta - sqrt(max(0.0, delta))), min(1.0, theta + sqrt(max(0.0, epsilon)))


def clopper_pearson(hits: int, cases: int) -> Span:
    """Clopper and Pearson (1934), 2.5 % on either side."""
    found = binomtest(hits, cases).proportion_ci(0.95, "exact")
    return hits / cases, float(found.low), float(found.high)


def change(flow: Mapping[tuple[str, str], int], way: int = 0, same: bool = False) -> Span:
    """Change of the share of met; `way` -1 where the rules can only take approvals away, 1 where only give some."""
    both = flow["met", "met"]
    lost = sum(n for (b, a), n in flow.items() if b == "met" != a)
    gained = sum(n for (b, a), n in flow.items() if a == "met" != b)
    cases = sum(flow.values())
    if same:
        return 0.0, 0.0, 0.0
    if way and not (gained if way < 0 else lost):
        share, low, high = clopper_pearson(lost or gained, cases)
        return (-share, -high, -low) if way < 0 else (share, low, high)
    return paired(both, lost, gained, cases - both - lost - gained)


def paired_ratio(both: float, lost: float, gained: float, neither: float, z: float) -> Span | None:
    """Bonett and Price (2006, Stat Med 25:3039): two Wilson intervals of those with any hit, at a smaller z."""
    before, after, n = both + lost, both + gained, both + lost + gained
    if not before:
        return None
    a = sqrt((lost + gained + 2) / ((after + 1) * (before + 1)))
    b, c = (sqrt((1 - (x + 1) / (n + 2)) / (x + 1)) for x in (after, before))
    (_, l1, u1), (_, l2, u2) = (wilson(x, n, z * a / (b + c)) for x in (after, before))
    return after / before, l1 / u2, u1 / l2 if l2 else inf


def mover(one: Span, other: Span) -> Span:
    """Zou and Donner (2008): difference of two independent estimates from their own limits."""
    (p, l1, u1), (q, l2, u2) = one, other
    d = p - q
    return d, d - sqrt((p - l1) ** 2 + (u2 - q) ** 2), d + sqrt((u1 - p) ** 2 + (q - l2) ** 2)


def mover_ratio(one: Span, other: Span) -> Span | None:
    """Donner and Zou (2012): ratio of two independent estimates from their own limits."""
    (p, l1, u1), (q, l2, u2) = one, other
    if not q:
        return None
    low = (p * q - sqrt(max(0.0, (p * q) ** 2 - l1 * u2 * (2 * p - l1) * (2 * q - u2)))) / (u2 * (2 * q - u2))
    below = l2 * (2 * q - l2)
    high = (p * q + sqrt(max(0.0, (p * q) ** 2 - u1 * l2 * (2 * p - u1) * (2 * q - l2)))) / below if below > 0 else inf
    return p / q, low, high


def ratio_of_ratios(one: Span | None, other: Span | None) -> Span | None:
    """Altman and Bland (2003): difference of the logarithms of two relative risks, each with limits of its own."""
    if not one or not other or not one[0] or not other[0]:
        return None
    logs = [tuple(log(x) if 0 < x < inf else (inf if x else -inf) for x in span) for span in (one, other)]
    middle, low, high = mover(*logs)  # type: ignore[arg-type]
    return exp(middle), exp(low), exp(high) if high < 700 else inf


def kitagawa(before: Mapping[Any, tuple[int, int]], after: Mapping[Any, tuple[int, int]]) -> tuple[float, float]:
    """Kitagawa (1955): what a change of a pooled share owes to the shares within kinds, and to their mix."""
    n, m = (sum(cases for _, cases in side.values()) for side in (before, after))
    within = mix = 0.0
    for kind in {**before, **after}:
        (x, a), (y, b) = before.get(kind, (0, 0)), after.get(kind, (0, 0))
        if not (a or b):
            continue
        r = x / a if a else y / b
        s = y / b if b else x / a
        within += (s - r) * (a / n + b / m) / 2
        mix += (b / m - a / n) * (r + s) / 2
    return within, mix


def shapley(game: Mapping[frozenset[str], int], players: Sequence[str]) -> dict[str, float]:
    """Shapley (1953) by its definition: the mean of what a player adds over all orders."""
    from itertools import permutations

    added = dict.fromkeys(players, 0)
    orders = list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            added[player] += game[frozenset(order[: place + 1])] - game[frozenset(order[:place])]
    return {player: total / len(orders) for player, total in added.items()}


def interaction(game: Mapping[frozenset[str], int], players: Sequence[str], pair: tuple[str, str]) -> float:
    """Grabisch and Roubens (1999): the mean, over all orders of the others with the pair as one, of its surplus."""
    from itertools import combinations

    others = [one for one in players if one not in pair]
    total = 0.0
    for size in range(len(others) + 1):
        some = [frozenset(s) for s in combinations(others, size)]
        surplus = [game[s | {*pair}] - game[s | {pair[0]}] - game[s | {pair[1]}] + game[s] for s in some]
        total += sum(surplus) / len(some) / (len(others) + 1)
    return total


def predictive_value(prevalence: float, sensitivities: Sequence[float], false_positives: Sequence[float]) -> float:
    """Bayes' rule for tests that err independently."""
    odds = prevalence / (1 - prevalence) * prod(sensitivities) / prod(false_positives)
    return odds / (1 + odds)


def quantiles(values: Any) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
