"""Controls: what judges a deployment, what of it is in force, and what a change of git would loosen."""
