"""Compute models, trials and evaluations from what a store holds: the same code here and on a cluster's workers."""
