"""From a file to its cells: how a file is read, which column is which, what a cell may look like, and what is odd."""
