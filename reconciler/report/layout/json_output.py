"""Values as JSON: the codec's canonical form, indented. Keys are camelCase and sorted; `format` is the version.

Only ASCII is written, so that the bytes are the same under every locale and no label reaches a terminal raw.
"""

from __future__ import annotations

import json as _json
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from reconciler import codec


def document(value: object, extra: Mapping[str, Any] | None = None) -> str:
    """Return `value` as a JSON document; `extra` are facts that follow from it, such as the exit code."""
    fields = _json.loads(codec.canonical({**codec.to_json(value), **(extra or {})}))
    parts: list[str] = []
    _write(fields, "\n", parts.append)
    parts.append("\n")
    return "".join(parts)


def _write(value: Any, line: str, put: Callable[[str], None]) -> None:
    """Write plain JSON data as `json.dumps` does with an indent of 2 and sorted keys; its own encoder of indented text
    takes half as long again. `line`: a line break, with the indent of the line that the value begins in."""
    kind = type(value)
    if kind is str:
        put(_quoted(value))
    elif kind is dict and value:
        deeper = f"{line}  "
        start = f"{{{deeper}"
        for key in sorted(value):
            put(f"{start}{_quoted(key)}: ")
            _write(value[key], deeper, put)
            start = f",{deeper}"
        put(f"{line}}}")
    elif kind is list and value:
        deeper = f"{line}  "
        start = f"[{deeper}"
        for item in value:
            put(start)
            _write(item, deeper, put)
            start = f",{deeper}"
        put(f"{line}]")
    else:
        put(_json.dumps(value))
