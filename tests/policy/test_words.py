"""The code speaks of no policy: what is of one stands in its document, its populations and its scenarios."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = re.compile(
    r"source assessment|nerve.?block|\bnerves?\b|facet|lumbar|\bspine pain|\bspinal"
    r"|\b(?:neck|back|thoracic|axial)_?pain|migraine|occipital|trigeminal|fibromyalgia|epidural|ablation|trigger.point|radiculopathy|anaesthetic"
    r"|conservative|pain_duration|\bpain\b|diagnostic.block|\bblocks? (?:done|relief)|S1.{1,4}S66|headache",
    re.IGNORECASE,
)
# A preset of the policy that ships, and what is told with the name of the file in which it may stand.
PRESETS = {"simulations/population/fit.py"}
ALLOWED = {
    "policy/reading/loading.py": ('DEFAULT = "nerve_blocks"',),
    "policy/entries/units.py": ("headache_days",),
    "policy/authoring/draft.py": (">>> draft = Draft.of(",),  # an example that is run, with the policy that ships
    "simulations/reports/report.py": ('"nerve-block-workbook"',),
    "simulations/cli/command.py": ('package_name="nerve-block-workbook"',),
}
EXAMPLE = "Example: workbook"  # of a command, with the policy that ships
CODE = [path for folder in ("policy", "simulations", "notebooks") for path in sorted((ROOT / folder).rglob("*.py"))]


def strange(path: Path) -> list[str]:
    """Lines with a word of one policy, where it must not stand."""
    name = path.relative_to(ROOT).as_posix()
    allowed = (*ALLOWED.get(name, ()), EXAMPLE)
    lines = path.read_text("utf-8").splitlines() if name not in PRESETS else []
    return [
        f"{name}:{number}: {line.strip()}"
        for number, line in enumerate(lines, 1)
        if WORDS.search(line) and not any(word in line for word in allowed)
    ]


def test_no_text_of_one_policy_stands_in_the_code():
    assert [line for path in CODE for line in strange(path)] == []


@pytest.mark.parametrize("text", ["the source assessment says", "a nerve block", "conservative_weeks", "S1 to S66"])
def test_the_words_are_found(text: str):
    assert WORDS.search(text)


def test_the_prose_of_the_templates_and_notebooks_is_of_no_policy():
    """Every cell of text; code cells show an example in their parameters."""
    import json

    for path in [*sorted((ROOT / "simulations").glob("*.ipynb")), *sorted((ROOT / "notebooks").glob("*.ipynb"))]:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown" or "parameters" not in cell["metadata"].get("tags", []):
                assert WORDS.findall(text) == [], path.name
