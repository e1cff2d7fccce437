"""Encode what takes more than one column, or more than its own value: the words of texts."""
