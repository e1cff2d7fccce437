"""What a manifest of an earlier commit pinned and demanded, without holding all of it to today's rules.

An old document may have been written for another version of this tool. Only the parts that are asked for are read; None
or an `UnreadableError` where they do not say it in a form that is known.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from reconciler.core.digest import Digest, is_digest
from reconciler.core.spec.environment import Policy
from reconciler.core.spec.gates import Gate
from reconciler.errors import ReconcilerError
from reconciler.manifest.yaml.parse import BadDocumentError, read

LONGEST = 256  # documents kept; most of one apply's models came with one change


class UnreadableError(ReconcilerError):
    """An earlier manifest does not say what was asked for in a form that this version knows."""


def pinned(body: bytes) -> Digest | None:
    found = _spec(body).get("artifact")
    return Digest(found) if isinstance(found, str) and is_digest(found) else None


def gates(body: bytes) -> tuple[Gate, ...]:
    """A model's own gates."""
    from reconciler.manifest.schema.gates import Gates

    try:
        return tuple(gate.value() for gate in Gates.model_validate({"gates": _spec(body).get("gates", [])}).gates)
    except ValueError as error:  # pydantic's
        raise UnreadableError("its gates are written in a form that is not known") from error


def policy(body: bytes) -> Policy:
    """An environment's policy."""
    from reconciler.manifest.loading.to_core import policy_of
    from reconciler.manifest.schema.documents import Policy as Document

    try:
        return policy_of(Document.model_validate(_spec(body).get("policy", {})))
    except ValueError as error:
        raise UnreadableError("its policy is written in a form that is not known") from error


def _spec(body: bytes) -> dict[str, Any]:
    try:
        return _read(body)
    except BadDocumentError as error:
        raise UnreadableError("it cannot be read") from error


@lru_cache(maxsize=LONGEST)
def _read(body: bytes) -> dict[str, Any]:
    found = read("manifest", body).data()
    spec = found.get("spec") if isinstance(found, dict) else None
    return spec if isinstance(spec, dict) else {}
