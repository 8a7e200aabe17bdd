"""A policy by its name, only if its entries agree and its own examples come out as it says."""
