"""What model packages brought into a store."""
