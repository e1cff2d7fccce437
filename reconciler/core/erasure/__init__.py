"""Erasure: tombstones of entities whose data are forgotten, and what they concern. Pure values."""
