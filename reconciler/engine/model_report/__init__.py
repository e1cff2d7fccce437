"""Collect what the page of a model shows, from the stores. Reads only."""
