"""Benchmarks that a repository has of its own: pytest-benchmark's tests, and asv's suites."""
