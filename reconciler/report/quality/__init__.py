"""Reports on the quality of data: what a model does not know of it, and how far it is from its training."""
