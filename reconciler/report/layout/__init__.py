"""Width, colour, tables, escaping, numbers: what every report is set with."""
