"""Evaluations in full as records of a store."""
