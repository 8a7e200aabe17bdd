"""Tables as an .xlsx workbook: the same bytes for the same tables, every text a text and no formula."""

import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from simulations.storage.tables import FORMULA

CREATED = datetime(2000, 1, 1)  # a workbook must say when it was made; a clock would make two of them differ
_WIDEST, _NARROWEST = 60, 9  # characters that a column shows


def spreadsheet(sheets: Mapping[str, pd.DataFrame], title: str) -> bytes:
    """Name of each sheet -> its table, under a header that stays in view; empty where a value is missing.

    `title` goes into the properties of the file.
    """
    import xlsxwriter  # here, because the command line must not wait for it

    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(held, options) as book:
        book.set_properties({"title": title, "created": CREATED})
        kinds = {
            name: book.add_format({"valign": "top", "text_wrap": True, **more})
            for name, more in {"head": {"bold": True}, "text": {}, "formula": {"quote_prefix": True}}.items()
        }
        for name, table in sheets.items():
            _fill(book.add_worksheet(name), table, kinds)
    return held.getvalue()


def _fill(sheet: Any, table: pd.DataFrame, kinds: Mapping[str, Any]) -> None:
    rows = [list(table.columns), *table.astype(object).where(table.notna(), None).to_numpy().tolist()]
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            _put(sheet, number, place, cell, kinds, head=number == 0)
    for place, name in enumerate(table.columns):
        longest = max(len(str(name)), *(len(str(row[place])) for row in rows))
        sheet.set_column(place, place, min(max(longest + 1, _NARROWEST), _WIDEST))
    sheet.freeze_panes(1, 0)


def _put(sheet: Any, row: int, place: int, cell: Any, kinds: Mapping[str, Any], head: bool) -> None:
    """A number as a number, anything else as text: of what looks like a formula a later edit makes none either."""
    if cell is None:
        return
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        sheet.write_number(row, place, cell)
    else:
        kind = "head" if head else "formula" if re.match(FORMULA, str(cell)) else "text"
        sheet.write_string(row, place, str(cell), kinds[kind])
