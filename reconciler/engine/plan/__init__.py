"""Observe what is deployed, compare it with git, and say what to do."""
