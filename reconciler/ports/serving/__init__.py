"""What crosses between `serve` and the process that answers requests."""
