"""Results of commands that only read."""
