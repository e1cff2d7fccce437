"""Stores and targets in buckets: S3, Google Cloud Storage, Azure."""
