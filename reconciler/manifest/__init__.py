"""Manifests: the only code that knows YAML and user-facing pydantic. YAML in, core values out; and edits of text."""

from reconciler.manifest.edit import promoted, splice
from reconciler.manifest.load import PROJECT_FILE, load, wanted

__all__ = ["PROJECT_FILE", "load", "promoted", "splice", "wanted"]
