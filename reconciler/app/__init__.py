"""Use cases that need adapters but no command line: wiring, planning, pull requests, doctor, init."""
