"""Stores and targets in folders."""
