#!/usr/bin/env bash
# tableone 0.9.6, TableOne(groupby=...): who has no group counts in the column "Overall" and stands in no column; nothing says so.
#
# Guessed: the columns of the groups add up to Overall, with a column for the missing group or without its rows in all of them, as missing
# values of the other variables have a column "Missing" of their own and, unless asked otherwise, a line "None".
# Seen: of six cases 6 are in Overall and 3 and 2 in the groups. The one in no group moves the share and the mean of Overall: 50 % of the
# whole where the groups have 33 % of 3 and 50 % of 2. The column "Missing" does not count it.
#
# Why it matters here: this is the first table of clinical papers and of many audits. In a table of outcomes by race, plan or sex, those
# whose group is unknown are often other than the rest, and a reader who adds the columns up finds a difference that has no name.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check tableone==0.9.6 pandas==2.3.3 numpy==1.26.4
"$folder/env/bin/python" -W ignore - <<'PY'
import pandas
import tableone

cases = pandas.DataFrame(
    {
        "outcome": ["met", "not met", "not met", "met", "not met", "met"],
        "weeks": [8, 4, 5, 9, 3, 20],
        "sex": ["female", "female", "female", "male", "male", None],
    }
)
table = tableone.TableOne(cases, columns=["outcome", "weeks"], categorical=["outcome"], groupby="sex").tableone
table.columns = [column[-1] for column in table.columns]
print("tableone", tableone.__version__)
print(table.to_string())
(counts,) = table.loc["n"].to_dict("records")
assert [int(counts[name]) for name in ("Overall", "female", "male")] == [6, 3, 2]
met = table.loc[("outcome, n (%)", "met")]
assert [met[name] for name in ("Overall", "female", "male")] == ["3 (50.0)", "1 (33.3)", "1 (50.0)"]
assert set(table["Missing"].astype(str).str.strip()) <= {"", "0"}
PY
