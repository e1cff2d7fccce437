"""Scoring: load, predict, compare. Production may import this package; nothing here fits a model."""
