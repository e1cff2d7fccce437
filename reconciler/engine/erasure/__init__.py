"""Forget an entity: leave a tombstone, find what learnt from it, remove that, and certify it."""
