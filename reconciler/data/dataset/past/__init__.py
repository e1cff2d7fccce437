"""Features of earlier rows, as they were known at each row's own moment."""
