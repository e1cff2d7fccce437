"""Experiments as git declares them."""
