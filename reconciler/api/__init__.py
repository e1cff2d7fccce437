"""The Python API: a project for notebooks and services, on the same wiring as the command line."""
