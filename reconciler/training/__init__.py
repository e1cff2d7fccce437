"""Fit and write: only a sandbox needs this package, and production cannot import it."""
