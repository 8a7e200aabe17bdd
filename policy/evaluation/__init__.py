"""From cases to outcomes. One criterion on its way:

`at_least: {exercise_days: exercise_weeks}` is an `AtLeast` (model/tests.py). `traverse.py` looks up the
threshold (6 weeks = 42 days, `Settings.threshold`) and calls `compared` of truths.py, which finds where it is met and
where it is possible. kleene.py joins such truths; evaluation.py applies the rules of a pathway to them;
reading.py says what becomes of cases that are still open. policy/determinations does so for a whole table.

A fact that is not documented is -1, or -1 - n where another column tells that it is at least n (cases/relations.py);
a field with `absent` has that value instead (case_files/encoder.py). A test is not documented unless every value that
the fact may have gives the same truth.
"""
