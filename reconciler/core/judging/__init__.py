"""Judging by gates: which of them apply to a model, the figures that they judge, and the rules of those on figures."""
