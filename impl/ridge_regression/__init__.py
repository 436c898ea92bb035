"""Ridge regression in all its readings, one form a file."""
