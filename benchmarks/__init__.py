"""Timings (`test_*.py`), races between implementations, and the gate between revisions."""
