"""Experiments: tables of trials, and the list of experiments."""
