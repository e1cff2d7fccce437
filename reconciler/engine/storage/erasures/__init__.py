"""The records of erasures in a store: tombstones, and what they concern."""
