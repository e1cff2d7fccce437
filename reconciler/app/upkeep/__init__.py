"""Upkeep of stores: what a repair takes from where."""
