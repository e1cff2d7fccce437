"""Model file."""
