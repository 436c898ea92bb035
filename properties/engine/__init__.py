"""What a claim stands on: problems, exact answers, bounds, and the verdict on error over bound."""
