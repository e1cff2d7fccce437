"""Masking: which masks hold for a copy, wherever they are declared, and the key of pseudonyms."""
