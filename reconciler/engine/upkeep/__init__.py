"""Upkeep of a store: take out blobs that nothing names, and remove them after a grace period."""
