"""One file per implementation of a port."""
