"""From a file to checked records: YAML with line numbers, references, policies and scenarios."""
