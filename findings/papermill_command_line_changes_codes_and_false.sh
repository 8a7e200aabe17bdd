#!/usr/bin/env bash
# papermill 2.7.0, -p on the command line: the code 01991 arrives as the number 1991, and "false" as a text, which is true.
#
# Guessed: a value that is not a plain number stays as it was typed (a leading 0 is no Python literal), and true and false are read as
# they are in the YAML of -y and -f, or refused.
# Seen: whatever int() or float() takes is a number: 01991, 64_490, 1E2, nan. Only "True" and "False" with a capital are booleans;
# "false" is the text 'false', which an `if` takes for true. -r keeps the text and -y reads YAML's true and false.
#
# Why it matters here: 01991 and 01992 are the codes of anesthesia for nerve blocks, and the workbook's settings include yes and no.
# A notebook that is run by a scheduler gets another code, or the opposite setting, without a word.
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
from papermill.cli import papermill as command

cell = nbformat.v4.new_code_cell("code = None", metadata={"tags": ["parameters"]})
kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)

with tempfile.TemporaryDirectory() as folder:
    source, target = os.path.join(folder, "in.ipynb"), os.path.join(folder, "out.ipynb")
    nbformat.write(notebook, source)
    typed = ["-p", "code", "01991", "-p", "imaging", "false", "-p", "strict", "False", "-p", "other", "64_490"]
    asked = [*typed, "-r", "raw", "01991", "-y", "read: false"]
    command(["--prepare-only", "--no-progress-bar", source, target, *asked], standalone_mode=False)
    injected = nbformat.read(target, as_version=4).cells[1].source
print("papermill", version("papermill"))
print(injected)
found: dict[str, object] = {}
exec(injected, found)
assert found["code"] == 1991 and found["other"] == 64490, "a code now stays a text"
assert found["imaging"] == "false" and bool(found["imaging"]) is True and found["strict"] is False
assert found["raw"] == "01991" and found["read"] is False
PY
