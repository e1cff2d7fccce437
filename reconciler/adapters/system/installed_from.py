"""Read where a distribution was installed from, as its installer recorded it (PEP 610)."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any


def direct_url(name: str) -> dict[str, Any]:
    """Return the record of an address that a distribution was installed from.

    Empty where it came from an index, is not installed as a distribution, or its record cannot be read.
    """
    try:
        text = distribution(name).read_text("direct_url.json")
        record = json.loads(text) if text else {}
    except (PackageNotFoundError, OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
