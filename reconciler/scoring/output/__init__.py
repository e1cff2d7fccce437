"""Predictions as a table, and that table as a file."""
