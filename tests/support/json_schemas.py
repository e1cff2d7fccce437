"""Our own JSON schemas, as strict as our own tests read them."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """Return the schema without room for keys that it does not name: readers leave it, our own tests do not."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        strict["additionalProperties"] = False
    return strict
