"""The same contract over other libraries. `--impl NAME` finds a module here by its short name."""
