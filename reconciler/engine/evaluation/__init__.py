"""Evaluations in full: read from the store, or computed in the scoring worker and recorded."""
