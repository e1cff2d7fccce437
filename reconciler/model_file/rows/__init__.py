"""Selected rows that are read and encoded in parts, so that no table of them is held in memory."""
