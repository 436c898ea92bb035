"""The gate, tested: what it decides, what it runs, and where that is from."""
