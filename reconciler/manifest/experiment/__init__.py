"""Experiments of manifests: to core values, and what a trial has otherwise back into a manifest."""
