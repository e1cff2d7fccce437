"""Masking: what is done to the values of a column before a table is copied, and which columns look personal."""
