"""The gate, tried on packages that nobody here wrote, beside what their maintainers would use otherwise."""
