"""Nothing but ProblemsFound may come out of the loader: `python -m tests.policy.fuzz LARGE SMALL [SEED]`.

Large inputs (2 KiB and more) are the shipped policy, or one cut down to a single pathway of it, changed in bytes,
lines, values and subtrees; small ones are fragments of what ships and strings of YAML's own characters. An accepted
policy must then determine requests. Printed: how many were tried and accepted, what escaped, the slowest, the memory.
"""

import copy
import functools
import random
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import policy
from policy.model import OUTCOMES, Policy
from policy.problems import ProblemsFound
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.validation import check_policy
from policy.reading.yaml import read_yaml
from simulations import population
from simulations.population.page import FOLDER
from tests.policy.near_misses import Draws, near_misses, table

Change = Callable[[random.Random, str], str]
ODD = (
    "", "~", "null", "-1", "0", "1", "99999", "999999999", "1" * 40, "0.8", "6.5", "12:30", "0x1F", "017", "1e9", "nan",
    "true", "no", "off", "on", "[]", "{}", "[x]", "{a: b}", "[[]]", "{[a]: b}", "? a", "&a b", "*a", "!t x", "!!int 3",
    "'", '"', "|", ">", "%", "@", "`", "\u202e", "\u00a0", "\u0456", "\uff16", "\U0001f600", "x" * 90, "x" * 5000, "#",
    "pend", "met", "always", "{conservative_weeks}", "{", "}", "S1", "S99", "M54.2", "64405", "2025-02-30", "policy/2",
    "<<", "80%", "policy/1", "scenario/1",
)  # fmt: skip
CHARACTERS = "a:- []{}&*!|>\"'#%@`,?\n\t\\0é\u202e\x00\r"
Tree = Any


@functools.cache
def shipped() -> str:
    return policy.shipped()["nerve_blocks@2026.2"].read_text("utf-8")


@functools.cache
def pathways() -> tuple[str, ...]:
    """The shipped policy cut down to each pathway in turn, as YAML."""
    whole = read_yaml(shipped(), "p").plain()
    return tuple(written(cut_down(whole, name)) for name in whole["pathways"])


def cut_down(whole: Tree, pathway: str) -> Tree:
    """One pathway for one group and family, with what it names, and what that names."""
    part = copy.deepcopy(whole)
    rule = part["pathways"][pathway]
    (group, *_), (family, *_), level = rule["for"]["diagnosis"], rule["for"]["procedure"], rule["for"].get("level")
    rule["for"] |= {"diagnosis": [group], "procedure": [family]}
    codes = part["procedures"][family]["codes"]
    part["procedures"] = {
        family: {"label": family, "codes": {c: x for c, x in codes.items() if level in (None, x.get("level"))}}
    }
    part["diagnoses"] = {group: part["diagnoses"][group]}
    part["pathways"] = {pathway: rule}
    known = {*part["diagnoses"][group]["codes"], *part["diagnoses"][group].get("prefixes", {})}
    part["code_notices"] = [notice for notice in part["code_notices"] if notice["code"] in known]
    part |= {"texts": {}, "open_questions": {}, "references": {}, "direction_exceptions": []}
    part["examples"] = [
        e for e in part["examples"]
        if e["case"]["dx"] in known and e["case"]["cpt"] in part["procedures"][family]["codes"] and "set" not in e
    ]  # fmt: skip
    used = {"undocumented_action", "case_id", "dx", "cpt"}
    kept = ("pathways", "code_notices", "procedures", "diagnoses", "examples")
    while True:
        found = used | set(re.findall(r"[\w.-]+", str([part[section] for section in kept])))
        for section in ("gates", "criteria", "levers", "fields", "statements", "evidence"):
            found |= set(re.findall(r"[\w.-]+", str([part[section][name] for name in used & part[section].keys()])))
        if found == used:
            break
        used = found
    for section in ("gates", "criteria", "levers", "fields", "statements", "evidence"):
        part[section] = {name: entry for name, entry in part[section].items() if name in used}
    part["relations"] = [one for one in part.get("relations", ()) if {one["field"], one["at_most"]} <= used]
    return part


def written(tree: Tree, flow: bool | None = None) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(tree, Dumper=dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=110))


def in_characters(luck: random.Random, text: str) -> str:
    at, size = luck.randrange(len(text) + 1), luck.choice((0, 1, 1, 2, 30))
    return text[:at] + luck.choice((luck.choice(CHARACTERS), chr(luck.randrange(0x3000)), "")) + text[at + size :]


def in_lines(luck: random.Random, text: str) -> str:
    lines = text.split("\n")
    at, other = luck.randrange(len(lines)), luck.randrange(len(lines))
    action = luck.randrange(6)
    if action == 0:
        del lines[at : at + luck.choice((1, 1, 5, 40))]
    elif action == 1:
        lines[at:at] = lines[other : other + luck.choice((1, 3, 20))]
    elif action == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif action == 3:
        lines[at] = luck.choice(("", " ", "  ", "    ", "- ", "\t")) + lines[at].lstrip(luck.choice((" ", " -")))
    elif action == 4:
        lines[at : at + 2] = ["".join(lines[at : at + 2])]
    else:
        lines = lines[: at + 1]
    return "\n".join(lines)


def in_values(luck: random.Random, text: str) -> str:
    spots = [*re.finditer(r"(?<=: )[^\s{}\[\],][^\n{}\[\],]*|(?<=[\[{ ])[\w.\"-]+(?=[\],:}])", text)]
    if not spots:
        return text + luck.choice(ODD)
    spot = luck.choice(spots)
    value = luck.choice(ODD) if luck.random() < 0.6 else luck.choice(spots)[0]
    return text[: spot.start()] + value + text[spot.end() :]


def in_subtrees(luck: random.Random, text: str) -> str:
    try:
        tree = read_yaml(text, "p").plain()
    except ProblemsFound:
        return in_values(luck, text)
    collections = [node for node in walk(tree) if isinstance(node, (dict, list)) and node]
    chosen, other = luck.choice(collections), luck.choice(collections)
    key, source = luck.choice(keys(chosen)), luck.choice(keys(other))
    action = luck.randrange(5)
    if action == 0:
        del chosen[key]
    elif action == 1:
        chosen[key] = copy.deepcopy(other[source])
    elif action == 2:
        chosen[key] = luck.choice((luck.choice(ODD), [], {}, [luck.choice(ODD)], {luck.choice(ODD): luck.choice(ODD)}))
    elif isinstance(chosen, dict):
        chosen[str(source) if action == 3 else luck.choice(ODD)] = chosen.pop(key)
    else:
        chosen += copy.deepcopy(chosen)
    return written(tree, luck.choice((None, False, True)))


def walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from walk(part)


def keys(tree: Tree) -> list[Any]:
    return list(tree) if isinstance(tree, dict) else list(range(len(tree)))


CHANGES: tuple[Change, ...] = (in_characters, in_lines, in_values, in_values, in_subtrees)


def large(luck: random.Random) -> bytes:
    """The whole policy once in a hundred times, else a pathway of it, changed one to three times, bytes included."""
    parts = pathways()
    text = shipped() if luck.random() < 0.01 else luck.choices(parts, [1 / len(part) for part in parts])[0]
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        text = luck.choice(CHANGES)(luck, text)
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    if luck.random() < 0.05 and content:
        content[luck.randrange(len(content))] = luck.randrange(256)
    return bytes(content)


@functools.cache
def fragments() -> tuple[tuple[str, ...], ...]:
    pages = [shipped(), *(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yaml")))]
    return tuple(tuple(page.splitlines(keepends=True)) for page in pages)


def small(luck: random.Random) -> str:
    """A few lines of what ships, changed, or characters that mean something in YAML; often under a document's head."""
    if luck.random() < 0.5:
        lines = luck.choice(fragments())
        at = luck.randrange(len(lines))
        text = luck.choice(CHANGES[:3])(luck, "".join(lines[at : at + luck.randrange(1, 7)])[:600])
    else:
        text = "".join(luck.choices(CHARACTERS, k=luck.randrange(60)))
    return luck.choice(("", "schema: policy/1\n", "schema: scenario/1\nid: a\n", "schema: population/1\n")) + text


def try_small(text: str) -> bool:
    if text.startswith("schema: population"):
        population.parse(text, "t.yaml")
    elif text.startswith("schema: scenario"):
        parse(text, "t.yaml", Scenario)
    else:
        document, _ = parse(text, "t.yaml", Policy)
        return not list(check_policy(document))
    return True


def try_large(content: bytes, path: Path) -> bool:
    path.write_bytes(content)
    works(policy.load(path))
    return True


@functools.cache
def requests() -> Any:
    return table(near_misses(policy.load("nerve_blocks").settings(), 40, Draws(1)))


def works(document: Policy) -> None:
    """An accepted document answers requests under its defaults and under the last value of every lever."""
    frame = requests()
    try:
        cases = policy.Cases.from_frame(
            frame[[c for c in frame.columns if c in document.fields_]], document, keep_good=True
        )
    except ProblemsFound:  # its fields are no longer columns of these requests
        return
    for settings in (document.settings(), document.settings({n: v.values()[-1] for n, v in document.levers.items()})):
        found = policy.determine(document, cases, settings)
        assert set(np.unique(found.outcome)) <= set(range(len(OUTCOMES)))


def run(larges: int, smalls: int, seed: int = 1, report: Callable[[Counter[str]], None] | None = None) -> Counter[str]:
    """Try so many inputs; what escaped is printed with its input. Times in ms of processor time."""
    luck, seen = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.yaml"
        for kind, count in (("large", larges), ("small", smalls)):
            done = 0
            while done < count:
                content = large(luck) if kind == "large" else small(luck)
                if kind == "large" and len(content) < 2048:
                    continue
                done += 1
                began = time.process_time()
                try:
                    accepted = try_large(content, path) if isinstance(content, bytes) else try_small(content)
                    seen[f"{kind} accepted"] += accepted
                except ProblemsFound as found:
                    str(found)
                except Exception:
                    seen["escaped"] += 1
                    print(f"--- {kind}, seed {seed}: {traceback.format_exc()[-1500:]}\n{content[:3000]!r}")
                seen[kind] = done
                seen[f"slowest {kind}"] = max(seen[f"slowest {kind}"], round(1000 * (time.process_time() - began)))
                if report and done % 2500 == 0:
                    report(seen)
    return seen


def said(seen: Counter[str]) -> str:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines = [f"escaped {seen['escaped']}, peak memory {memory} MB"]
    for kind in ("large", "small"):
        accepted, slowest = seen[f"{kind} accepted"], seen[f"slowest {kind}"]
        lines.append(f"{kind}: {seen[kind]:,} inputs, {accepted:,} accepted, slowest {slowest} ms")
    return "; ".join(lines)


if __name__ == "__main__":
    found = run(*map(int, sys.argv[1:]), report=lambda seen: print(said(seen), flush=True))
    sys.exit(bool(found["escaped"]))
