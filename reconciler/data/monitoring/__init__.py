"""Joins predictions with the outcomes that became known since."""
