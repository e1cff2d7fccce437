"""Explain predictions: how much each feature of a record moved its prediction away from the background's."""
