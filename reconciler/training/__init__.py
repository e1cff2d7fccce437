"""Training: fit an estimator and write its artifact. Only a sandbox needs this package."""
