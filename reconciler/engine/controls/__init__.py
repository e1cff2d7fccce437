"""Observe and record the controls of an environment: what git declares, what is in force, what judges a pin."""
