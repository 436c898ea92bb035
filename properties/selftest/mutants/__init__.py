"""Every small change of the textbook, and whether a claim refutes it."""
