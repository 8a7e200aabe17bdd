"""Versions of a policy of one's own, made of the one that ships, in a workspace."""

import re
from collections.abc import Mapping
from pathlib import Path

from policy.reading.loading import shipped
from policy.storage.files import save
from simulations.population.page import FOLDER

PAGE = (FOLDER / "seed_low_prevalence.yaml").read_text("utf-8")
SOURCE = shipped()["nerve_blocks@2026.2"].read_text("utf-8")
NAME = "blocks"


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
