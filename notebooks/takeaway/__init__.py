"""What a person takes away from a panel: files, a page, a command, lines of Python, the curve of a lever."""
