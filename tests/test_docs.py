"""What the pages for readers say is so: each link leads somewhere, each command line is one that the program takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

import policy
from simulations.cli.command import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / ".github" / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands(page: Path) -> list[list[str]]:
    """The words after `workbook` of every line of a shell block, and of what stands between backticks."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(workbook [a-z]+ [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = [re.fullmatch(r"(?:\S*[/\\])?workbook (.*)", line.partition(" > ")[0]) for line in lines]
    return [shlex.split(one[1], comments=True) for one in found if one and "..." not in one[1]]


COMMANDS = [(named(page), words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize("file", PAGES, ids=named)
def test_every_link_leads_to_a_file(file: Path):
    links = [link for link in LINK.findall(file.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", PAGES, ids=named)
def test_every_link_to_a_heading_finds_it(file: Path):
    for link, place in re.findall(r"\]\(([^)#\s]*)#([\w-]+)\)", file.read_text("utf-8")):
        if "://" in link:
            continue
        text = (file.parent / link if link else file).read_text("utf-8")
        anchors = {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in HEADING.findall(text)}
        assert place in anchors, (link, place)


@pytest.mark.parametrize(("where", "words"), COMMANDS, ids=[f"{where}: {' '.join(words)}" for where, words in COMMANDS])
def test_every_command_is_taken(where: str, words: list[str]):
    """Its verb, its options and what must be given; the files that it names are the reader's own."""
    above = click.Context(main)
    verb = main.get_command(above, words[0])
    assert verb
    given, left, _ = verb.make_parser(click.Context(verb, parent=above)).parse_args(args=words[1:])
    assert left == []
    assert [one.name for one in verb.params if one.required and not given.get(one.name)] == []
    for lever in [words[i + 1].partition("=")[0] for i, word in enumerate(words) if word == "--set"]:
        assert lever in policy.load("nerve_blocks").levers


def test_the_pages_have_commands():
    assert len(COMMANDS) > 20
