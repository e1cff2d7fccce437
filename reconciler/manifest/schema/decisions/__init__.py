"""Define how a recipe weighs its rows, calibrates probabilities and decides on a class."""
