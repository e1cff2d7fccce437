"""The types of the values that are typed on a command line."""
