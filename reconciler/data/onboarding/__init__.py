"""Look at tables that no manifest describes."""
