"""Manifests: load YAML as core values, edit its text, explain its fields. The only code that knows YAML and pydantic.

Import its modules directly: `explain` must not load the libraries that `load` needs.
"""
