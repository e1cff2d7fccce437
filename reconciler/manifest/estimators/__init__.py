"""What is told of estimators: what to use instead of one, and where they keep to constraints."""
