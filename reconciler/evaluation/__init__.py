"""Evaluation: metrics of a model on its holdout, comparison with the incumbent, influence of each feature."""
