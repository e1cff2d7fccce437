"""Loops of worker processes: serve requests, fork workers, limit threads."""
