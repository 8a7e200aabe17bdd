"""One case at a time: which one, why it comes out as it does, what would change that, and what is made of it."""
