"""Registries of others: their clients, and targets in them."""
