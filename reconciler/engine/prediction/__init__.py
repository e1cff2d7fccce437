"""Predict open records with what an environment serves, and measure how far they are from its training rows."""
