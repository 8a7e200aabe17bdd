"""Exact counts at many settings: the data cube over levers and groups, and what it is made from."""
