"""How tables become bytes, and the checkpoint of a long run."""
