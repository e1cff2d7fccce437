"""Manifests: the only code that knows YAML and user-facing pydantic. YAML in, core values out; edits of text; and what
the fields mean. Import what you need from its modules: `explain` has no need of what `load` does."""
