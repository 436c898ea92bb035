"""Revisions as files of their own, and that nothing else is run in their name."""
