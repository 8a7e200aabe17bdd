"""From cases to outcomes. One criterion on its way:

`at_least: {exercise_days: exercise_weeks}` is an `AtLeast` (model/leaves.py). `traverse.py` looks up the threshold
(6 weeks = 42 days, `Settings.threshold`) and calls `compared` of truths.py, which finds where it is met and where it is
possible: a test is not documented unless every value that a missing fact may have gives the same truth. kleene.py joins
such truths. pathways.py says which rule a request comes to and which branches stay possible, evaluation.py what the
rule makes of it: a `Reading` (reading.py), open where a missing fact matters, until closing the file makes pend or
not_met of that. asking.py finds what to ask for where it is open.

All cases go the way together. A plane (policy/bits) is a set of rows: `both`, `either` and `inverse` are and, or and
not, NOWHERE and EVERYWHERE no row and every row. `Rows` has the facts of rows of one pathway: where one is
`documented`, is `at` a value, or is of some codes (`coded`); `kept` only remembers what was made before.
"""
