"""Policies on an engine: binned facts, grouped rows, and the SELECTs around them."""
