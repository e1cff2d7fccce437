"""How files of delimited text are written: encodings, layout, rows."""
