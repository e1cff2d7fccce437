"""Rows and features of a recipe: joins, point-in-time features, labels, holdout."""
