"""Write and read what an MLflow registry says of a deployment: tags of a model's version, and its `MLmodel`. Pure.

A version is one journal entry of one environment: its tags say which, with what the alias named before, and end in a
checksum of all of ours, so that an edited tag is noticed. A program of another form of these is refused by `form`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler import codec
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.digest import Digest, hex_of
from reconciler.errors import IntegrityError

FORM = "1"
START = "reconciler."
DIGEST = "reconciler.digest"
PLACED = "reconciler.placed"
MLMODEL = "MLmodel"
LOADER = "reconciler.api.mlflow_pyfunc"
_FORM, _POINTER, _BEFORE, _CHECKSUM = (f"{START}{name}" for name in ("form", "pointer", "before", "checksum"))
_OWNER = f"{START}owner."
_LONGEST = 5_000  # characters of a tag: MLflow takes as many since its first registry
_LIVE = (_CHECKSUM, PLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVersion:
    """One version of a registered model. `pointer`: of the entry that it is of; None where it is none of ours, or its
    tags were edited. `before`: the version that the alias named before (0: none). `placed`: the alias was moved."""

    number: int
    source: str
    is_ready: bool
    pointer: ReleasePointer | None
    before: int
    placed: bool


def owner_tag(environment: str) -> str:
    """Return the key of the tag of a registered model that says whose an environment's alias is."""
    return f"{_OWNER}{environment}"


def owner_of(tags: Mapping[str, str], environment: str, what: str) -> StoreMark | None:
    """Return whose the alias of an environment is; None where nobody's. IntegrityError for a damaged mark."""
    text = tags.get(owner_tag(environment))
    return codec.decode(StoreMark, text.encode(), what=what) if text is not None else None


def tags_of(pointer: ReleasePointer, before: int, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of the version of a journal entry. `labels`: what people are shown besides."""
    said = {f"{START}{name}": text[:_LONGEST] for name, text in labels.items() if text}
    said |= {
        _FORM: FORM,
        _POINTER: codec.encode(pointer).decode(),
        _BEFORE: str(before),
        f"{START}project": pointer.project,
        f"{START}environment": pointer.environment,
        f"{START}entry": str(pointer.n),
        f"{START}entry_digest": pointer.entry,
        DIGEST: pointer.artifact or "nothing is served",
    }
    return {**said, _CHECKSUM: _checksum(said)}


def version_of(document: Any) -> RegisteredVersion | None:
    """Read a version as the server tells it; None for what is none."""
    try:
        number, source = int(document["version"]), str(document.get("source") or "")
        tags = pairs(document.get("tags"))
        is_ready = document.get("status", "READY") == "READY"
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    pointer = None
    before = tags.get(_BEFORE, "")
    ours = {name: text for name, text in tags.items() if name.startswith(START) and name not in _LIVE}
    if tags.get(_CHECKSUM) == _checksum(ours) and tags.get(_FORM) == FORM and before.isascii() and before.isdigit():
        try:
            pointer = codec.decode(ReleasePointer, tags.get(_POINTER, "").encode(), what="a version's tag")
        except IntegrityError:
            pointer = None
    return RegisteredVersion(
        number=number,
        source=source,
        is_ready=is_ready,
        pointer=pointer,
        before=int(before) if pointer is not None else 0,
        placed=tags.get(PLACED) == "yes",
    )


def pairs(tags: Any) -> dict[str, str]:
    """Return tags as the server lists them."""
    listed: Iterable[Any] = tags or ()
    return {str(tag["key"]): str(tag.get("value") or "") for tag in listed}


def aliases_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Return the aliases of a registered model, each with its version."""
    listed: Iterable[Any] = document.get("aliases") or ()
    return {str(each["alias"]): int(each["version"]) for each in listed}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the server takes them."""
    return [{"key": name, "value": text} for name, text in sorted(tags.items())]


def mlmodel(artifact: Digest) -> bytes:
    """Return the file by which MLflow loads an artifact: the same bytes for the same artifact."""
    digest = hex_of(artifact)
    return (
        "flavors:\n"
        "  python_function:\n"
        f"    data: releases/{digest}\n"
        f"    loader_module: {LOADER}\n"
        "    env: {}\n"
        f"model_uuid: {digest[:32]}\n"
        "utc_time_created: '1970-01-01 00:00:00.000000'\n"
    ).encode()


def _checksum(tags: Mapping[str, str]) -> str:
    return codec.digest_of(tuple(sorted(tags.items())))
