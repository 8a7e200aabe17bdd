"""Executes the committed notebooks again and writes them in one form, so that running twice changes no byte.

`python -m simulations.runs.normalise` does all of them, or those that are named; `--check` only says which change.
"""

import copy
import sys
from pathlib import Path
from typing import Any

import click
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from policy.storage.files import save

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("notebooks", "simulations")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_METADATA = ("tags", "editable", "deletable", "jupyter")
CELL_SECONDS = 300
# Once a cell has ended nbclient waits four seconds for what it has shown, and then goes on without it.
PATIENT: dict[str, Any] = {"iopub_timeout": CELL_SECONDS, "raise_on_iopub_timeout": True}


def committed() -> list[Path]:
    """The notebooks of the repository, in order; what lies deeper in a folder is not one of them."""
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))]


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A copy run from top to bottom in `folder` with this Python; nbclient's CellExecutionError if a cell fails."""
    fresh = copy.deepcopy(notebook)
    fresh.metadata.kernelspec = dict(KERNEL)
    place = {"metadata": {"path": folder}}
    NotebookClient(fresh, timeout=CELL_SECONDS, kernel_name="python3", resources=place, **PATIENT).execute()
    return fresh


def normalised(notebook: NotebookNode) -> NotebookNode:
    """A copy with sources, outputs, counts and tags, without clocks, versions, papermill's notes and widget state."""
    plain = copy.deepcopy(notebook)
    plain.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    for cell in plain.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)})
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _without_widgets(output))]
    return plain


def _without_widgets(output: NotebookNode) -> NotebookNode | None:
    if "data" not in output:
        return output
    output.data.pop(WIDGET_VIEW, None)
    output.metadata = NotebookNode()
    return output if output.data else None


def written(notebook: NotebookNode) -> bytes:
    """The notebook as the bytes of its file."""
    return f"{nbformat.writes(notebook).rstrip()}\n".encode()


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and name the notebooks that would change.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(check: bool, files: tuple[Path, ...]) -> None:
    changed = 0
    for path in files or committed():
        before = path.read_bytes()
        notebook = nbformat.reads(before.decode(), as_version=4)
        after = written(normalised(executed(notebook, path.parent)))
        if after != before:
            changed += 1
            if not check:
                save(path, after)
        click.echo(f"{path.name}: {'unchanged' if after == before else 'would change' if check else 'written'}")
    sys.exit(1 if check and changed else 0)


if __name__ == "__main__":
    main()
