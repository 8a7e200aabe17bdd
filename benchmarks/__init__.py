"""How fast a policy is answered here and by others: `make bench`, see docs/benchmark.md."""
