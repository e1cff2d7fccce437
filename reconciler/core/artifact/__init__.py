"""Artifacts and the records that a store keeps about them."""
