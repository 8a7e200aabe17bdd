"""The case table: what a cell may look like (grammar), how a file is read, and what its columns say together."""
