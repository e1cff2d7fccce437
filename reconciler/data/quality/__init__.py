"""Checks of tables while they are copied."""
