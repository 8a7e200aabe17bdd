"""The same policy as SQL: one SELECT over a table `cases`, in any of several dialects.

`determinations_sql` writes it, `printed` lays it out in a dialect. The case reader, the rules and the text have
a module each.
"""

from policy.sql.case_table import Column, Table, columns_read, readable
from policy.sql.cells import REJECTED
from policy.sql.compiler import OPEN, Compiler
from policy.sql.determinations import determinations_sql
from policy.sql.dialects import DIALECTS, printed

__all__ = [
    "DIALECTS", "OPEN", "REJECTED", "Column", "Compiler", "Table", "columns_read", "determinations_sql", "printed",
    "readable",
]  # fmt: skip
