"""Reports on the upkeep of a store."""
