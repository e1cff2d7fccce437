"""A safe subset of YAML: parse with positions, parse fast, edit without losing comments, find secrets."""
