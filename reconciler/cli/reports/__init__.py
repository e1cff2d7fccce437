"""Which report a command line asks for, and where it goes."""
