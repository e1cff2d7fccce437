"""Carry out experiments: trials on folds, their records, the winner on the holdout, and its adoption."""
