"""Check experiments against the models that they are of."""
