"""Values as JSON: the codec's canonical form, indented. Keys are camelCase and sorted; `format` is the version.

Only ASCII is written, so that the bytes are the same under every locale and no label reaches a terminal raw.
"""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from typing import Any

from reconciler import codec


def document(value: object, extra: Mapping[str, Any] | None = None) -> str:
    """Return `value` as a JSON document; `extra` are facts that follow from it, such as the exit code."""
    fields = _json.loads(codec.canonical({**codec.to_json(value), **(extra or {})}))
    return _json.dumps(fields, indent=2, sort_keys=True) + "\n"
