"""Refresh data snapshots, and look at them."""
