"""Evaluations for people: the tables of an artifact's own, and the one in full."""
