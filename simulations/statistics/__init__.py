"""Intervals, simultaneous inference and disclosure control, which know nothing of policies."""
