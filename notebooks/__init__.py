"""The rooms of the workbook: the policy to read, the levers to move; the notebooks beside this file show them."""
