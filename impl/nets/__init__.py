"""Fully connected networks from scratch: layers, losses, update rules, the net and its training."""
