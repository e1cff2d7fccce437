"""Keys: the one that a run signs with, and those that are made, rotated and revoked."""
