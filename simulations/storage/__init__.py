"""Folders written whole or not at all, tables as bytes, and the checkpoint of a long run."""
