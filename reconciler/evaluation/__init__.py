"""Metrics, paired comparison and permutation importance of a model's outputs."""
