"""Define the estimator of a recipe, how it weighs rows, calibrates probabilities and decides on a class."""
