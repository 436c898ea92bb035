"""The forms of ridge regression, one a file: each factors another matrix."""
