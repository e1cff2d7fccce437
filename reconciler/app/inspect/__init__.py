"""Inspect a project: its health, its drift, the differences of its environments and commits."""
