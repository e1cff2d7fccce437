"""Proposals, pull request bodies, model cards and configuration diffs."""
