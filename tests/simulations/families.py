"""Versions of a policy of one's own, made of the one that ships, in a workspace."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from click.testing import CliRunner, Result

from policy.reading.loading import shipped
from policy.storage.files import save
from simulations.cli.command import main
from simulations.population.page import FOLDER

PAGE = (FOLDER / "seed_low_prevalence.yaml").read_text("utf-8")
SOURCE = shipped()["nerve_blocks@2026.2"].read_text("utf-8")
NAME = "blocks"
FULL = {
    "dx": "M54.2", "cpt": "20553", "pain_duration_days": "200", "conservative_care_days": "49",
    "conservative_care_failed": "true", "tried_physical_therapy": "true", "function_limited": "true",
    "imaging_other_cause": "false", "radiculopathy": "false", "trigger_points_on_exam": "true",
}  # fmt: skip
SIX, EIGHT = "default: 6", "default: 8"  # seven weeks of care meet the first, not the second
DATED = "values: {2026-01-01: 6, 2027-01-01: 8}"


def document(
    version: str, status: str = "draft", levers: Mapping[str, str] | None = None, more: str = "",
    instead: Mapping[str, str] | None = None, name: str = NAME,
) -> str:  # fmt: skip
    """The shipped document as another version, without its examples.

    `levers`: lever -> what stands in place of its default (`values: {...}` too); `more`: lines after the status;
    `instead`: text -> what stands in its place.
    """
    text = SOURCE[: SOURCE.index("\nexamples:")] + "\n"
    text = text.replace("id: nerve_blocks", f"id: {name}", 1).replace('version: "2026.2"', f'version: "{version}"', 1)
    text = text.replace("status: draft", f"status: {status}\n{more}".rstrip(), 1)
    text = re.sub(r"\ndirection_exceptions:.*", "\n", text, flags=re.S)
    for lever, stated in (levers or {}).items():
        stands = re.compile(rf"(\n  {lever}:\n(?:    (?!default).*\n)*    )default: .*")
        text, changed = stands.subn(lambda found, stated=stated: found[1] + stated, text)
        assert changed == 1, lever
    for old, new in (instead or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def saved(folder: Path, *documents: str, name: str = NAME) -> Path:
    """A workspace with these versions of one policy."""
    home = folder / "policies" / name
    home.mkdir(parents=True, exist_ok=True)
    for text in documents:
        version = re.search(r'^version: "(.*)"$', text, re.M)
        assert version
        save(home / f"{version[1]}.yaml", text.encode())
    page = PAGE.replace("\nid: seed_low_prevalence\n", f"\nid: {name}\npolicy: {name}\n", 1)
    (folder / "populations").mkdir(exist_ok=True)
    save(folder / "populations" / f"{name}.yaml", page.encode())
    return folder


def in_force(first: str, end: str | None = None) -> str:
    """The lines of a version that is in force from a day."""
    return f"effective: {first}\n" + (f"retired: {end}\n" if end else "")


def family(there: Path, *documents: str) -> None:
    saved(there / "workspace", *documents)


def two_years(there: Path) -> None:
    family(
        there,
        document("2026.1", "adopted", {"conservative_weeks": SIX}, in_force("2026-01-01")),
        document("2027.1", "adopted", {"conservative_weeks": EIGHT}, in_force("2027-01-01")),
    )


def cases(there: Path, *days: str) -> str:
    rows = [{"case_id": f"c{i}", "request_date": day, **FULL} for i, day in enumerate(days)]
    save(there / "cases.csv", pd.DataFrame(rows).to_csv(index=False).encode())
    return "cases.csv"


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def judged(there: Path, *words: str) -> list[tuple[str, str]]:
    """Version and outcome of each row of cases.csv."""
    told = ran("determine", "cases.csv", *words, "--out", "o.csv")
    assert told.exit_code == 0, told.output
    table = pd.read_csv(there / "o.csv", dtype=str)
    return list(zip(table["policy"].str.partition("@")[2], table["outcome"], strict=True))
