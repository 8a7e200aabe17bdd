"""One case in words: what each criterion found, how far it is from the line, and what would change the outcome."""
