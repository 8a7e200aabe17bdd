"""Is a draft ready? What is wrong, odd or unproven in it, as a list to work off, each item with its mend."""
