"""The suite, tested: seeded bugs, mutants, right but unusual implementations, and its own machinery."""
