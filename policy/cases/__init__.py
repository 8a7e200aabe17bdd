"""The case table: what a cell may look like, how a file is read, and what its columns tell of one another."""
