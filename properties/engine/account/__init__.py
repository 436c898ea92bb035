"""What was called, what came of it, and how that is told."""
