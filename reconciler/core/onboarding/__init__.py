"""A first recipe for a table that nobody has seen."""
