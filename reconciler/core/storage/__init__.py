"""Storage: where stores and targets are."""
