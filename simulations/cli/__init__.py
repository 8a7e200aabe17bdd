"""The command workbook: its verbs, its options, and how it ends."""
