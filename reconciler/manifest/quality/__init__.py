"""Checks of what an environment declares its data must keep to."""
