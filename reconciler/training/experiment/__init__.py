"""Trials of experiments: recipes judged on folds of the training rows, and the sampler that learns from them."""
