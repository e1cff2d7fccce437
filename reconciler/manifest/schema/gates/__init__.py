"""Define gates as a manifest writes them. A gate that can never fail, or never pass, is an error."""

from reconciler.manifest.schema.gates.any_gate import Gate, Gates

__all__ = ["Gate", "Gates"]
