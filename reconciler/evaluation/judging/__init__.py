"""The figures that gates judge, computed from what a candidate gives for its holdout."""
