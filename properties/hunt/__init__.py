"""``shrinkage hunt``: the claims, steered towards the worst error over bound that an implementation has."""
