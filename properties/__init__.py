"""Claims about an implementation (`test_*.py`), and what judges by them."""
