"""Mutated inputs against every public boundary: ``python -m benchmarks.fuzz``."""
