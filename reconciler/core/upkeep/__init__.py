"""Upkeep of a store: what nothing names any more, and the record that it was taken out."""
