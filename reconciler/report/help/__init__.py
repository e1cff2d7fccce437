"""Errors, field documentation, and the result of init."""
