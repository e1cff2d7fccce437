"""Fit what follows an estimator on what it says of training rows that it was not fitted on."""
