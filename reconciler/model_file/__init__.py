"""Model files: check, load, predict from a feature matrix, verify with probe rows."""
