"""The options, fixtures and hooks are those of the two plugins."""

pytest_plugins = ["shrinkage.properties.plugin", "shrinkage.benchmarks.plugin"]
