#!/usr/bin/env bash
# papermill 2.7.0, execute_notebook(parameters=...): a tuple of bounds arrives as the text "(6, 8)", and {6: ...} as {"6": ...}.
#
# Guessed: a tuple is written as a tuple or a list, as the notebook's own metadata have it, and whole numbers stay keys.
# Seen: str(value) is injected as a quoted text without a warning, while the metadata say [6, 8]; the keys of a dict become texts. A loop
# over the "tuple" meets its characters: "(", "6", ",". A Decimal, by contrast, is refused, as JSON has none.
#
# Why it matters here: levers have ranges and whole keys (weeks), and the studies are notebooks that papermill runs. A lookup
# by_weeks[6] misses its row, and `"6" in bounds` is true. Lists arrive as lists.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check papermill==2.7.0
"$folder/env/bin/python" - <<'PY'
import os
import tempfile
from importlib.metadata import version

import nbformat
import papermill

cell = nbformat.v4.new_code_cell("code = None", metadata={"tags": ["parameters"]})
kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)

given = {"bounds": (6, 8), "as_list": [6, 8], "by_weeks": {6: "short"}}
with tempfile.TemporaryDirectory() as folder:
    source, target = os.path.join(folder, "in.ipynb"), os.path.join(folder, "out.ipynb")
    nbformat.write(notebook, source)
    prepared = papermill.execute_notebook(source, target, parameters=given, prepare_only=True, progress_bar=False)
    injected = prepared.cells[1].source
print("papermill", version("papermill"))
print(injected)
found: dict[str, object] = {}
exec(injected, found)
assert found["bounds"] == "(6, 8)", "no longer injected as text"
assert found["by_weeks"] == {"6": "short"}
assert found["as_list"] == [6, 8] == list(prepared.metadata.papermill.parameters["bounds"])
PY
