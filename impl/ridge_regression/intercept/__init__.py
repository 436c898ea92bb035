"""Ridge regression with an intercept that has no penalty, and with weights as repeated samples."""
