"""Leave the rows of erased entities out of tables."""
