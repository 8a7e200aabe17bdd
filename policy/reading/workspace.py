"""What people make lies in the workspace: scenarios and policies of their own, found by name as what ships is."""

import os
from pathlib import Path

__all__ = ["CASES", "IMPORT", "OPENED", "SERVED", "VARIABLE", "saved", "workspace"]

VARIABLE = "WORKBOOK_WORKSPACE"  # how a command tells the kernels and terminals that it starts
OPENED = "WORKBOOK_POLICY"  # the policy that the notebooks are opened for
CASES = "WORKBOOK_CASES"  # the case table that they are opened with
IMPORT = "WORKBOOK_IMPORT"  # how that table is read, as JSON
SERVED = "WORKBOOK_SERVED"  # the folder that Lab shows, in its kernels and terminals


def workspace() -> Path:
    """The folder: that of `--workspace`, else ./workspace; it need not be there."""
    return Path(os.environ.get(VARIABLE) or "workspace")


def saved(kind: str) -> dict[str, Path]:
    """Name -> file of everything of a `kind` (scenarios, policies, populations).

    `x.yaml` is x, `x/2026.1.yaml` is x@2026.1.
    """
    folder = workspace() / kind
    alone = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return alone | {f"{path.parent.name}@{path.stem}": path for path in sorted(folder.glob("*/*.yaml"))}
