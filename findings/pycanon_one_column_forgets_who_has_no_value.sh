#!/usr/bin/env bash
# pycanon 1.3.5, k_anonymity: of 6 people with an area and 2 without, k is 6; with the column sex beside it, the same in all 8 rows, k is 2.
#
# Guessed: k is 2 both ways, as the two without an area are the smallest class, or 6 both ways, if they are left out.
# Seen: the classes are the keys of pandas' groupby(...).groups, which leaves out a missing key where one column is named and keeps it where
# two or more are, whatever dropna says. So a column that tells nothing takes k from 6 to 2, and l-diversity from 2 to 1.
#
# Why it matters here: k is asked before a table of people is handed on, and a subgroup column such as area or language is what is not
# documented most often. By one column the table looks three times as safe as it is; write the missing ones as a word of their own first.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pycanon==1.3.5 pandas==2.3.3 numpy==2.0.2
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import pandas as pd
from pycanon.anonymity import k_anonymity, l_diversity

print("pycanon", version("pycanon"), "pandas", version("pandas"))
people = pd.DataFrame([("021", "f", "met")] * 3 + [("021", "f", "not_met")] * 3 + [(None, "f", "met")] * 2)
people.columns = ["area", "sex", "outcome"]
told = people.fillna({"area": "not documented"})
found = {}
for name, table in (("missing", people), ("as a word", told)):
    for columns in (["area"], ["area", "sex"]):
        found[name, len(columns)] = (k_anonymity(table, columns), l_diversity(table, columns, ["outcome"]))
        print(f"area {name}, by {' and '.join(columns)}: k {found[name, len(columns)][0]}, l {found[name, len(columns)][1]}")
assert found == {("missing", 1): (6, 2), ("missing", 2): (2, 1), ("as a word", 1): (2, 1), ("as a word", 2): (2, 1)}
classes = people.groupby("area").groups, people.groupby(["area", "sex"]).groups
print("classes that pandas names:", *map(len, classes))
assert [len(one) for one in classes] == [1, 2]
PY
