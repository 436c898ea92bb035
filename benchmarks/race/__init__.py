"""Implementations against each other, in turns."""
