"""Write the JSON Schemas of the manifests for editors: `python -m reconciler.manifest.schema.write_json_schemas`.

Draft 7, because that is what YAML language servers read. They are generated from the pydantic models, so an editor and
`validate` agree on fields, types and choices; rules that relate fields to one another are `validate`'s alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.manifest.schema.documents import KINDS

FOLDER = Path(__file__).parents[1] / "schemas"


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of one kind of document."""
    schema = _draft_7(KINDS[kind].model_json_schema(by_alias=True))
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": kind}


def _draft_7(value: Any) -> Any:
    """Return a schema in draft-7 keywords."""
    if isinstance(value, dict):
        names = {"$defs": "definitions"}
        return {
            names.get(name, name): _draft_7(item.replace("#/$defs/", "#/definitions/") if name == "$ref" else item)
            for name, item in value.items()
            if name != "discriminator"
        }
    return [_draft_7(item) for item in value] if isinstance(value, list) else value


def text_of(kind: str) -> str:
    """Return the JSON Schema of a kind as the committed file holds it."""
    return json.dumps(schema_of(kind), indent=2, sort_keys=True) + "\n"


def path_of(kind: str) -> Path:
    """Return where the committed file of a kind lies."""
    return FOLDER / f"{kind.lower()}.json"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in KINDS:
        path_of(name).write_text(text_of(name))
