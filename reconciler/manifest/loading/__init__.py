"""Files at a commit to a desired state, or every problem with its position."""
