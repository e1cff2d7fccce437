"""What gates judge of a candidate beyond its own evaluation, measured where the data are."""
