"""A proposed change to a policy, found by name or file, with the population that it is asked over."""
