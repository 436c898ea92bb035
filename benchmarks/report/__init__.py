"""Stored runs as tables, plots, a page, and the READMEs' tables."""
