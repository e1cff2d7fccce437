"""Results of proposing a change, and what reviewers are shown."""
