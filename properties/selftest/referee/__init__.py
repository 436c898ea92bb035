"""``shrinkage judge --against``: cheats are refuted by name, and honest kernels pass."""
