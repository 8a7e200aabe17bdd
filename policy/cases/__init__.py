"""The case table: one row a request, its facts as whole numbers, and what its columns tell of one another."""
