"""Values and rules of data snapshots: what they are taken by, and what of them is read."""
