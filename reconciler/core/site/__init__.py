"""The site of an environment: its values."""
