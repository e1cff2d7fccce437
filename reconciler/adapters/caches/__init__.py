"""What an earlier run found and may be reused: plans, expressions, file fingerprints."""
