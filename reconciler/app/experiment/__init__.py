"""Experiments of an open project: for commands, notebooks and services."""
