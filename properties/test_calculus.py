"""Chapter 1: values and Jacobians of linear and quadratic forms."""
