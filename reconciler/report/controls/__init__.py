"""Reports about the controls of an environment."""
