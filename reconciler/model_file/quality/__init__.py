"""Describe the rows that a model was trained on, and count today's rows by that description."""
