"""Whole classes, and what is written of them."""
