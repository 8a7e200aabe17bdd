"""Exact counts of outcomes by group at any setting, of cases that are held as planes of bits."""
