"""Propose changes to git, open pull requests, and apply what reviewers approved."""
