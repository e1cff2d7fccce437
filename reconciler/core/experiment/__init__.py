"""Experiments: what is searched, which trials come next by the results so far, and how trials are compared."""
