"""A case: for each field of the policy a whole number, or that it is not documented.

Many cases are arrays of integers by field, each on the grid of its field (`CaseField.grid`): days, counts, hundredths
of a per cent, half months, the position in a list of choices. -1 is not documented, and -1 - n not documented but
known to be at least n. relations.py works out what has no column of its own, and what stands where nothing is
documented. How a table is read into such arrays stands in policy/case_files: it refuses rows, and decides no case.
"""
