"""Open a table, whatever its source, as one relation whose rows are copied."""
