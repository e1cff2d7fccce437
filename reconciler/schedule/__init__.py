"""Freeze windows on the calendar."""
